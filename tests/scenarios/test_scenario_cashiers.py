"""Cashiers changed on head office's pages, at a real till: what holds after the next sync, and not before."""

import pytest

from rig.head_office import HeadOffice
from rig.office_pages import OfficePages
from rig.programs import Play, call

pytestmark = pytest.mark.timeout(120)
CASHIERS = "/stores/0001/cashiers"


@pytest.fixture
def shop(tmp_path):
    office = HeadOffice(tmp_path / "office")
    program = office.start()
    till = tmp_path / "till"
    office.enrol(till)
    call("agent", "sync-once", "--data", str(till))
    play = Play(till, tmp_path / "till.log")
    yield OfficePages(office.url), till, play
    play.close()
    program.stop()


def may(play, number, pin):
    """Tell whether somebody can sign in, and leave nobody signed in."""
    answer = play.ask("sign_in", cashier=number, pin=pin)
    if answer["ok"]:
        play.do("sign_out")
    else:
        assert answer["error"]["code"] == "wrong_pin", answer
    return answer["ok"]


def sync(till):
    call("agent", "sync-once", "--data", str(till))


def test_a_locked_cashier_cannot_sign_in_after_the_next_sync_and_can_again_when_unlocked(shop):
    pages, till, play = shop
    pages.post(f"{CASHIERS}/1/lock")
    assert may(play, "1", "1111")
    sync(till)
    assert not may(play, "1", "1111")
    assert may(play, "2", "2222")
    pages.post(f"{CASHIERS}/1/unlock")
    sync(till)
    assert may(play, "1", "1111")


def test_a_new_pin_and_a_new_cashier_hold_after_the_next_sync(shop):
    pages, till, play = shop
    pages.post(f"{CASHIERS}/2/pin", pin="975311", pin_again="975311")
    new = {"number": "77", "name": "Sample Newcomer", "role": "cashier", "language": "nl"}
    pages.post(f"{CASHIERS}/new", pin="8642", pin_again="8642", **new)
    assert may(play, "2", "2222")
    assert not may(play, "77", "8642")
    sync(till)
    assert not may(play, "2", "2222")
    assert may(play, "2", "975311")
    assert may(play, "77", "8642")


def test_a_new_supervisor_lifts_what_a_cashier_may_not(shop):
    """What the office's table of rights says holds at the till."""
    pages, till, play = shop
    new = {"number": "77", "name": "Sample Newcomer", "role": "supervisor", "language": ""}
    pages.post(f"{CASHIERS}/new", pin="8642", pin_again="8642", **new)
    sync(till)
    play.do("sign_in", cashier="1", pin="1111")
    play.do("open_shift", float=0)
    assert play.ask("open_drawer", reason="change")["error"]["code"] == "needs_supervisor"
    play.do("supervisor", pin="8642")
    play.do("open_drawer", reason="change")
