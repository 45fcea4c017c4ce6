"""One of each kind of paper that a till prints, made from facts as the journal holds them. For tests and golden files.

python tests/till/sample_papers.py          # writes tests/golden/papers_<language>_<width>.txt anew: look at the diff
"""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from hardware.printer.layout import text_lines
from hardware.printer.profiles import profile_named
from schema.basket import OrderRef, ReturnRef
from schema.catalogue import ReceiptDesign, StoreSettings
from schema.events import CardFacts, CashMoved, Payment, SaleCompleted, SoldLine, VoidRef
from schema.fiscal import FiscalFacts
from schema.locale import instant_text
from schema.tax import TaxedAmount, breakdown
from till.journal.journal import OpenShift
from till.paper.letterhead import Letterhead
from till.paper.receipts import sale_document
from till.paper.slips import cash_document, voucher_documents
from till.shifts.reports import Report, head_of, report_document
from till.shifts.shift import closed, decode_fact, figures
from till.words import load_words

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
LANGUAGES = ("en", "de", "nl")
WIDTHS = {58: "generic-58", 80: "generic-80"}
PRINTED = datetime(2026, 11, 20, 9, 12, 30)
PRINTED_AT = "20 Nov 2026 09:12:30"
STARTED_MS, COMPLETED_MS = 1_795_162_320_000, 1_795_162_350_000
SETTINGS = StoreSettings(
    store="0007",
    name="Käsehaus am Markt",
    address=("Example Street 1", "12345 Sampletown"),
    tax_number="00/000/00000",
    receipt_footer=("Thank you.", "Open Monday to Saturday, 9 to 18"),
    design=ReceiptDesign(header=("Cheese and more since 1987",), link="https://shop.example/r/{receipt}"),
)
SHIFT = OpenShift(
    shift_id="shift-12",
    number=12,
    cashier="1",
    currency="EUR",
    float_minor=15000,
    business_day="2026-11-20",
    opened_epoch=1,
    opened_seq=1,
    opened_ms=STARTED_MS - 3_600_000,
)


def line(name, unit_minor, *, quantity="1", tax=("reduced", 7), discount=0, **more):
    """Return a sold line; its sums follow from price, quantity and discount."""
    base = round(unit_minor * Decimal(quantity))
    known = {"article": "A1", "unit": "piece", "bill_share_minor": 0, **more}
    return SoldLine(
        name=name,
        quantity=Decimal(quantity),
        unit_price_minor=unit_minor,
        base_minor=base,
        discount_minor=discount,
        total_minor=base - discount - known["bill_share_minor"],
        tax_code=tax[0],
        tax_percent=Decimal(tax[1]),
        **known,
    )


NO_TAX = ("none", 0)
STANDARD = ("standard", 19)


def receipt(*lines, payments=(), **more):
    """Return a finished sale of these lines, paid in cash where nothing else is said."""
    taxed = [TaxedAmount(code=each.tax_code, percent=each.tax_percent, amount_minor=each.total_minor) for each in lines]
    total = sum(each.total_minor for each in lines)
    before = more["order"].paid_minor if "order" in more else 0
    due = total - before + more.get("cash_rounding_minor", 0)
    known = {"cashier": "1", "cashier_name": "Alex Example", "bill_discount_minor": 0, **more}
    return SaleCompleted(
        sale_id="sale-123",
        receipt="0007-2-000123",
        receipt_seq=123,
        shift_id="shift-12",
        currency="EUR",
        includes_tax=True,
        lines=lines,
        taxes=breakdown(taxed, includes_tax=True),
        total_minor=total,
        payments=payments or (pay("cash", due),),
        started_ms=STARTED_MS,
        completed_ms=COMPLETED_MS,
        **known,
    )


def pay(tender, amount_minor, **more):
    return Payment(tender=tender, currency="EUR", amount_minor=amount_minor, **more)


MILK = line("Milk 1 l", 129, quantity="2", group="Dairy")
CHEESE = line("Gouda, matured for 18 months, from the wheel", 2490, quantity="0.350", unit="kg", group="Cheese")
BOOK = line("Käse book", 1999, tax=STANDARD, discount=200, discount_reason="bruised", note="gift", group="Books")
CARD = CardFacts(attempt_id="a-1", terminal_id="55500001", receipt_number="0042", trace="000137", card_name="girocard")
SIGNED = FiscalFacts(
    unit_serial="5f" * 32,
    transaction=4711,
    signature_counter=9422,
    started_ms=STARTED_MS,
    finished_ms=COMPLETED_MS,
    signature="c2lnbmF0dXJl" * 6,
    process_type="Kassenbeleg-V1",
    qr="V0;till-1;Kassenbeleg-V1;Beleg^17.99_11.30_0.00_0.00_0.00^29.29:Bar;4711;9422",
)
SALES = {
    "sale": receipt(MILK, CHEESE, BOOK, payments=(pay("cash", 2929, given_minor=5000, change_minor=2071),)),
    "promotion, deposit, options": receipt(
        line("Cola 0.33 l", 220, quantity="3", discount=220, why="3 for 2", discount_reason="3 for 2", tax=STANDARD),
        line("Bottle deposit", 25, quantity="3", kind="bottle_deposit", tax=STANDARD),
        line("Coffee", 340, options=("large", "oat milk"), price_reason="price_list", why="Club price"),
        line("Candle", 500, tax=STANDARD, price_reason="manual"),
    ),
    "bill discount, cash rounding": receipt(
        replace(MILK, bill_share_minor=26, total_minor=232), bill_discount_minor=26, cash_rounding_minor=-2
    ),
    "card, tip, split": receipt(
        MILK,
        BOOK,
        line("Tip", 200, tax=NO_TAX, kind="tip", article="", price_reason="manual"),
        payments=(pay("card", 2000, card=CARD), pay("card_manual", 257, card_type="Visa")),
    ),
    "voucher issued and redeemed": receipt(
        line("Gift voucher", 5000, tax=NO_TAX, kind="voucher", reference="VABCDEFGH2345671"),
        BOOK,
        payments=(pay("voucher", 1799, reference="VZYXWVTSR7654322", offline=True), pay("cash", 5000)),
    ),
    "on account": receipt(BOOK, customer="C1", payments=(pay("account", 1799),)),
    "open item paid": receipt(
        line("Open item", 4711, tax=NO_TAX, kind="open_item", reference="0007-1-000088", article=""), customer="C1"
    ),
    "prepayment": receipt(
        line("Prepayment", 1000, tax=STANDARD, kind="prepayment", article=""),
        order=OrderRef(order_id="order-1", number="0007-2-O-000001", version=1),
    ),
    "order picked up": receipt(
        BOOK,
        line("Prepayment", 1000, quantity="-1", tax=STANDARD, kind="prepayment", reference="0007-2-000099"),
        order=OrderRef(order_id="order-1", number="0007-2-O-000001", version=2, paid_minor=300),
    ),
    "return": receipt(
        line(
            "Käse book",
            1799,
            quantity="-1",
            tax=STANDARD,
            returns=ReturnRef(receipt="0007-2-000050", line=2, reason="defect", condition="opened"),
        ),
    ),
    "void": receipt(
        replace(BOOK, quantity=Decimal(-1), base_minor=-1999, discount_minor=-200, total_minor=-1799),
        payments=(pay("card", -1799, card=CARD),),
        voids=VoidRef(receipt="0007-2-000122", sale_id="sale-122", reason="wrong customer"),
    ),
    "fiscal unit, not certified": receipt(MILK, fiscal=SIGNED),
    "fiscal unit out": receipt(MILK, fiscal=FiscalFacts(outage="no answer")),
}


def letterhead(language, **more):
    settings = replace(SETTINGS, design=replace(SETTINGS.design, **more.pop("design", {})))
    known = {"till_name": "Till 2", "till_serial": "till-1", "utc_offset_min": 60, **more}
    return Letterhead(settings=settings, words=load_words(language), **known)


def shift_report(z_number=0):
    """Return the report of a shift in which every sample sale was made, with a move of each kind."""
    happened = [(decode_fact(1, encoded), 60) for encoded in map(_encoded, (*SALES.values(), *MOVES))]
    found = figures(SHIFT, happened)
    if not z_number:
        return Report(figures=found, event=None, head=head_of(SHIFT, 0, "Robin Example", PRINTED))
    event = closed(SHIFT, found, _Position, "9", found.expected_minor - 5, pieces={5000: 3, 1: 7})
    return Report(figures=found, event=event, head=head_of(SHIFT, z_number, "Robin Example", PRINTED))


class _Position:
    z_number = 11


def _encoded(body):
    from schema.events import encode

    return encode(body)


def move(kind, amount_minor, reason):
    ids = {"move_id": f"move-{kind}", "shift_id": "shift-12", "cashier": "1", "currency": "EUR"}
    return CashMoved(kind=kind, amount_minor=amount_minor, reason=reason, **ids)


MOVES = (
    move("cash_in", 2000, "change"),
    move("cash_out", 1250, "purchase"),
    move("skim", 20000, "To the safe · 0007-2-S12-3"),
    move("change_money", 5000, "Coins for notes"),
)


def papers(language):
    """Return every sample paper in a language, by its name."""
    head, printed_at = letterhead(language), instant_text(PRINTED, language, seconds=True)
    made = {name: sale_document(sale, head, printed_at) for name, sale in SALES.items()}
    sale, issued = SALES["sale"], SALES["voucher issued and redeemed"]
    plain = letterhead(language, design={"show_tax_table": False, "show_barcode": False, "link": ""})
    made["copy"] = sale_document(sale, head, printed_at, copy=True, customer_name="Kim Käfer")
    made["practice"] = sale_document(sale, letterhead(language, practice=True), printed_at)
    made["the least"] = sale_document(sale, plain, printed_at)
    made["voucher slip"] = voucher_documents(issued, head, printed_at)[0]
    for number, each in enumerate(MOVES, start=1):
        slip = f"0007-2-S12-{number}"
        made[f"slip {each.kind}"] = cash_document(each, head, "Alex Example", printed_at, number=slip)
    made["X report"] = report_document(shift_report(), head)
    made["Z report"] = report_document(shift_report(12), head)
    return made


def written(language, width_mm):
    """Return all papers of a language as a printer of this width would set them, one below the other."""
    profile = profile_named(WIDTHS[width_mm])
    parts = []
    for name, document in papers(language).items():
        edge = f"{f' {name} ':=^{profile.width_chars}}"
        parts += [edge, *text_lines(document, profile), ""]
    return "\n".join(parts) + "\n"


def golden(language, width_mm):
    return GOLDEN / f"papers_{language}_{width_mm}.txt"


if __name__ == "__main__":
    for each in LANGUAGES:
        for width in WIDTHS:
            golden(each, width).write_text(written(each, width), encoding="utf-8")
