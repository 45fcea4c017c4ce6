"""The panel that asks where a receipt shall go by mail, for every screen whose presenter offers it."""

from pathlib import Path
from typing import Any

from kivy.properties import ObjectProperty, StringProperty

from till.presenters.mailing import MailState
from till.ui.rules import load_rules
from till.ui.screen import TillScreen
from till.ui.window import Panel


def follow_mail(screen: TillScreen, mail: MailState) -> None:
    """Lay the question for an address over a screen, or take it away, as the state says."""
    frame = screen.window.frame
    is_open = isinstance(frame.panel, MailPanel)
    if mail.step == "asking" and not is_open:
        load_rules(str(Path(__file__)))
        frame.open_panel(MailPanel(presenter=screen.presenter, receipt=mail.receipt, address=mail.address))
    elif mail.step != "asking" and is_open:
        frame.close_panel()


class MailPanel(Panel):
    """Enter sends, Esc leaves; what is refused stays to be mended."""

    presenter = ObjectProperty(None)
    receipt = StringProperty("")
    address = StringProperty("")

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.ids.address.text = self.address
        self.ids.address.focus = True

    def send(self) -> None:
        """Hand the address on; the panel goes once the wish is written down."""
        self.presenter.send_mail(self.ids.address.text, self.receipt)

    def scanned(self, code: str) -> bool:
        """A scan has no place in an address."""
        del code
        return True

    def closed(self) -> None:
        """Give the keyboard back."""
        self.ids.address.focus = False
        self.presenter.drop_mail()
