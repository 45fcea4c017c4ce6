"""The top bar of every screen: store and till, cashier, shift, and the connection in words."""

from typing import Literal

from msgspec import Struct

from till.connection import Connection, in_words, read_connection
from till.desk import Desk, Parts
from till.paper.letterhead import PRACTICE_TILL
from till.presenters.paper import Paper
from till.presenters.screen import Screen

Shape = Literal["online", "offline", "trouble"]


class BarState(Struct, frozen=True, kw_only=True):
    """What the top bar shows; `connection` is the shape beside the words."""

    store: str = ""
    till: str = ""
    cashier: str = ""
    shift: str = ""
    connection: Shape = "offline"
    connection_text: str = ""
    waiting: int = 0
    # Things that a person should look at in the message centre: card payments in doubt, unprinted receipts.
    attention: int = 0
    attention_text: str = ""
    # PRACTICE, where nothing counts; else empty.
    practice: str = ""


class BarPresenter(Screen[BarState]):
    def __init__(self, desk: Desk, paper: Paper) -> None:
        super().__init__(desk, BarState())
        self._paper = paper

    def enter(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Read the connection anew, off the screen's thread. Call every second or two."""
        desk = self.desk
        if desk.trouble is not None:
            return
        parts, sale = desk.parts, desk.sale
        self._paper.watch_drawer(self)

        def read() -> tuple[Connection, int]:
            found = read_connection(parts.journal, parts.mirror, parts.device, desk.clock)
            unsigned = int(parts.fiscal.outage is not None)
            return found, len(parts.cards.doubts(sale)) + len(parts.printing.open_jobs()) + unsigned

        # A bar that cannot be read keeps its last words: the action that fails tells the cashier why.
        desk.runner.run(read, lambda found: self._read(parts, *found), lambda _: None, lane="agent")

    def _read(self, parts: Parts, connection: Connection, attention: int) -> None:
        words, desk = self.desk.words, self.desk
        desk.connection = connection
        shift, practice = parts.journal.position.shift, parts.device.till_id == PRACTICE_TILL
        self.show(
            BarState(
                store=parts.device.store_name,
                till=parts.device.till_name,
                cashier=desk.cashier.name if desk.cashier else "",
                shift=words("Shift {number}", number=shift.number) if shift else words("No shift"),
                connection="offline" if practice else connection.kind,
                connection_text=words("nothing counts") if practice else in_words(connection, words, desk.clock),
                waiting=0 if practice else connection.waiting,
                attention=attention,
                attention_text=words("{count} to look at", count=attention) if attention else "",
                practice=words("PRACTICE") if practice else "",
            )
        )
