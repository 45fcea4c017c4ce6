"""What every group of commands has: the stage's presenters and the desk behind them."""

from collections.abc import Callable

from till.play.fields import Answer, Fields
from till.play.stage import Stage

Command = Callable[[Fields], Answer | None]


class Commands:
    """A group of commands: every method `do_NAME` is one. It raises CounterfoilError or returns what it has to say."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._screens = stage.screens
        self._desk = stage.screens.sale.desk

    def by_name(self) -> dict[str, Command]:
        """Return this group's commands by the name that scripts call."""
        return {name.removeprefix("do_"): getattr(self, name) for name in dir(self) if name.startswith("do_")}
