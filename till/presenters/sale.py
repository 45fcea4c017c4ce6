"""The sale screen: basket left, keypad, quick keys right, total and *Pay* largest of all."""

from typing import Literal

from msgspec import Struct

from till.presenters.screen import Screen

# A page of quick keys is a fixed pool of buttons; a page with more keys is cut into several.
KEYS_PER_PAGE = 20
HITS_MAX = 30


class LineState(Struct, frozen=True, kw_only=True):
    """One line of the basket. `index` counts from 0 and is what the actions take."""

    index: int
    article: str
    name: str
    quantity: str
    unit: str
    unit_price_minor: int
    unit_price_text: str
    discount_minor: int
    discount_text: str
    total_minor: int
    total_text: str
    tax_code: str
    # Why this price: empty for the list price.
    reason: str = ""
    note: str = ""


class TaxState(Struct, frozen=True, kw_only=True):
    code: str
    rate_text: str
    net_text: str
    tax_text: str
    gross_text: str


class KeyState(Struct, frozen=True, kw_only=True):
    """One quick key."""

    article: str
    label: str
    price_text: str


class Hit(Struct, frozen=True, kw_only=True):
    """An article found by type-ahead."""

    article: str
    name: str
    group: str
    price_minor: int
    price_text: str


class CustomerHit(Struct, frozen=True, kw_only=True):
    number: str
    name: str
    company: str
    city: str


class Notice(Struct, frozen=True, kw_only=True):
    """The line under the basket: what was read last and what came of it. An unknown barcode stays here."""

    kind: Literal["none", "added", "unknown", "error"] = "none"
    text: str = ""


class SaleState(Struct, frozen=True, kw_only=True):
    """All that the sale screen shows. `keypad` is the pending entry as typed, e.g. "3 ×"; `changed` the line to show."""

    lines: tuple[LineState, ...] = ()
    selected: int = -1
    changed: int = -1
    currency: str = ""
    total_minor: int = 0
    total_text: str = ""
    count_text: str = ""
    bill_discount_minor: int = 0
    bill_discount_text: str = ""
    taxes: tuple[TaxState, ...] = ()
    paid_minor: int = 0
    paid_text: str = ""
    due_minor: int = 0
    due_text: str = ""
    keypad: str = ""
    pages: tuple[str, ...] = ()
    page: int = 0
    keys: tuple[KeyState, ...] = ()
    search_text: str = ""
    hits: tuple[Hit, ...] = ()
    customer: str = ""
    customer_name: str = ""
    customer_hits: tuple[CustomerHit, ...] = ()
    order_text: str = ""
    notice: Notice = Notice()
    may_pay: bool = False
    # Asked after *Cancel*: empty while nothing is asked.
    question: str = ""
    empty_text: str = ""


class SalePresenter(Screen[SaleState]):
    def scan(self, code: str) -> None:
        """Take a barcode as the scanner sends it; a typed "3 ×" multiplies it."""

    def add(self, article: str, quantity: str = "") -> None:
        """Add an article by its number; without a quantity the typed "3 ×" or 1 counts."""

    def add_text(self, text: str, unit_price_minor: int, tax_code: str, quantity: str = "1") -> None:
        """Add a free-text line (right: override_price)."""

    def quick_key(self, position: int) -> None:
        """Touch a quick key of the shown page."""

    def show_page(self, page: int) -> None:
        """Show another page of quick keys."""

    def search(self, text: str) -> None:
        """Find articles while typing: words of the name, number, barcode. Empty text closes the list."""

    def pick(self, position: int) -> None:
        """Add the article at a position of the hits and close the list."""

    def key(self, key: str) -> None:
        """Type on the keypad: digits, "00", ".", "times", "back", "clear", "enter" (enter looks the entry up)."""

    def select(self, index: int) -> None:
        """Mark a line; the same again takes the mark off."""

    def quantity_from_keypad(self) -> None:
        """Set the selected (or last) line's quantity to the keypad's entry."""

    def change_quantity(self, index: int, quantity: str) -> None:
        """Set a line's quantity; a negative one needs the right negative_line."""

    def change_price(self, index: int, unit_price_minor: int) -> None:
        """Override a line's price (right: override_price)."""

    def remove(self, index: int) -> None:
        """Take a line off."""

    def discount_percent(self, index: int, percent: str, reason: str = "") -> None:
        """Give a line a percentage off; "0" takes its discount back."""

    def discount_amount(self, index: int, amount_minor: int, reason: str = "") -> None:
        """Give a line an amount off; 0 takes its discount back."""

    def note(self, index: int, text: str) -> None:
        """Write a note under a line; it is printed."""

    def bill_discount_percent(self, percent: str, reason: str = "") -> None:
        """Give the whole bill a percentage off; "0" takes it back."""

    def bill_discount_amount(self, amount_minor: int, reason: str = "") -> None:
        """Give the whole bill an amount off; 0 takes it back."""

    def find_customer(self, text: str) -> None:
        """Search customers by name, company, town, number or card; fills `customer_hits`."""

    def choose_customer(self, number: str) -> None:
        """Put a customer on the sale; empty takes the customer off."""

    def ask_cancel(self) -> None:
        """Ask whether the basket shall be dropped; fills `question`."""

    def keep(self) -> None:
        """Answer the question with no."""

    def cancel(self) -> None:
        """Drop the basket. Refused while it holds money that was taken."""

    def pay(self) -> None:
        """Go to `pay`."""

    def supervisor(self, pin: str) -> None:
        """Lift the next action once by a supervisor's PIN."""

    def open_drawer(self, reason: str) -> None:
        """Open the drawer without a sale (right: open_drawer)."""
