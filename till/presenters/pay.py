"""Pay: cash with quick amounts and change, card through the terminal with its own words, or a split of both."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import CounterfoilError
from schema.events import Payment, SaleCompleted, decode
from till.card import CardEnd, booked
from till.checkout import (
    Completion,
    Paid,
    completed,
    is_settled,
    part_of_due,
    take_cash,
)
from till.coins import quick_amounts, round_cash
from till.desk import Desk, Finished
from till.journal.journal import Entry, Position, Statement
from till.journal.tables import ADD_ORDER_PAYMENT, DROP_DRAFT, READ_DRAFT, SAVE_DRAFT
from till.keypad import amount_of, amount_so_far, shown, typed
from till.moment import stamp
from till.presenters.done import DonePresenter
from till.presenters.paper import Paper
from till.presenters.screen import Screen, told
from till.receipts import TENDERS, sale_document
from till.register import CURRENT, Sale, decode_sale, encode_sale, sums
from till.shift import open_shift
from till.words import RefusedInWords


class QuickAmount(Struct, frozen=True, kw_only=True):
    amount_minor: int
    text: str


class PaymentState(Struct, frozen=True, kw_only=True):
    """A payment that was taken already."""

    tender: str
    tender_text: str
    amount_minor: int
    amount_text: str


class PayState(Struct, frozen=True, kw_only=True):
    """`due_minor` is left to pay, `cash_due_minor` the same rounded for cash; while `busy` the terminal works."""

    total_minor: int = 0
    total_text: str = ""
    paid_minor: int = 0
    paid_text: str = ""
    due_minor: int = 0
    due_text: str = ""
    cash_due_minor: int = 0
    cash_due_text: str = ""
    payments: tuple[PaymentState, ...] = ()
    quick_amounts: tuple[QuickAmount, ...] = ()
    keypad: str = ""
    entry_minor: int | None = None
    card_available: bool = False
    busy: bool = False
    # The terminal's own words while it works, e.g. "Please insert card".
    terminal_text: str = ""
    may_cancel: bool = False
    may_go_back: bool = True


class PayPresenter(Screen[PayState]):
    def __init__(self, desk: Desk, paper: Paper, done: DonePresenter) -> None:
        super().__init__(desk, PayState())
        self._paper = paper
        self._done = done
        self._entry = ""

    @told
    def enter(self) -> None:
        """Show what is due; a sale that a found card payment has paid in full completes at once."""
        self._entry = ""
        self._show(busy=False, terminal_text="", may_cancel=False)
        if self.desk.sale.payments and self.state.due_minor == 0:
            self.finish()

    @told
    def key(self, key: str) -> None:
        """Type an amount: digits, "00", ".", "back", "clear"; "enter" pays it in cash."""
        if key == "enter":
            self.cash()
            return
        self._entry = typed(self._entry, key)
        self._show()

    @told
    def cash(self, given_minor: int | None = None) -> None:
        """Take cash: what the customer gave, without it the keypad's entry or the exact amount.

        Less than due is a part payment; otherwise the sale completes and goes to `done`.
        """
        self.desk.ready_to_sell()
        if self.state.busy:
            return
        given = amount_of(self._entry, self.desk.currency) if given_minor is None else given_minor
        paid = take_cash(self.desk.sale, given, self.desk.settings().cash_step_minor)
        self._entry = ""
        if is_settled(paid):
            self._complete(paid)
        else:
            self._part(paid.sale)

    @told
    def finish(self) -> None:
        """Complete a sale of which nothing is due any more."""
        self.desk.ready_to_sell()
        paid = Paid(sale=self.desk.sale)
        if not is_settled(paid) or not paid.sale.basket.lines:
            raise RefusedInWords("not_settled", "There is still something to pay.")
        if not self.state.busy:
            self._complete(paid)

    def _part(self, sale: Sale) -> None:
        """Money that was taken is on the disk before the screen calls it paid."""
        parts, now_ms = self.desk.parts, self.desk.clock.now_ms()
        self._show(busy=True)

        def save() -> None:
            parts.journal.preflight()
            parts.cards.check_clear(sale)
            parts.journal.change((SAVE_DRAFT, (CURRENT, "", encode_sale(sale), now_ms)))

        def saved(_: None) -> None:
            self.desk.take_sale(sale)
            self._show(busy=False)

        self.desk.runner.run(save, saved, self.fail)

    @told
    def give_back_cash(self) -> None:
        """Take back the cash that was counted towards this sale and not completed: it goes back to the customer."""
        self.desk.ready_to_sell()
        sale = self.desk.sale
        left = tuple(part for part in sale.payments if part.tender != "cash")
        if not self.state.busy and left != sale.payments:
            self._part(replace(sale, payments=left))
            self._paper.open_drawer(self)

    # -- card

    @told
    def card(self, amount_minor: int | None = None) -> None:
        """Ask the terminal: without an amount the keypad's entry or all that is due."""
        self.desk.ready_to_sell()
        if self.state.busy:
            return
        parts, sale = self.desk.parts, self.desk.sale
        wanted = amount_of(self._entry, self.desk.currency) if amount_minor is None else amount_minor
        amount = part_of_due(sale, wanted)
        self._entry = ""
        self._show(busy=True, may_cancel=True, terminal_text=self.desk.words("The terminal is asked …"))
        post = self.desk.runner.post

        def on_text(text: str) -> None:
            post(lambda: self._terminal_says(text))

        def start(_: None) -> None:
            def pay() -> CardEnd:
                return parts.cards.pay(sale, amount, on_text)

            self.desk.runner.run(pay, lambda end: self._ended(end, sale), self._in_trouble, lane="terminal")

        # First through the journal's lane: a draft that still waits there must not overwrite the one with the payment.
        self.desk.runner.run(parts.journal.preflight, start, self.fail)

    def _terminal_says(self, text: str) -> None:
        if self.state.busy:
            self._show(terminal_text=text)

    def _ended(self, end: CardEnd, before: Sale) -> None:
        self.desk.take_sale(end.sale)
        self._show(busy=False, may_cancel=False, terminal_text=end.text)
        if end.outcome != "approved":
            text = self.desk.words("No card payment was taken. {text}", text=end.text).strip()
            self.say("error", text, code=f"card_{end.outcome}")
        elif end.sale is before:
            refusal = RefusedInWords(
                "wrong_amount",
                "The terminal approved {amount}, not what was asked for. It is not booked yet: a supervisor looks at "
                "the slip and settles it in the messages.",
                amount=self.desk.amount(end.approved_minor),
            )
            self.fail(refusal)
        elif is_settled(Paid(sale=end.sale)):
            self._complete(Paid(sale=end.sale))

    def _in_trouble(self, error: CounterfoilError) -> None:
        """The draft on the disk may know of a payment that this screen does not: a found one is adopted there."""
        journal = self.desk.parts.journal

        def saved(rows: list[tuple[Any, ...]]) -> None:
            if rows:
                self.desk.take_sale(decode_sale(rows[0][0]))
            self._show()
            self.fail(error)

        self.desk.runner.run(lambda: journal.rows(READ_DRAFT, (CURRENT,)), saved, lambda _: self.fail(error))

    def cancel_card(self) -> None:
        """Wish that the terminal stops; its answer still comes."""
        if self.state.busy and self.state.may_cancel:
            self.desk.parts.cards.cancel()
            self._show(may_cancel=False, terminal_text=self.desk.words("Cancelling …"))

    # -- the end

    def _complete(self, paid: Paid) -> None:
        desk, parts = self.desk, self.desk.parts
        cashier, shift = desk.ready_to_sell(), open_shift(parts.journal.position)
        completion = Completion(
            shift_id=shift.shift_id,
            cashier=cashier,
            label=parts.device.label(),
            completed_ms=desk.clock.now_ms(),
        )
        letterhead, printed_at = desk.letterhead(), stamp(completion.completed_ms, desk.clock)

        def make(position: Position) -> Entry:
            body = completed(paid, completion, position.receipt_seq + 1)
            document = sale_document(body, letterhead, printed_at)
            return Entry(body=body, also=(*sale_rows(paid.sale, body), *parts.printing.queued("receipt", document)))

        def commit() -> SaleCompleted:
            parts.journal.preflight()
            parts.cards.check_clear(paid.sale)
            # Money that a card has paid may not be lost to a full disk; cash is still in the customer's hand.
            urgent = any(part.tender == "card" for part in paid.sale.payments)
            sealed = parts.journal.record(make, urgent=urgent)
            body = decode(sealed.event.type, sealed.event.version, sealed.event.body)
            assert isinstance(body, SaleCompleted)  # noqa: S101 - what `make` returned
            return body

        self._show(busy=True, may_cancel=False)
        desk.runner.run(commit, lambda sale: self._completed(sale, paid), self.fail)

    def _completed(self, sale: SaleCompleted, paid: Paid) -> None:
        self.desk.take_sale(None)
        self.desk.finished = Finished(sale=sale, change_minor=paid.change_minor)
        self.show(replace(self.state, busy=False, may_cancel=False))
        # The drawer first: change is counted while the receipt is printed.
        if any(part.tender == "cash" for part in sale.payments):
            self._paper.open_drawer(self._done)
        self._done.begin()
        self.go("done")

    def back(self) -> None:
        """Go back to `sale`; payments that were taken stay with it."""
        if not self.state.busy:
            self.go("sale")

    def fail(self, error: CounterfoilError) -> None:
        self._entry = ""
        self.show(replace(self.state, busy=False, may_cancel=False, keypad="", entry_minor=None))
        super().fail(error)

    def show(self, state: PayState) -> None:
        self.desk.paying = state.busy
        super().show(state)

    def _show(self, **fields: Any) -> None:
        self.show(replace(self.state, **(self._fields() | fields)))

    def _fields(self) -> dict[str, Any]:
        desk, sale = self.desk, self.desk.sale
        found, step = sums(sale), self.desk.settings().cash_step_minor
        cash_due = round_cash(found.due_minor, step)
        return {
            "total_minor": found.totals.total_minor,
            "total_text": desk.amount(found.totals.total_minor),
            "paid_minor": found.paid_minor,
            "paid_text": desk.amount(found.paid_minor) if found.paid_minor else "",
            "due_minor": found.due_minor,
            "due_text": desk.amount(found.due_minor),
            "cash_due_minor": cash_due,
            "cash_due_text": desk.amount(cash_due),
            "payments": tuple(payment_state(part, desk) for part in sale.payments),
            "quick_amounts": tuple(
                QuickAmount(amount_minor=amount, text=desk.amount(amount))
                for amount in quick_amounts(found.due_minor, step, desk.currency)
            ),
            "keypad": shown(self._entry, desk.words.language),
            "entry_minor": amount_so_far(self._entry, desk.currency) if self._entry else None,
            "card_available": desk.parts.cards.available,
            "may_go_back": True,
        }


def payment_state(payment: Payment, desk: Desk) -> PaymentState:
    return PaymentState(
        tender=payment.tender,
        tender_text=desk.words(TENDERS[payment.tender]),
        amount_minor=payment.amount_minor,
        amount_text=desk.amount(payment.amount_minor),
    )


def sale_rows(sale: Sale, body: SaleCompleted) -> list[Statement]:
    """Return what belongs into a finished sale's commit: card attempts booked, the draft gone, the order's payment."""
    rows: list[Statement] = [*booked(sale), (DROP_DRAFT, (CURRENT,))]
    if body.order is not None:
        paid_after = body.order.paid_minor + sum(part.amount_minor for part in body.payments) - body.cash_rounding_minor
        rows.append((ADD_ORDER_PAYMENT, (body.order.order_id, body.receipt, paid_after)))
    return rows
