"""Customer: search, look at one with the open items, choose, write down a new one."""

from typing import Any

from kivy.properties import ObjectProperty, StringProperty

from till.presenters.customer import CustomerState, typed_customer
from till.ui.screen import TillScreen
from till.ui.window import Panel

# The new customer's fields in the form's order; the form's names of them stand in its kv.
FIELDS = ("name", "company", "street", "postcode", "city", "phone", "email", "card_code")


class CustomerScreen(TillScreen):
    """Shows a CustomerState: the list beside the customer who is looked at."""

    def update(self, state: CustomerState) -> None:
        """Show who was found, and the open items of the one who is looked at."""
        selected = state.detail.number if state.detail else ""
        self.ids.rows.show(
            [
                {
                    "title": row.company or row.name,
                    "detail": "  ·  ".join(filter(None, (row.name if row.company else "", row.city, row.group))),
                    "figure": row.open_text,
                    "chosen": row.number == selected,
                    "target": f"customer:{row.number}",
                }
                for row in state.rows
            ]
        )
        self.ids.open_items.show(
            [
                {
                    "title": item.reference,
                    "detail": item.age_text,
                    "figure": item.open_text,
                    "picture": "alert" if item.overdue else "basket" if item.in_basket else "",
                    "chosen": item.in_basket,
                    "target": f"item:{item.reference}",
                }
                for item in (state.detail.items if state.detail else ())
            ]
        )
        self._follow_form(state)

    def _follow_form(self, state: CustomerState) -> None:
        panel = self.window.frame.panel
        if state.writing and not isinstance(panel, NewCustomerPanel):
            self.window.frame.open_panel(NewCustomerPanel(screen=self, text=state.search_text))
        elif not state.writing and isinstance(panel, NewCustomerPanel):
            self.window.frame.close_panel()

    def on_pre_enter(self, *_: object) -> None:
        """Begin with an empty search that takes what is typed."""
        self.ids.search.text = ""

    def on_enter(self, *_: object) -> None:
        """Give the search the keyboard."""
        self.ids.search.focus = True

    def fact(self, state: CustomerState, name: str) -> str:
        """Return one text of the customer who is looked at."""
        return str(getattr(state.detail, name)) if state.detail else ""

    def title(self, state: CustomerState) -> str:
        """Return the name by which a person knows the customer."""
        detail = state.detail
        return (detail.company or detail.name) if detail else ""

    def choose(self, position: int) -> None:
        """Touch a row: look at the customer; touch it again to put them on the sale."""
        number = self.shown.rows[position].number
        if self.shown.detail and self.shown.detail.number == number:
            self.presenter.choose(number)
        else:
            self.presenter.select(number)

    def take(self) -> None:
        """Put the customer who is looked at on the sale, or the only one who was found."""
        if self.shown.detail:
            self.presenter.choose(self.shown.detail.number)
        elif len(self.shown.rows) == 1:
            self.presenter.choose(self.shown.rows[0].number)

    def pay_item(self, position: int) -> None:
        """Touch an open item: it is paid with this sale."""
        if self.shown.detail and position < len(self.shown.detail.items):
            self.presenter.pay_item(self.shown.detail.items[position].reference)

    def scanned(self, code: str) -> None:
        """A customer's card chooses; anything else goes on selling."""
        self.presenter.scan(code)

    def typed(self, text: str) -> None:
        """Typing searches."""
        self.ids.search.focus = True
        self.ids.search.text += text

    def key(self, name: str) -> bool:
        """Walk through the list with the arrow keys."""
        if name in {"up", "down"} and self.shown.rows:
            numbers = [row.number for row in self.shown.rows]
            here = numbers.index(self.shown.detail.number) if self.shown.detail else -1
            self.presenter.select(numbers[(here + (1 if name == "down" else -1)) % len(numbers)])
            return True
        return False

    def on_leave(self, *_: object) -> None:
        """Give the keyboard back."""
        self.ids.search.focus = False


class NewCustomerPanel(Panel):
    """The form for a new customer."""

    screen = ObjectProperty(None)
    text = StringProperty("")

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.ids.name.text = self.text
        self.ids.name.focus = True

    def save(self) -> None:
        """Write the customer down; what is refused leaves the form as it is, with all of it in sight."""
        self.screen.window.typing.done()
        self.screen.presenter.save_new(typed_customer({name: self.ids[name].text for name in FIELDS}))

    def leave(self) -> None:
        """Back to the search."""
        self.screen.presenter.back()

    def closed(self) -> None:
        """Leave the fields."""
        for name in FIELDS:
            self.ids[name].focus = False
        if self.screen.presenter.state.writing:
            self.screen.presenter.back()
