"""The card terminal emulator's memory: every charge and the last transaction, in one JSON file that outlives it.

"Charged" is what customers' cards were debited and not given back: tests hold it against what the till booked. A
reversal takes a charge back as a whole, a refund is a booking of its own against any card; an end of day closes what
stands and makes it irreversible. Whatever nobody acknowledged may be taken back again: see `take_last_back`.
"""

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

State = Literal["charged", "reversed"]
Kind = Literal["payment", "refund", "reversal"]
ALREADY_REVERSED, NOT_REVERSIBLE = 0xB4, 0xB5


class Charge(Struct, frozen=True, kw_only=True):
    """One booking on a card: a payment or, the other way round, a refund.

    `asked_minor` is what the till wanted, `amount_minor` what moved.
    """

    receipt: int
    trace: int
    amount_minor: int
    asked_minor: int
    at: str
    state: State = "charged"
    kind: Kind = "payment"
    closed: bool = False


class Last(Struct, frozen=True, kw_only=True):
    """The last transaction as a repeated receipt (06 20) tells it. `receipt` is 0 when nothing was booked.

    A reversal has a receipt and a trace of its own; `original` is the trace of the payment that it took back.
    """

    result: int
    amount_minor: int
    receipt: int
    trace: int
    at: str
    kind: Kind = "payment"
    original: int = 0


class Closing(Struct, frozen=True, kw_only=True):
    """An end of day: what stood since the one before."""

    at: str
    count: int
    total_minor: int
    receipt_first: int = 0
    receipt_last: int = 0


class Memory(Struct, frozen=True, kw_only=True):
    """Everything that a switched-off terminal remembers."""

    next_receipt: int = 1
    next_trace: int = 1
    charges: tuple[Charge, ...] = ()
    last: Last | None = None
    closings: tuple[Closing, ...] = ()


def load(file: Path) -> Memory:
    """Read the memory; a terminal fresh from its box has none."""
    return msgspec.json.decode(file.read_bytes(), type=Memory) if file.exists() else Memory()


def save(file: Path, memory: Memory) -> None:
    """Write the memory whole, so that a killed emulator leaves the old or the new one."""
    part = file.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(memory))
    part.replace(file)


def charge(memory: Memory, *, amount_minor: int, asked_minor: int, at: str, kind: Kind = "payment") -> Memory:
    """Debit a card, or give money back to one."""
    made = Charge(
        receipt=memory.next_receipt,
        trace=memory.next_trace,
        amount_minor=amount_minor,
        asked_minor=asked_minor,
        at=at,
        kind=kind,
    )
    return _counted(
        replace(memory, charges=(*memory.charges, made)),
        Last(result=0, amount_minor=amount_minor, receipt=made.receipt, trace=made.trace, at=at, kind=kind),
    )


def refuse(memory: Memory, *, result: int, amount_minor: int, at: str, kind: Kind = "payment") -> Memory:
    """Note what was not done."""
    trace = memory.next_trace
    last = Last(result=result, amount_minor=amount_minor, receipt=0, trace=trace, at=at, kind=kind)
    return replace(memory, next_trace=trace % 999_999 + 1, last=last)


def why_not_reversible(memory: Memory, receipt: int) -> int:
    """Return the result code that refuses the reversal of a receipt; 0 when nothing does."""
    found = _payment(memory, receipt)
    if found is None or found.closed:
        return NOT_REVERSIBLE
    return ALREADY_REVERSED if found.state == "reversed" else 0


def reverse(memory: Memory, *, receipt: int, at: str) -> Memory:
    """Take a payment back as a transaction of its own; it must be reversible."""
    found = _payment(memory, receipt)
    if found is None:
        return memory
    made = Last(
        result=0,
        amount_minor=found.amount_minor,
        receipt=memory.next_receipt,
        trace=memory.next_trace,
        at=at,
        kind="reversal",
        original=found.trace,
    )
    return _counted(_with_state(memory, found.trace, "reversed"), made)


def take_last_back(memory: Memory, *, result: int) -> Memory:
    """Undo the last transaction, as a terminal does whose result nobody acknowledged: a reversed payment stands again.

    What was not booked, or is undone already, stays as it is.
    """
    last = memory.last
    if last is None or last.result or not last.receipt:
        return memory
    if last.kind == "reversal":
        undone = _with_state(memory, last.original, "charged")
    else:
        undone = _with_state(memory, last.trace, "reversed")
    return replace(undone, last=replace(last, result=result))


def close(memory: Memory, *, at: str) -> Memory:
    """Do the end of day: what stands is closed, and the closing is remembered."""
    stands = [each for each in memory.charges if not each.closed and each.state == "charged"]
    closing = Closing(
        at=at,
        count=len(stands),
        total_minor=sum(_signed(each) for each in stands),
        receipt_first=stands[0].receipt if stands else 0,
        receipt_last=stands[-1].receipt if stands else 0,
    )
    return replace(
        memory,
        charges=tuple(replace(each, closed=True) for each in memory.charges),
        closings=(*memory.closings, closing),
    )


def charged_minor(memory: Memory) -> int:
    """Return what all cards were debited, less what was given back."""
    return sum(_signed(each) for each in memory.charges if each.state == "charged")


def _signed(each: Charge) -> int:
    return -each.amount_minor if each.kind == "refund" else each.amount_minor


def _payment(memory: Memory, receipt: int) -> Charge | None:
    """Find the newest payment with a receipt number, for these begin anew after 9999."""
    return next((each for each in reversed(memory.charges) if each.receipt == receipt and each.kind == "payment"), None)


def _with_state(memory: Memory, trace: int, state: State) -> Memory:
    changed = tuple(replace(each, state=state) if each.trace == trace else each for each in memory.charges)
    return replace(memory, charges=changed)


def _counted(memory: Memory, last: Last) -> Memory:
    return replace(
        memory, next_receipt=memory.next_receipt % 9999 + 1, next_trace=memory.next_trace % 999_999 + 1, last=last
    )
