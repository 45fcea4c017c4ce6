"""Lock: the cashier's PIN opens the till where it was left; the basket stays."""

from kivy.properties import ListProperty

from till.ui.keys import PIN_KEYS
from till.ui.screen import TillScreen


class LockScreen(TillScreen):
    """Shows a LockState; the PIN is only ever dots."""

    keypad_layout = ListProperty(PIN_KEYS)
