"""What the customer sees: the basket as it grows, its total, then the change and the receipt to take along.

It follows the desk and never holds it up: a state is worked out from what is in hand and given to the display, whose
own thread shows the newest one. Whatever goes wrong here costs the customer's view, never the sale.
"""

import logging

from hardware.ports import CustomerDisplay, DisplayState, ShownLine
from schema.basket import PricedLine
from schema.errors import CounterfoilError
from schema.events import SaleCompleted
from till.desk import Desk, Finished
from till.paper.letterhead import PRACTICE_TILL, amount_text, quantity_text
from till.paper.receipts import digital_text, link_of
from till.selling.register import Sale, sums
from till.words import Words

LOG = logging.getLogger("till.display")
# The newest lines; nobody reads back further, and a small page has room for these.
LINES_MAX = 12


class Follow:
    """Shows the desk's sale; made where the display is started, called whenever something changed."""

    def __init__(self, desk: Desk, display: CustomerDisplay) -> None:
        self._desk, self._display = desk, display

    def __call__(self) -> None:
        try:
            self._display.show_sale(display_state(self._desk))
        except CounterfoilError:
            self._display.show_sale(DisplayState())  # not open yet, or no settings: nothing to show
        except Exception:  # a fault of ours must not reach the scan that caused it
            LOG.exception("the customer's display was not brought up to date")


def display_state(desk: Desk) -> DisplayState:
    """Return what the customer sees now, in the store's language. Raises Unready where the till is not open."""
    words, parts = desk.paper_words, desk.parts
    mark = words("PRACTICE") if parts.device.till_id == PRACTICE_TILL else ""
    if desk.has_sale:
        return basket_shown(desk.sale, words, mark)
    if desk.finished is not None:
        return thanks_shown(desk.finished, words, mark, receipt_code(desk, desk.finished.sale))
    closed = parts.journal.position.shift is None or desk.cashier is None
    note = words("This till is closed") if closed else words("Welcome")
    return DisplayState(title=parts.device.store_name, note=note, mark=mark, language=words.language)


def receipt_code(desk: Desk, sale: SaleCompleted) -> str:
    """Return what the customer's telephone may take along: the store's link to the receipt, where it has one.

    Without a link the receipt as a short text, where the store does not print each by itself.
    """
    design = desk.settings().design
    if design.link or design.offer not in ("ask", "qr"):
        return link_of(sale, design)
    return digital_text(sale, desk.letterhead(), desk.stamp(sale.completed_ms))


def basket_shown(sale: Sale, words: Words, mark: str = "") -> DisplayState:
    """Return a basket as the customer reads it: the newest lines, what is paid, what is due."""
    found, currency = sums(sale), sale.basket.currency
    total = [(words("Total"), amount_text(found.totals.total_minor, currency, words))]
    if found.paid_minor:
        total += [
            (words("Paid"), amount_text(found.paid_minor, currency, words)),
            (words("Still due"), amount_text(found.due_minor, currency, words)),
        ]
    return DisplayState(
        lines=tuple(_line(line, currency, words) for line in found.totals.lines[-LINES_MAX:]),
        sums=tuple(total),
        mark=mark,
        language=words.language,
    )


def _line(priced: PricedLine, currency: str, words: Words) -> ShownLine:
    line = priced.line
    return ShownLine(
        text=line.name,
        quantity=quantity_text(line.quantity, line.unit, words),
        amount=amount_text(priced.total_minor, currency, words),
    )


def thanks_shown(finished: Finished, words: Words, mark: str = "", qr: str = "") -> DisplayState:
    """Return the end of a sale: total, what was given and what comes back."""
    sale = finished.sale
    given = sum(part.given_minor for part in sale.payments if part.tender == "cash")
    rows = [(words("Total"), sale.total_minor)]
    rows += [(words("Given"), given)] if given else []
    rows += [(words("Change"), finished.change_minor)] if finished.change_minor else []
    return DisplayState(
        title=words("Thank you"),
        sums=tuple((label, amount_text(minor, sale.currency, words)) for label, minor in rows),
        qr=qr,
        qr_note=words("Your receipt") if qr else "",
        mark=mark,
        language=words.language,
    )
