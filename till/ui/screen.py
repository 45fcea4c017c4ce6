"""What every screen of the window is: a passive picture of its presenter's state.

`shown` is the presenter's state; kv reads it, so a screen redraws exactly what a new state changes. A screen holds no
rule: what is touched goes to the presenter, what the presenter says stands in the message bar.
"""

from typing import Any, ClassVar

from kivy.app import App
from kivy.properties import ObjectProperty
from kivy.uix.screenmanager import Screen

from till.presenters.screen import Message

SILENCE = Message(kind="info", text="")


class TillScreen(Screen):
    """One screen. Subclasses say what to do with a scan, with typed text and with a state."""

    presenter = ObjectProperty(None)
    shown = ObjectProperty(None, rebind=True)
    # What the keypad's keys are on a keyboard, for screens that take figures.
    typed_keys: ClassVar[dict[str, str]] = {
        **{str(digit): str(digit) for digit in range(10)},
        ".": ".",
        ",": ".",
        "*": "times",
    }

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.bind(shown=lambda _screen, state: self.update(state))
        self.update(self.shown)

    @property
    def window(self) -> Any:
        """Return the app that this screen lives in."""
        return App.get_running_app()

    def update(self, state: Any) -> None:
        """Bring lists and questions in line with a state; kv does the rest."""

    def scanned(self, code: str) -> None:
        """Take a scan. Where an article makes no sense, say what was read and where it belongs."""
        text = self.window.words("“{code}” was read. Articles are scanned on the sale screen.", code=code[:40])
        self.window.say(Message(kind="warn", text=text, code="scan_not_here"))

    def typed(self, text: str) -> None:
        """Take a character that a person typed while no field had the keyboard."""
        if (key := self.typed_keys.get(text)) and hasattr(self.presenter, "key"):
            self.presenter.key(key)

    def key(self, name: str) -> bool:
        """Take a keyboard key that no button on the screen stands for; tell whether it meant something."""
        if name == "backspace" and hasattr(self.presenter, "key"):
            self.presenter.key("back")
            return True
        return False
