"""Paper: what is printed, once; a device that fails costs a message, never the sale (fault 49, 50, 60)."""

import time

import pytest
from msgspec.structs import replace
from sample_till import ARTICLES, BOOK, MILK, SETTINGS, Port, make_folder

from schema.catalogue import Article, ReceiptDesign


def texts(printer):
    return [path.read_text() for path in sorted(printer.folder.glob("*.txt"))]


def wait_for_texts(printer, count, seconds=8.0):
    deadline = time.monotonic() + seconds
    while len(found := texts(printer)) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def test_a_receipt_says_all_it_must(folder, printer):
    port = Port(folder, printer=printer.url).morning()
    port.ok("scan", code=MILK)
    port.ok("scan", code=MILK)
    port.ok("scan", code=BOOK)
    port.ok("change", line=2, discount_percent="10", reason="bruised")
    port.ok("change", line=2, note="gift")
    answer = port.ok("pay", amount=5000)
    assert answer["print"] == "printed"
    (text,) = wait_for_texts(printer, 1)
    for part in (
        "Sample Shop",
        "1 Example Street",
        "00/000/00000",
        "Milk 1 l",
        "2 x 1.29",
        "2.58",
        "Käse book",
        "bruised",
        "-2.00",
        "gift",
        "€20.57",
        "€50.00",
        "€29.43",
        "19%",
        "7%",
        "0007-2-000001",
        "Alex Example",
        "Thank you.",
    ):
        assert part in text, part
    assert "COPY" not in text.upper()
    assert printer.control("/state")["drawer"] == "open"
    port.close()


def test_a_copy_says_that_it_is_one_and_is_journaled(folder, printer):
    port = Port(folder, printer=printer.url).morning()
    port.ok("scan", code=MILK)
    receipt = port.ok("pay")["receipt"]
    port.ok("reprint", receipt=receipt)
    first, second = wait_for_texts(printer, 2)
    assert "COPY" not in first.upper()
    assert "COPY" in second.upper()
    assert port.types()[-1] == "ReceiptPrinted"
    port.close()


@pytest.mark.parametrize("fault", ["off", "paper-out", "cover-open", "dies-mid-receipt"])
def test_a_printer_that_fails_never_costs_the_sale(folder, printer, fault):
    """Fault 49: the sale stays, the message says so, nothing is tried again by itself; then it is printed."""
    port = Port(folder, printer=printer.url).morning()
    printer.control("/fault", fault=fault)
    port.ok("scan", code=MILK)
    answer = port.ok("pay")
    assert answer["receipt"] == "0007-2-000001"
    assert any(message["code"].startswith("print_") for message in answer["messages"])
    assert all(len(message["message"]) > 30 for message in answer["messages"])
    (job,) = port.ok("status")["print_queue"]
    printer.control("/fault", fault="none")
    assert port.ok("print_queue", print=job["job"])["print_queue"] == []
    whole = [text for text in wait_for_texts(printer, 1) if "Total" in text]
    assert ("COPY" in whole[-1].upper()) is (fault == "dies-mid-receipt")
    assert port.types().count("SaleCompleted") == 1
    port.close()


def test_names_cannot_command_the_printer(tmp_path, printer):
    """Fault 60: ESC p (drawer), GS V (cut), DLE in names are text without teeth."""
    nasty = "Käse\x1bp\x00\x19\xfa\x1dVA\x10\x04\x01 1 kg"
    articles = (replace(ARTICLES[0], name=nasty), *ARTICLES[1:])
    folder = tmp_path / "till"
    make_folder(folder, articles=articles, settings=replace(SETTINGS, receipt_footer=("\x1bp0Bye",)))
    port = Port(folder, printer=printer.url).morning(cashier="9")
    port.ok("scan", code=MILK)
    port.ok("change", line=1, note="\x1bp\x00note")
    port.ok("pay")
    (text,) = wait_for_texts(printer, 1)
    assert "Käse" in text
    assert "note" in text
    assert "Bye" in text
    state = printer.control("/state")
    assert state["receipts"] == 1
    port.close()


def test_reports_and_cash_slips_are_printed(folder, printer):
    port = Port(folder, printer=printer.url).morning(cashier="9")
    port.ok("scan", code=BOOK)
    port.ok("pay")
    port.ok("cash_out", amount=300, reason="Postage")
    port.ok("x_report")
    port.ok("close_shift", counted=11699)
    port.ok("z_report")
    found = wait_for_texts(printer, 5)
    assert "Postage" in found[1]
    assert "Signature" in found[1]
    assert "X report" in found[2]
    assert "Z report 1" in found[3]
    assert "Difference" in found[3]
    assert "€116.99" in found[3]
    assert "Z report 1" in found[4]
    port.close()


def test_without_a_printer_nothing_is_queued_and_nothing_waits(port):
    port.morning(cashier="9")
    port.ok("scan", code=BOOK)
    answer = port.ok("pay")
    assert answer["print"] == "none"
    assert port.ok("status")["print_queue"] == []
    port.refused("no_printer", "reprint", receipt=answer["receipt"])
    assert port.ok("open_drawer", reason="look")["messages"][0]["code"] == "drawer_stuck"
    assert port.types()[-1] == "DrawerOpened"


def test_a_voucher_s_slip_is_printed_with_its_sale_even_where_no_receipt_is(tmp_path, printer):
    """What the customer paid for is on paper; its bar code is the code that pays later."""
    articles = (
        *ARTICLES,
        Article(number="V1", name="Gift voucher", price_minor=2500, tax_code="none", is_voucher=True),
    )
    settings = replace(SETTINGS, design=ReceiptDesign(offer="none"))
    make_folder(tmp_path / "till", articles=articles, settings=settings)
    port = Port(tmp_path / "till", printer=printer.url).morning(cashier="9")
    port.ok("add", article="V1")
    port.ok("pay")
    (text,) = wait_for_texts(printer, 1)
    (line,) = port.bodies()[-1].lines
    assert line.reference in text.replace(" ", "")
    assert "€25.00" in text
    port.close()


@pytest.mark.parametrize(
    ("language", "fault", "why"),
    [
        ("de", "paper-out", "Der Drucker hat kein Papier. Bitte eine neue Rolle einlegen."),
        ("nl", "paper-out", "De printer heeft geen papier. Plaats een nieuwe rol."),
        ("de", "cover-open", "Der Deckel des Druckers ist offen. Bitte schließen."),
        ("nl", "cover-open", "De klep van de printer staat open. Sluit hem."),
    ],
)
def test_what_the_printer_says_of_itself_is_said_in_the_tills_language(folder, printer, language, fault, why):
    """Fault 49: a code of its own for each, whatever it means for the receipt."""
    port = Port(folder, printer=printer.url.replace("generic-80", "epson-tm-t20iii"), language=language).morning()
    printer.control("/fault", fault=fault)
    port.ok("scan", code=MILK)
    (said,) = [each["message"] for each in port.ok("pay")["messages"] if each["code"].startswith("print_")]
    assert said.endswith(why)
    port.close()


def test_a_till_that_stopped_while_it_printed_says_so_in_its_language(folder):
    port = Port(folder, printer="escpos+tcp://127.0.0.1:9?profile=generic-80", language="de").morning()
    port.ok("scan", code=MILK)
    port.ok("pay")
    port.till.desk.parts.journal.change(("UPDATE print_job SET state = 'sending'", ()))
    port.close()
    port = Port(folder, printer="none:", language="de")
    port.screens.messages.enter()
    state = port.screens.messages.state
    assert state.prints[0].text.endswith("Die Kasse blieb stehen, während gedruckt wurde.")
    assert state.notices == (
        "Nicht jeder Bon wurde gedruckt. Aus der Liste unten drucken.",
        "Eine Schicht ist noch offen.",
    )
    port.close()


def test_why_nothing_was_printed_is_said_in_the_till_s_language(folder):
    """A device tells its trouble by a code; the text is the catalogue's, also when it is read again later."""
    port = Port(folder, printer="escpos+tcp://127.0.0.1:9?profile=generic-80", language="de").morning()
    port.ok("scan", code=MILK)
    answer = port.ok("pay", amount=5000)
    (said,) = [each["message"] for each in answer["messages"] if each["code"].startswith("print_")]
    assert "printer" not in said
    assert "Drucker" in said
    (waiting,) = port.ok("print_queue")["print_queue"]
    assert waiting["title"] in said
    port.close()
