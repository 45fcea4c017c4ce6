"""Edit forms: how each opens, is read and is stored, and what happens when somebody else was faster.

A form carries what its fields held when it opened. It is stored only while the thing still is as it was then; else the
form is shown again with what was typed, and beside each field that somebody else changed stands what it holds now. What
was not touched takes the other's value. Storing that form again stores over the other's; leaving it takes the other's.
So the last one never wins by accident, whoever changed the thing: a person, an import, a till.

A room makes an `Editing` of its own: what the thing is as a form, what a form comes to, how that is stored.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from litestar import Response
from msgspec import Struct
from msgspec.structs import replace

from schema.errors import Refused
from server.auth.audit import audit, last_deed
from server.db import Connection
from server.office.form import ELSEWHERE, TOLD_MARK, Clash, Form, Reading, with_errors
from server.office.refusals import told
from server.office.visit import Visit, go, there

Thing = TypeVar("Thing")


class Opening(Struct, frozen=True, kw_only=True):
    """What a form's fields held when it opened, and when that was."""

    at_ms: int = 0
    fields: Mapping[str, str] = {}


class Stored(Struct, frozen=True, kw_only=True):
    """What was stored, for the audit log, and where to go from there."""

    subject: str
    detail: str = ""
    address: str


class Editing(ABC, Generic[Thing]):
    """One thing in its form; `key` names it, "" is a new one."""

    # What the audit log calls storing it; deeds that change it too.
    deed: ClassVar[str]
    other_deeds: ClassVar[tuple[str, ...]] = ()
    # Beside which field a refusal of the rooms is told.
    field_of_code: ClassVar[Mapping[str, str]] = {}

    def __init__(self, visit: Visit, key: str = "") -> None:
        self.visit = visit
        self.key = key

    @abstractmethod
    def present(self, connection: Connection) -> Form | None:
        """Return the thing in its form as it is now, or None where it is not there (any more)."""

    @abstractmethod
    def read(self, connection: Connection, reading: Reading, form: Form) -> Thing:
        """Return what a form comes to; what is wrong is told to `reading`, or Refused."""

    @abstractmethod
    def store(self, connection: Connection, thing: Thing) -> Stored:
        """Store it. Raises Refused."""

    @abstractmethod
    def page(self, form: Form, status: int = 200) -> Response[Any]:
        """Show the form."""

    @abstractmethod
    def missing(self) -> str:
        """Return the words for a thing that is not there."""

    def subject(self) -> str:
        """Return what the audit log calls a thing that is there already."""
        return self.key

    def open(self) -> Response[Any]:
        """Show the form as it opens. Raises Refused("not_found")."""
        _ = self.visit.currency  # read before the transaction begins
        with self.visit.parts.database.read() as connection:
            form = there(self.present(connection), self.missing())
        return self.page(as_opened(form, self.visit.now_ms))

    def save(self, sent: Form) -> Response[Any]:
        """Store what was typed, or show it again with what is wrong or with what somebody else stored meanwhile."""
        _ = self.visit.currency
        reading = Reading(sent, self.visit.reader)
        clashed: Form | None = None
        stored: Stored | None = None
        try:
            with self.visit.parts.database.write() as connection:
                connection.lock(f"counterfoil editing {self.deed} {self.key}")
                clashed = self._clashed(connection, sent)
                if clashed is None:
                    stored = self._store(connection, reading, sent)
        except Refused as error:
            reading.refuse(self.field_of_code.get(error.code, ELSEWHERE), told(error, self.visit.words))
        if clashed is not None:
            return self.page(clashed, 409)
        if stored is None or reading.errors:
            return self.page(with_errors(sent, reading.errors), 422)
        return go(stored.address)

    def _store(self, connection: Connection, reading: Reading, sent: Form) -> Stored | None:
        thing = self.read(connection, reading, sent)
        if reading.errors:
            return None
        stored = self.store(connection, thing)
        now_ms = self.visit.now_ms
        audit(connection, self.visit.staff.name, self.deed, stored.subject, stored.detail, now_ms=now_ms)
        return stored

    def _clashed(self, connection: Connection, sent: Form) -> Form | None:
        """Return the form as it is shown again after somebody else changed the thing, or None."""
        opened, present = opening(sent), self.present(connection) if self.key else None
        now = present.fields if present else {}
        changed = differences(opened.fields, now)
        if not changed:
            return None
        deeds = (self.deed, *self.other_deeds)
        clash = clash_of(connection, self.subject(), deeds, opened.at_ms, changed, gone=present is None)
        return replace(rebased(as_opened(Form(fields=now), self.visit.now_ms), sent, opened.fields), clash=clash)


def clash_of(
    connection: Connection,
    subject: str,
    deeds: Sequence[str],
    since_ms: int,
    changed: Mapping[str, tuple[str, str]],
    *,
    gone: bool = False,
) -> Clash:
    """Return what changed with who did it, as far as the audit log knows one of these deeds since the form opened."""
    last = last_deed(connection, subject, deeds, since_ms)
    return Clash(who=last.who if last else "", at_ms=last.at_ms if last else None, gone=gone, changed=changed)


def as_opened(form: Form, at_ms: int) -> Form:
    """Return a form that remembers what it opened with."""
    opened = Opening(at_ms=at_ms, fields=form.fields)
    return replace(form, opened=msgspec.json.encode(opened).decode())


def opening(form: Form) -> Opening:
    """Return what a sent form opened with; nothing where it does not say so."""
    try:
        return msgspec.json.decode(form.opened or "{}", type=Opening)
    except ValueError:
        return Opening()


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the fields that are not what they were, as (before, now)."""
    names = [*before, *(name for name in now if name not in before)]
    pairs = {name: (_lines(before.get(name, "")), _lines(now.get(name, ""))) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def rebased(present: Form, sent: Form, opened: Mapping[str, str]) -> Form:
    """Return the present form with what was typed into it since it opened; the rest is as it is now."""
    typed = {
        name: text
        for name in [*sent.fields, *(name for name in opened if name not in sent.fields)]
        if not name.startswith(TOLD_MARK) and _lines(text := sent.text(name)) != _lines(opened.get(name, ""))
    }
    return replace(present, fields={**present.fields, **typed})


def _lines(text: str) -> str:
    """A browser ends the lines of a larger field in its own way."""
    return "\n".join(text.splitlines())
