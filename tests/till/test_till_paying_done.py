"""After a sale: paper by itself, asked for, as a QR code, or none; an original is printed once."""

import pytest
from sample_till import BOOK, Port, change_settings

from schema.catalogue import ReceiptDesign
from till.paper.receipts import digital_text
from till.presenters.done import qr_rows

LINK = "https://receipts.example/{receipt}"


def papers(printer):
    return [path.read_text() for path in sorted(printer.folder.glob("*.txt"))]


def sold(folder, printer, **design):
    change_settings(folder, design=ReceiptDesign(**design))
    port = Port(folder, printer=printer.url).morning()
    port.ok("scan", code=BOOK)
    port.ok("pay")
    return port


@pytest.mark.parametrize(("offer", "count"), [("print", 1), ("ask", 0), ("qr", 0), ("none", 0)])
def test_the_store_says_what_happens_by_itself(folder, printer, offer, count):
    port = sold(folder, printer, offer=offer, link=LINK)
    assert len(papers(printer)) == count
    state = port.screens.done.state
    assert state.offered == (("print", "qr") if offer in ("ask", "qr") else ())
    assert bool(state.qr) == (offer == "qr")
    assert port.ok("status")["print_queue"] == []
    port.close()


def test_paper_that_is_asked_for_is_an_original_once(folder, printer):
    port = sold(folder, printer, offer="ask")
    assert port.ok("receipt")["print"] == "printed"
    port.ok("receipt")
    first, second = papers(printer)
    assert "COPY" not in first
    assert "COPY" in second
    assert sum(type(body).__name__ == "ReceiptPrinted" for body in port.bodies()) == 1
    port.close()


def test_a_qr_code_holds_the_stores_link(folder, printer):
    port = sold(folder, printer, offer="ask", link=LINK)
    rows = port.ok("receipt", **{"as": "qr"})["qr"]
    assert len(rows) == len(rows[0]) >= 21
    assert {cell for row in rows for cell in row} == {"0", "1"}
    # The three finder patterns.
    assert rows[0][:7] == rows[0][-7:] == rows[-1][:7] == "1111111"
    port.close()


def test_without_a_link_the_qr_code_holds_the_receipt_itself(folder, printer):
    port = sold(folder, printer, offer="ask")
    assert port.screens.done.state.offered == ("print", "qr")
    sale, desk = port.till.desk.finished.sale, port.till.desk
    text = digital_text(sale, desk.letterhead(), desk.stamp(sale.completed_ms))
    assert "Käse book" in text
    assert tuple(port.ok("receipt", **{"as": "qr"})["qr"]) == qr_rows(text)
    port.refused("unknown_way", "receipt", **{"as": "smoke"})
    port.close()
