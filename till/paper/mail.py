"""A receipt by mail: the customer's wish becomes a fact, head office sends.

The till needs no line for that: once the fact is committed it travels like any other. The same receipt to the same
address is wished once, however often it is asked for; another address is another fact. Only own receipts are mailed:
another till's cashier knows who stands there.
"""

from msgspec import Struct

from schema.device import Device
from schema.events import ReceiptMailWanted
from schema.mail import address_key, read_address, shown_address
from schema.receipt_numbers import receipt_number
from till.journal import tables
from till.journal.journal import Entry, Journal, Position
from till.words import RefusedInWords

# More people than ever stand at a counter with one receipt.
ADDRESSES_MAX = 10
DIGITS_MAX = 9


class Asked(Struct, frozen=True, kw_only=True):
    """What a customer asks for, as it was typed; `language` is the paper's."""

    receipt: str
    address: str
    cashier: str
    language: str


class Wished(Struct, frozen=True, kw_only=True):
    """A receipt's number, the address as it is kept, and whether this very wish was there already."""

    receipt: str
    address: str
    is_repeat: bool


def checked_address(typed: str) -> str:
    """Return a typed address as it is kept. Raises Refused("bad_address")."""
    try:
        return read_address(typed)
    except ValueError as error:
        raise RefusedInWords(
            "bad_address",
            "“{address}” is no e-mail address. Nothing is sent. Type it like name@example.org.",
            address=shown_address(typed),
        ) from error


def wish_mail(journal: Journal, device: Device, asked: Asked) -> Wished:
    """Write down that a receipt is wanted by mail; once committed, it will be sent.

    Touches the disk: call it from a worker. Raises Refused: bad_address, unknown_receipt, too_many_addresses.
    """
    address = checked_address(asked.address)
    receipt, sale_event = _own_receipt(journal, device, asked.receipt)
    wish = ReceiptMailWanted(
        receipt=receipt, sale_event=sale_event, address=address, cashier=asked.cashier, language=asked.language
    )

    def unless_known(_: Position) -> Entry:
        """Looked up within the commit's own lock, so that two presses are one wish."""
        _check_new(wish, wishes(journal, receipt))
        return Entry(body=wish)

    try:
        journal.record(unless_known)
    except _WishedBeforeError:
        return Wished(receipt=receipt, address=address, is_repeat=True)
    return Wished(receipt=receipt, address=address, is_repeat=False)


class _WishedBeforeError(Exception):
    """This very wish stands in the journal."""


def _check_new(wish: ReceiptMailWanted, before: list[ReceiptMailWanted]) -> None:
    known = {address_key(each.address) for each in before}
    if address_key(wish.address) in known:
        raise _WishedBeforeError
    if len(known) >= ADDRESSES_MAX:
        raise RefusedInWords(
            "too_many_addresses",
            "Receipt {receipt} goes to {count} addresses already. Print it for anyone else.",
            receipt=wish.receipt,
            count=len(known),
        )


def wishes(journal: Journal, receipt: str) -> list[ReceiptMailWanted]:
    """Return what was wished for a receipt so far, the oldest first."""
    bodies = [journal.body_at(*row) for row in journal.rows(tables.MAIL_WISHES, (receipt,))]
    return [body for body in bodies if isinstance(body, ReceiptMailWanted)]


def _own_receipt(journal: Journal, device: Device, typed: str) -> tuple[str, str]:
    """Return an own receipt's number, by it or by its running number, and its event's id."""
    number = typed.strip()
    if number.isascii() and number.isdigit() and len(number) <= DIGITS_MAX:
        number = receipt_number(device.label(), int(number))
    rows = journal.rows(tables.RECEIPT_EVENT, (number, device.till_id))
    if not rows:
        raise RefusedInWords("unknown_receipt", "There is no receipt “{receipt}” on this till.", receipt=number[:40])
    return number, rows[0][0]
