"""The help panel: what the screen in front is for, and the keys that it knows."""

from pathlib import Path

from kivy.properties import ListProperty, StringProperty

from till.help import HELP
from till.presenters.screen import ScreenName
from till.ui.rules import load_rules
from till.ui.window import Panel
from till.words import Words


class HelpPanel(Panel):
    """Text above, keys below; Esc or Enter closes it."""

    text = StringProperty("")
    rows = ListProperty([])


def help_panel(screen: ScreenName, keys: list[tuple[str, str]], words: Words) -> HelpPanel:
    """Return the panel of a screen."""
    load_rules(str(Path(__file__)))
    general = {"Tab": words("Next key; Enter presses it"), "F1": words("Help")}
    # Where a screen has its keys twice, for wide and for narrow windows, each is told once.
    rows = [_row(key, text) for key, text in (dict(keys) | general).items()]
    return HelpPanel(text=words(HELP[screen]), rows=rows)


def _row(key: str, text: str) -> dict[str, str]:
    return {"title": text, "figure": key, "target": f"help:{key}"}
