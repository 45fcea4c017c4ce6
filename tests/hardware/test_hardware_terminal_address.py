"""Terminals and fiscal units by address: what is refused, what is none, and that nothing is contacted."""

import pytest

from hardware import connect
from hardware.fiscal.bounded import BoundedUnit
from hardware.fiscal.network import NetworkUnit
from hardware.terminal.zvt import ZvtTerminal
from schema.errors import Refused
from schema.fiscal import FiscalStart


@pytest.mark.parametrize("address", ["", "none", "none:", " none "])
def test_no_device_is_no_device(address):
    """A till without a terminal types what a terminal beside it says; one without a fiscal unit does not sign."""
    assert connect.terminal(address) is None
    assert connect.fiscal(address) is None


def test_slips_are_a_matter_of_the_configuration_byte():
    with_slips = connect.terminal("zvt://192.0.2.1?config=BE")
    assert isinstance(with_slips, ZvtTerminal)
    assert "slip" in with_slips.capabilities()
    assert "slip" not in connect.terminal("zvt://192.0.2.1").capabilities()


def test_a_software_unit_is_opened_when_it_is_first_asked(tmp_path):
    unit = connect.fiscal(f"software://{tmp_path}/unit?deadline=5")
    assert isinstance(unit, BoundedUnit)
    assert list(tmp_path.iterdir()) == []
    assert unit.start(FiscalStart(client_id="0001-1")).transaction == 1
    assert {each.name for each in (tmp_path / "unit").iterdir()} >= {"unit.db", "key.pem"}


def test_a_unit_on_the_network_is_not_contacted():
    assert isinstance(connect.fiscal("fiscal+tcp://192.0.2.1"), NetworkUnit)


@pytest.mark.parametrize(
    "address",
    [
        "software:unit",
        "software://host/unit",
        "software:///unit?deadline=0",
        "software:///unit?deadline=61",
        "software:///unit?deadline=٢",
        "software:///unit?key=secret",
        "fiscal+tcp://",
        "fiscal+tcp://192.0.2.1:0",
        "fiscal+tcp://192.0.2.1/unit",
        "fiscal+tcp://192.0.2.1?deadline=2&deadline=3",
        "tse://192.0.2.1",
        "nothing",
    ],
)
def test_a_wrong_address_is_refused_when_the_till_starts(address):
    with pytest.raises(Refused) as refused:
        connect.fiscal(address)
    assert refused.value.code == "bad_device_url"
    assert "secret" not in refused.value.message
