"""Settings: changed by who may, written to the till's file, in use at once; nothing goes round the rights."""

import json
import tomllib

import pytest
import sample_till as shop
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_till import Port

from schema.errors import Refused
from schema.parties import Cashier
from till.config import CONFIG, Config, load_config, save_config

MANAGER = Cashier(number="7", name="Kim Manager", role="store_manager", pin_hash=shop.HASHER.hash("7777"))


@pytest.fixture
def managed(folder):
    """A till with its store manager signed in."""
    import apsw
    import msgspec

    connection = apsw.Connection(str(folder / "mirror.db"))
    row = ("cashier", MANAGER.number, "kim manager", msgspec.json.encode(MANAGER))
    connection.execute("INSERT INTO party VALUES (?, ?, ?, ?)", row)
    connection.close()
    till = Port(folder)
    till.ok("sign_in", cashier="7", pin="7777")
    till.ok("open_shift", float=0)
    yield till
    till.close()


def saved(folder):
    return tomllib.loads((folder / CONFIG).read_text())


def test_a_printer_is_set_up_and_prints_without_a_restart(managed, folder, printer):
    managed.ok("set_device", device="printer", address=printer.url)
    assert saved(folder) == {"printer": printer.url}
    managed.ok("scan", code=shop.MILK)
    managed.ok("pay", tender="cash")
    assert list(printer.folder.glob("*.txt"))
    managed.ok("test_print")
    assert len(list(printer.folder.glob("*.txt"))) == 2


def test_a_basket_in_hand_stays_when_a_device_changes(managed, printer):
    managed.ok("scan", code=shop.MILK)
    answer = managed.ok("set_device", device="printer", address=printer.url)
    assert answer["basket"]["total"] == 129
    assert managed.till.desk.cashier.number == "7"


def test_an_address_that_no_driver_knows_is_refused_and_not_written(managed, folder):
    managed.refused("bad_device_url", "set_device", device="printer", address="lpt1")
    assert not (folder / CONFIG).exists()
    managed.refused("unknown_device", "set_device", device="toaster", address="")
    managed.refused("unknown_theme", "set_theme", theme="pink")
    managed.refused("unknown_language", "set_language", language="tlh")
    managed.refused("unknown_keyboard", "set_keyboard", keyboard="dvorak")


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("set_device", {"device": "printer", "address": ""}),
        ("set_theme", {"theme": "dark"}),
        ("set_sound", {"sound": "off"}),
        ("set_keyboard", {"keyboard": "on"}),
        ("set_language", {"language": "de"}),
    ],
)
@pytest.mark.parametrize("cashier", ["1", "9"])
def test_changing_needs_the_store_manager(folder, command, fields, cashier):
    till = Port(folder).morning(cashier)
    till.refused("needs_supervisor", command, **fields)
    assert not (folder / CONFIG).exists()
    till.close()


def test_the_on_screen_keyboard_is_set_and_kept(managed, folder):
    assert managed.ok("settings")["keyboard"] == "auto"
    assert managed.ok("set_keyboard", keyboard="on")["keyboard"] == "on"
    assert saved(folder) == {"keyboard": "on"}
    assert managed.screens.settings.look().keyboard == "on"
    (folder / CONFIG).write_text('keyboard = "sometimes"\n')
    with pytest.raises(Refused) as told:
        load_config(folder, {})
    assert told.value.code == "bad_config"


def test_a_password_in_an_address_is_not_shown(managed):
    answer = managed.ok("set_device", device="terminal", address="zvt://127.0.0.1:20007?password=123456&config=38")
    assert "123456" not in json.dumps(answer)
    assert "config=38" in answer["devices"]["terminal"]["address"]


def test_the_device_check_says_in_words_what_is_wrong(managed, printer):
    managed.ok("set_device", device="printer", address=printer.url)
    assert managed.ok("check_devices")["devices"]["printer"]["state"] in {"ok", "warn"}
    printer.stop()
    found = managed.ok("check_devices")["devices"]["printer"]
    assert found["state"] == "fail"
    assert "127.0.0.1" in found["finding"]


@pytest.mark.parametrize(
    ("language", "terminal", "scanner"),
    [
        ("de", "Das Terminal ist nicht erreichbar.", "dieses Gerät gibt es nicht"),
        ("nl", "De terminal is niet bereikbaar.", "dat apparaat bestaat niet"),
    ],
)
def test_the_device_check_speaks_the_tills_language_also_of_a_drivers_error(managed, language, terminal, scanner):
    managed.ok("set_device", device="terminal", address="zvt://127.0.0.1:9?password=123456")
    managed.ok("set_device", device="scanner", address="serial:///dev/nothing")
    managed.ok("set_language", language=language)
    found = managed.ok("check_devices")["devices"]
    assert found["terminal"]["finding"].startswith(terminal)
    assert scanner in found["scanner"]["finding"]
    told = managed.refused("bad_device_url", "set_device", device="printer", address="lpt1")["error"]["message"]
    assert told.startswith({"de": "„lpt1“ ist keine Geräteadresse", "nl": "“lpt1” is geen apparaatadres"}[language])


def test_the_check_asks_the_fiscal_unit_too(managed, tmp_path):
    managed.ok("set_device", device="fiscal", address=f"software://{tmp_path / 'signatures'}")
    managed.ok("scan", code=shop.MILK)
    managed.ok("pay", tender="cash")
    found = managed.ok("check_devices")["devices"]["fiscal"]
    assert found["state"] == "ok"
    assert "1 transaction so far, 0 open" in found["finding"]
    assert "not certified" in found["finding"]


def test_the_tills_language_holds_for_screen_and_paper(managed):
    managed.ok("set_language", language="nl")
    assert managed.till.desk.words.language == "nl"
    assert managed.till.desk.letterhead().words.language == "nl"


def test_an_environments_override_holds_and_is_not_written_back(folder):
    (folder / CONFIG).write_text('theme = "dark"\n')
    till = Port(folder, printer="none:")
    assert (till.till.config.printer, till.till.config.theme) == ("none:", "dark")
    till.till.set_up(replace(till.till.config, sound=False))
    assert saved(folder) == {"theme": "dark", "sound": False}
    till.close()


@given(address=st.text(st.characters(blacklist_categories=("Cs",)), max_size=60), sound=st.booleans())
def test_what_is_written_is_read_back(tmp_path_factory, address, sound):
    folder = tmp_path_factory.mktemp("config")
    config = Config(printer=address, sound=sound, ballast_mb=3)
    save_config(folder, config)
    assert load_config(folder, {}) == config


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(Refused) as told:
        save_config(tmp_path / "missing", Config(theme="dark"))
    assert told.value.code == "config_not_saved"


# -- rights: nothing on the script port goes round them

# What a cashier may always do, and what needs a right that a cashier lacks or a state that is not there. Every command
# of the port must stand in one of the two, so that a new one cannot be forgotten.
FREE = frozenset(
    """
    add answer bill_discount cancel cash_in cash_out change change_money check_devices choose close_shift count
    customer customer_detail find_receipt lock mail_receipt make_order matrix messages new_customer offer open_orders
    open_shift order park parked pay pay_open_item practice print_queue receipt remove reports reprint resume
    return save_report scan search sell_on separate_lines settings sign_in sign_out skim speak status stock suggestions
    supervisor sync take_back take_order test_print tip unknown unlock voucher x_report z_report
    """.split()  # noqa: SIM905 - a list of fifty is read more easily in lines
)
GUARDED = {
    "open_drawer": {"reason": "change"},
    "quick_keys": {"page": "Daily", "action": "add", "article": "A2"},
    "set_device": {"device": "printer", "address": ""},
    "set_keyboard": {"keyboard": "on"},
    "set_language": {"language": "de"},
    "set_sound": {"sound": "off"},
    "set_theme": {"theme": "dark"},
    "settle_card": {"attempt": "none", "outcome": "approved"},
    "terminal_day": {},
    "void": {"receipt": "0007-2-000001", "reason": "mistake"},
}


def test_every_command_of_the_port_is_judged(port):
    known = set(port.player._commands)
    assert known - FREE - set(GUARDED) == set(), "say whether a cashier may do it"
    assert (FREE | set(GUARDED)) - known == set(), "said of a command that is gone"


@pytest.mark.parametrize("command", sorted(GUARDED))
def test_a_cashier_is_refused_and_nothing_happens(folder, terminal, command):
    till = Port(folder, terminal=terminal.url).morning()
    till.ok("scan", code=shop.MILK)
    till.ok("pay", tender="cash")
    before = len(till.bodies())
    answer = till.do(command, **GUARDED[command])
    assert not answer["ok"], answer
    assert len(till.bodies()) == before, till.types()[before:]
    till.close()


@pytest.mark.parametrize("command", sorted(FREE - {"sign_in", "speak", "practice"}))
def test_nothing_is_written_while_nobody_is_signed_in(folder, command):
    till = Port(folder)
    till.do(command, code=shop.MILK, tender="cash", float=0, pin="", reason="x", amount=1, line=1, number="SO-1")
    assert till.types() == [], command
    assert till.till.desk.sale.basket.lines == ()
    till.close()


@pytest.mark.parametrize("command", sorted(FREE - {"sign_in", "unlock", "sign_out", "speak", "practice", "status"}))
def test_a_locked_till_does_nothing_before_the_pin(folder, command):
    till = Port(folder).morning()
    till.ok("lock")
    before = len(till.bodies())
    till.do(command, code=shop.MILK, tender="cash", float=0, pin="", reason="x", amount=1, line=1, number="SO-1")
    assert [name for name in till.types()[before:] if name != "CashierSigned"] == [], command
    assert till.till.desk.sale.basket.lines == ()
    till.close()


def test_a_lift_holds_for_one_action_only(folder):
    till = Port(folder, printer="none:").morning()
    till.ok("supervisor", pin="9999")
    till.do("open_drawer", reason="change")
    till.refused("needs_supervisor", "open_drawer", reason="change")
    till.close()


def test_a_lift_by_a_supervisor_gives_no_more_than_a_supervisor_may(folder):
    till = Port(folder).morning()
    till.ok("supervisor", pin="9999")
    till.refused("needs_supervisor", "set_theme", theme="dark")
    till.close()


# -- PINs


def test_wrong_pins_lock_a_name_over_a_restart_and_stand_in_the_journal(folder):
    """Fault 62."""
    till = Port(folder)
    for _ in range(4):
        till.refused("wrong_pin", "sign_in", cashier="1", pin="0000")
    till.refused("pin_locked", "sign_in", cashier="1", pin="0000")
    assert [body.action for body in till.bodies()] == ["wrong_pin"] * 4 + ["locked"]
    till.close()
    till = Port(folder)
    till.refused("pin_locked", "sign_in", cashier="1", pin="1111")
    till.ok("sign_in", cashier="2", pin="2222")
    till.close()


def test_what_was_refused_can_be_done_again_but_no_pin_is_kept(port):
    port.do("sign_in", cashier="1", pin="1111")
    assert "1111" not in repr(port.till.desk.again)
    port.ok("open_shift", float=100)
    port.do("scan", code=shop.MILK)
    port.till.desk.again()
    assert [line.quantity for line in port.till.desk.sale.basket.lines] == [2]


def test_a_payment_is_never_repeated_without_the_amount_that_was_typed_for_it(port):
    port.morning()
    port.ok("scan", code=shop.MILK)
    port.refused("bad_amount", "pay", tender="cash", amount=0)
    port.till.desk.again()
    assert not port.till.desk.sale.payments
    assert "SaleCompleted" not in port.types()
