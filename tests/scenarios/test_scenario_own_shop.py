"""A shop of one's own, from nothing, by the commands that the README names: no demo data anywhere."""

import json

import pytest

from rig.articles import article, barcode, write_csv
from rig.programs import Play, Program, ProgramError, answers, call, free_port, module

pytestmark = pytest.mark.timeout(120)
PIN = "24680"


@pytest.fixture
def office(tmp_path):
    data = ["--data", str(tmp_path / "office")]
    call("server", "init", *data, "--country", "NL")
    call("server", "add-store", "--code", "0042", "--name", "Own shop", "--country", "NL", *data)
    person = ["--number", "1", "--name", "Sample Owner", "--role", "store_manager"]
    call("server", "add-cashier", "--store", "0042", *person, "--pin", PIN, *data)
    write_csv(tmp_path / "articles.csv", 5)
    call("server", "import-articles", str(tmp_path / "articles.csv"), *data)
    port = free_port()
    program = Program("office", module("server", "serve", *data, "--port", str(port)), tmp_path)
    program.wait_for(lambda: answers(f"http://127.0.0.1:{port}/api/v1/openapi.json"), "an answer")
    yield data, f"http://127.0.0.1:{port}"
    program.stop()


def test_from_an_empty_head_office_to_a_booked_sale(office, tmp_path):
    data, url = office
    till = tmp_path / "till"
    code = json.loads(call("server", "add-till", "--store", "0042", "--name", "Front", "--json", *data))["code"]
    call("agent", "enrol", "--data", str(till), "--server", url, "--code", code)
    call("agent", "sync-once", "--data", str(till))
    play = Play(till, tmp_path / "till.log")
    try:
        play.do("sign_in", cashier="1", pin=PIN)
        day = play.do("open_shift", float=0)["business_day"]
        play.do("scan", code=barcode(3))
        sold = play.do("pay", tender="cash", amount=article(3).price_minor + 100)
    finally:
        play.close()
    assert (sold["receipt"], sold["change"]) == ("0042-1-000001", 100)
    call("agent", "sync-once", "--data", str(till))
    call("server", "sync", "kick", *data)
    books = json.loads(call("server", "books", "--date", day, "--json", *data))
    assert books["agrees"]
    assert [row["ledger_minor"] for row in books["figures"]] == [article(3).price_minor]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--pin", "12", "4 to 8 digits"), ("--role", "king", "no role"), ("--store", "9", "no store 9")],
)
def test_a_cashier_that_cannot_be_is_refused_in_words(tmp_path, option, value, said):
    data = ["--data", str(tmp_path / "office")]
    call("server", "init", *data, "--demo")
    given = {
        "--store": "0001",
        "--number": "9",
        "--name": "Sample",
        "--pin": "1234",
        "--role": "cashier",
        option: value,
    }
    with pytest.raises(ProgramError, match=said):
        call("server", "add-cashier", *[part for pair in given.items() for part in pair], *data)
