"""From a receipt's facts to what its mail says, in a language. Values in, values out.

It says what the paper says (till.paper.receipts), figure for figure, whatever the store's design leaves out on paper:
who sold, when, what, for how much, the tax by rate, how it was paid, what the fiscal unit signed, and the numbers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from schema.events import Payment, SaleCompleted, SoldLine
from schema.fiscal import FiscalFacts
from schema.locale import instant_text, number_text, percent_text
from schema.money import format_amount, format_number
from server.mailing.facts import Facts
from server.words import Words, say

TENDERS = {
    "cash": say("Cash"),
    "card": say("Card"),
    "card_manual": say("Card (by hand)"),
    "account": say("On account"),
    "voucher": say("Voucher"),
    "deposit": say("Deposit"),
}
# What a store's settings say where nobody set them (schema.catalogue); a store's own words are mailed as they are.
USUAL = (
    *(say("changed mind"), say("defect"), say("wrong article")),
    *(say("as new"), say("opened"), say("damaged")),
    say("other"),
)
# A voucher's code is money; a mailbox is no place for it. As on paper, its end tells two apart.
CODE_SHOWN = 4


class Item(Struct, frozen=True, kw_only=True):
    """A line: what, how much of it (empty for one piece), its sum, its rate's letter, and remarks below.

    `discounts` are (reason, amount taken off).
    """

    name: str
    quantity: str
    amount: str
    letter: str
    discounts: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()


class Sum(Struct, frozen=True, kw_only=True):
    """A line of the totals or a payment; `detail` stands below."""

    label: str
    amount: str
    strong: bool = False
    detail: str = ""


class Letter(Struct, frozen=True, kw_only=True):
    """All that a receipt's mail says. `taxes` are rows of letter and rate, net, tax, gross under `tax_heads`."""

    language: str
    subject: str
    store: str
    head: tuple[str, ...]
    banners: tuple[str, ...]
    about: tuple[str, ...]
    items: tuple[Item, ...]
    sums: tuple[Sum, ...]
    payments: tuple[Sum, ...]
    tax_heads: tuple[str, str, str, str]
    taxes: tuple[tuple[str, str, str, str], ...]
    fiscal: tuple[str, ...]
    foot: tuple[str, ...]


def letter_of(facts: Facts, words: Words) -> Letter:
    """Return what a receipt's mail says."""
    sale, settings = facts.sale, facts.settings
    letters = {(row.code, row.percent): chr(ord("A") + index) for index, row in enumerate(sale.taxes)}
    tax_number = [words("Tax number {number}", number=settings.tax_number)] if settings.tax_number else []
    return Letter(
        language=words.language,
        subject=words("Your receipt {number} from {store}", number=sale.receipt, store=settings.name),
        store=settings.name,
        head=(*settings.address, *tax_number, *settings.design.header),
        banners=tuple(_banners(sale, words)),
        about=tuple(_about(facts, words)),
        items=tuple(_item(line, letters, sale.currency, words) for line in sale.lines),
        sums=tuple(_sums(sale, words)),
        payments=tuple(row for part in sale.payments for row in _payment(part, words)),
        tax_heads=(words("VAT"), words("Net"), words("Tax"), words("Gross")),
        taxes=tuple(_tax_rows(sale, letters, words)),
        fiscal=tuple(_fiscal(facts, words)),
        foot=settings.receipt_footer,
    )


def _banners(sale: SaleCompleted, words: Words) -> Iterator[str]:
    if sale.voids is not None:
        yield words("VOID")
        reason = _usual(sale.voids.reason, words)
        yield words("Takes back receipt {receipt}: {reason}", receipt=sale.voids.receipt, reason=reason)
    elif any(line.returns is not None for line in sale.lines):
        yield words("Goods returned")
    if sale.fiscal is not None and sale.fiscal.signature and not sale.fiscal.certified:
        yield words("NOT CERTIFIED")


def _about(facts: Facts, words: Words) -> Iterator[str]:
    sale = facts.sale
    yield words("Receipt {number}", number=sale.receipt)
    yield f"{_local(sale.completed_ms, facts, words)} · {facts.till_name}"
    yield words("Served by {name}", name=sale.cashier_name)
    if customer := " · ".join(part for part in (facts.customer_name, sale.customer) if part):
        yield words("Customer {customer}", customer=customer)
    if sale.order is not None:
        yield words("Order {number}", number=sale.order.number)
    if sale.note:
        yield sale.note
    yield words("Number in our books: {number}", number=facts.number)


# -- lines


def _item(line: SoldLine, letters: dict[tuple[str, Decimal], str], currency: str, words: Words) -> Item:
    is_one = line.quantity == 1 and line.unit == "piece"
    each = _figure(line.unit_price_minor, currency, words)
    off = _figure(-line.discount_minor, currency, words)
    return Item(
        name=f"+ {line.name}" if line.kind == "bottle_deposit" else line.name,
        quantity="" if is_one else f"{_quantity(line.quantity, line.unit, words)} × {each}",
        amount=_figure(line.base_minor, currency, words),
        letter=letters.get((line.tax_code, line.tax_percent), ""),
        discounts=((line.discount_reason or words("Discount"), off),) if line.discount_minor else (),
        remarks=tuple(remark for remark in _remarks(line, words) if remark),
    )


def _remarks(line: SoldLine, words: Words) -> Iterator[str]:
    yield ", ".join(line.options)
    if line.price_reason == "manual" and line.kind == "goods" and line.article:
        yield words("price set by hand")
    elif line.why != line.discount_reason:
        yield line.why
    match line.kind:
        case "voucher":
            yield words("Voucher {code}", code=hidden_code(line.reference))
        case "prepayment" if line.reference:
            yield words("paid with receipt {receipt}", receipt=line.reference)
        case "open_item":
            yield line.reference
    yield line.note
    if line.returns is not None:
        yield words("from receipt {receipt}", receipt=line.returns.receipt)
        yield " · ".join(_usual(part, words) for part in (line.returns.reason, line.returns.condition) if part)


def _usual(text: str, words: Words) -> str:
    return words(text) if text in USUAL else text


def hidden_code(code: str) -> str:
    """Return the end of a voucher's code."""
    return f"…{code[-CODE_SHOWN:]}"


# -- sums, payments, taxes


def _sums(sale: SaleCompleted, words: Words) -> Iterator[Sum]:
    currency = sale.currency
    if sale.bill_discount_minor:
        off = _figure(-sale.bill_discount_minor, currency, words)
        yield Sum(label=words("Discount on the bill"), amount=off)
    yield Sum(label=words("Total"), amount=_amount(sale.total_minor, currency, words), strong=True)
    if sale.order is not None and sale.order.paid_minor:
        yield Sum(label=words("Paid before"), amount=_amount(-sale.order.paid_minor, currency, words))
    if sale.cash_rounding_minor:
        yield Sum(label=words("Cash rounding"), amount=_amount(sale.cash_rounding_minor, currency, words))


def _payment(part: Payment, words: Words) -> Iterator[Sum]:
    name = words(TENDERS[part.tender])
    if part.tender == "cash" and part.given_minor > 0:
        yield Sum(label=name, amount=_amount(part.given_minor, part.currency, words))
        if part.change_minor:
            yield Sum(label=words("Change"), amount=_amount(part.change_minor, part.currency, words))
        return
    label = words("{tender}, given back", tender=name) if part.amount_minor < 0 else name
    amount = _amount(abs(part.amount_minor), part.currency, words)
    yield Sum(label=label, amount=amount, detail=" · ".join(detail for detail in _payment_facts(part, words) if detail))


def _payment_facts(part: Payment, words: Words) -> tuple[str, ...]:
    card = part.card
    terminal = (card.card_name, card.terminal_id, card.receipt_number, card.trace) if card is not None else ()
    code = hidden_code(part.reference) if part.tender == "voucher" and part.reference else ""
    return (_usual(part.card_type, words), *terminal, code)


def _tax_rows(
    sale: SaleCompleted, letters: dict[tuple[str, Decimal], str], words: Words
) -> Iterator[tuple[str, str, str, str]]:
    for row in sale.taxes:
        net, tax, gross = (
            _figure(minor, sale.currency, words) for minor in (row.net_minor, row.tax_minor, row.gross_minor)
        )
        yield (f"{letters[row.code, row.percent]} {percent_text(row.percent, words.language)}", net, tax, gross)


# -- the fiscal unit


def _fiscal(facts: Facts, words: Words) -> Iterator[str]:
    signed = facts.sale.fiscal
    if signed is None:
        return
    yield words("Till {serial}", serial=facts.till_id)
    if signed.outage:
        yield words("The fiscal unit is out of order.")
        yield _times(facts.sale.started_ms, facts.sale.completed_ms, facts, words)
        return
    yield from _signature(signed, facts, words)


def _signature(signed: FiscalFacts, facts: Facts, words: Words) -> Iterator[str]:
    yield words("Fiscal unit {serial}", serial=signed.unit_serial)
    yield words(
        "Transaction {number}, signature {counter}", number=signed.transaction, counter=signed.signature_counter
    )
    yield _times(signed.started_ms, signed.finished_ms, facts, words)
    yield signed.signature


def _times(begun_ms: int, ended_ms: int, facts: Facts, words: Words) -> str:
    return words(
        "Begun {begun}, ended {ended}", begun=_local(begun_ms, facts, words), ended=_local(ended_ms, facts, words)
    )


# -- figures


def _local(at_ms: int, facts: Facts, words: Words) -> str:
    local = datetime.fromtimestamp(at_ms / 1000 + facts.utc_offset_min * 60, UTC)
    return instant_text(local, words.language, seconds=True)


def _amount(amount_minor: int, currency: str, words: Words) -> str:
    return format_amount(amount_minor, currency, words.language)


def _figure(amount_minor: int, currency: str, words: Words) -> str:
    return format_number(amount_minor, currency, words.language)


def _quantity(quantity: Decimal, unit: str, words: Words) -> str:
    number = number_text(quantity, words.language)
    return number if unit == "piece" else f"{number} {unit}"
