"""Reports: X at any time, Z again and again, on paper as a copy, as PDF and CSV; the same figures everywhere."""

import base64
import csv
import io
import re
import zlib

import pytest
from sample_papers import letterhead, shift_report
from sample_till import BOOK, BREAD, MILK, Port
from test_till_printing import texts, wait_for_texts

from till.shifts.report_pdf import pdf_bytes
from till.shifts.reports import csv_bytes, file_name, sections
from till.words import Words


def busy_shift(port, float_minor=10000):
    """Sell in cash, take a book back, open the drawer, move cash."""
    for code in (MILK, BOOK, BREAD):
        port.ok("scan", code=code)
        port.ok("pay")
    port.ok("scan", code=BOOK)
    port.ok("change", line=1, quantity="-1")
    port.ok("pay")
    port.ok("cash_out", amount=300, reason="purchase")
    port.ok("open_drawer", reason="count")
    return float_minor + 129 + 1999 + 349 - 1999 - 300


def test_an_x_report_needs_its_right_and_a_lift_gives_it_once(port):
    port.morning(cashier="1")
    port.refused("needs_supervisor", "x_report")
    port.ok("supervisor", pin="9999")
    assert port.ok("x_report")["report"]["title"] == "X report"
    port.refused("needs_supervisor", "x_report")


def test_x_and_z_say_the_same_and_the_z_again_for_ever(port):
    expected = busy_shift(port.morning(cashier="9"))
    x_report = port.ok("x_report")["report"]
    closed = port.ok("close_shift", counted=expected + 5)
    z_report = closed["report"]
    assert z_report["rows"][: len(x_report["rows"])] == x_report["rows"]
    assert [row["amount"] for row in z_report["rows"][-2:]] == [expected + 5, 5]
    assert z_report["sections"]["groups"] == x_report["sections"]["groups"]
    port.ok("open_shift", float=expected + 5)
    port.ok("scan", code=MILK)
    port.ok("pay")
    port.ok("close_shift", counted=0)
    assert port.ok("z_report", number=1)["report"]["sections"] == z_report["sections"]
    assert port.ok("z_report")["report"]["z_number"] == 2
    port.refused("no_z_report", "z_report", number=3)


def test_a_report_shows_returns_groups_and_what_happened_beside_the_sales(port):
    busy_shift(port.morning(cashier="9"))
    report = port.ok("x_report")["report"]
    amounts = {row["label"].strip(): row["amount"] for row in report["rows"]}
    assert amounts["of which returned"] == -1999
    assert amounts["Sales (4)"] == 478
    groups = {row["label"]: row["amount"] for row in report["sections"]["groups"]}
    assert groups == {"Bakery": 349, "Dairy": 129, "Books": 0}


def test_all_shifts_are_listed_the_open_one_first(port):
    port.morning(cashier="9")
    port.ok("close_shift", counted=0)
    port.ok("open_shift", float=0)
    assert [each["z_number"] for each in port.ok("reports")["reports"]] == [0, 1]
    port.screens.reports.choose(1)
    assert port.screens.reports.state.report.z_number == 1
    port.screens.reports.back()
    assert port.stage.screen == "sale"


def test_reports_are_open_to_people_without_an_open_shift_too(port):
    port.morning(cashier="9")
    port.ok("close_shift", counted=0)
    port.refused("no_shift", "x_report")
    assert port.ok("z_report")["report"]["z_number"] == 1
    port.screens.reports.back()
    assert port.stage.screen == "open_shift"


def test_nothing_is_shown_to_nobody(port):
    for command in ("x_report", "z_report", "reports", "save_report"):
        port.refused("not_signed_in", command)


# -- paper


def test_a_z_report_comes_out_once_as_itself_and_then_as_a_copy(folder, printer):
    port = Port(folder, printer=printer.url).morning(cashier="9")
    port.ok("close_shift", counted=10000)
    port.ok("z_report")
    port.ok("z_report")
    first, *others = wait_for_texts(printer, 3)
    assert "COPY" not in first
    assert all("COPY" in other for other in others)
    port.close()


@pytest.mark.parametrize("fault", ["off", "dies-mid-receipt"])
def test_a_z_report_that_surely_never_came_out_is_no_copy(folder, printer, fault):
    """Fault 2, 3, 49: only what may have come out says that it is a copy."""
    port = Port(folder, printer=printer.url).morning(cashier="9")
    printer.control("/fault", fault=fault)
    answer = port.ok("close_shift", counted=10000)
    assert any(each["code"].startswith("print_") for each in answer["messages"])
    printer.control("/fault", fault="none")
    port.ok("z_report")
    whole = [text for text in wait_for_texts(printer, 1) if "Difference" in text]
    assert ("COPY" in whole[-1]) is (fault == "dies-mid-receipt")
    assert port.types().count("ShiftClosed") == 1
    port.close()


def test_every_x_report_is_an_original_for_every_one_differs(folder, printer):
    port = Port(folder, printer=printer.url).morning(cashier="9")
    port.ok("x_report")
    port.ok("x_report")
    assert not any("COPY" in text for text in wait_for_texts(printer, 2))
    port.close()


def test_a_dead_printer_keeps_nobody_from_moving_cash_or_closing(folder):
    """Fault 49: slips and reports wait in the queue as receipts do."""
    port = Port(folder, printer="escpos+tcp://127.0.0.1:9?profile=generic-80").morning(cashier="9")
    port.ok("skim", amount=100)
    port.ok("close_shift", counted=9900)
    assert [job["title"].split(" ")[0] for job in port.ok("status")["print_queue"]] == ["Z", "To"]
    port.close()


def test_a_slip_cut_off_by_a_crash_is_offered_again_as_a_copy(folder, printer):
    """Fault 3: what was being printed may have come out."""
    port = Port(folder, printer=printer.url).morning(cashier="9")
    port.till.desk.parts.printing.work = list  # the process dies before the queue is worked …
    port.ok("skim", amount=100)
    port.till.desk.parts.journal.change(("UPDATE print_job SET state = 'sending'", ()))  # … and after its first byte
    port.close()
    port = Port(folder, printer=printer.url)
    port.ok("sign_in", cashier="9", pin="9999")
    (job,) = port.ok("status")["print_queue"]
    port.ok("print_queue", print=job["job"])
    assert "COPY" in wait_for_texts(printer, 1)[0]
    assert len(texts(printer)) == 1
    port.close()


# -- files


def test_files_hold_what_the_screen_shows(port, folder):
    busy_shift(port.morning(cashier="9"))
    port.refused("no_report", "save_report")
    report = port.ok("x_report")["report"]
    port.ok("save_report")
    (pdf,) = (folder / "reports").glob("*.pdf")
    (file,) = (folder / "reports").glob("*.csv")
    assert pdf.read_bytes().startswith(b"%PDF-")
    rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"))))
    sums = [(row["label"], row["amount"]) for row in rows if row["section"] == "sums"]
    assert sums == [(row["label"].strip(), f"{row['amount'] / 100:.2f}") for row in report["rows"]]
    assert {row["section"] for row in rows} == set(report["sections"])


def test_what_was_practised_lies_apart_and_says_so(port, folder):
    port.ok("practice")
    port.morning(cashier="9")
    port.ok("scan", code=MILK)
    port.ok("pay")
    port.ok("x_report")
    port.ok("save_report")
    assert not (folder / "reports").exists()
    (pdf,) = (folder / "practice" / "reports").glob("*.pdf")
    assert "PRACTICE" in text_of_pdf(pdf.read_bytes())
    (file,) = (folder / "practice" / "reports").glob("*.csv")
    assert "PRACTICE" in file.read_text(encoding="utf-8-sig").splitlines()[1]


def test_a_folder_that_cannot_be_written_is_told(port, folder):
    port.morning(cashier="9")
    (folder / "reports").write_text("in the way")
    port.ok("x_report")
    port.refused("cannot_save", "save_report")


def test_the_same_report_gives_the_same_pdf_and_names_have_their_umlauts():
    report = shift_report(12)
    one, other = (pdf_bytes(report, letterhead("de")) for _ in range(2))
    assert one == other
    assert pdf_bytes(report, letterhead("de", practice=True)) != one


def test_the_pdf_says_what_the_paper_says():
    report = shift_report(12)
    text = text_of_pdf(pdf_bytes(report, letterhead("de")))
    for part in ("Käsehaus am Markt", "Z-Bericht 12", "Trinkgeld", "187,99 €", "Ohne Warengruppe", "09:00", "101,86 €"):
        assert part in text, part


def text_of_pdf(data):
    """Return the strings that a page of ours writes: its streams are Ascii85 and deflated, its letters cp1252."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
        page = zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>"), adobe=False))
        for string in re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj", page):
            plain = re.sub(rb"\\(\d{3})", lambda octal: bytes([int(octal[1], 8)]), string)
            found.append(re.sub(rb"\\(.)", rb"\1", plain).decode("cp1252"))
    return "\n".join(found)


def test_a_name_is_never_a_formula_in_a_spreadsheet():
    """CWE-1236: a cashier or article group may be called anything."""
    from msgspec.structs import replace

    report = shift_report()
    figures = replace(report.figures, names=(("1", '=HYPERLINK("http://x")'),))
    text = csv_bytes(replace(report, figures=figures), letterhead("en")).decode("utf-8-sig")
    assert "'=HYPERLINK" in text
    assert ",=HYPERLINK" not in text.replace('"', "")


def test_file_names_have_no_character_that_a_file_system_minds():
    for z_number in (0, 12):
        name = file_name(shift_report(z_number), "pdf")
        assert not set(name) & set('\\/:*?"<>| '), name


def test_sections_without_figures_are_left_out():
    from sample_papers import SHIFT

    from till.shifts.reports import Report, head_of
    from till.shifts.shift import figures

    empty = Report(figures=figures(SHIFT, ()), event=None, head=head_of(SHIFT, 0, "", ""))
    assert [section.name for section in sections(empty, Words())] == ["sums"]
