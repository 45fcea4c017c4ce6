"""Stores themselves: added and changed. What their tills do is in their settings, who sells there is a cashier."""

from typing import Any, ClassVar
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec.structs import replace

from schema.catalogue import StoreSettings
from server.catalogue.countries import COUNTRIES, currency_of, rates_of
from server.catalogue.store_rows import store_settings
from server.db import Connection
from server.office.editing import Editing, Stored
from server.office.form import Form, Reading, typed
from server.office.known_store import known_store, no_store
from server.office.visit import Sent, Visiting
from server.office.words import LANGUAGES, say
from server.tills.identity import read_meta
from server.tills.stores import CODE, NAME_LENGTH_MAX, add_store_as, change_store, in_use

COUNTRY_NAMES = {
    "DE": say("Germany"),
    "AT": say("Austria"),
    "NL": say("Netherlands"),
    "BE": say("Belgium"),
    "LU": say("Luxembourg"),
    "FR": say("France"),
    "CH": say("Switzerland"),
}
CURRENCIES = tuple(dict.fromkeys(currency_of(country) for country in COUNTRIES))


class StorePages(Controller):
    path = "/stores"

    @get("/new", sync_to_thread=True)
    def new(self, visit: Visiting) -> Response[Any]:
        """Show the form for a new store, in head office's own country."""
        visit.require("admin")
        with visit.parts.database.read() as connection:
            country = read_meta(connection, "country") or COUNTRIES[0]
        usual = {"country": country, "currency": currency_of(country), "language": visit.staff.language}
        return StoreEditing(visit).page(Form(fields=usual))

    @post("/new", sync_to_thread=True)
    def add(self, visit: Visiting, form: Sent) -> Response[Any]:
        """Add a store with the VAT rates of its country."""
        visit.require("admin")
        return StoreEditing(visit).save(typed(form))

    @get("/{code:str}/edit", sync_to_thread=True)
    def edit(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show the form that changes a store."""
        visit.require("admin")
        return StoreEditing(visit, code).open()

    @post("/{code:str}/edit", sync_to_thread=True)
    def change(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:
        """Change a store; its tills follow within seconds."""
        visit.require("admin")
        return StoreEditing(visit, code).save(typed(form))


class StoreEditing(Editing[StoreSettings]):
    """A store's own facts; the rest of its settings stays."""

    deed = "store saved"
    other_deeds = ("store settings saved",)
    field_of_code: ClassVar = {"exists": "code", "bad_store": "code", "store_in_use": "country"}

    def present(self, connection: Connection) -> Form | None:
        found = store_settings(connection, self.key)
        return form_of(found) if found else None

    def read(self, connection: Connection, reading: Reading, form: Form) -> StoreSettings:  # noqa: ARG002  # reading has it
        words = self.visit.words
        if self.key:
            standing = known_store(self.visit, connection, self.key)
        else:
            standing = StoreSettings(store=reading.text("code", needed=True).upper(), name="")
        if not self.key and standing.store and not CODE.fullmatch(standing.store):
            reading.refuse("code", words("A code has 1 to 8 digits or capital letters."))
        is_fixed = bool(self.key) and in_use(connection, self.key)
        name = reading.text("name", needed=True)
        if len(name) > NAME_LENGTH_MAX:
            reading.refuse("name", words("This is too long: at most {count} characters.", count=NAME_LENGTH_MAX))
        return replace(
            standing,
            name=name,
            address=reading.lines("address"),
            language=reading.choice("language", tuple(LANGUAGES)),
            country=standing.country if is_fixed else reading.choice("country", COUNTRIES),
            currency=standing.currency if is_fixed else reading.choice("currency", CURRENCIES),
        )

    def store(self, connection: Connection, thing: StoreSettings) -> Stored:
        code = quote(thing.store, safe="")
        detail = f"{thing.name}, {thing.country}, {thing.currency}, {thing.language}"
        if self.key:
            change_store(connection, thing)
            return Stored(subject=thing.store, detail=detail, address=f"/stores/{code}/edit?told=saved")
        add_store_as(connection, thing, rates_of(thing.country))
        return Stored(subject=thing.store, detail=detail, address=f"/stores/{code}/cashiers?told=store_added")

    def page(self, form: Form, status: int = 200) -> Response[Any]:
        with self.visit.parts.database.read() as connection:
            is_fixed = bool(self.key) and in_use(connection, self.key)
        return self.visit.page(
            "store_form.html",
            status=status,
            form=form,
            code=self.key,
            is_fixed=is_fixed,
            countries=[(code, self.visit.words(COUNTRY_NAMES[code])) for code in COUNTRIES],
            currencies=[(currency, currency) for currency in CURRENCIES],
            languages=list(LANGUAGES.items()),
            back="/tills",
        )

    def missing(self) -> str:
        return no_store(self.visit, self.key)


def form_of(settings: StoreSettings) -> Form:
    """Return the form as it opens to change a store."""
    return Form(
        fields={
            "name": settings.name,
            "address": "\n".join(settings.address),
            "language": settings.language,
            "country": settings.country,
            "currency": settings.currency,
        }
    )
