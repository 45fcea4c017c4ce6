"""Vouchers and accounts on the pay screen: ask what one stands at, off the screen's thread, before money is counted."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from schema.errors import CounterfoilError
from schema.parties import Customer
from till.paying import account, vouchers
from till.paying.account import Standing
from till.paying.vouchers import Sight, Worth
from till.presenters.pay_state import PayScreen, account_state, voucher_state
from till.runner import Lane
from till.selling.customers import find_customer

Result = TypeVar("Result")


class BalanceSteps:
    """Steps of the pay screen that wait for the disk or for head office. The sale stays as it is meanwhile."""

    def __init__(self, screen: PayScreen) -> None:
        self._screen = screen
        self._desk = screen.desk

    def standing(self, then: Callable[[Standing], None]) -> None:
        """Read how the sale's customer stands. Raises Refused("no_customer")."""
        balances, today, customer = self._desk.parts.balances, self._desk.today().isoformat(), self._customer()
        self._wait(lambda: balances.standing(customer, today), then, lane="journal")

    def show_account(self, found: Standing) -> None:
        """Show how the customer stands, and ask whether the sale goes on the account."""
        sale = self._desk.sale
        state = account_state(self._customer(), found, sale, self._desk)
        self._screen.show_sale(panel="account", account=state)

    def look_up(self, typed_code: str, then: Callable[[Worth], None]) -> None:
        """Ask about a voucher, at head office where it answers. Raises Refused("bad_voucher")."""
        desk, code = self._desk, vouchers.clean_code(typed_code)
        balances, sale, settings, day = desk.parts.balances, desk.sale, desk.settings(), desk.today().isoformat()

        def judge(sight: Sight) -> None:
            then(vouchers.worth(sight, sale, settings, day))

        self._wait(lambda: balances.voucher(code), judge, lane="agent")

    def show_voucher(self, found: Worth) -> None:
        """Show what a voucher is worth, and ask whether it is taken."""
        state = voucher_state(found, self._screen.state.due_minor, self._desk)
        self._screen.show_sale(panel="voucher", voucher=state)

    def keep_leases(self) -> None:
        """Renew the leases on vouchers in hand, give back those that are not used. Called every second."""
        desk, leases = self._desk, self._desk.parts.balances.leases
        in_hand = vouchers.used_in(desk.sale) if desk.has_sale else frozenset[str]()
        leases.hold(in_hand)
        for code in leases.to_release(in_hand | self._shown()):
            leases.forget({code})
            self._in_background(partial(leases.release, code))
        for code in leases.to_renew(in_hand):
            leases.asked(code)
            self._in_background(partial(leases.renew, code))

    def _shown(self) -> frozenset[str]:
        shown = self._screen.state.voucher
        return frozenset((shown.code,)) if shown else frozenset()

    def _in_background(self, work: Callable[[], None]) -> None:
        self._desk.runner.run(work, lambda _: None, lambda _: None, lane="agent")

    def _customer(self) -> Customer:
        parts = self._desk.parts
        return find_customer(account.check_customer(self._desk.sale), parts.journal, parts.mirror)

    def _wait(self, work: Callable[[], Result], then: Callable[[Result], None], *, lane: Lane) -> None:
        """Do slow work; what comes of it may be refused."""
        screen = self._screen
        screen.show_sale(busy=True, terminal_text="", may_cancel=False)

        def came(result: Result) -> None:
            screen.show_sale(busy=False)
            try:
                then(result)
            except CounterfoilError as error:
                screen.fail(error)

        self._desk.runner.run(work, came, screen.fail, lane=lane)
