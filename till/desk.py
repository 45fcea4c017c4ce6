"""The desk: who is signed in, what sale is in hand, and the rooms behind it. One per till, on the screen's thread.

Presenters share it. It changes only after the journal has committed, so nothing on a screen is ahead of the disk.
"""

from collections.abc import Callable
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import Basket
from schema.catalogue import StoreSettings
from schema.clock import Clock, local_day, new_id
from schema.device import Device
from schema.errors import CounterfoilError, Unready
from schema.events import SaleCompleted
from schema.locale import day_text
from schema.money import format_amount
from schema.parties import Cashier, Customer, Right
from till import permissions
from till.card.payments import Cards
from till.card.terminal_day import TerminalDays
from till.connection import Connection
from till.journal import tables
from till.journal.journal import Journal
from till.link import AgentLink
from till.mirror import Mirror
from till.moment import clock_time, stamp
from till.ordering.orders import Orders
from till.paper.letterhead import Letterhead, letterhead_of
from till.paper.printing import PrintQueue
from till.paying import account
from till.paying.balances import Balances
from till.paying.fiscal import Fiscal
from till.pins import Pins
from till.returning.past import PastReceipts
from till.runner import Runner
from till.selling.prices import priced
from till.selling.register import CURRENT, Sale, encode_sale, new_sale, with_basket
from till.shifts.shift import OLD_SHIFT, open_shift
from till.words import Day, RefusedInWords, Words, load_words

Then = Callable[[], None]
Failed = Callable[[CounterfoilError], None]


class Parts(Struct, frozen=True, kw_only=True):
    """The rooms of an opened till, as the composition root put them together."""

    device: Device
    journal: Journal
    mirror: Mirror
    link: AgentLink
    pins: Pins
    cards: Cards
    terminal_days: TerminalDays
    balances: Balances
    receipts: PastReceipts
    orders: Orders
    printing: PrintQueue
    fiscal: Fiscal
    # What was found at the start: the saved basket, and what a person should hear of.
    draft: Sale | None = None
    notices: tuple[str, ...] = ()


class Finished(Struct, frozen=True, kw_only=True):
    """The last sale: what the *done* screen shows."""

    sale: SaleCompleted
    change_minor: int


class Desk:
    """Who and what is at the till now. `open_parts` is the composition root's; it raises CounterfoilError."""

    def __init__(self, open_parts: Callable[[], Parts], words: Words, runner: Runner, clock: Clock) -> None:
        self.words = words
        # Paper speaks the till's language, whatever a cashier reads on the screen.
        self.paper_words = words
        self.runner = runner
        self.clock = clock
        self.cashier: Cashier | None = None
        self.locked = False
        # Called whenever what the customer sees may have changed; must not wait.
        self.on_sale: Then = _nobody
        # What a person did last, for "try again" after it was refused; see presenters.screen.told.
        self.again: Then = _nobody
        self._finished: Finished | None = None
        # A payment or its commit is under way off the screen's thread: the sale must stay as it is.
        self.paying = False
        self.trouble: CounterfoilError | None = None
        self.connection: Connection | None = None
        # The open shift is of an earlier day, and nobody has decided yet to sell on in it.
        self.halted_shift = ""
        self._sold_on = ("", "")
        self._open_parts = open_parts
        self._parts: Parts | None = None
        self._sale: Sale | None = None
        self._lift: Cashier | None = None

    def open(self) -> bool:
        """Open the till's rooms; tell whether it can sell. `trouble` says why not."""
        if self._parts is not None and self._parts.journal.fault is None:
            return True
        self.close()
        try:
            self._parts = self._open_parts()
        except CounterfoilError as error:
            self.trouble = error
            return False
        self.trouble = self._parts.journal.fault
        self._hold(self._parts.draft)
        return self.trouble is None

    def close(self) -> None:
        if self._parts is not None:
            self._parts.fiscal.stop()
            self._parts.journal.close()
            self._parts.mirror.close()
        self._parts = None

    def reopen(self) -> bool:
        """Close the rooms and open them anew, from other settings or another folder; tell whether it can sell."""
        self.close()
        self._sale = self._finished = self._lift = None
        return self.open()

    @property
    def parts(self) -> Parts:
        """Return the rooms. Raises the trouble that keeps them shut."""
        if self._parts is None:
            raise self.trouble or Unready("not_open", "The till is not open yet.")
        return self._parts

    def speak(self, language: str) -> bool:
        """Speak a language on the screen; tell whether that is another one than before."""
        if language == self.words.language:
            return False
        self.words = self.paper_words if language == self.paper_words.language else load_words(language)
        return True

    # -- people

    def signed_in(self) -> Cashier:
        """Return the cashier. Raises Refused("not_signed_in"), Refused("locked")."""
        if self.cashier is None:
            raise RefusedInWords("not_signed_in", "Nobody is signed in. Choose your name and type your PIN.")
        if self.locked:
            raise RefusedInWords("locked", "The till is locked. Type your PIN to go on.")
        return self.cashier

    def ready_to_sell(self) -> Cashier:
        """Return the cashier of an open shift. Raises Refused: not_signed_in, locked, no_shift, old_shift."""
        cashier = self.signed_in()
        shift = open_shift(self.parts.journal.position)
        if shift.shift_id == self.halted_shift:
            raise RefusedInWords("old_shift", OLD_SHIFT, day=Day(shift.business_day))
        return cashier

    def hold_old_shift(self) -> bool:
        """Hold selling where the open shift is of an earlier day, until `sell_on`; tell whether.

        Asked when somebody signs in or unlocks: selling that goes past midnight is not interrupted.
        """
        shift, today = self.parts.journal.position.shift, self.today().isoformat()
        is_old = shift is not None and shift.business_day < today and self._sold_on != (shift.shift_id, today)
        self.halted_shift = shift.shift_id if shift is not None and is_old else ""
        return is_old

    def sell_on(self) -> None:
        """Go on in a shift of an earlier day; it is not asked about again today."""
        self._sold_on, self.halted_shift = (self.halted_shift, self.today().isoformat()), ""

    def lift(self, supervisor: Cashier) -> None:
        """Let the next action that needs it have this supervisor's rights, once."""
        self._lift = supervisor

    def with_right(self, right: Right, then: Then, failed: Failed) -> None:
        """Do something that needs a right: by the cashier's role, or by a lift, which is journaled first."""
        try:
            cashier = self.signed_in()
            if permissions.holds(cashier, right):
                then()
                return
            body = permissions.lifted(cashier, self._lift, right)
        except CounterfoilError as error:
            failed(error)
            return
        self._lift = None
        journal = self.parts.journal
        self.runner.run(lambda: journal.append(body), lambda _: _guarded(then, failed), failed)

    # -- the sale in hand

    @property
    def sale(self) -> Sale:
        """Return the sale in hand, a fresh one where there is none."""
        if self._sale is None:
            self._sale = new_sale(new_id(self.clock), self.clock.now_ms(), self.parts.device.currency)
        return self._sale

    def change_basket(self, basket: Basket) -> None:
        """Change the basket of the sale in hand, at the prices that hold now. Raises Refused where it cannot change."""
        self.check_free()
        changed = with_basket(self.sale, basket)
        self._hold(replace(changed, basket=priced(basket, self.sale.customer_group, self.parts.mirror, self.clock)))

    def change_customer(self, customer: Customer | None) -> None:
        """Put a customer on the sale in hand, or take it off with None; the customer's group decides prices."""
        number, name = (customer.number, customer.company or customer.name) if customer else ("", "")
        group = customer.group if customer else ""
        basket = replace(self.sale.basket, customer=number)
        self.check_free()
        account.check_same_customer(self.sale.basket, number)
        changed = replace(with_basket(self.sale, basket), customer_name=name, customer_group=group)
        self._hold(replace(changed, basket=priced(basket, group, self.parts.mirror, self.clock)))

    def check_free(self) -> None:
        """Raise Refused("payment_running") while the sale in hand is being paid."""
        if self.paying:
            raise RefusedInWords("payment_running", "A payment is under way. Wait for its end.")

    def take_sale(self, sale: Sale | None) -> None:
        """Put another state of the sale in hand; None for the next, fresh one."""
        self._hold(sale)

    def _hold(self, sale: Sale | None) -> None:
        """Keep the sale in hand; its first line begins it for the fiscal unit, and the customer sees it."""
        self._sale = sale
        if sale is not None and sale.basket.lines:
            self.parts.fiscal.begin(sale.sale_id)
        self.on_sale()

    @property
    def has_sale(self) -> bool:
        """Tell whether anything is in hand, without making a fresh sale."""
        return self._sale is not None and not self._sale.is_empty

    @property
    def finished(self) -> Finished | None:
        """Return the last sale, until the next begins."""
        return self._finished

    @finished.setter
    def finished(self, finished: Finished | None) -> None:
        self._finished = finished
        self.on_sale()

    def save_draft(self, failed: Failed) -> None:
        """Write the sale in hand to the disk, off the screen's thread."""
        journal, sale, now_ms = self.parts.journal, self.sale, self.clock.now_ms()
        statement = (
            (tables.DROP_DRAFT, (CURRENT,))
            if sale.is_empty
            else (tables.SAVE_DRAFT, (CURRENT, "", encode_sale(sale), now_ms))
        )
        self.runner.run(lambda: journal.change(statement), lambda _: None, failed)

    # -- what the screens ask all the time

    def settings(self) -> StoreSettings:
        return self.parts.mirror.settings()

    def letterhead(self) -> Letterhead:
        return letterhead_of(self.settings(), self.parts.device, self.paper_words, self.clock)

    def today(self) -> date:
        return local_day(self.clock.now_ms(), self.clock.utc_offset_min())

    @property
    def currency(self) -> str:
        return self.parts.device.currency

    def amount(self, amount_minor: int) -> str:
        """Write an amount for the screen."""
        return format_amount(amount_minor, self.currency, self.words.language)

    def day(self, day: date | str) -> str:
        """Write a day (date or ISO text) for the screen."""
        return day_text(day, self.words.language)

    def time(self, at_ms: int) -> str:
        """Write an instant for the screen: the time of day, of another day with its date."""
        return clock_time(at_ms, self.clock, self.words.language)

    def stamp(self, at_ms: int) -> str:
        """Write an instant for paper, in the store's language: day and time to the second."""
        return stamp(at_ms, self.clock, self.paper_words.language)


def _nobody() -> None:
    """Nothing to do yet, or nobody to tell."""


def _guarded(then: Then, failed: Failed) -> None:
    try:
        then()
    except CounterfoilError as error:
        failed(error)
