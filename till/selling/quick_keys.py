"""Quick keys at the till: head office's pages, with what was edited here until head office has it.

An edited page holds as long as head office's page is the one that was edited. Once that changes - because the edit has
come back, or because somebody at head office thought otherwise - head office's page counts again.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schema.catalogue import QuickKey, QuickKeyPage
from schema.events import QuickKeysChanged
from schema.text import without_controls
from till.journal.journal import Statement
from till.journal.tables import SAVE_PAGE
from till.words import RefusedInWords

# A page of quick keys is a fixed pool of buttons; a page with more keys is cut into several.
KEYS_PER_PAGE = 20
NAME_LENGTH_MAX = 24
KEYS_MAX = 200


class KeyPage(Struct, frozen=True, kw_only=True):
    """A tab of at most KEYS_PER_PAGE keys: a part of head office's page `source` that begins at its key `first`."""

    name: str
    keys: tuple[QuickKey, ...]
    source: str = ""
    first: int = 0


def key_pages(pages: Iterable[QuickKeyPage]) -> tuple[KeyPage, ...]:
    """Cut pages to the pool of buttons; a page that was cut is numbered."""
    found: list[KeyPage] = []
    for page in pages:
        for first in range(0, len(page.keys), KEYS_PER_PAGE) or (0,):
            number = first // KEYS_PER_PAGE + 1
            name = page.name if number == 1 else f"{page.name} {number}"
            keys = page.keys[first : first + KEYS_PER_PAGE]
            found.append(KeyPage(name=name, keys=keys, source=page.name, first=first))
    return tuple(found)


def with_edits(pages: Iterable[QuickKeyPage], edits: Iterable[tuple[bytes, bytes]]) -> list[QuickKeyPage]:
    """Lay this till's edits over head office's pages; a page that was edited away is left out."""
    by_name = {page.name: page for page in pages}
    for edited, before in edits:
        page = msgspec.json.decode(edited, type=QuickKeyPage)
        if _encoded(by_name.get(page.name)) == before:
            by_name[page.name] = page
    kept = (page for page in by_name.values() if page.keys)
    return sorted(kept, key=lambda page: (page.position, page.name))


def edit(page: QuickKeyPage, before: QuickKeyPage | None, cashier: str) -> tuple[QuickKeysChanged, Statement]:
    """Return what an edited page leaves: its event, and the row that shows it at once. `before` is head office's."""
    body = QuickKeysChanged(
        cashier=cashier,
        name=page.name,
        position=page.position,
        keys=tuple((key.article, key.label) for key in page.keys),
    )
    return body, (SAVE_PAGE, (page.name, _encoded(page), _encoded(before)))


def _encoded(page: QuickKeyPage | None) -> bytes:
    return msgspec.json.encode(page) if page is not None else b""


def added(page: QuickKeyPage, article: str, label: str = "") -> QuickKeyPage:
    """Return the page with one more key at its end. Raises Refused where it is there already or the page is full."""
    if any(key.article == article for key in page.keys):
        raise RefusedInWords("key_there", "That article is on this page already.")
    if len(page.keys) >= KEYS_MAX:
        raise RefusedInWords("page_full", "A page holds {count} keys. Make another page.", count=KEYS_MAX)
    return replace(page, keys=(*page.keys, QuickKey(article=article, label=label)))


def moved(page: QuickKeyPage, place: int, step: int) -> QuickKeyPage:
    """Return the page with one key moved; at either end it stays."""
    keys = list(page.keys)
    key = keys.pop(place)
    keys.insert(min(max(place + step, 0), len(keys)), key)
    return replace(page, keys=tuple(keys))


def removed(page: QuickKeyPage, place: int) -> QuickKeyPage:
    return replace(page, keys=page.keys[:place] + page.keys[place + 1 :])


def page_name(text: str, pages: Iterable[QuickKeyPage]) -> str:
    """Return a name for a page. Raises Refused for an empty one or one that another page has."""
    name = without_controls(text).strip()[:NAME_LENGTH_MAX]
    if not name:
        raise RefusedInWords("bad_text", "Type a name for the page.")
    if any(page.name == name for page in pages):
        raise RefusedInWords("page_there", "There is a page “{name}” already.", name=name)
    return name
