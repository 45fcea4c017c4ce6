"""The top bar of every screen: store and till, cashier, shift, and the connection in words."""

from typing import Literal

from msgspec import Struct

from till.presenters.screen import Screen

Connection = Literal["online", "offline", "trouble"]


class BarState(Struct, frozen=True, kw_only=True):
    """What the top bar shows; `connection` is the shape beside the words."""

    store: str = ""
    till: str = ""
    cashier: str = ""
    shift: str = ""
    connection: Connection = "offline"
    connection_text: str = ""
    waiting: int = 0
    # Things that a person should look at in the message centre: card payments in doubt, unprinted receipts.
    attention: int = 0
    attention_text: str = ""


class BarPresenter(Screen[BarState]):
    def refresh(self) -> None:
        """Read the connection anew, off the screen's thread. Call every second or two."""
