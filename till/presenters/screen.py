"""What every screen shares: the view it talks to, what it can say, and where it can send the cashier.

A presenter is a plain class: it holds a frozen state (all that its screen shows), has one method per action, and
pushes to its view. The view holds no rule. Presenters live on the screen's thread; slow work goes through the runner.
"""

from typing import Generic, Literal, Protocol, TypeVar

from msgspec import Struct

Kind = Literal["info", "warn", "error"]
# What a message's button does; the window binds each to one presenter call.
Action = Literal["", "supervisor", "print_again", "messages", "retry", "open_shift", "take_anyway"]
ScreenName = Literal[
    "setup", "sign_in", "open_shift", "sale", "pay", "done", "orders", "cash", "close_shift", "messages", "lock"
]
State = TypeVar("State", bound=Struct)
State_contra = TypeVar("State_contra", bound=Struct, contravariant=True)


class Message(Struct, frozen=True, kw_only=True):
    """What happened, what it means for the sale, what to do. `code` is stable; `action` names the button offered."""

    kind: Kind
    text: str
    code: str = ""
    action: Action = ""
    action_text: str = ""


class View(Protocol[State_contra]):
    """What a window offers to a presenter. All calls come on the screen's thread."""

    def show(self, state: State_contra) -> None:
        """Show this state; it replaces the one before."""

    def say(self, message: Message) -> None:
        """Say something until the next touch or scan; an error with a sound."""

    def go(self, screen: ScreenName) -> None:
        """Leave for another screen; the window then calls that presenter's `enter`."""


class Screen(Generic[State]):
    """A presenter's hold on its view. `state` can be read at any time, also without a view."""

    state: State

    def attach(self, view: View[State]) -> None:
        """Take the view that shows this presenter from now on, and show it the present state."""

    def enter(self) -> None:
        """Call when the screen comes to the front."""
