"""Open orders: search, look, and take one into the basket after a question."""

from msgspec import Struct

from till.presenters.screen import Screen

ROWS_MAX = 100


class OrderRow(Struct, frozen=True, kw_only=True):
    order_id: str
    number: str
    customer: str
    company: str
    subject: str
    status: str
    status_text: str
    expected_day: str
    total_minor: int
    total_text: str
    open_minor: int
    open_text: str


class OrderLineState(Struct, frozen=True, kw_only=True):
    name: str
    quantity: str
    total_text: str


class StatusFilter(Struct, frozen=True, kw_only=True):
    """One status to filter by; the empty one is all."""

    status: str
    text: str


class OrdersState(Struct, frozen=True, kw_only=True):
    """`age_text` says how old the list is; `question` is asked before an order is taken, `warning` stands under it."""

    rows: tuple[OrderRow, ...] = ()
    more: bool = False
    search_text: str = ""
    filters: tuple[StatusFilter, ...] = ()
    status: str = ""
    selected: str = ""
    selected_lines: tuple[OrderLineState, ...] = ()
    age_text: str = ""
    empty_text: str = ""
    question: str = ""
    warning: str = ""


class OrdersPresenter(Screen[OrdersState]):
    def search(self, text: str) -> None:
        """Find by customer, company or order number."""

    def filter(self, status: str) -> None:
        """Show one status, or all with an empty one."""

    def select(self, order_id: str) -> None:
        """Show an order's lines."""

    def ask(self, order: str) -> None:
        """Ask whether the order (id or number) shall be taken into the till; fills `question` and `warning`."""

    def confirm(self) -> None:
        """Answer yes: the order becomes the basket; goes to `sale`."""

    def decline(self) -> None:
        """Answer no."""

    def take(self, order: str) -> None:
        """Ask and answer yes in one: for scripts and a scanned order number."""

    def back(self) -> None:
        """Go back to `sale`."""
