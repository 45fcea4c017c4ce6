"""The card terminal emulator's memory: every charge and the last transaction, in one JSON file that outlives it.

"Charged" is what a customer's card was debited and not given back: tests hold it against what the till booked.
"""

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

State = Literal["charged", "reversed"]


class Charge(Struct, frozen=True, kw_only=True):
    """One debited card. `asked_minor` is what the till wanted, `amount_minor` what was taken."""

    receipt: int
    trace: int
    amount_minor: int
    asked_minor: int
    at: str
    state: State = "charged"


class Last(Struct, frozen=True, kw_only=True):
    """The last transaction as a repeated receipt (06 20) tells it. `receipt` is 0 when nothing was booked."""

    result: int
    amount_minor: int
    receipt: int
    trace: int
    at: str


class Memory(Struct, frozen=True, kw_only=True):
    """Everything that a switched-off terminal remembers."""

    next_receipt: int = 1
    next_trace: int = 1
    charges: tuple[Charge, ...] = ()
    last: Last | None = None


def load(file: Path) -> Memory:
    """Read the memory; a terminal fresh from its box has none."""
    return msgspec.json.decode(file.read_bytes(), type=Memory) if file.exists() else Memory()


def save(file: Path, memory: Memory) -> None:
    """Write the memory whole, so that a killed emulator leaves the old or the new one."""
    part = file.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(memory))
    part.replace(file)


def charge(memory: Memory, *, amount_minor: int, asked_minor: int, at: str) -> Memory:
    """Debit a card."""
    receipt, trace = memory.next_receipt, memory.next_trace
    made = Charge(receipt=receipt, trace=trace, amount_minor=amount_minor, asked_minor=asked_minor, at=at)
    return replace(
        memory,
        next_receipt=receipt % 9999 + 1,
        next_trace=trace % 999_999 + 1,
        charges=(*memory.charges, made),
        last=Last(result=0, amount_minor=amount_minor, receipt=receipt, trace=trace, at=at),
    )


def refuse(memory: Memory, *, result: int, amount_minor: int, at: str) -> Memory:
    """Note a payment that was not made."""
    trace = memory.next_trace
    last = Last(result=result, amount_minor=amount_minor, receipt=0, trace=trace, at=at)
    return replace(memory, next_trace=trace % 999_999 + 1, last=last)


def reverse_last(memory: Memory, *, result: int) -> Memory:
    """Give the last charge back, as a terminal does whose result nobody acknowledged."""
    if memory.last is None or not memory.charges or memory.charges[-1].receipt != memory.last.receipt:
        return memory
    *before, last = memory.charges
    return replace(
        memory,
        charges=(*before, replace(last, state="reversed")),
        last=replace(memory.last, result=result),
    )


def charged_minor(memory: Memory) -> int:
    """Return what all cards were debited, less what was given back."""
    return sum(each.amount_minor for each in memory.charges if each.state == "charged")
