"""Articles and customers: their lists, one of each, and the fragments that a form's search shows while typing."""

from typing import Any

from litestar import Controller, Response, get
from litestar.params import FromPath
from msgspec import Struct

from schema.errors import Refused
from server.catalogue.articles import get_article
from server.catalogue.lists import (
    articles,
    articles_named,
    customer,
    customer_name,
    customers,
    customers_named,
    find_article,
)
from server.office import specs
from server.office.list_page import Shown, list_answer
from server.office.views import Told
from server.office.visit import Visit, Visiting, html, one, render, words_of
from server.office.words import say

ARTICLES_TOLD = Told(
    title=say("Articles"),
    search_hint=say("Name or number"),
    empty_heading=say("No articles yet"),
    empty_text=say("Import them from a CSV file: python -m server import-articles FILE.csv"),
)
CUSTOMERS_TOLD = Told(
    title=say("Customers"),
    search_hint=say("Name, company, city, e-mail or card"),
    empty_heading=say("No customers yet"),
    empty_text=say("Customers appear when they are imported, or when a till makes a new one."),
)
SUGGESTIONS_MAX = 12
SUGGEST_CHARS_MIN = 2


class Suggestion(Struct, frozen=True, kw_only=True):
    """One row under a search field: what goes into the field, and what is read."""

    value: str
    label: str
    more: str = ""


class CataloguePages(Controller):
    path = "/"

    @get("/articles", sync_to_thread=True)
    def show_articles(self, visit: Visiting) -> Response[Any]:
        """Show the list of articles."""
        return list_answer(visit, specs.ARTICLES, articles, Shown(told=ARTICLES_TOLD, template="articles.html"))

    @get("/articles/{number:str}", sync_to_thread=True)
    def show_article(self, visit: Visiting, number: FromPath[str]) -> Response[Any]:
        """Show one article with its barcodes."""
        with visit.parts.database.read() as connection:
            found = get_article(connection, number)
        if found is None:
            raise Refused("not_found", visit.words("There is no article {number}.", number=number))
        return visit.page("article.html", article=found, back=visit.back_to("/articles"))

    @get("/customers", sync_to_thread=True)
    def show_customers(self, visit: Visiting) -> Response[Any]:
        """Show the list of customers."""
        return list_answer(visit, specs.CUSTOMERS, customers, Shown(told=CUSTOMERS_TOLD))

    @get("/customers/{number:str}", sync_to_thread=True)
    def show_customer(self, visit: Visiting, number: FromPath[str]) -> Response[Any]:
        """Show one customer."""
        with visit.parts.database.read() as connection:
            found = customer(connection, number)
        if found is None:
            raise Refused("not_found", visit.words("There is no customer {number}.", number=number))
        return visit.page("customer.html", customer=found, back=visit.back_to("/customers"))

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
