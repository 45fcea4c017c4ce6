"""Vouchers: blocked by those who may."""

from office_forms import read

from server.vouchers.tables import find


def test_a_voucher_is_blocked_by_those_who_may(filled):
    filled.post("/vouchers/V1/block", do="block")
    assert read(filled, lambda connection: find(connection, "V1")).blocked
    filled.post("/vouchers/V1/block", do="unblock")
    assert not read(filled, lambda connection: find(connection, "V1")).blocked
    filled.post("/sign-out")
    filled.sign_in("office")
    assert filled.post("/vouchers/V1/block", do="block").status_code == 403
