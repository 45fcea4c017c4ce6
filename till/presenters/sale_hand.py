"""The sale in hand as every group of the sale screen's actions has it: the keypad's entry, changing, showing."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import Basket, PricedLine
from schema.quantity import parse_quantity
from schema.tax import TaxRate
from till.desk import Desk
from till.keypad import TIMES, shown
from till.presenters.paper import Paper
from till.presenters.sale_state import LineState, SaleState, sale_fields
from till.presenters.screen import Screen
from till.selling.register import sums


def nowhere(_code: str) -> None:
    """Lead nowhere: the screen that would take it was not put together."""


class Elsewhere(Struct, kw_only=True):
    """Where a scanned paper or a colour and size article leads; the composition root fills it in."""

    matrix: Callable[[str], None] = nowhere
    receipt: Callable[[str], None] = nowhere
    order: Callable[[str], None] = nowhere
    voucher: Callable[[str], None] = nowhere


class SaleInHand(Screen[SaleState]):
    """What adding, lines, quick keys and the whole share."""

    def __init__(self, desk: Desk, paper: Paper) -> None:
        super().__init__(desk, SaleState())
        self.elsewhere = Elsewhere()
        self._paper = paper
        self._entry = ""
        self._known: list[tuple[PricedLine, LineState]] = []

    def _change(self, basket: Basket, *, ages: tuple[str, ...] = (), **shown_fields: Any) -> None:
        """Take a changed basket into hand, save it and show it. `ages`: articles whose buyer's age is to be asked."""
        self.desk.change_basket(basket)
        self._note_ages(ages)
        self.desk.save_draft(self.fail)
        self._show(**shown_fields)

    def _note_ages(self, more: tuple[str, ...]) -> None:
        """Nobody's age is asked twice at once, nor for goods that were taken off again."""
        sale = self.desk.sale
        if sale.ages_open or more:
            there = {line.article for line in sale.basket.lines}
            still = tuple(article for article in dict.fromkeys((*sale.ages_open, *more)) if article in there)
            self.desk.take_sale(replace(sale, ages_open=still))

    def _show(self, **fields: Any) -> None:
        found = sums(self.desk.sale)
        shown_now = sale_fields(self.desk, found, self._known)
        self._known = list(zip(found.totals.lines, shown_now["lines"], strict=True))
        self.show(replace(self.state, **(shown_now | self._standing() | fields)))

    def _standing(self) -> dict[str, Any]:
        """Return what stands on the screen beside the basket."""
        return {"keypad": shown(self._entry, self.desk.words.language)}

    def _rate(self, tax_code: str) -> TaxRate:
        settings = self.desk.settings()
        return self.desk.parts.mirror.rate(tax_code, settings.country, self.desk.today())

    def _multiplier(self) -> Decimal:
        entry, times, _ = self._entry.partition(TIMES)
        return parse_quantity(entry) if times and entry.strip() else Decimal(1)
