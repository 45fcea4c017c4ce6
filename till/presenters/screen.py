"""What every screen shares: the view it talks to, what it can say, and where it can send the cashier.

A presenter is a plain class: it holds a frozen state (all that its screen shows), has one method per action, and
pushes to its view. The view holds no rule. Presenters live on the screen's thread; slow work goes through the runner.
"""

import functools
from collections.abc import Callable
from typing import Any, ClassVar, Concatenate, Generic, Literal, ParamSpec, Protocol, TypeVar

from msgspec import Struct

from schema.errors import CounterfoilError
from till.desk import Desk

Kind = Literal["info", "warn", "error"]
# What a message's button does; the window binds each to one presenter call.
Action = Literal["", "supervisor", "print_again", "messages", "retry", "open_shift", "close_shift", "take_anyway"]
ScreenName = Literal[
    "setup",
    "sign_in",
    "open_shift",
    "sale",
    "customer",
    "matrix",
    "parked",
    "pay",
    "done",
    "returns",
    "orders",
    "make_order",
    "cash",
    "close_shift",
    "reports",
    "messages",
    "settings",
    "lock",
]
# After these nothing may be sold until the till was started anew.
ENDS_SELLING = frozenset({"journal_broken", "journal_tampered", "journal_rolled_back", "not_open", "not_enrolled"})
_ACTION_OF: dict[str, Action] = {
    "needs_supervisor": "supervisor",
    "card_in_doubt": "messages",
    "no_shift": "open_shift",
    "old_shift": "close_shift",
    "disk_full": "retry",
}
_ACTION_TEXTS: dict[Action, str] = {
    "supervisor": "Supervisor PIN",
    "print_again": "Print again",
    "messages": "Messages",
    "retry": "Try again",
    "open_shift": "Open shift",
    "close_shift": "Count and close",
    "take_anyway": "Take it anyway",
}
# What they are called with is a PIN: no "try again" remembers it.
_NEVER_KEPT = frozenset({"sign_in", "unlock", "supervisor"})
State = TypeVar("State", bound=Struct)
Arguments = ParamSpec("Arguments")
Presenter = TypeVar("Presenter", bound="Screen[Any]")
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
    """A presenter's hold on its view. `state` can be read at any time, also without a view.

    Where `repeats` is False, "try again" does nothing: what was typed for the action is gone by then.
    """

    repeats: ClassVar[bool] = True

    def __init__(self, desk: Desk, state: State) -> None:
        self.desk = desk
        self.state = state
        self._view: View[State] | None = None

    def attach(self, view: View[State]) -> None:
        """Take the view that shows this presenter from now on, and show it the present state."""
        self._view = view
        view.show(self.state)

    def enter(self) -> None:
        """Call when the screen comes to the front."""
        self.show(self.state)

    def show(self, state: State) -> None:
        """Keep a state and show it."""
        self.state = state
        if self._view is not None:
            self._view.show(state)

    def say(self, kind: Kind, text: str, *, code: str = "", action: Action = "") -> None:
        """Say something that is translated already."""
        if self._view is not None:
            label = self.desk.words(_ACTION_TEXTS[action]) if action else ""
            self._view.say(Message(kind=kind, text=text, code=code, action=action, action_text=label))

    def go(self, screen: ScreenName) -> None:
        if self._view is not None:
            self._view.go(screen)

    def fail(self, error: CounterfoilError) -> None:
        """Tell an error; one that ends selling leads to the setup screen."""
        action = _ACTION_OF.get(error.code, "")
        self.say("error", self.desk.words.of_error(error), code=error.code, action=action)
        if error.code in ENDS_SELLING:
            self.desk.trouble = error
            self.go("setup")


def _not_again() -> None:
    """Repeat nothing: the person begins anew."""


def told(
    action: Callable[Concatenate[Presenter, Arguments], None],
) -> Callable[Concatenate[Presenter, Arguments], None]:
    """Decorate a presenter's action: what it raises is told to the cashier."""

    @functools.wraps(action)
    def call(presenter: Presenter, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        kept = presenter.repeats and action.__name__ not in _NEVER_KEPT
        presenter.desk.again = functools.partial(call, presenter, *args, **kwargs) if kept else _not_again
        try:
            action(presenter, *args, **kwargs)
        except CounterfoilError as error:
            presenter.fail(error)

    return call
