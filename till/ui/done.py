"""Done: the change in figures that are read across the counter, until the next scan or touch."""

from typing import Any

from till.ui.screen import TillScreen


class DoneScreen(TillScreen):
    """Shows a DoneState. A touch anywhere but on a key begins the next sale."""

    def scanned(self, code: str) -> None:
        """Begin the next sale with this article."""
        self.presenter.scan(code)

    def typed(self, text: str) -> None:
        """Begin the next sale with what is typed."""
        self.presenter.next()
        self.window.typed(text)

    def on_touch_down(self, touch: Any) -> bool:
        """Let the keys have their touch first."""
        if not super().on_touch_down(touch):
            self.presenter.next()
        return True
