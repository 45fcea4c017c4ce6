"""What a terminal's status information means for the till: paid, not paid, or only a person can tell. Pure.

A transaction is identified at its terminal by its terminal id, receipt number and trace; the three together are the
baseline that the next request carries. After a broken line the terminal's last transaction is compared with that
baseline, the amount and the time (ZVT chapters 2.2.8, 2.2.9 and 4: it depends on the terminal whether it reverses what
was not acknowledged).
"""

import re
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from hardware.ports import CardRequest, CardResult
from hardware.terminal.wording import LAST_WORDS, result_words
from hardware.terminal.zvt_codec import (
    ADDITIONAL_TEXT,
    AMOUNT,
    CARD_NAME,
    DATE,
    ORIGINAL_TRACE,
    RECEIPT_NUMBER,
    RESULT,
    STATUS,
    TERMINAL_ID,
    TIME,
    TLV,
    TRACE,
    ZvtError,
    find_tlv,
    from_bcd,
    parse_fields,
)
from schema.events import CardFacts, CardOutcome
from schema.scrub import scrub

APPROVED = 0x00
CANCELLED = 0x6C
OFFLINE_STATUS = 0x40
LONG_TRACE_TAG = 0x1F2B
# A terminal's clock and the till's may differ by so much; more, and a person decides.
CLOCK_SKEW = timedelta(minutes=10)
TEXT_CHARS_MAX = 200
_CARD_NUMBER = re.compile(r"[0-9*#xX•]{8,}")


class Reading(Struct, frozen=True, kw_only=True):
    """A status information, field by field; None where the terminal did not say it (or not readably)."""

    result: int | None = None
    amount_minor: int | None = None
    terminal_id: str = ""
    receipt: str = ""
    trace: str = ""
    # The trace of the payment that this transaction reversed; empty for anything else.
    original_trace: str = ""
    card_name: str = ""
    offline: bool = False
    text: str = ""
    # (month, day, hour, minute, second) of the terminal's clock; it never says the year.
    at: tuple[int, int, int, int, int] | None = None

    @property
    def baseline(self) -> str:
        """Name this payment at its terminal; empty when it has no receipt number: then it was not booked."""
        return f"{self.terminal_id}/{self.receipt}/{self.trace}" if self.receipt.strip("0") else ""


def read_result(data: bytes, charset: str) -> Reading:
    """Read the data of a status information (04 0F); never raises, for what cannot be read is simply not known."""
    values = parse_fields(data).values
    return Reading(
        result=values[RESULT][0] if RESULT in values else None,
        amount_minor=_number(values.get(AMOUNT)),
        terminal_id=_digits(values.get(TERMINAL_ID)),
        receipt=_digits(values.get(RECEIPT_NUMBER)),
        trace=_digits(find_tlv(values.get(TLV, b""), LONG_TRACE_TAG)) or _digits(values.get(TRACE)),
        original_trace=_digits(values.get(ORIGINAL_TRACE)).lstrip("0"),
        card_name=words(values.get(CARD_NAME, b""), charset),
        offline=values.get(STATUS, b"\0")[0] == OFFLINE_STATUS,
        text=words(values.get(ADDITIONAL_TEXT, b""), charset),
        at=_moment(values.get(DATE), values.get(TIME)),
    )


def result_of(reading: Reading, request: CardRequest) -> CardResult:
    """Turn the answer to a payment into its result. A reading without a result counts as not paid: ask first.

    An approved amount is passed on as the terminal says it: whether it is the asked one is the caller's to compare.
    """
    approved = reading.result == APPROVED
    amount = request.amount_minor if reading.amount_minor is None else reading.amount_minor
    outcome: CardOutcome = "approved" if approved else "cancelled" if reading.result == CANCELLED else "declined"
    return CardResult(
        outcome=outcome,
        approved_minor=amount if approved else 0,
        facts=facts_of(reading, request),
        baseline=reading.baseline or request.baseline,
        text=reading.text or ("" if reading.result is None else result_words(reading.result)),
    )


def facts_of(reading: Reading, request: CardRequest) -> CardFacts:
    return CardFacts(
        attempt_id=request.attempt_id,
        terminal_id=reading.terminal_id,
        receipt_number=reading.receipt,
        trace=reading.trace,
        card_name=reading.card_name,
        offline=reading.offline,
    )


def without_payment(request: CardRequest, outcome: CardOutcome, text: str) -> CardResult:
    """Return the result of a request that left nothing at the terminal."""
    facts = CardFacts(attempt_id=request.attempt_id)
    return CardResult(outcome=outcome, approved_minor=0, facts=facts, baseline=request.baseline, text=text)


def resolve(reading: Reading, request: CardRequest, utc_offset_min: int) -> CardResult:
    """Find out from the terminal's last transaction what became of a request whose answer was lost."""
    if reading.result is None:
        return without_payment(
            request, "unknown", "The terminal does not tell its last transaction. Look at its last slip."
        )
    if request.baseline and reading.baseline == request.baseline:
        return without_payment(request, "not_booked", LAST_WORDS["before"])
    if reading.result != APPROVED:
        return result_of(reading, request)
    return _resolve_approved(reading, request, utc_offset_min)


def _resolve_approved(reading: Reading, request: CardRequest, utc_offset_min: int) -> CardResult:
    doubt = _doubt(reading, request, utc_offset_min)
    if doubt == "earlier" and not request.baseline:
        return without_payment(request, "not_booked", LAST_WORDS["earlier"])
    if doubt:
        text = f"The terminal's last transaction {_DOUBTS[doubt]}. Look at its last slip: was this one made?"
        return without_payment(request, "unknown", text)
    return result_of(reading, request)


_DOUBTS = {
    "terminal": "is of another terminal",
    "amount": "has another amount",
    "earlier": "is from an earlier time, by its clock",
    "nameless": "has no receipt number",
    "reversal": "is a reversal",
}


def _doubt(reading: Reading, request: CardRequest, utc_offset_min: int) -> str:
    """Name what speaks against an approved payment being the one asked for; empty when nothing does."""
    known_terminal = request.baseline.split("/")[0]
    if known_terminal and reading.terminal_id != known_terminal:
        return "terminal"
    if _is_earlier(reading, request, utc_offset_min):
        return "earlier"
    if reading.original_trace and request.kind != "reversal":
        return "reversal"
    if reading.amount_minor != request.amount_minor:
        return "amount"
    return "" if reading.baseline else "nameless"


def _is_earlier(reading: Reading, request: CardRequest, utc_offset_min: int) -> bool:
    if reading.at is None or not request.started_ms:
        return False
    started = datetime.fromtimestamp(request.started_ms / 1000, UTC).replace(tzinfo=None) + timedelta(
        minutes=utc_offset_min
    )
    return _nearest(reading.at, started) < started - CLOCK_SKEW


def _nearest(at: tuple[int, int, int, int, int], moment: datetime) -> datetime:
    """Return the date and time without a year that is closest to a moment."""
    candidates = [made for year in (-1, 0, 1) if (made := _made(moment.year + year, at))]
    return min(candidates, key=lambda made: abs(made - moment), default=datetime.min)  # noqa: DTZ901 - both are local


def _made(year: int, at: tuple[int, int, int, int, int]) -> datetime | None:
    try:
        return datetime(year, *at)  # noqa: DTZ001 - the terminal's local time has no zone
    except ValueError:
        return None


def words(value: bytes, charset: str) -> str:
    """Read a text without its closing zero, control characters and anything that looks like a card number."""
    text = value.split(b"\0")[0].decode(charset, "replace")
    tidy = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return _CARD_NUMBER.sub("…", scrub(tidy))[:TEXT_CHARS_MAX]


def _digits(value: bytes | None) -> str:
    return value.hex() if value else ""


def _number(value: bytes | None) -> int | None:
    try:
        return None if value is None else from_bcd(value)
    except ZvtError:
        return None


def _moment(date: bytes | None, time: bytes | None) -> tuple[int, int, int, int, int] | None:
    numbers = (date or b"").hex() + (time or b"").hex()
    if len(numbers) != 10 or not numbers.isdecimal():
        return None
    month, day, hour, minute, second = (int(numbers[at : at + 2]) for at in range(0, 10, 2))
    return month, day, hour, minute, second
