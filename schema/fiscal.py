"""What a fiscal unit is asked and answers, and the text of a receipt that it signs.

Germany asks a till for a certified unit (KassenSichV; the fields are those of DSFinV-K's TSE tables, the text and the
QR code those of its annex I). A transaction is started with the first line and finished with the receipt; both are
signed and counted. A signature of a unit that nobody certified says so of itself: `certified` is False.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from schema.errors import Refused

RECEIPT_PROCESS = "Kassenbeleg-V1"
# What happened, in the annex's own words.
ReceiptKind = Literal[
    "Beleg",
    "AVTransfer",
    "AVBestellung",
    "AVTraining",
    "AVBelegstorno",
    "AVBelegabbruch",
    "AVSachbezug",
    "AVSonstige",
    "AVRechnung",
]
_CASH, _CASHLESS = "Bar", "Unbar"


class FiscalFacts(Struct, frozen=True, kw_only=True):
    """A signature (`outage` is empty) or an outage in words (then no signature, and perhaps an open transaction)."""

    unit_serial: str = ""
    transaction: int = 0
    signature_counter: int = 0
    started_ms: int = 0
    finished_ms: int = 0
    signature: str = ""
    process_type: str = ""
    process_data: str = ""
    qr: str = ""
    certified: bool = False
    outage: str = ""


class FiscalStart(Struct, frozen=True, kw_only=True):
    """Something begins at a till; `client_id` is the till's serial number as it is registered with the unit."""

    client_id: str


class FiscalStarted(Struct, frozen=True, kw_only=True):
    """The unit opened a transaction: it stays open, also over a power cut, until it is finished."""

    transaction: int
    signature_counter: int
    started_ms: int


class FiscalFinish(Struct, frozen=True, kw_only=True):
    """An open transaction ends with this text (for a receipt: `receipt_data`)."""

    client_id: str
    transaction: int
    process_type: str
    process_data: str


class FiscalSignature(Struct, frozen=True, kw_only=True):
    """A finished transaction. `signature` is base64, `qr` what a receipt's QR code holds."""

    unit_serial: str
    transaction: int
    signature_counter: int
    started_ms: int
    finished_ms: int
    signature: str
    process_type: str
    process_data: str
    qr: str
    certified: bool


class OpenTransaction(Struct, frozen=True, kw_only=True):
    """A transaction that was started and not finished: a sale in hand, or one that a crash cut off."""

    client_id: str
    transaction: int
    started_ms: int


class FiscalStatus(Struct, frozen=True, kw_only=True):
    """How a unit is. `trouble` is empty when it is well, else why not, in English; `trouble_code` is the error's."""

    unit_serial: str = ""
    certified: bool = False
    public_key: str = ""
    algorithm: str = ""
    signatures: int = 0
    transactions: int = 0
    open_transactions: tuple[OpenTransaction, ...] = ()
    trouble: str = ""
    trouble_code: str = ""


class FiscalPayment(Struct, frozen=True, kw_only=True):
    """A part of what was paid; `currency` is empty for the till's own."""

    amount_minor: int
    is_cash: bool
    currency: str = ""


def facts_of(signature: FiscalSignature) -> FiscalFacts:
    """Return a signature as an event carries it."""
    return FiscalFacts(**{field: getattr(signature, field) for field in FiscalSignature.__struct_fields__})


def outage_facts(why: str, started: FiscalStarted | None = None) -> FiscalFacts:
    """Return what an event carries when the unit was out; a transaction that had begun keeps its number."""
    if started is None:
        return FiscalFacts(outage=why)
    return FiscalFacts(outage=why, transaction=started.transaction, started_ms=started.started_ms)


# --- the text of a receipt (DSFinV-K annex I, Kassenbeleg-V1) ------------------------------------------------------

# The five places: general rate, reduced rate, and the farmers' average rates of § 24 UStG (numbers 3 and 1), and none.
_PLACES = 5
_PLACE_OF_PERCENT: Mapping[Decimal, int] = {
    **dict.fromkeys((Decimal(19), Decimal(16)), 0),
    **dict.fromkeys((Decimal(7), Decimal(5)), 1),
    **dict.fromkeys((Decimal("10.7"), Decimal("9.5"), Decimal(9), Decimal("8.4"), Decimal("7.8")), 2),
    Decimal("5.5"): 3,
    Decimal(0): 4,
}


def receipt_data(
    kind: ReceiptKind, gross_minor: Iterable[tuple[Decimal, int]], payments: Iterable[FiscalPayment]
) -> str:
    """Write a receipt for signing: kind, gross amounts by tax rate (percent, minor units), payments.

    Amounts of one rate or one kind of payment are summed; payments of nothing are left out. Raises
    Refused("unknown_fiscal_rate") for a rate that has no place in the German text.
    """
    places = [0] * _PLACES
    for percent, minor in gross_minor:
        places[_place(percent)] += minor
    return "^".join([kind, "_".join(map(_amount, places)), "_".join(_payment_words(payments))])


def aborted_data() -> str:
    """Write a receipt that was begun and came to nothing."""
    return receipt_data("AVBelegabbruch", (), ())


def _place(percent: Decimal) -> int:
    try:
        return _PLACE_OF_PERCENT[percent]
    except KeyError:
        raise Refused(
            "unknown_fiscal_rate", f"The tax rate {percent} % has no place in a German fiscal receipt. Check the rates."
        ) from None


def _payment_words(payments: Iterable[FiscalPayment]) -> list[str]:
    """Cash before cashless, the own currency before others: one amount each."""
    sums: dict[tuple[str, str], int] = {}
    for part in payments:
        key = (_CASH if part.is_cash else _CASHLESS, part.currency)
        sums[key] = sums.get(key, 0) + part.amount_minor
    return [
        ":".join(filter(None, (_amount(minor), how, currency)))
        for (how, currency), minor in sorted(sums.items())
        if minor
    ]


def _amount(minor: int) -> str:
    """Always two places and a point, whatever the till's language."""
    sign, units = ("-" if minor < 0 else ""), abs(minor)
    return f"{sign}{units // 100}.{units % 100:02d}"


def qr_text(signed: FiscalSignature, *, client_id: str, algorithm: str, public_key: str) -> str:
    """Write what the QR code of a receipt holds (DSFinV-K annex I, version V0)."""
    return ";".join(
        [
            "V0",
            client_id,
            signed.process_type,
            signed.process_data,
            str(signed.transaction),
            str(signed.signature_counter),
            _moment(signed.started_ms),
            _moment(signed.finished_ms),
            algorithm,
            "utcTime",
            signed.signature,
            public_key,
        ]
    )


def _moment(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"
