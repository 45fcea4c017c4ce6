"""A window without pixels: it keeps what the presenters say and where they go."""

from msgspec import Struct

from till.presenters.screen import Message, ScreenName
from till.presenters.screens import Screens


class Stage:
    """The view of every presenter at once."""

    def __init__(self, screens: Screens) -> None:
        self.screens = screens
        self.screen: ScreenName = screens.first
        self.said: list[Message] = []
        for name in screens.__struct_fields__:
            if name != "first":
                getattr(screens, name).attach(self)
        getattr(screens, screens.first).enter()

    def show(self, state: Struct) -> None:
        """Nothing to draw: answers are read from the presenters' states."""

    def say(self, message: Message) -> None:
        self.said.append(message)

    def tick(self) -> None:
        """Do what the window does every second: keep the leases of what is in hand, give the others back."""
        self.screens.orders.tick()
        self.screens.pay.tick()

    def go(self, screen: ScreenName) -> None:
        self.screen = screen
        getattr(self.screens, screen).enter()
