"""Matrix: the colours and sizes of an article with the stock of each, here and in the other stores; choose some."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from schema.catalogue import Article, StockLevel
from schema.quantity import check_quantity, parse_quantity
from till.desk import Desk
from till.paper.letterhead import quantity_text
from till.presenters.sale import SalePresenter
from till.presenters.screen import Screen, told
from till.selling.stock import age_text, elsewhere_text, here_text
from till.words import RefusedInWords

CHOSEN_MAX = 99


class Cell(Struct, frozen=True, kw_only=True):
    """A variant at its colour and size; an empty `article` where there is none."""

    article: str = ""
    price_text: str = ""
    here_text: str = ""
    elsewhere_text: str = ""
    chosen: int = 0


class MatrixRow(Struct, frozen=True, kw_only=True):
    colour: str
    cells: tuple[Cell, ...]


class StoreStock(Struct, frozen=True, kw_only=True):
    """A store's stock of the variant that was touched last."""

    store: str
    quantity_text: str
    age_text: str


class MatrixState(Struct, frozen=True, kw_only=True):
    """`stock` tells of the variant `shown`, per store with the age of the figure."""

    article: str = ""
    name: str = ""
    sizes: tuple[str, ...] = ()
    rows: tuple[MatrixRow, ...] = ()
    shown: str = ""
    shown_name: str = ""
    stock: tuple[StoreStock, ...] = ()
    chosen_count: int = 0
    empty_text: str = ""


class MatrixPresenter(Screen[MatrixState]):
    def __init__(self, desk: Desk, sale: SalePresenter) -> None:
        super().__init__(desk, MatrixState())
        self._sale = sale
        self._variants: dict[str, Article] = {}
        self._stock: dict[str, list[StockLevel]] = {}
        self._chosen: dict[str, int] = {}

    def enter(self) -> None:
        self._show()

    @told
    def open(self, article: str) -> None:
        """Show an article's colours and sizes; goes to `matrix`."""
        mirror = self.desk.parts.mirror
        parent = mirror.article(article)
        self._variants = {each.number: each for each in mirror.variants(article)}
        self._stock = {number: mirror.stock(number) for number in self._variants}
        self._chosen = {}
        self.show(MatrixState(article=article, name=parent.name))
        self.go("matrix")

    def more(self, article: str) -> None:
        """One more of a variant, and show its stock."""
        self._choose(article, self._chosen.get(article, 0) + 1)

    def less(self, article: str) -> None:
        """One less of a variant."""
        self._choose(article, self._chosen.get(article, 0) - 1)

    def look(self, article: str) -> None:
        """Show a variant's stock without choosing it."""
        self._choose(article, self._chosen.get(article, 0))

    @told
    def set(self, article: str, quantity: str) -> None:
        """Set how many of a variant, in whole pieces; "0" for none."""
        amount = Decimal(0) if quantity.strip() == "0" else parse_quantity(quantity)
        if amount != int(amount):
            raise RefusedInWords("bad_quantity", "Choose whole pieces.")
        self._choose(article, int(amount))

    def _choose(self, article: str, count: int) -> None:
        if article in self._variants:
            self._chosen[article] = min(max(count, 0), CHOSEN_MAX)
            self.show(replace(self.state, shown=article))
            self._show()

    @told
    def take(self) -> None:
        """Add what was chosen to the sale; goes to `sale`."""
        wanted = [(number, count) for number, count in self._chosen.items() if count]
        if not wanted:
            raise RefusedInWords("nothing_chosen", "Choose a colour and size first.")
        self._chosen = {}
        self.go("sale")
        for number, count in wanted:
            self._sale.add(number, f"{check_quantity(Decimal(count)):f}")

    def back(self) -> None:
        """Go back to `sale` without adding anything."""
        self._chosen = {}
        self.go("sale")

    def scan(self, code: str) -> None:
        """Take a scan: a variant of this article is chosen, anything else belongs to the sale."""
        self.go("sale")
        self._sale.scan(code)

    # -- showing

    def _show(self) -> None:
        variants = self._variants.values()
        sizes = in_order(each.size for each in variants)
        colours = in_order(each.colour for each in variants)
        at = {(each.colour, each.size): each for each in variants}
        rows = tuple(
            MatrixRow(colour=colour, cells=tuple(self._cell(at.get((colour, size))) for size in sizes))
            for colour in colours
        )
        shown = self._variants.get(self.state.shown)
        empty = (
            "" if variants else self.desk.words("No colours and sizes are set up for this article. Call head office.")
        )
        self.show(
            replace(
                self.state,
                sizes=sizes,
                rows=rows,
                shown_name=" ".join(filter(None, (shown.name, shown.colour, shown.size))) if shown else "",
                stock=tuple(self._store(level) for level in self._stock[shown.number]) if shown else (),
                chosen_count=sum(self._chosen.values()),
                empty_text=empty,
            )
        )

    def _cell(self, article: Article | None) -> Cell:
        if article is None:
            return Cell()
        levels, store, words = self._stock[article.number], self.desk.parts.device.store, self.desk.words
        return Cell(
            article=article.number,
            price_text=self.desk.amount(article.price_minor),
            here_text=here_text(levels, store, words),
            elsewhere_text=elsewhere_text(levels, store, words),
            chosen=self._chosen.get(article.number, 0),
        )

    def _store(self, level: StockLevel) -> StoreStock:
        words = self.desk.words
        age = age_text(level.as_of_ms, self.desk.clock.now_ms(), words)
        own = level.store == self.desk.parts.device.store
        return StoreStock(
            store=words("This store") if own else words("Store {store}", store=level.store),
            quantity_text=quantity_text(level.quantity, "piece", words),
            age_text=age,
        )


def in_order(values: Iterable[str]) -> tuple[str, ...]:
    """Return each value once, in the order of the articles' numbers: that is how head office lays sizes out."""
    return tuple(dict.fromkeys(values))
