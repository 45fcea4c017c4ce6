"""The scripted morning: sales online, the line cut, sales and a pickup offline, back online, books that agree.

Every touch is a real one on the till's real window, every scan real keys; the order is taken on the office's pages in a
real browser. At the end head office's control figures are set against the drawer and the terminal.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo import clerk
from demo.story import Story
from rig.programs import ProgramError
from rig.screen import TillWindow
from rig.shop import Shop
from schema.money import format_amount

CASHIER, PIN = "3", "3333"
FLOAT_MINOR, CASH_OUT_MINOR = 20000, 1000
CUSTOMER = "C1001"
ORDER = {"0005": 6, "0003": 2}
# No article of the import, and no scale's code either: those begin with 2.
UNKNOWN_CODE = "4012349999996"
CODES = 12
# What the customer takes at the terminal: long enough for the till's words about it to be read.
CARD_DELAY_S = 1.0
CURRENCY = "EUR"


def codes() -> list[str]:
    """Return the bar codes that the morning scans."""
    from server.demo.shop import articles

    return [code[-13:] for article in articles() for code in article.barcodes[:1]][:CODES]


class Morning:
    """Plays the story on a shop and a window; pictures go to `out`."""

    def __init__(self, shop: Shop, window: TillWindow, story: Story, out: Path, codes: list[str]) -> None:
        self._shop, self._window, self._story, self._out, self._codes = shop, window, story, out, codes
        self._pictures = 0
        self._drawer_minor = FLOAT_MINOR
        self._card_minor = 0
        # What the till's window holds when all is done, and the most that it held; in MiB.
        self.memory_mib = (0.0, 0.0)

    def play(self) -> None:
        """Play all of it. Raises ProgramError where a step does not happen or the figures disagree."""
        order = self._take_an_order()
        self._open_the_shop()
        self._sell_online()
        self._lose_the_line(order)
        self._come_back()
        self._close_the_shop()
        self.memory_mib = self._window.program.memory_mib()
        self._balance()

    # -- chapters

    def _take_an_order(self) -> str:
        self._story.chapter("Head office takes an order")
        with self._story.step("A clerk signs in to the office and writes a customer's order for pickup"):
            picture = self._out / "office" / "00-new-order.png"
            order = clerk.take_order(self._shop.office.url, customer=CUSTOMER, lines=ORDER, picture=picture)
        self._story.say(f"{order} is confirmed and on its way to the till")
        return order

    def _open_the_shop(self) -> None:
        self._story.chapter("The shop opens")
        window = self._window
        with self._story.step("The cashier signs in with a PIN"):
            window.wait_for_screen("sign_in")
            window.tap(f"cashier:{CASHIER}")
            window.type_keys(PIN)
            self._picture("sign-in")
            window.tap("sign_in")
            window.wait_for_screen("open_shift")
        with self._story.step(f"… and opens the shift with {_euros(FLOAT_MINOR)} in the drawer"):
            window.type_keys(str(FLOAT_MINOR // 100))
            self._picture("open-shift")
            window.tap("open_shift")
            window.wait_for_screen("sale")

    def _sell_online(self) -> None:
        self._story.chapter("Customers, with the line up")
        with self._story.step("A basket by scanner, paid in cash: the change is shown large, the drawer opens"):
            self._scan_all([*self._codes[:4], self._codes[0]])
            self._picture("sale")
            self._pay_cash()
        with self._story.step("A basket from the quick keys, paid by card at the terminal"):
            for name in self._quick_keys(3):
                self._tap_article(name)
            self._pay_card()
        with self._story.step("A code that nobody knows stays on the screen and sells nothing"):
            self._window.scan(UNKNOWN_CODE)
            answer = f"“{UNKNOWN_CODE}” is not known here."
            self._window.wait(lambda seen: answer in _text(seen, "message"), "the unknown code")
            self._picture("unknown-code")
            self._window.tap("dismiss")

    def _lose_the_line(self, order: str) -> None:
        self._story.chapter("The line is cut")
        with self._story.step("Head office cannot be reached; the till says so in words and goes on"):
            self._shop.line.cut()
            self._window.wait(lambda seen: "Offline" in _text(seen, "connection"), "the word offline", 60)
        with self._story.step("Offline: a basket by scanner, cash"):
            self._scan_all(self._codes[4:8])
            self._picture("sale-offline")
            self._pay_cash()
        with self._story.step("Offline: a basket by scanner, card"):
            self._scan_all(self._codes[8:11])
            self._pay_card()
        with self._story.step(f"Offline: {order} is found in the till's mirror, paid by card and handed over"):
            self._take_order(order)
            self._pay_card()
        with self._story.step(f"Offline: {_euros(CASH_OUT_MINOR)} leave the drawer for the window cleaner"):
            self._cash_out()
        self._story.say(f"the till says: {self._window.text('connection')}")

    def _come_back(self) -> None:
        self._story.chapter("The line is back")
        with self._story.step("The agent sends what waited, and head office signs for every event"):
            self._shop.line.mend()
            self._window.wait(lambda seen: "all sent" in _text(seen, "connection"), "the words all sent", 90)
            self._picture("back-online")

    def _close_the_shop(self) -> None:
        self._story.chapter("Count and close")
        window = self._window
        with self._story.step(f"The cashier counts {_euros(self._drawer_minor)}, no difference, and closes the shift"):
            self._menu("close_shift")
            window.type_keys(_keys(self._drawer_minor))
            self._picture("count")
            window.tap("close_shift")
            window.tap("yes")
            window.target("print_report")
            self._picture("z-report")
        with self._story.step("The last events reach head office and its books"):
            self._shop.wait_until_synced()

    def _balance(self) -> None:
        self._story.chapter("The books")
        with self._story.step("Pictures of the office's pages"):
            clerk.take_pictures(self._shop.office.url, self._out / "office")
        with self._story.step("Journal = receipts = ledger, by head office's control figures"):
            books = self._shop.books(datetime.now(UTC).astimezone().date().isoformat())
            if not books["agrees"] or len(books["figures"]) < len(("cash", "card")):
                raise ProgramError(f"the books disagree: {books}")
        with self._story.step(f"The drawer holds what the ledger says: {_euros(self._drawer_minor)}"):
            _must_equal("the drawer", self._drawer_minor, _ledger(books, "cash"))
        with self._story.step(f"The terminal charged what the ledger says: {_euros(self._card_minor)}"):
            _must_equal("the card payments", self._card_minor, _ledger(books, "card"))
            _must_equal("the terminal", self._shop.control("terminal", "/charges")["charged_minor"], self._card_minor)

    # -- what a cashier does again and again

    def _scan_all(self, codes: list[str]) -> None:
        for code in codes:
            self._adds_up(lambda code=code: self._window.scan(code), f"a line for {code}")  # type: ignore[misc]

    def _adds_up(self, action: Callable[[], None], what: str) -> None:
        """Do something and wait until the total on the screen is another."""
        before = _text(self._window.look(), "total")
        action()
        self._window.wait(lambda seen: _text(seen, "total") not in {"", before}, what)

    def _quick_keys(self, count: int) -> list[str]:
        names = [each["name"] for each in self._window.look()["targets"] if each["name"].startswith("quick:")]
        return names[:count]

    def _tap_article(self, name: str) -> None:
        self._adds_up(lambda: self._window.tap(name), f"a line for {name}")

    def _to_pay(self) -> int:
        self._window.tap("pay")
        self._window.wait_for_screen("pay")
        return _minor(self._window.text("due"))

    def _pay_cash(self) -> None:
        window = self._window
        self._drawer_minor += self._to_pay()
        window.type_keys("200")
        self._picture("pay-cash")
        window.tap("cash")
        self._next_sale("change")

    def _pay_card(self) -> None:
        self._card_minor += self._to_pay()
        self._window.tap("card")
        self._window.wait(lambda seen: _text(seen, "terminal"), "the terminal's words")
        self._picture("card-at-the-terminal")
        self._next_sale("paid")

    def _next_sale(self, picture: str) -> None:
        self._window.wait_for_screen("done")
        self._picture(picture)
        self._window.tap("next")
        self._window.wait_for_screen("sale")

    def _take_order(self, order: str) -> None:
        window = self._window
        window.tap("orders")
        window.wait_for_screen("orders")
        window.tap(f"order:{order}")
        window.target("order_line:1")
        self._picture("open-orders")
        window.tap("take")
        window.tap("yes")
        window.wait_for_screen("sale")
        self._picture("pickup")

    def _cash_out(self) -> None:
        window = self._window
        self._menu("cash")
        window.tap("kind:cash_out")
        window.tap("reason:1")
        typed = str(CASH_OUT_MINOR // 100)
        window.type_keys(typed)
        window.wait(lambda seen: typed in _text(seen, "entry"), "the typed amount")
        self._picture("cash-out")
        window.tap("book")
        window.wait(lambda seen: typed not in _text(seen, "entry"), "the booking")
        window.tap("back")
        window.wait_for_screen("sale")
        self._drawer_minor -= CASH_OUT_MINOR

    def _menu(self, screen: str) -> None:
        self._window.tap("menu")
        self._window.tap(f"menu:{screen}")
        self._window.wait_for_screen(screen)

    def _picture(self, name: str) -> None:
        self._pictures += 1
        self._window.picture(self._out / "till" / f"{self._pictures:02d}-{name}.png")


def _text(seen: dict[str, Any], name: str) -> str:
    return next((str(each["text"]) for each in seen.get("targets", ()) if each["name"] == name), "")


def _minor(shown: str) -> int:
    return int("".join(char for char in shown if char.isdigit()))


def _keys(amount_minor: int) -> list[str]:
    return list(f"{amount_minor // 100}.{amount_minor % 100:02d}")


def _euros(amount_minor: int) -> str:
    return format_amount(amount_minor, CURRENCY)


def _ledger(books: dict[str, Any], tender: str) -> int:
    return sum(row["ledger_minor"] for row in books["figures"] if row["tender"] == tender)


def _must_equal(what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise ProgramError(f"{what}: {_euros(found)}, but the ledger says {_euros(wanted)}")
