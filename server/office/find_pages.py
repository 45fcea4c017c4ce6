"""What a form's search shows while typing: articles and customers that fit."""

from typing import Any

from litestar import Controller, Response, get
from msgspec import Struct

from server.catalogue.lists import (
    articles_named,
    customer_name,
    customers_named,
    find_article,
)
from server.office.visit import Visit, Visiting, html, one, render, words_of

SUGGESTIONS_MAX = 12
SUGGEST_CHARS_MIN = 2


class Suggestion(Struct, frozen=True, kw_only=True):
    """One row under a search field: what goes into the field, and what is read."""

    value: str
    label: str
    more: str = ""


class FindPages(Controller):
    path = "/"

    @get("/find/articles", sync_to_thread=True)
    def suggest_articles(self, visit: Visiting) -> Response[Any]:
        """Return the articles that fit what was typed so far."""
        text = one(visit.query, "q").strip()[:100]
        found: list[Suggestion] = []
        if len(text) >= SUGGEST_CHARS_MIN:
            with visit.parts.database.read() as connection:
                exact = find_article(connection, text)
                named = [exact] if exact else articles_named(connection, text, SUGGESTIONS_MAX)
            found = [
                Suggestion(value=each.number, label=each.name, more=visit.formats.amount(each.price_minor))
                for each in named
            ]
        return suggested(visit, found, text)

    @get("/find/customers", sync_to_thread=True)
    def suggest_customers(self, visit: Visiting) -> Response[Any]:
        """Return the customers that fit what was typed so far."""
        text = one(visit.query, "q").strip()[:100]
        found: list[Suggestion] = []
        if len(text) >= SUGGEST_CHARS_MIN:
            with visit.parts.database.read() as connection:
                exact = customer_name(connection, text)
                rows = [] if exact else customers_named(connection, text, SUGGESTIONS_MAX)
            found = [
                Suggestion(
                    value=row["number"],
                    label=", ".join(part for part in (row["name"], row["company"]) if part),
                    more=row["city"],
                )
                for row in rows
            ]
            if exact:
                found = [Suggestion(value=text, label=exact)]
        return suggested(visit, found, text)


def suggested(visit: Visit, found: list[Suggestion], text: str) -> Response[str]:
    """Answer with the rows under a search field."""
    return html(render("found.html", words_of(visit.reader, "") | {"found": found, "text": text}))
