"""Practice: an own journal over the store's goods; the real till, its journal and the agent's view stay untouched."""

import hashlib

import pytest
import sample_till as shop
from sample_till import Port

from agent.journal import JournalReader
from schema.device import JOURNAL
from schema.events import SaleCompleted
from till.assemble import assemble
from till.play import Player, Stage
from till.runner import DirectRunner


class PracticePort(Port):
    """A till that practises."""

    def __init__(self, folder, **environment):
        environment = {f"COUNTERFOIL_{name.upper()}": value for name, value in environment.items()}
        self.till = assemble(folder, environment=environment, practising=True)
        self.screens = self.till.screens(DirectRunner())
        self.stage = Stage(self.screens)
        self.player = Player(self.stage)


@pytest.fixture
def sold(folder):
    """The real till has sold something and is closed."""
    till = Port(folder).morning()
    till.ok("scan", code=shop.MILK)
    till.ok("pay", tender="cash")
    till.close()
    return folder


def digest(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def test_practising_changes_no_byte_of_the_real_till(sold):
    before = digest(sold)
    till = PracticePort(sold).morning()
    for _ in range(3):
        till.ok("scan", code=shop.BREAD)
        till.ok("pay", tender="cash")
    till.close()
    after = digest(sold)
    # A reader of the mirror may leave its two side files; nothing else comes or changes.
    assert {name: value for name, value in after.items() if not name.startswith("mirror.db-")} == {
        name: value for name, value in before.items() if not name.startswith("mirror.db-")
    }


def test_the_agent_never_sees_practice(sold):
    waiting = agents_view(sold)
    till = PracticePort(sold).morning()
    till.ok("scan", code=shop.BREAD)
    till.ok("pay", tender="cash")
    till.close()
    assert agents_view(sold) == waiting


def agents_view(folder):
    """Return what the agent reads of its data folder, and what it would send."""
    reader = JournalReader(folder / JOURNAL)
    events = reader.read_after("till-1", 1, 0, events_max=1000, bytes_max=10**7)
    assert events
    assert reader.head("practice", 1) is None
    return reader.head("till-1", 1), [each.hash for each in events]


def test_practice_is_marked_on_every_paper_and_in_the_bar(sold, printer):
    till = PracticePort(sold, printer=printer.url).morning()
    till.screens.bar.refresh()
    assert till.screens.bar.state.practice == "PRACTICE"
    till.ok("scan", code=shop.BREAD)
    till.ok("pay", tender="cash")
    papers = sorted(printer.folder.glob("*.txt"))
    assert papers
    assert all("PRACTICE" in paper.read_text() for paper in papers)
    till.close()


def test_practice_receipts_are_numbered_apart(sold):
    till = PracticePort(sold).morning()
    till.ok("scan", code=shop.BREAD)
    till.ok("pay", tender="cash")
    [sale] = [body for body in till.till.desk.parts.journal.bodies_after(1, 0) if isinstance(body, SaleCompleted)]
    assert sale.receipt == "0007-0-000001"
    till.close()


def test_a_practice_card_charges_nobody(sold, terminal):
    till = PracticePort(sold, terminal=terminal.url).morning()
    till.ok("scan", code=shop.BREAD)
    till.ok("pay", tender="card")
    state = terminal.control("/state")
    assert not state.get("charges") and not state.get("transactions"), state
    till.close()


def test_practice_goes_on_where_it_was_left_with_todays_goods(sold):
    first = PracticePort(sold).morning()
    first.ok("scan", code=shop.BREAD)
    first.close()
    from msgspec.structs import replace

    dearer = replace(shop.ARTICLES[0], price_minor=999)
    shop.change_row(sold, "UPDATE article SET body = ? WHERE number = 'A1'", dearer)
    second = PracticePort(sold)
    second.ok("sign_in", cashier="1", pin="1111")
    answer = second.ok("scan", code=shop.MILK)
    assert "999" in str(answer)
    second.close()


def test_the_sign_in_screen_leads_to_practice_and_back(sold):
    till = Port(sold)
    assert till.ok("practice")["practice"] is True
    assert till.till.desk.parts.device.till_id == "practice"
    till.ok("sign_in", cashier="1", pin="1111")
    till.ok("open_shift", float=0)
    till.ok("scan", code=shop.MILK)
    till.ok("sign_out")
    assert till.ok("practice")["practice"] is False
    assert till.till.desk.parts.device.till_id == "till-1"
    assert till.till.desk.sale.is_empty
    till.close()


def test_nobody_who_is_signed_in_slips_into_practice(port):
    port.morning()
    port.ok("practice")
    assert port.till.desk.parts.device.till_id == "till-1"


def test_a_till_without_articles_has_nothing_to_practise_with(folder):
    for path in folder.glob("mirror.db*"):
        path.unlink()
    till = PracticePort(folder)
    assert till.till.desk.trouble.code == "no_practice"
    till.close()


def test_practice_has_pins_and_rights_like_the_real_till(sold):
    till = PracticePort(sold)
    till.refused("wrong_pin", "sign_in", cashier="1", pin="0000")
    till.morning()
    till.refused("needs_supervisor", "set_device", device="printer", address="")
    till.close()
