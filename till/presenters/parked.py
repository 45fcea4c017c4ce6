"""Parked baskets: put the sale in hand aside with a title, take another one up again, whoever parked it."""

from msgspec import DecodeError, Struct
from msgspec.structs import replace

from schema.clock import new_id
from schema.errors import CounterfoilError
from schema.events import SaleDropped
from schema.text import without_controls
from till.desk import Desk
from till.journal.journal import Statement
from till.journal.tables import DROP_DRAFT, LIST_DRAFTS, READ_DRAFT, SAVE_DRAFT
from till.ordering.pickup import check_offline
from till.presenters.screen import Screen, told
from till.runner import Lane
from till.selling.parked import TakenUp, may_ask, taken_up
from till.selling.register import CURRENT, Sale, decode_sale, encode_sale, sums
from till.words import RefusedInWords

TITLE_LENGTH_MAX = 40
PARKED_MAX = 100


class ParkedRow(Struct, frozen=True, kw_only=True):
    """A basket that waits."""

    slot: str
    title: str
    cashier: str
    since: str
    lines: int
    total_minor: int
    total_text: str


class ParkedState(Struct, frozen=True, kw_only=True):
    """`in_hand_text` is the basket in hand, empty where there is none; `question` is asked before one is dropped."""

    rows: tuple[ParkedRow, ...] = ()
    in_hand_text: str = ""
    suggested_title: str = ""
    empty_text: str = ""
    question: str = ""
    asked: str = ""


class ParkedPresenter(Screen[ParkedState]):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, ParkedState())

    @told
    def enter(self) -> None:
        """Show what is parked, the oldest first."""
        self.desk.signed_in()
        journal = self.desk.parts.journal
        rows = [row for each in journal.rows(LIST_DRAFTS, (CURRENT,)) if (row := self._row(*each)) is not None]
        sale = self.desk.sale
        self.show(
            ParkedState(
                rows=tuple(rows),
                in_hand_text="" if sale.is_empty else self.desk.amount(sums(sale).totals.total_minor),
                suggested_title=sale.customer_name,
                empty_text="" if rows else self.desk.words("Baskets that are put aside wait here."),
            )
        )

    def _row(self, slot: str, title: str, body: bytes, saved_ms: int) -> ParkedRow | None:
        sale = self._decoded(body)
        if sale is None:
            return None
        total = sums(sale).totals.total_minor
        return ParkedRow(
            slot=slot,
            title=title,
            cashier=sale.cashier,
            since=self.desk.time(saved_ms),
            lines=len(sale.basket.lines),
            total_minor=total,
            total_text=self.desk.amount(total),
        )

    def _decoded(self, body: bytes) -> Sale | None:
        try:
            return decode_sale(body)
        except DecodeError:
            return None  # of an older program: nothing of it was paid

    @told
    def park(self, title: str) -> None:
        """Put the basket in hand aside under a title, and begin a new one. Goes to `sale`."""
        self.desk.ready_to_sell()
        statements = self._parking(title)
        self._write(statements, None)

    def _parking(self, title: str) -> tuple[Statement, ...]:
        self.desk.check_free()
        sale, cashier = self.desk.sale, self.desk.signed_in()
        if not sale.basket.lines:
            raise RefusedInWords("empty_basket", "There is nothing to put aside yet.")
        if sale.payments:
            raise RefusedInWords("sale_part_paid", "Part of this sale is paid. Take the rest; then begin the next one.")
        if sale.voids is not None:
            raise RefusedInWords("void_in_hand", "A void is not put aside. Finish it, or cancel it.")
        if len(self.desk.parts.journal.rows(LIST_DRAFTS, (CURRENT,))) >= PARKED_MAX:
            raise RefusedInWords(
                "too_many_parked", "{count} baskets wait already. Take one of them first.", count=PARKED_MAX
            )
        clean = without_controls(title).strip()[:TITLE_LENGTH_MAX] or sale.customer_name
        if not clean:
            raise RefusedInWords("bad_text", "Type a title by which the basket is found again.")
        kept = replace(sale, cashier=cashier.name)
        row = (new_id(self.desk.clock), clean, encode_sale(kept), self.desk.clock.now_ms())
        # One commit: a power cut leaves the basket here or there, never twice and never nowhere.
        return (SAVE_DRAFT, row), (DROP_DRAFT, (CURRENT,))

    @told
    def resume(self, slot: str) -> None:
        """Take a parked basket into hand; the one in hand must be paid, cancelled or parked first. Goes to `sale`.

        What was done meanwhile, and may be done only once, refuses it: then it stays parked until it is dropped.
        """
        self._check_free()
        desk, sale = self.desk, self._parked(slot)
        parts, today = desk.parts, desk.today()

        def looked(found: TakenUp) -> None:
            try:
                self._go_on(slot, found)
            except CounterfoilError as error:
                self.fail(error)

        # Most baskets need not wait for what else is asked of head office.
        lane: Lane = "agent" if may_ask(sale) else "journal"
        desk.runner.run(lambda: taken_up(sale, parts, today), looked, self.fail, lane=lane)

    def _check_free(self) -> None:
        self.desk.ready_to_sell()
        self.desk.check_free()
        if not self.desk.sale.is_empty:
            raise RefusedInWords("basket_in_use", "There is a basket in hand. Pay or cancel it first.")

    def _go_on(self, slot: str, found: TakenUp) -> None:
        """Take it up; an order without head office by the store's policy, as when it was taken first."""
        # Once more: head office was asked meanwhile, and somebody may have touched the screen.
        self._check_free()
        self._parked(slot)
        desk, now_ms = self.desk, self.desk.clock.now_ms()
        statements = ((SAVE_DRAFT, (CURRENT, "", encode_sale(found.sale), now_ms)), (DROP_DRAFT, (slot,)))

        def write() -> None:
            self._write(statements, found.sale)

        if not found.asked and check_offline(sums(found.sale).due_minor, desk.settings()):
            desk.with_right("order_offline", write, self.fail)
        else:
            write()

    def _parked(self, slot: str) -> Sale:
        rows = self.desk.parts.journal.rows(READ_DRAFT, (slot,))
        sale = self._decoded(rows[0][0]) if rows and slot != CURRENT else None
        if sale is None:
            raise RefusedInWords("unknown_parked", "That basket does not wait here any more.")
        return sale

    def _write(self, statements: tuple[Statement, ...], sale: Sale | None) -> None:
        journal = self.desk.parts.journal

        def written(_: None) -> None:
            self.desk.take_sale(sale)
            if sale is not None and sale.basket.order is None:
                # Prices are today's: a promotion may have ended while the basket waited.
                self.desk.change_basket(sale.basket)
                self.desk.save_draft(self.fail)
            self.go("sale")

        self.desk.runner.run(lambda: journal.change(*statements), written, self.fail)

    def ask_drop(self, slot: str) -> None:
        """Ask whether a parked basket shall be dropped; fills `question`."""
        row = next((row for row in self.state.rows if row.slot == slot), None)
        if row is not None:
            text = self.desk.words("Drop “{title}” of {amount}?", title=row.title, amount=row.total_text)
            self.show(replace(self.state, question=text, asked=slot))

    def keep(self) -> None:
        """Answer the question with no."""
        self.show(replace(self.state, question="", asked=""))

    @told
    def drop(self, slot: str = "") -> None:
        """Drop a parked basket: the one named, else the one that was asked about."""
        cashier, journal = self.desk.ready_to_sell(), self.desk.parts.journal
        wanted = slot or self.state.asked
        sale = self._parked(wanted)
        body = SaleDropped(
            sale_id=sale.sale_id,
            cashier=cashier.number,
            currency=sale.basket.currency,
            total_minor=sums(sale).totals.total_minor,
            lines=len(sale.basket.lines),
        )
        self.desk.runner.run(lambda: journal.append(body, (DROP_DRAFT, (wanted,))), lambda _: self.enter(), self.fail)

    def back(self) -> None:
        """Go back to `sale`."""
        self.go("sale")
