"""Open shift: the float that was counted into the drawer, and what the last closing left in it."""

from kivy.properties import ListProperty

from till.ui.keys import AMOUNT_KEYS
from till.ui.screen import TillScreen


class OpenShiftScreen(TillScreen):
    """Shows an OpenShiftState."""

    keypad_layout = ListProperty(AMOUNT_KEYS)
