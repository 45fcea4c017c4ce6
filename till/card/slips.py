"""The slips that a card terminal leaves to the till to print: a piece of paper each, as the terminal worded it."""

from hardware.document import Document, Feed, Text
from hardware.ports import CardSlip, SlipOwner
from till.journal.journal import Statement
from till.paper.printing import PrintQueue
from till.words import Words

# What they are called in the print queue, which tells it in the cashier's language.
SLIP_TITLES: dict[SlipOwner, str] = {
    "customer": "Card slip",
    "merchant": "Card slip, merchant's copy",
    "unknown": "Card slip",
}


class CardSlips:
    """Queues slips in the commit of what they prove."""

    def __init__(self, printing: PrintQueue, words: Words) -> None:
        self._printing, self._words = printing, words

    def queued(self, slips: tuple[CardSlip, ...]) -> list[Statement]:
        """Return what puts slips into the print queue; nothing where there is no printer."""
        return [row for slip in slips for row in self._printing.queued("receipt", slip_document(slip, self._words))]


def slip_document(slip: CardSlip, words: Words) -> Document:
    """Return a slip as the terminal worded it, centred as terminals print it; only what marks a copy is ours."""
    lines = tuple(Text(text=line, align="centre") if line.strip() else Feed() for line in slip.lines)
    return Document(title=SLIP_TITLES[slip.whose], blocks=lines, copy_mark=words("COPY"))
