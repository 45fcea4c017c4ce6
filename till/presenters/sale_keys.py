"""The quick keys of the sale screen: pages of them, and editing them (right: quick_keys)."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from schema.catalogue import QuickKey, QuickKeyPage
from schema.errors import Refused
from till.journal.tables import EDITED_PAGES
from till.presenters.sale_adding import Adding
from till.presenters.sale_state import KeyState
from till.presenters.screen import told
from till.selling.quick_keys import KeyPage, added, edit, key_pages, moved, page_name, removed, with_edits
from till.words import RefusedInWords


class Keys(Adding):
    """A page is shown as tabs of a fixed pool of keys; editing changes the page that the tab is a part of."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._sources: list[QuickKeyPage] = []
        self._pages: tuple[KeyPage, ...] = ()

    def _read_pages(self) -> None:
        parts = self.desk.parts
        edits = [(row[0], row[1]) for row in parts.journal.rows(EDITED_PAGES)]
        self._sources = with_edits(parts.mirror.quick_keys(), edits)
        self._pages = key_pages(self._sources)

    def quick_key(self, position: int) -> None:
        """Touch a quick key of the shown page."""
        if 0 <= position < len(self.state.keys):
            self.add(self.state.keys[position].article)

    @told
    def show_page(self, page: int) -> None:
        """Show another page of quick keys."""
        shown_page = page if 0 <= page < len(self._pages) else 0
        keys = self._key_states(self._pages[shown_page]) if self._pages else ()
        pages = tuple(each.name for each in self._pages)
        self.show(replace(self.state, pages=pages, page=shown_page, keys=keys))

    def _key_states(self, page: KeyPage) -> tuple[KeyState, ...]:
        return tuple(
            state for place, key in enumerate(page.keys, page.first) if (state := self._key(key, place)) is not None
        )

    def _key(self, key: QuickKey, place: int) -> KeyState | None:
        """A key whose article is gone or blocked is not shown: it could only disappoint."""
        try:
            article = self.desk.parts.mirror.article(key.article)
        except Refused:
            return None
        label = key.label or article.short_name or article.name
        price_text = self.desk.amount(article.price_minor) if article.price_minor else ""
        return KeyState(article=article.number, label=label, price_text=price_text, place=place)

    # -- editing

    @told
    def edit_keys(self) -> None:
        """Begin or end editing the pages (right: quick_keys)."""
        if self.state.editing:
            self.show(replace(self.state, editing=False))
        else:
            self.desk.with_right("quick_keys", lambda: self.show(replace(self.state, editing=True)), self.fail)

    @told
    def key_add(self, article: str = "", label: str = "") -> None:
        """Put an article on the shown page: the one named, else the selected or last line's."""
        number = article or self._line_article()
        self.desk.parts.mirror.article(number)
        self._edit((added(self._source(), number, label),))

    @told
    def key_move(self, position: int, step: int) -> None:
        """Move a key of the shown page by so many places."""
        self._edit((moved(self._source(), self._place(position), step),))

    @told
    def key_remove(self, position: int) -> None:
        """Take a key off the shown page; with its last key the page goes too."""
        self._edit((removed(self._source(), self._place(position)),))

    @told
    def page_rename(self, name: str) -> None:
        """Give the shown page another name."""
        page = self._source()
        renamed = replace(page, name=page_name(name, self._sources))
        self._edit((renamed, replace(page, keys=())))

    @told
    def page_add(self, name: str, article: str = "") -> None:
        """Begin a page with one article: the one named, else the selected or last line's."""
        number = article or self._line_article()
        self.desk.parts.mirror.article(number)
        last = max((page.position for page in self._sources), default=0)
        page = QuickKeyPage(name=page_name(name, self._sources), position=last + 1)
        self._edit((added(page, number),))

    def _line_article(self) -> str:
        lines = self.desk.sale.basket.lines
        index = self.state.selected if self.state.selected >= 0 else len(lines) - 1
        if not 0 <= index < len(lines) or not lines[index].article:
            raise RefusedInWords("no_article", "Scan the article first; it is then put on the page.")
        return lines[index].article

    def _source(self) -> QuickKeyPage:
        """Return the page that the shown tab is a part of. Raises Refused("no_page")."""
        if not self._pages:
            raise RefusedInWords("no_page", "There is no page yet. Make one first.")
        name = self._pages[self.state.page].source
        return next(page for page in self._sources if page.name == name)

    def _place(self, position: int) -> int:
        if not 0 <= position < len(self.state.keys):
            raise RefusedInWords("no_key", "There is no such key on this page.")
        return self.state.keys[position].place

    def _edit(self, pages: Sequence[QuickKeyPage]) -> None:
        """Journal edited pages and show them at once."""
        self.desk.with_right("quick_keys", lambda: self._write(pages), self.fail)

    def _write(self, pages: Sequence[QuickKeyPage]) -> None:
        cashier, parts = self.desk.signed_in(), self.desk.parts
        theirs = {page.name: page for page in parts.mirror.quick_keys()}
        edits = [edit(page, theirs.get(page.name), cashier.number) for page in pages]

        def write() -> None:
            for body, row in edits:
                parts.journal.append(body, row)

        def written(_: None) -> None:
            self._read_pages()
            wanted = next((place for place, page in enumerate(self._pages) if page.source == pages[0].name), None)
            self.show_page(self.state.page if wanted is None or self._is_shown(pages[0].name) else wanted)

        self.desk.runner.run(write, written, self.fail)

    def _is_shown(self, source: str) -> bool:
        return self.state.page < len(self._pages) and self._pages[self.state.page].source == source
