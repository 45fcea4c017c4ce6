"""Settings: the user's language and look, how lists are remembered, and the state of the job runner."""

from typing import Any

from litestar import Controller, Response, get, post

from server.auth.audit import audit
from server.auth.staff import keep_language, keep_preferences
from server.jobs.worker import health
from server.mailing.send import line_state
from server.office.accounting_pages import runner_light
from server.office.mail_pages import light
from server.office.visit import THEMES, Sent, Visiting, go, one
from server.office.words import LANGUAGES


class SettingsPages(Controller):
    path = "/settings"

    @get("/", sync_to_thread=True)
    def show(self, visit: Visiting) -> Response[Any]:
        """Show the settings."""
        with visit.parts.database.read() as connection:
            seen, line = health(connection, visit.now_ms), line_state(connection)
        return visit.page(
            "settings.html",
            languages=LANGUAGES,
            chosen_theme=visit.staff.preferences.get("theme", ""),
            runner=runner_light(visit, seen),
            mailing=light(visit, line),
            engine=visit.parts.database.engine,
            fingerprint=visit.parts.identity.public_text(),
            example_amount=visit.formats.amount(123456),
            example_day=visit.formats.instant(visit.now_ms),
        )

    @post("/", sync_to_thread=True)
    def change(self, visit: Visiting, form: Sent) -> Response[Any]:
        """Keep language and look."""
        language, theme = one(form, "language"), one(form, "theme")
        kept = {**visit.staff.preferences, "theme": theme if theme in THEMES else ""}
        with visit.parts.database.write() as connection:
            keep_preferences(connection, visit.staff.name, kept)
            if language in LANGUAGES:
                keep_language(connection, visit.staff.name, language)
            told = f"language {language}, look {theme or 'as the system'}"
            audit(connection, visit.staff.name, "settings changed", visit.staff.name, told, now_ms=visit.now_ms)
        return go("/settings?told=saved")

    @post("/forget", sync_to_thread=True)
    def forget(self, visit: Visiting, form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Forget how the user had the lists."""
        kept = {name: value for name, value in visit.staff.preferences.items() if name != "lists"}
        with visit.parts.database.write() as connection:
            keep_preferences(connection, visit.staff.name, kept)
            audit(connection, visit.staff.name, "lists forgotten", visit.staff.name, now_ms=visit.now_ms)
        return go("/settings?told=forgotten")
