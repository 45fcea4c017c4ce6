"""A store's cashiers: who signs in at its tills, in which role, with which PIN.

A PIN is typed by the administrator or the cashier, hashed at once (Argon2id) and shown nowhere, not even after a
mistake.
"""

from typing import Any, ClassVar
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec.structs import replace

from schema.parties import Cashier
from server.auth.audit import audit
from server.catalogue.cashiers import NUMBER, cashier, cashiers, hold, keep_manager, last_manager, put_cashier
from server.catalogue.people import PIN, hash_pin
from server.db import Connection
from server.office.editing import Editing, Stored
from server.office.form import Form, Reading, typed, with_errors
from server.office.known_store import known_store
from server.office.role_words import ROLES, rights_table, role_labels
from server.office.views import Cell
from server.office.visit import Sent, Visit, Visiting, go, there
from server.office.words import LANGUAGES


class CashierPages(Controller):
    path = "/stores/{code:str}/cashiers"

    @get("/", sync_to_thread=True)
    def show(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show who may sign in at a store's tills, and what each role may do."""
        with visit.parts.database.read() as connection:
            settings = known_store(visit, connection, code)
            found = cashiers(connection, code)
        return visit.page(
            "cashiers.html",
            store=settings,
            cashiers=found,
            last_manager=last_manager(found),
            state=lambda one: state_of(visit, one),
            roles=role_labels(visit),
            rights=rights_table(visit),
            languages=LANGUAGES,
            may_manage=visit.staff.role == "admin",
            back="/tills",
        )

    @get("/new", sync_to_thread=True)
    def new(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show the form for a new cashier; the first of a store is proposed as its manager."""
        visit.require("admin")
        with visit.parts.database.read() as connection:
            known_store(visit, connection, code)
            is_first = not cashiers(connection, code)
        return CashierEditing(visit, code).page(Form(fields={"role": "store_manager" if is_first else "cashier"}))

    @post("/new", sync_to_thread=True)
    def add(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:
        """Add a cashier; the tills know them within seconds."""
        visit.require("admin")
        return CashierEditing(visit, code).save(typed(form))

    @get("/{number:str}/edit", sync_to_thread=True)
    def edit(self, visit: Visiting, code: FromPath[str], number: FromPath[str]) -> Response[Any]:
        """Show the form that changes a cashier's name, role and language."""
        visit.require("admin")
        return CashierEditing(visit, code, number).open()

    @post("/{number:str}/edit", sync_to_thread=True)
    def save(self, visit: Visiting, code: FromPath[str], number: FromPath[str], form: Sent) -> Response[Any]:
        """Change a cashier."""
        visit.require("admin")
        return CashierEditing(visit, code, number).save(typed(form))

    @get("/{number:str}/pin", sync_to_thread=True)
    def ask_pin(self, visit: Visiting, code: FromPath[str], number: FromPath[str]) -> Response[Any]:
        """Show the form for a new PIN."""
        visit.require("admin")
        return pin_page(visit, code, number, Form())

    @post("/{number:str}/pin", sync_to_thread=True)
    def change_pin(self, visit: Visiting, code: FromPath[str], number: FromPath[str], form: Sent) -> Response[Any]:
        """Give a cashier a new PIN; the old one ends with the tills' next look."""
        visit.require("admin")
        sent = typed(form)
        reading = Reading(sent, visit.reader)
        pin_hash = read_pin(visit, reading, sent)
        if reading.errors:
            return pin_page(visit, code, number, with_errors(Form(), reading.errors), 422)
        return change(visit, code, number, "cashier PIN changed", told="pin", pin_hash=pin_hash)

    @get("/{number:str}/lock", sync_to_thread=True)
    def ask_lock(self, visit: Visiting, code: FromPath[str], number: FromPath[str]) -> Response[Any]:
        """Ask once before a cashier is locked out, and say what that does."""
        visit.require("admin")
        with visit.parts.database.read() as connection:
            found = known_cashier(visit, connection, code, number)
            keep_manager(connection, code, replace(found, active=False))
        words = visit.words
        return visit.ask(
            words("Lock {name}, number {number}?", name=found.name, number=found.number),
            [
                words("Tills refuse the sign-in once they have heard of it: within seconds, or when online again."),
                words("Who is signed in stays so until the till is locked or handed over. What was sold stays."),
            ],
            action=f"{address(code)}/{quote(number, safe='')}/lock",
            yes=words("Yes, lock the cashier"),
            no=words("No, keep it"),
            back=address(code),
        )

    @post("/{number:str}/lock", sync_to_thread=True)
    def lock(self, visit: Visiting, code: FromPath[str], number: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Lock a cashier out of the store's tills."""
        visit.require("admin")
        return change(visit, code, number, "cashier locked", told="locked", active=False)

    @post("/{number:str}/unlock", sync_to_thread=True)
    def unlock(self, visit: Visiting, code: FromPath[str], number: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Let a cashier sign in again, with the PIN of before."""
        visit.require("admin")
        return change(visit, code, number, "cashier unlocked", told="unlocked", active=True)


class CashierEditing(Editing[Cashier]):
    """A cashier in the form; a new one with a PIN, which is typed twice."""

    deed = "cashier saved"
    other_deeds = ("cashier locked", "cashier unlocked")
    field_of_code: ClassVar = {"bad_number": "number", "missing": "name", "too_long": "name", "last_manager": "role"}

    def __init__(self, visit: Visit, store: str, key: str = "") -> None:
        super().__init__(visit, key)
        self._store_code = store

    def present(self, connection: Connection) -> Form | None:
        found = cashier(connection, self._store_code, self.key)
        return Form(fields={name: getattr(found, name) for name in ("name", "role", "language")}) if found else None

    def read(self, connection: Connection, reading: Reading, form: Form) -> Cashier:
        known_store(self.visit, connection, self._store_code)
        hold(connection, self._store_code)
        role: Any = reading.choice("role", tuple(ROLES))
        texts: dict[str, Any] = {
            "name": reading.text("name", needed=True),
            "language": reading.choice("language", ("", *LANGUAGES)),
        }
        if self.key:
            found = known_cashier(self.visit, connection, self._store_code, self.key)
            return replace(found, **texts, role=role)
        number = reading.text("number", needed=True)
        if number and not NUMBER.fullmatch(number):
            reading.refuse("number", self.visit.words("A number has 1 to 10 digits or letters."))
        if cashier(connection, self._store_code, number):
            reading.refuse("number", self.visit.words("There is a cashier with this number already."))
        return Cashier(number=number, **texts, role=role, pin_hash=read_pin(self.visit, reading, form))

    def store(self, connection: Connection, thing: Cashier) -> Stored:
        put_cashier(connection, self._store_code, thing)
        detail = f"{thing.name}, {thing.role}"
        subject = subject_of(self._store_code, thing.number)
        return Stored(subject=subject, detail=detail, address=f"{address(self._store_code)}?told=saved")

    def subject(self) -> str:
        return subject_of(self._store_code, self.key)

    def page(self, form: Form, status: int = 200) -> Response[Any]:
        with self.visit.parts.database.read() as connection:
            settings = known_store(self.visit, connection, self._store_code)
        own = self.visit.words("as the store: {language}", language=LANGUAGES.get(settings.language, settings.language))
        return self.visit.page(
            "cashier_form.html",
            status=status,
            store=settings,
            form=form,
            number=self.key,
            roles=list(role_labels(self.visit).items()),
            rights=rights_table(self.visit),
            languages=[("", own), *LANGUAGES.items()],
            back=address(self._store_code),
        )

    def missing(self) -> str:
        return no_cashier(self.visit, self.key)


def state_of(visit: Visit, one: Cashier) -> Cell:
    """Tell in a word whether a cashier may sign in."""
    return (
        Cell(text=visit.words("may sign in"), tone="go") if one.active else Cell(text=visit.words("locked"), tone="off")
    )


def address(code: str) -> str:
    """Return the page of a store's cashiers."""
    return f"/stores/{quote(code, safe='')}/cashiers"


def subject_of(code: str, number: str) -> str:
    """Return what the audit log calls a cashier."""
    return f"{code}/{number}"


def change(visit: Visit, code: str, number: str, deed: str, *, told: str, **facts: Any) -> Response[Any]:
    """Change some facts of a cashier and write the deed down; go back to the list, which tells of it."""
    with visit.parts.database.write() as connection:
        known_store(visit, connection, code)
        hold(connection, code)
        found = known_cashier(visit, connection, code, number)
        put_cashier(connection, code, replace(found, **facts))
        audit(connection, visit.staff.name, deed, subject_of(code, number), now_ms=visit.now_ms)
    return go(f"{address(code)}?told={told}")


def known_cashier(visit: Visit, connection: Connection, code: str, number: str) -> Cashier:
    """Return a cashier of a store. Raises Refused("not_found")."""
    known_store(visit, connection, code)
    return there(cashier(connection, code, number), no_cashier(visit, number))


def no_cashier(visit: Visit, number: str) -> str:
    """Return the words for a cashier who is not there."""
    return visit.words("There is no cashier {number} in this store.", number=number[:20])


def read_pin(visit: Visit, reading: Reading, form: Form) -> str:
    """Return the hash of a PIN that was typed twice; what is wrong is told beside the fields."""
    words, pin = visit.words, form.text("pin")
    if not PIN.fullmatch(pin):
        reading.refuse("pin", words("A PIN has 4 to 8 digits."))
    elif pin != form.text("pin_again"):
        reading.refuse("pin_again", words("This is not the same PIN. Type it twice."))
    return "" if reading.errors else hash_pin(pin)


def pin_page(visit: Visit, code: str, number: str, form: Form, status: int = 200) -> Response[str]:
    """Show the form for a new PIN; what was typed is never shown again."""
    with visit.parts.database.read() as connection:
        settings = known_store(visit, connection, code)
        found = known_cashier(visit, connection, code, number)
    return visit.page("cashier_pin.html", status=status, store=settings, cashier=found, form=form, back=address(code))
