"""The sale screen: basket left, keypad, quick keys right, total and *Pay* largest of all.

Its actions stand in groups, one file each: adding (sale_adding), lines (sale_lines), quick keys (sale_keys); here is
what concerns the whole sale.
"""

from msgspec.structs import replace

from schema.catalogue import Article
from schema.errors import Refused
from schema.events import SaleDropped
from schema.parties import Cashier
from till.journal.tables import DROP_DRAFT, LIST_DRAFTS
from till.keypad import TIMES, typed
from till.paying.checkout import check_payable
from till.presenters.sale_hand import Elsewhere
from till.presenters.sale_keys import Keys
from till.presenters.sale_lines import Lines
from till.presenters.sale_state import Hit, hit
from till.presenters.screen import told
from till.selling.customers import find_customer
from till.selling.register import CURRENT, sums
from till.words import RefusedInWords

SUGGESTIONS_MAX = 6

__all__ = ["Elsewhere", "SalePresenter"]


class SalePresenter(Keys, Lines):
    """The sale in hand, from the first scan to *Pay*."""

    @told
    def enter(self) -> None:
        """Read the quick keys anew and show the sale in hand."""
        self._begin_anew()
        self._read_pages()
        parked = len(self.desk.parts.journal.rows(LIST_DRAFTS, (CURRENT,)))
        self._show(question="", changed=-1, suggestions=(), parked_count=parked)
        self.show_page(min(self.state.page, max(len(self._pages) - 1, 0)))

    # -- keypad

    @told
    def key(self, key: str) -> None:
        """Type on the keypad: digits, "00", ".", "times", "back", "clear", "enter" (enter looks the entry up)."""
        match key:
            case "times":
                self._entry = f"{self._entry} {TIMES} " if self._entry and TIMES not in self._entry else self._entry
            case "enter":
                self._look_up()
                return
            case _:
                self._entry = typed(self._entry, key)
        self.show(replace(self.state, **self._standing()))

    def _look_up(self) -> None:
        """Take the entry for an article's number first, for a code where there is no such article."""
        multiplier, times, code = self._entry.rpartition(TIMES)
        if not (code := code.strip()):
            return
        self._entry = f"{multiplier}{times}" if times else ""
        try:
            article = self.desk.parts.mirror.article(code)
        except Refused:
            self.scan(code)
            return
        self.add(article.number)

    # -- customer

    @told
    def choose_customer(self, number: str) -> None:
        """Put a customer on the sale; empty takes the customer off."""
        self.desk.ready_to_sell()
        parts = self.desk.parts
        self.desk.change_customer(find_customer(number, parts.journal, parts.mirror) if number else None)
        self.desk.save_draft(self.fail)
        self._show()

    # -- the whole

    def ask_cancel(self) -> None:
        """Ask whether the basket shall be dropped; fills `question`."""
        if self.state.lines:
            text = self.desk.words("Drop this basket of {amount}?", amount=self.state.total_text)
            self.show(replace(self.state, question=text))

    def keep(self) -> None:
        """Answer the question with no."""
        self.show(replace(self.state, question=""))

    @told
    def cancel(self) -> None:
        """Drop the basket. Refused while it holds money that was taken."""
        cashier, sale, parts = self.desk.ready_to_sell(), self.desk.sale, self.desk.parts
        self.desk.check_free()
        if sale.payments:
            raise RefusedInWords(
                "sale_part_paid", "Part of this sale is paid. Give the money back first, or take the rest."
            )
        if sale.is_empty:
            self._show(question="")
            return
        body = SaleDropped(
            sale_id=sale.sale_id,
            cashier=cashier.number,
            currency=sale.basket.currency,
            total_minor=sums(sale).totals.total_minor,
            lines=len(sale.basket.lines),
        )

        def drop() -> None:
            parts.cards.check_clear(sale)
            parts.journal.append(body, (DROP_DRAFT, (CURRENT,)))
            parts.fiscal.abort(sale.sale_id)

        self.desk.runner.run(drop, lambda _: self._dropped(), self.fail)

    def _dropped(self) -> None:
        self.desk.take_sale(None)
        self._begin_anew()
        self._show(question="", selected=-1, changed=-1, hits=(), search_text="")

    @told
    def checkout(self) -> None:
        """Go to `pay`; before, once a sale, offer what goes well with the goods."""
        self.desk.ready_to_sell()
        self._finish_choosing()
        check_payable(self.desk.sale)
        sale = self.desk.sale
        offered = () if sale.suggested or sale.payments or sale.basket.order else self.suggestions()
        if not offered:
            self.pay()
            return
        self.desk.take_sale(replace(sale, suggested=True))
        self.desk.save_draft(self.fail)
        self.show(replace(self.state, suggestions=offered))

    def suggestions(self) -> tuple[Hit, ...]:
        """Return what goes well with the basket and is not in it."""
        lines = self.desk.sale.basket.lines
        there = {line.article for line in lines}
        sold = [self._article(number) for number in dict.fromkeys(line.article for line in lines if line.article)]
        numbers = dict.fromkeys(number for article in sold if article for number in article.suggests)
        found = [self._article(number) for number in numbers if number not in there]
        saleable: list[Article] = [article for article in found if article is not None]
        return tuple(hit(article, self.desk) for article in saleable[:SUGGESTIONS_MAX])

    @told
    def add_suggested(self, position: int) -> None:
        """Add one of what was offered; the others stay offered."""
        if 0 <= position < len(self.state.suggestions):
            article = self.state.suggestions[position].article
            left = tuple(each for each in self.state.suggestions if each.article != article)
            self.show(replace(self.state, suggestions=left))
            self.add(article)

    @told
    def pay(self) -> None:
        """Go to `pay`. Refused while somebody's age is to be checked."""
        self.desk.ready_to_sell()
        self._finish_choosing()
        check_payable(self.desk.sale)
        self.show(replace(self.state, suggestions=()))
        self.go("pay")

    def leave_suggestions(self) -> None:
        """Go back to the basket from what was offered."""
        self.show(replace(self.state, suggestions=()))

    @told
    def supervisor(self, pin: str) -> None:
        """Lift the next action once by a supervisor's PIN."""
        desk, cashier = self.desk, self.desk.signed_in()
        pins = desk.parts.pins

        def lifted(supervisor: Cashier) -> None:
            desk.lift(supervisor)
            text = desk.words("{name} allows the next action. Do it again now.", name=supervisor.name)
            self.say("info", text, code="lifted")

        desk.runner.run(lambda: pins.check_supervisor(pin, None, cashier.number), lifted, self.fail)

    @told
    def open_drawer(self, reason: str) -> None:
        """Open the drawer without a sale (right: open_drawer)."""
        self.desk.with_right("open_drawer", lambda: self._paper.open_drawer_by_hand(reason, self), self.fail)
