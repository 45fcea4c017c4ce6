"""The script port: bad input has a clear answer and costs nothing, and a whole day goes through it."""

import json
import subprocess
import sys

import pytest
from sample_till import APPLES, BOOK, BREAD, GONE, MILK, ROOT, Port, Process

LONG = "9" * 10_000


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("unknown_barcode", {"do": "scan", "code": "2000000000015"}),
        ("unknown_barcode", {"do": "scan", "code": "'; DROP TABLE article; --"}),
        ("wrong_check_digit", {"do": "scan", "code": "4000000000113"}),
        ("bad_barcode", {"do": "scan", "code": ""}),
        ("bad_barcode", {"do": "scan", "code": "   "}),
        ("bad_barcode", {"do": "scan", "code": LONG}),
        ("bad_barcode", {"do": "scan", "code": "4000000\x00000112"}),
        ("bad_barcode", {"do": "scan", "code": "4000000000112\r4000000000129"}),
        ("bad_barcode", {"do": "scan", "code": "\x1bp0"}),
        ("unknown_barcode", {"do": "scan", "code": "🧀"}),
        ("unknown_barcode", {"do": "scan", "code": MILK + BREAD}),
        ("article_blocked", {"do": "scan", "code": GONE}),
        ("bad_field", {"do": "scan", "code": 4000000000112}),
        ("bad_field", {"do": "scan"}),
        ("bad_field", {"do": "scan", "code": "\ud800"}),
        ("unknown_article", {"do": "add", "article": "A999"}),
        ("bad_quantity", {"do": "add", "article": "A1", "quantity": "0"}),
        ("needs_supervisor", {"do": "add", "article": "A1", "quantity": "-1"}),
        ("bad_quantity", {"do": "add", "article": "A1", "quantity": "4000000000112"}),
        ("bad_quantity", {"do": "add", "article": "A1", "quantity": "two"}),
        ("bad_quantity", {"do": "add", "article": "A1", "quantity": "NaN"}),
        ("bad_quantity", {"do": "add", "article": "A1", "quantity": "1e99999"}),
        ("bad_quantity", {"do": "add", "article": "A1", "quantity": "0.0001"}),
        ("bad_quantity", {"do": "add", "article": "A1", "quantity": None}),
        ("unknown_line", {"do": "change", "line": 7, "quantity": "2"}),
        ("unknown_line", {"do": "change", "line": 0, "quantity": "2"}),
        ("unknown_line", {"do": "remove", "line": -1}),
        ("bad_field", {"do": "remove", "line": "first"}),
        ("bad_quantity", {"do": "change", "line": 1, "quantity": "99999999"}),
        ("bad_amount", {"do": "change", "line": 1, "price": "1.99"}),
        ("bad_amount", {"do": "change", "line": 1, "price": -5}),
        ("bad_discount", {"do": "change", "line": 1, "discount_percent": "101"}),
        ("bad_discount", {"do": "change", "line": 1, "discount_percent": "-1"}),
        ("bad_discount", {"do": "change", "line": 1, "discount_percent": "much"}),
        ("bad_discount", {"do": "change", "line": 1, "discount_amount": 200}),
        ("bad_amount", {"do": "change", "line": 1, "discount_amount": -1}),
        ("bad_discount", {"do": "bill_discount", "percent": "100.1"}),
        ("bad_amount", {"do": "pay", "amount": "twenty"}),
        ("bad_amount", {"do": "pay", "amount": 20.0}),
        ("bad_amount", {"do": "pay", "amount": -100}),
        ("bad_amount", {"do": "pay", "amount": 0}),
        ("bad_amount", {"do": "pay", "amount": True}),
        ("bad_amount", {"do": "pay", "amount": 10**12}),
        ("change_too_large", {"do": "pay", "amount": 4_000_000}),
        ("unknown_tender", {"do": "pay", "tender": "shells"}),
        ("no_terminal", {"do": "pay", "tender": "card"}),
        ("basket_in_use", {"do": "take_order", "order": "SO-1"}),
        ("unknown_customer", {"do": "customer", "number": "C404"}),
        ("bad_amount", {"do": "cash_in", "amount": -1, "reason": "x"}),
        ("bad_amount", {"do": "cash_in", "amount": 0, "reason": "x"}),
        ("no_reason", {"do": "cash_out", "amount": 100}),
        ("needs_supervisor", {"do": "open_drawer", "reason": "look"}),
        ("needs_supervisor", {"do": "x_report"}),
        ("shift_open", {"do": "open_shift", "float": 0}),
        ("bad_amount", {"do": "count", "total": "all of it"}),
        ("bad_denomination", {"do": "count", "denominations": {"3": 1}}),
        ("unknown_receipt", {"do": "reprint", "receipt": "0007-2-999999"}),
        ("no_z_report", {"do": "z_report"}),
        ("unknown_command", {"do": "format_disk"}),
        ("unknown_command", {"do": ["scan"]}),
        ("unknown_command", {}),
    ],
)
def test_bad_input_is_answered_and_changes_nothing(port, code, fields):
    """Fault 51, 57: a clear answer with its code, the same basket, the same journal, and the till goes on."""
    port.morning()
    before = port.ok("scan", code=MILK)["basket"]
    events = len(port.bodies())
    answer = port.player.answer(json.dumps(fields))
    assert not answer["ok"]
    assert answer["error"]["code"] == code
    assert len(answer["error"]["message"]) > 15
    assert answer["basket"] == before
    assert len(port.bodies()) == events
    assert port.ok("pay")["total"] == 129


@pytest.mark.parametrize("line", ["", "{", "[]", "3", '"scan"', "\x00", "{" * 2000, "[" * 50_000, "x" * 100_000])
def test_what_is_no_command_is_answered(port, line):
    answer = port.player.answer(line or " ")
    assert answer["error"]["code"] == "bad_command"


@pytest.mark.parametrize("command", ["scan", "pay", "cancel", "open_orders", "cash_in", "close_shift", "count"])
def test_nothing_is_sold_before_signing_in(port, command):
    """The business rule: a sale needs a cashier and an open shift."""
    fields = {"code": MILK, "amount": 100, "reason": "x", "counted": 0, "total": 0}
    assert port.refused("not_signed_in", command, **fields)


@pytest.mark.parametrize("command", ["scan", "cancel", "cash_in", "take_order"])
def test_nothing_is_sold_without_a_shift(port, command):
    port.ok("sign_in", cashier="1", pin="1111")
    port.refused("no_shift", command, code=MILK, amount=100, reason="x", order="SO-1")


def test_a_locked_till_sells_nothing(port):
    port.morning()
    port.ok("scan", code=MILK)
    port.ok("lock")
    port.refused("locked", "scan", code=MILK)
    port.refused("locked", "pay")
    port.refused("wrong_pin", "unlock", pin="2222")
    assert port.ok("unlock", pin="1111")["basket"]["due"] == 129
    port.ok("pay")


def test_a_day_adds_up(port):
    """Σ cash in the journal's headers = the drawer; the Z report says the same."""
    port.morning(float_minor=10000)
    port.ok("scan", code=MILK)
    port.ok("scan", code=MILK)
    port.ok("add", article="A4", quantity="0.350")
    port.ok("change", line=2, discount_percent="10", reason="bruised")
    port.ok("bill_discount", amount=50, reason="friend")
    first = port.ok("pay", amount=2000)
    assert (first["total"], first["change"]) == (302, 1698)
    port.ok("take_order", order="SO-1")
    assert port.ok("pay")["payments"] == [{"tender": "cash", "amount": 2000, "given": 2000, "change": 0}]
    port.ok("cash_in", amount=1000, reason="From the bank")
    port.ok("cash_out", amount=300, reason="Postage")
    port.ok("skim", amount=5000)
    port.ok("change_money", amount=2000)
    drawer = 10000 + 302 + 2000 + 1000 - 300 - 5000
    counted = port.ok("count", denominations={"5000": 1, "2000": 1, "500": 2, "2": 1})
    assert counted["counted"] == drawer
    assert "expected" not in counted  # a cashier counts blind
    closed = port.ok("close_shift", counted=drawer + 7)
    assert (closed["expected"], closed["difference"], closed["z_number"]) == (drawer, 7, 1)
    rows = port.till.desk.parts.journal.rows("SELECT money FROM event WHERE money <> ''")
    cash = sum(int(part.split()[2]) for (money,) in rows for part in money.split(";") if part.startswith("cash"))
    assert cash == drawer + 7
    port.ok("open_shift", float=drawer + 7)
    assert port.bodies()[-1].difference_minor == 0


def test_a_script_file_ends_with_1_when_something_was_refused(folder, tmp_path):
    script = tmp_path / "script.jsonl"
    lines = [
        {"do": "sign_in", "cashier": "1", "pin": "1111"},
        {"do": "open_shift", "float": 0},
        {"do": "scan", "code": BOOK},
        {"do": "scan", "code": "2000000000015"},
        {"do": "pay"},
    ]
    script.write_text("\n\n".join(map(json.dumps, lines)))
    command = [sys.executable, "-m", "till", "play", str(script), "--data", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=30)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["ok"] for answer in answers] == [True, True, True, False, True]
    assert answers[-1]["receipt"] == "0007-2-000001"
    assert done.returncode == 1
    assert "1 actions were refused" in done.stderr


def test_each_answer_comes_at_once(folder):
    """A driver that waits for the answer before it sends the next command never hangs."""
    process = Process(folder)
    assert process.do("sign_in", cashier="1", pin="1111")["ok"]
    assert process.do("nonsense")["error"]["code"] == "unknown_command"
    assert process.do("open_shift", float=0)["ok"]
    assert process.finish() == 1


def test_bytes_that_are_no_text_are_answered(folder):
    process = Process(folder)
    process._process.stdin.buffer.write(b'{"do": "scan", "code": "\xff\xfe"}\n{"do": "\\ud800"}\n')
    process._process.stdin.buffer.flush()
    assert process.answer()["error"]["code"] == "not_signed_in"
    assert process.answer()["error"]["code"] == "unknown_command"
    assert process.finish() == 1


def test_a_till_that_is_not_enrolled_says_how(tmp_path):
    process = Process(tmp_path)
    status, errors = process.wait()
    assert status == 1
    assert "not enrolled" in errors


def test_without_a_mirror_the_till_says_so_and_begins_when_it_comes(folder):
    """A cold start with no data at all: told, not crashed; the file appears and sales begin."""
    mirror = folder / "mirror.db"
    mirror.rename(folder / "aside.db")
    port = Port(folder)
    port.refused("no_mirror", "sign_in", cashier="1", pin="1111")
    assert port.ok("status")["connection"] == "offline"
    (folder / "aside.db").rename(mirror)
    port.morning()
    port.ok("scan", code=APPLES)
    port.close()


def test_a_blocked_price_needs_a_supervisor_once(port):
    """A lift counts for one action, is journaled with its right, and is gone after it."""
    port.morning()
    port.ok("scan", code=MILK)
    port.refused("needs_supervisor", "change", line=1, price=99)
    port.refused("wrong_pin", "supervisor", pin="1111")
    port.ok("supervisor", pin="9999")
    changed = port.ok("change", line=1, price=99)["basket"]["lines"][0]
    assert (changed["unit_price"], changed["reason"]) == (99, "manual")
    port.refused("needs_supervisor", "change", line=1, price=89)
    lifts = [body for body in port.bodies() if type(body).__name__ == "ActionLifted"]
    assert [(lift.supervisor, lift.cashier, lift.right) for lift in lifts] == [("9", "1", "override_price")]


def test_goods_come_back_for_cash_with_a_supervisor(port):
    port.morning(cashier="9", float_minor=5000)
    port.ok("add", article="A3", quantity="-1")
    answer = port.ok("pay")
    assert answer["payments"] == [{"tender": "cash", "amount": -1999, "given": 0, "change": 1999}]
    assert port.ok("count", total=3001)["difference"] == 0
