"""Who prints, in which language: the head of every piece of paper, and how it writes figures, names and times."""

from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from hardware.document import Block, Document, Text
from schema.catalogue import StoreSettings
from schema.clock import Clock
from schema.device import Device
from schema.locale import instant_text, number_text
from schema.locale import percent_text as percent_in
from schema.money import format_amount, format_number
from till.words import Words

TENDERS = {
    "cash": "Cash",
    "card": "Card",
    "card_manual": "Card (by hand)",
    "account": "On account",
    "voucher": "Voucher",
    "deposit": "Deposit",
}
MOVES = {"cash_in": "Cash in", "cash_out": "Cash out", "skim": "To the safe", "change_money": "Change money"}
PRACTICE_TILL = "practice"


class Letterhead(Struct, frozen=True, kw_only=True):
    """Who prints: the store, the till, and the words of the paper's language. A practice till marks all it prints.

    `till_serial` is what a German receipt names the till by; times are written in local time, ahead of UTC by
    `utc_offset_min`.
    """

    settings: StoreSettings
    till_name: str
    words: Words
    till_serial: str = ""
    practice: bool = False
    utc_offset_min: int = 0


def letterhead_of(settings: StoreSettings, device: Device, words: Words, clock: Clock) -> Letterhead:
    """Return the head of what this till prints now."""
    return Letterhead(
        settings=settings,
        till_name=device.till_name,
        words=words,
        till_serial=device.till_id,
        practice=device.till_id == PRACTICE_TILL,
        utc_offset_min=clock.utc_offset_min(),
    )


def document_of(title: str, blocks: list[Block], head: Letterhead, *, copy: bool = False) -> Document:
    """Put blocks onto one piece of paper; a copy and a practice till say so, in the paper's language."""
    words = head.words
    marks = (words("PRACTICE"),) if head.practice else ()
    return Document(title=title, blocks=tuple(blocks), copy=copy, copy_mark=words("COPY"), marks=marks)


def store_lines(head: Letterhead) -> list[Block]:
    """Return name, address and tax number: the first lines of every piece of paper."""
    settings = head.settings
    blocks: list[Block] = [Text(text=settings.name, align="centre", bold=True, size=2)]
    blocks += [Text(text=text, align="centre") for text in settings.address]
    if settings.tax_number:
        blocks.append(Text(text=head.words("Tax number {number}", number=settings.tax_number), align="centre"))
    return blocks


def signed_off(head: Letterhead, cashier_name: str, printed_at: str) -> tuple[Text, Text]:
    """Return the last lines of a slip or report: where, who, when. Side by side they would not fit on 58 mm."""
    return Text(text=f"{head.till_name} · {cashier_name}"), Text(text=printed_at)


def quantity_text(quantity: Decimal, unit: str, words: Words) -> str:
    """Write a quantity with the language's decimal mark: "3", "0,350 kg"."""
    number = number_text(quantity, words.language)
    return number if unit == "piece" else f"{number} {unit}"


def percent_text(percent: Decimal, words: Words) -> str:
    """Write a rate with its sign: "19%", "7,5 %"."""
    return percent_in(percent, words.language)


def amount_text(amount_minor: int, currency: str, words: Words) -> str:
    """Write an amount with its currency."""
    return format_amount(amount_minor, currency, words.language)


def figure_text(amount_minor: int, currency: str, words: Words) -> str:
    """Write an amount without its currency."""
    return format_number(amount_minor, currency, words.language)


def local_text(at_ms: int, head: Letterhead) -> str:
    """Write an instant in local time and the paper's language: "20.11.2026 09:12:30"."""
    local = datetime.fromtimestamp(at_ms / 1000 + head.utc_offset_min * 60, UTC)
    return instant_text(local, head.words.language, seconds=True)
