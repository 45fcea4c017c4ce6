"""A store's pages of quick keys: tabs of keys on the sale screen, edited key by key and stored as a whole."""

import re
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec.structs import replace

from schema.catalogue import QuickKey, QuickKeyPage
from server.auth.audit import audit
from server.catalogue.articles import get_articles
from server.catalogue.lists import find_article
from server.catalogue.rules import shown_text
from server.catalogue.store_rows import put_quick_keys, quick_key_pages
from server.db import Connection
from server.office.editing import Editing, Stored
from server.office.form import Form, Reading, typed, with_errors
from server.office.known_store import known_store
from server.office.visit import Sent, Visit, Visiting, go, one

PAGES_MAX = 20
KEYS_MAX = 60
LABEL_CHARS_MAX = 40
# A form's keys, one a line: the article, and after a tab the other words on the key.
KEYS = "keys"
_KEY_FIELD = re.compile(r"key-(\d{1,3})-(article|label)", re.ASCII)


class QuickKeyPages(Controller):
    path = "/stores/{code:str}/keys"

    @get("/", sync_to_thread=True)
    def show(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show a store's pages of quick keys."""
        with visit.parts.database.read() as connection:
            settings = known_store(visit, connection, code)
            pages = quick_key_pages(connection, code)
            named = get_articles(connection, [key.article for page in pages for key in page.keys])
        may = visit.staff.role == "admin"
        return visit.page("quick_keys.html", store=settings, pages=pages, named=named, back="/tills", may_manage=may)

    @get("/edit", sync_to_thread=True)
    def edit(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show one page of quick keys in its form; without a name a new one."""
        visit.require("admin")
        name = one(visit.query, "page")
        editing = QuickKeyEditing(visit, code, name)
        return editing.open() if name else editing.page(Form())

    @post("/edit", sync_to_thread=True)
    def change(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:
        """Change a page of quick keys: add, move or remove a key, or store it."""
        visit.require("admin")
        sent, do = gathered(typed(form)), one(form, "do")
        editing = QuickKeyEditing(visit, code, sent.text("page"))
        return editing.save(sent) if do == "save" else editing.pressed(sent, do)

    @get("/drop", sync_to_thread=True)
    def ask_drop(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Ask once before a page of quick keys is taken away."""
        visit.require("admin")
        words, page = visit.words, one(visit.query, "page")[:80]
        back = address(code)
        return visit.ask(
            words("Take the page “{page}” away?", page=page),
            [words("The store's tills no longer show it within seconds. The articles stay.")],
            action=f"{back}/drop?{urlencode({'page': page})}",
            yes=words("Yes, take it away"),
            no=words("No, keep it"),
            back=back,
        )

    @post("/drop", sync_to_thread=True)
    def drop(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Take a page of quick keys away."""
        visit.require("admin")
        page = one(visit.query, "page")
        with visit.parts.database.write() as connection:
            known_store(visit, connection, code)
            put_quick_keys(connection, code, numbered(other_pages(connection, code, page)))
            audit(connection, visit.staff.name, "quick keys dropped", code, page, now_ms=visit.now_ms)
        return go(f"{address(code)}?told=saved")


class QuickKeyEditing(Editing[QuickKeyPage]):
    """One of a store's pages in its form; `key` is the name that it had when the form opened."""

    deed = "quick keys saved"
    other_deeds = ("quick keys dropped",)

    def __init__(self, visit: Visit, store: str, key: str) -> None:
        super().__init__(visit, key)
        self._store_code = store

    def present(self, connection: Connection) -> Form | None:
        known_store(self.visit, connection, self._store_code)
        found = [page for page in quick_key_pages(connection, self._store_code) if page.name == self.key]
        return form_of(found[0]) if found else None

    def read(self, connection: Connection, reading: Reading, form: Form) -> QuickKeyPage:
        words = self.visit.words
        known_store(self.visit, connection, self._store_code)
        keys = with_typed(connection, form)
        if keys is None:
            reading.refuse("add", words("There is no such article. Search by name, number or barcode."))
        name, position = reading.text("name", needed=True), reading.whole("position")
        others = other_pages(connection, self._store_code, self.key)
        if any(page.name == name for page in others):
            reading.refuse("name", words("There is a page with this name already."))
        if len(others) >= PAGES_MAX:
            reading.refuse("name", words("A store has at most {count} pages.", count=PAGES_MAX))
        return QuickKeyPage(name=name, position=position or len(others) + 1, keys=keys or ())

    def store(self, connection: Connection, thing: QuickKeyPage) -> Stored:
        others, place = other_pages(connection, self._store_code, self.key), thing.position
        put_quick_keys(connection, self._store_code, numbered([*others[: place - 1], thing, *others[place - 1 :]]))
        address_of_all = f"{address(self._store_code)}?told=saved"
        return Stored(subject=self._store_code, detail=thing.name, address=address_of_all)

    def subject(self) -> str:
        return self._store_code

    def missing(self) -> str:
        return self.visit.words("There is no page “{page}” of quick keys.", page=self.key[:80])

    def page(self, form: Form, status: int = 200) -> Response[Any]:
        with self.visit.parts.database.read() as connection:
            settings = known_store(self.visit, connection, self._store_code)
            keys = read_keys(form)
            named = get_articles(connection, [key.article for key in keys])
        return self.visit.page(
            "quick_keys_form.html",
            status=status,
            store=settings,
            form=form,
            name=self.key,
            keys=keys,
            named=named,
            labels={line_of(key): named[key.article].name for key in keys if key.article in named},
            back=address(self._store_code),
        )

    def pressed(self, sent: Form, do: str) -> Response[Any]:
        """Do what a button asks with the keys, and show the form again; nothing is stored."""
        if do != "add":
            return self.page(with_keys(sent, moved(read_keys(sent), do)))
        with self.visit.parts.database.read() as connection:
            keys = with_typed(connection, sent)
        if keys is None or keys == read_keys(sent):
            wrong = self.visit.words("There is no such article. Search by name, number or barcode.")
            return self.page(with_errors(sent, {"add": wrong}), 422)
        return self.page(with_keys(replace(sent, fields={**sent.fields, "add": ""}), keys))


def address(code: str) -> str:
    """Return the page of all of a store's pages of quick keys."""
    return f"/stores/{quote(code, safe='')}/keys"


def form_of(page: QuickKeyPage) -> Form:
    """Return the form of a page as it opens."""
    return with_keys(Form(fields={"page": page.name, "name": page.name, "position": str(page.position)}), page.keys)


def with_keys(form: Form, keys: tuple[QuickKey, ...]) -> Form:
    """Return the form with these keys."""
    return replace(form, fields={**form.fields, KEYS: "\n".join(line_of(key) for key in keys)})


def line_of(key: QuickKey) -> str:
    """Return a key as a line of the form."""
    return f"{key.article}\t{key.label}".strip()


def gathered(sent: Form) -> Form:
    """Return a sent form with the fields of its keys gathered, in their order."""
    places: dict[int, dict[str, str]] = {}
    rest = {}
    for name, text in sent.fields.items():
        match = _KEY_FIELD.fullmatch(name)
        if match:
            places.setdefault(int(match[1]), {})[match[2]] = shown_text(text)[:LABEL_CHARS_MAX]
        else:
            rest[name] = text
    found = [places[place] for place in sorted(places)]
    keys = tuple(QuickKey(**key) for key in found if key.get("article"))[:KEYS_MAX]
    return with_keys(replace(sent, fields=rest), keys)


def read_keys(form: Form) -> tuple[QuickKey, ...]:
    """Read the keys of a form."""
    parts = [line.partition("\t") for line in form.text(KEYS).splitlines()]
    return tuple(QuickKey(article=article, label=label) for article, _, label in parts)


def with_typed(connection: Connection, form: Form) -> tuple[QuickKey, ...] | None:
    """Return the keys with one for the article that was typed, if any; None where there is no such article."""
    keys = read_keys(form)
    if not form.text("add").strip():
        return keys
    found = find_article(connection, form.text("add"))
    return (*keys, QuickKey(article=found.number))[:KEYS_MAX] if found else None


def moved(keys: tuple[QuickKey, ...], do: str) -> tuple[QuickKey, ...]:
    """Return the keys after a button: up-0, down-3, remove-2."""
    action, _, place = do.partition("-")
    index = int(place) if place.isascii() and place.isdigit() and int(place) < len(keys) else -1
    if index < 0:
        return keys
    rest = [*keys[:index], *keys[index + 1 :]]
    if action in {"up", "down"}:
        rest.insert(max(index + (-1 if action == "up" else 1), 0), keys[index])
    return tuple(rest) if action in {"up", "down", "remove"} else keys


def other_pages(connection: Connection, code: str, name: str) -> list[QuickKeyPage]:
    """Return a store's pages but for one."""
    return [page for page in quick_key_pages(connection, code) if page.name != name]


def numbered(pages: list[QuickKeyPage]) -> list[QuickKeyPage]:
    """Return pages with their places counted from 1."""
    return [replace(page, position=place) for place, page in enumerate(pages, start=1)]
