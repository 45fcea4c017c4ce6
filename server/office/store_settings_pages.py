"""The page of a store's settings: what its tills do and print."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from schema.catalogue import StoreSettings
from server.catalogue.store_rows import put_store, store_settings
from server.db import Connection
from server.office.editing import Editing, Stored
from server.office.form import Form, Reading, typed
from server.office.known_store import known_store, no_store
from server.office.specs import TENDERS
from server.office.store_settings_form import (
    AGE_CHECKS,
    CASH_STEPS,
    FISCAL,
    OFFERS,
    OFFLINE_ORDERS,
    TENDERS_OFFERED,
    read_settings,
    settings_form,
)
from server.office.visit import Sent, Visit, Visiting, one
from server.office.words import LANGUAGES


class StoreSettingsPages(Controller):
    path = "/stores/{code:str}/settings"

    @get("/", sync_to_thread=True)
    def show(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show a store's settings in their form."""
        return SettingsEditing(visit, code).open()

    @post("/", sync_to_thread=True)
    def change(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:
        """Store the settings; the store's tills follow within seconds."""
        visit.require("admin")
        sent = typed({**form, "tenders": ["\n".join(form.get("tenders", ()))]})
        return SettingsEditing(visit, code, one(form, "logo")).save(sent)


class SettingsEditing(Editing[StoreSettings]):
    """A store's settings in their form; `logo` is a picture that was sent with it, as base64."""

    deed = "store settings saved"
    other_deeds = ("store saved",)

    def __init__(self, visit: Visit, key: str, logo: str = "") -> None:
        super().__init__(visit, key)
        self._logo = logo

    def present(self, connection: Connection) -> Form | None:
        found = store_settings(connection, self.key)
        return settings_form(found, self.visit.formats) if found else None

    def read(self, connection: Connection, reading: Reading, form: Form) -> StoreSettings:
        standing = known_store(self.visit, connection, self.key)
        return read_settings(self.visit.words, reading, form, standing, self._logo)

    def store(self, connection: Connection, thing: StoreSettings) -> Stored:
        put_store(connection, thing)
        return Stored(subject=self.key, address=f"/stores/{quote(self.key, safe='')}/settings?told=saved")

    def page(self, form: Form, status: int = 200) -> Response[Any]:
        with self.visit.parts.database.read() as connection:
            found = known_store(self.visit, connection, self.key)
        return settings_page(self.visit, found, form, status)

    def missing(self) -> str:
        return no_store(self.visit, self.key)


def settings_page(visit: Visit, settings: StoreSettings, form: Form, status: int = 200) -> Response[str]:
    """Show a store's settings."""
    return visit.page(
        "store_settings.html",
        status=status,
        store=settings,
        form=form,
        languages=list(LANGUAGES.items()),
        tenders=[(tender, visit.words(TENDERS[tender])) for tender in TENDERS_OFFERED],
        steps=[(step, visit.formats.amount(int(step), settings.currency)) for step in CASH_STEPS],
        age_checks=_choices(visit, AGE_CHECKS),
        offline_orders=_choices(visit, OFFLINE_ORDERS),
        offers=_choices(visit, OFFERS),
        fiscal=_choices(visit, FISCAL),
        may_manage=visit.staff.role == "admin",
        back="/tills",
    )


def _choices(visit: Visit, labels: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(value, visit.words(label)) for value, label in labels.items()]
