"""How a till speaks with a fiscal unit that is a program of its own: one JSON object a line over TCP, one call each.

    {"call": "start", "client_id": "0001-1"}
    {"answer": "started", "transaction": 7, "signature_counter": 13, "started_ms": 1763769600000}

A program of its own is the shape that certified units take too: their makers' libraries hang, crash, and know one
thread only.
"""

from typing import Literal

import msgspec
from msgspec import Struct

from schema.errors import CounterfoilError, Refused, Unready, Unsure
from schema.fiscal import FiscalFinish, FiscalSignature, FiscalStart, FiscalStarted, FiscalStatus

LINE_BYTES_MAX = 64 * 1024


class Start(FiscalStart, frozen=True, kw_only=True, tag_field="call", tag="start"):
    """Ask for a transaction."""


class Finish(FiscalFinish, frozen=True, kw_only=True, tag_field="call", tag="finish"):
    """Ask for a signature."""


class Status(Struct, frozen=True, kw_only=True, tag_field="call", tag="status"):
    """Ask how the unit is."""


class Started(FiscalStarted, frozen=True, kw_only=True, tag_field="answer", tag="started"):
    """A transaction is open."""


class Signed(FiscalSignature, frozen=True, kw_only=True, tag_field="answer", tag="signed"):
    """A transaction is finished."""


class Health(FiscalStatus, frozen=True, kw_only=True, tag_field="answer", tag="status"):
    """How the unit is."""


class Failed(Struct, frozen=True, kw_only=True, tag_field="answer", tag="failed"):
    """An error, with its class."""

    kind: Literal["refused", "unready", "unsure"]
    code: str
    message: str

    def error(self) -> CounterfoilError:
        """Return the error to raise."""
        return _ERRORS[self.kind](self.code, self.message)


_ERRORS: dict[str, type[CounterfoilError]] = {"refused": Refused, "unready": Unready, "unsure": Unsure}
Call = Start | Finish | Status
Answer = Started | Signed | Health | Failed
_CALLS: msgspec.json.Decoder[Call] = msgspec.json.Decoder(Call)
_ANSWERS: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


def encode(message: Call | Answer) -> bytes:
    """Write one line."""
    return msgspec.json.encode(message) + b"\n"


def decode_call(line: bytes) -> Call:
    """Read a call. Raises msgspec.DecodeError for anything else."""
    return _CALLS.decode(line)


def decode_answer(line: bytes) -> Answer:
    """Read an answer. Raises msgspec.DecodeError for anything else."""
    return _ANSWERS.decode(line)


def failed(error: CounterfoilError) -> Failed:
    """Return an error as an answer."""
    kind: Literal["refused", "unready", "unsure"] = (
        "refused" if isinstance(error, Refused) else "unready" if isinstance(error, Unready) else "unsure"
    )
    return Failed(kind=kind, code=error.code, message=error.message)


def plain(message: Struct) -> dict[str, object]:
    """Return a value's fields, to make the like-named value of the other side from."""
    return {field: getattr(message, field) for field in message.__struct_fields__}
