"""Open shift: the float that was counted into the drawer, and what the last closing left in it."""

from kivy.properties import ListProperty

from till.ui.screen import TillScreen
from till.ui.widgets import AMOUNT_KEYS


class OpenShiftScreen(TillScreen):
    """Shows an OpenShiftState."""

    keypad_layout = ListProperty(AMOUNT_KEYS)
