"""Pay: every tender of the store in any parts, in both directions, until nothing is due and the sale is a receipt.

Money that was taken is on the disk before the screen calls it paid. The card terminal's steps are in `pay_card`,
what vouchers and accounts stand at is asked in `pay_balances`.
"""

import secrets
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from hardware.document import Document
from schema.errors import CounterfoilError
from schema.events import SaleCompleted, Tender
from till.desk import Desk, Finished
from till.journal.tables import SAVE_DRAFT
from till.keypad import amount_of, typed
from till.paper.letterhead import TENDERS
from till.paper.printing import JobKind
from till.paper.receipts import sale_document
from till.paper.slips import voucher_documents
from till.paying import account, vouchers
from till.paying.account import Standing
from till.paying.checkout import (
    Completion,
    Paid,
    check_payable,
    is_settled,
    part_of_due,
    take_back,
    take_by_hand,
    take_cash,
    with_tip,
)
from till.paying.finish import finish
from till.paying.vouchers import ENTROPY_BYTES, Worth, new_code
from till.presenters.done import DonePresenter
from till.presenters.paper import Paper
from till.presenters.pay_balances import BalanceSteps
from till.presenters.pay_card import CardSteps
from till.presenters.pay_state import (
    PaymentState,
    PayState,
    QuickAmount,
    TenderKey,
    pay_fields,
)
from till.presenters.screen import Screen, told
from till.returning.returns import card_to_reverse, right_to_refund, with_voucher_instead
from till.selling import scanning
from till.selling.register import CURRENT, Sale, encode_sale, sums
from till.shifts.shift import open_shift
from till.words import RefusedInWords

__all__ = ["PayPresenter", "PayState", "PaymentState", "QuickAmount", "TenderKey"]


class PayPresenter(Screen[PayState]):
    # A refusal clears the keypad: done again without its amount, cash would be taken as if it were exact.
    repeats = False

    def __init__(self, desk: Desk, paper: Paper, done: DonePresenter) -> None:
        super().__init__(desk, PayState())
        self._paper = paper
        self._done = done
        self._entry = ""
        self._cards = CardSteps(self)
        self._balances = BalanceSteps(self)

    @told
    def enter(self) -> None:
        """Show what is due; a sale that a found card payment has paid in full completes at once."""
        self._entry = ""
        self.show_sale(busy=False, terminal_text="", may_cancel=False, panel="", voucher=None, account=None)
        if self.desk.sale.payments and self.state.due_minor == 0:
            self.finish()

    @told
    def key(self, key: str) -> None:
        """Type an amount: digits, "00", ".", "back", "clear"; "enter" pays it in cash."""
        if key == "enter":
            self.cash()
            return
        self._entry = typed(self._entry, key)
        self.show_sale()

    # -- tenders: each takes an amount, without one the keypad's entry, without that all that is due

    @told
    def cash(self, given_minor: int | None = None) -> None:
        """Take cash: what the customer gave, or exactly what is due; give it where `pays_out`.

        Less than due is a part payment; otherwise the sale completes and goes to `done`.
        """
        if not self._begin("cash"):
            return
        given, step = self._wanted(given_minor), self.desk.settings().cash_step_minor
        self._if_may("cash", given, lambda: self.taken(take_cash(self.desk.sale, given, step)))

    @told
    def card(self, amount_minor: int | None = None, original: str = "") -> None:
        """Ask the terminal for a payment; where `pays_out`, for a refund.

        `original` is the terminal's receipt number of a payment that is paid back whole: then it is reversed.
        """
        if not self._begin("card"):
            return
        wanted = self._wanted(amount_minor)
        amount = part_of_due(self.desk.sale, wanted)
        original = original or card_to_reverse(self.desk.sale, wanted)
        self._if_may("card", wanted, lambda: self._cards.begin(amount, original))

    @told
    def card_manual(self, card_type: str = "", amount_minor: int | None = None) -> None:
        """Book what a stand-alone terminal took; without the card's type it is asked for."""
        if not self._begin("card_manual"):
            return
        if not card_type:
            self.show_sale(panel="card_type")
            return
        wanted, types = self._wanted(amount_minor), self.desk.settings().card_types

        def take() -> None:
            self.taken(Paid(sale=take_by_hand(self.desk.sale, card_type, wanted, types)))

        self._if_may("card_manual", wanted, take)

    @told
    def account(self, amount_minor: int | None = None) -> None:
        """Leave it open on the customer's account (right: on_account), within the credit limit."""
        if not self._begin("account"):
            return
        wanted = self._wanted(amount_minor)

        def put(found: Standing) -> None:
            self.taken(Paid(sale=account.put_on_account(self.desk.sale, found, wanted, self.desk.amount)))

        def ask() -> None:
            self.desk.with_right("on_account", lambda: self._balances.standing(put), self.fail)

        self._if_may("account", wanted, ask)

    @told
    def look_at_account(self) -> None:
        """Show how the sale's customer stands before anything is put on the account."""
        if self._begin("account"):
            self._balances.standing(self._balances.show_account)

    @told
    def voucher(self, code: str = "", amount_minor: int | None = None) -> None:
        """Pay with a voucher by its code; without one it is asked for. What it does not need stays on the voucher."""
        if not self._begin("voucher"):
            return
        if sums(self.desk.sale).due_minor < 0:
            self._give_voucher(self._wanted(amount_minor))
            return
        if not code:
            self.show_sale(panel="voucher", voucher=None)
            return
        wanted = self._wanted(amount_minor)

        def redeem(found: Worth) -> None:
            self.taken(Paid(sale=vouchers.redeem(self.desk.sale, found, wanted, self.desk.amount)))

        self._balances.look_up(code, redeem)

    def _give_voucher(self, wanted: int | None) -> None:
        """Give a new voucher instead of money: nothing leaves the drawer, so it needs no right."""
        code, name = new_code(secrets.token_bytes(ENTROPY_BYTES)), self.desk.paper_words("Voucher")
        self.taken(Paid(sale=with_voucher_instead(self.desk.sale, wanted, code, name)))

    @told
    def look_at_voucher(self, code: str) -> None:
        """Show what a voucher is worth before it is taken."""
        if self._begin("voucher"):
            self._balances.look_up(code, self._balances.show_voucher)

    def is_voucher(self, read: str) -> bool:
        """Tell whether a scan is a voucher; anything else belongs to the basket."""
        try:
            found = scanning.find(read, self.desk.parts.mirror, self.desk.settings())
        except CounterfoilError:
            return False
        return isinstance(found, scanning.Paper) and found.kind == "voucher"

    @told
    def begin_with_voucher(self, code: str) -> None:
        """Come here from the sale, where a voucher was scanned."""
        check_payable(self.desk.sale)
        self.go("pay")
        self.look_at_voucher(code)

    @told
    def tip(self, amount_minor: int | None = None) -> None:
        """Add a tip, or change it; 0 takes it off. Without an amount and an entry suggestions are shown."""
        self.desk.ready_to_sell()
        if self.state.busy:
            return
        if not self.desk.settings().tips:
            raise RefusedInWords("no_tips", "This store takes no tips at the till.")
        wanted = self._wanted(amount_minor)
        if wanted is None:
            self.show_sale(panel="tip")
            return
        self._part(with_tip(self.desk.sale, wanted, self.desk.paper_words("Tip")))

    def close_panel(self) -> None:
        """Leave a tender's question."""
        if not self.state.busy:
            self.show_sale(panel="", voucher=None, account=None)

    # -- taking a payment back

    @told
    def take_back(self, position: int) -> None:
        """Undo a payment of this sale: cash is given back, a card's is reversed by the terminal, others just go."""
        self.desk.ready_to_sell()
        if self.state.busy:
            return
        sale, payment = take_back(self.desk.sale, position)
        if payment.tender == "card":
            self._cards.take_back(payment)
            return
        self._part(sale)
        if payment.tender == "cash":
            self._paper.open_drawer(self)

    @told
    def finish(self) -> None:
        """Complete a sale of which nothing is due any more."""
        self.desk.ready_to_sell()
        paid = Paid(sale=self.desk.sale)
        if not is_settled(paid) or not paid.sale.basket.lines:
            raise RefusedInWords("not_settled", "There is still something to pay.")
        if not self.state.busy:
            self._complete(paid)

    def cancel_card(self) -> None:
        """Wish that the terminal stops; its answer still comes."""
        if self.state.busy and self.state.may_cancel:
            self.desk.parts.cards.cancel()
            self.show_sale(may_cancel=False, terminal_text=self.desk.words("Cancelling …"))

    def back(self) -> None:
        """Go back to `sale`; payments that were taken stay with it."""
        if not self.state.busy:
            self.go("sale")

    # -- steps

    def _begin(self, tender: Tender) -> bool:
        """Check that this tender may be used now; tell whether nothing else is under way."""
        self.desk.ready_to_sell()
        # What a void pays back goes the way it came, whatever the store takes by now.
        if tender not in self.desk.settings().tenders and self.desk.sale.voids is None:
            raise RefusedInWords(
                "tender_off", "This store does not take “{tender}”.", tender=self.desk.words(TENDERS[tender])
            )
        if self.state.busy:
            return False
        self.desk.check_free()
        return True

    def _if_may(self, tender: Tender, wanted: int | None, take: Callable[[], None]) -> None:
        """Take money; paying it out by another tender than the goods were paid by needs refund_other_tender."""
        sale, rules = self.desk.sale, self.desk.settings().returns
        due = sums(sale).due_minor
        right = right_to_refund(sale, tender, due if wanted is None else wanted, rules) if due < 0 else None
        self._entry = ""
        if right is None:
            take()
        else:
            self.desk.with_right(right, take, self.fail)

    def _wanted(self, amount_minor: int | None) -> int | None:
        return amount_of(self._entry, self.desk.currency) if amount_minor is None else amount_minor

    def taken(self, paid: Paid) -> None:
        """Go on with a sale that holds one payment more: complete it, or keep the part."""
        self._entry = ""
        if is_settled(paid):
            self._complete(paid)
            return
        self._part(paid.sale)
        if paid.change_minor:
            self._paper.open_drawer(self)

    def _part(self, sale: Sale) -> None:
        """Money that was taken is on the disk before the screen calls it paid."""
        parts, now_ms = self.desk.parts, self.desk.clock.now_ms()
        self._entry = ""
        self.show_sale(busy=True, terminal_text="", may_cancel=False)

        def save() -> None:
            parts.journal.preflight()
            parts.cards.check_clear(sale)
            parts.journal.change((SAVE_DRAFT, (CURRENT, "", encode_sale(sale), now_ms)))

        def saved(_: None) -> None:
            self.desk.take_sale(sale)
            self.show_sale(busy=False, panel="", voucher=None, account=None)

        self.desk.runner.run(save, saved, self.fail)

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
        letterhead, printed_at = desk.letterhead(), desk.stamp(completion.completed_ms)
        prints, customer = letterhead.settings.design.offer == "print", paid.sale.customer_name

        def papers(body: SaleCompleted) -> list[tuple[JobKind, Document]]:
            made: list[tuple[JobKind, Document]] = []
            if prints:
                made.append(("receipt", sale_document(body, letterhead, printed_at, customer_name=customer)))
            made += [("voucher", slip) for slip in voucher_documents(body, letterhead, printed_at)]
            return made

        self.show_sale(busy=True, may_cancel=False, terminal_text="")
        desk.runner.run(
            lambda: finish(parts, paid, completion, papers), lambda sale: self._completed(sale, paid), self.fail
        )

    def tick(self) -> None:
        """Keep the leases on vouchers while they are in hand. Called every second."""
        if self.desk.trouble is None and not self.desk.paying:
            self._balances.keep_leases()

    def _completed(self, sale: SaleCompleted, paid: Paid) -> None:
        self.desk.parts.balances.leases.forget(vouchers.moved(sale).keys())
        self.desk.take_sale(None)
        self.desk.finished = Finished(sale=sale, change_minor=paid.change_minor)
        self.show(replace(self.state, busy=False, may_cancel=False, panel="", voucher=None, account=None))
        # The drawer first: change is counted while the receipt is printed.
        if any(part.tender == "cash" for part in sale.payments):
            self._paper.open_drawer(self._done)
        self._done.begin()
        self.go("done")

    def fail(self, error: CounterfoilError) -> None:
        self._entry = ""
        self.show(replace(self.state, busy=False, may_cancel=False, terminal_text="", keypad="", entry_minor=None))
        super().fail(error)

    def show(self, state: PayState) -> None:
        if state.busy != self.state.busy:
            self.desk.paying = state.busy
        super().show(state)

    def show_sale(self, **fields: Any) -> None:
        """Show the sale in hand as it stands, with these fields besides."""
        self.show(replace(self.state, **(pay_fields(self.desk, self._entry) | fields)))
