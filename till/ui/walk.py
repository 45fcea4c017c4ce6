"""Walking through a screen with Tab: everything that can be touched can be reached and pressed without a finger.

A ring is drawn around what Enter would touch. It goes away with a touch, a scan or a typed character, so that Enter
then means again what the screen's own button says.
"""

from typing import Any

from kivy.graphics import Color, Line
from kivy.metrics import dp
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.textinput import TextInput

from till.ui.keyboard import focused_field
from till.ui.places import visible

RING_DP = 2
FORWARD, BACK = "tab", "back_tab"


class Walk:
    """Where the walk is. The window asks it first about every key."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._at: Any = None

    @property
    def target(self) -> str:
        """Return the name of what the ring is around, empty where there is none."""
        return str(self._at.target) if self._at is not None else ""

    def key(self, name: str) -> bool:
        """Go on, press, or end the walk; tell whether the key meant that."""
        if name in (FORWARD, BACK):
            self._step(1 if name == FORWARD else -1)
            return True
        if self._at is None or isinstance(self._at, TextInput) or name not in ("enter", "escape"):
            return False
        here = self._at
        self.end()
        if name == "enter":
            here.dispatch("on_press")
        return True

    def end(self) -> None:
        """Take the ring away."""
        if self._at is not None:
            self._at.canvas.after.remove_group(__name__)
            self._at = None

    def _step(self, by: int) -> None:
        stops = self._stops()
        at = self._at or focused_field()
        here = stops.index(at) if at in stops else -1 if by > 0 else 0
        self.end()
        if isinstance(at, TextInput):
            at.focus = False
        if stops:
            self._go(stops[(here + by) % len(stops)])

    def _stops(self) -> list[Any]:
        """Return what can be pressed or typed into, from top left to bottom right."""
        frame = self._app.frame
        roots = [frame.panel] if frame.panel else [frame.ids.screens.current_screen, frame.ids.bar]
        found = [each for root in roots for each in visible(root) if isinstance(each, ButtonBehavior | TextInput)]
        return sorted((each for each in found if not each.disabled), key=reading_order)

    def _go(self, stop: Any) -> None:
        self._at = stop
        if isinstance(stop, TextInput):
            stop.focus = True
            return
        with stop.canvas.after:
            Color(*self._app.theme.accent, group=__name__)
            Line(rectangle=(*stop.pos, *stop.size), width=dp(RING_DP), group=__name__)


def reading_order(widget: Any) -> tuple[float, float]:
    """Return what sorts widgets from top left to bottom right."""
    x, y = widget.to_window(*widget.center)
    return -round(y / dp(20)), x
