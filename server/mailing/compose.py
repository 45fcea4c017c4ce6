"""From what a mail says to its bytes: text and HTML of the same content, headers that nobody else can write into.

Names of stores come from people: control characters are taken out, the HTML escapes everything, and nothing in it is
loaded from anywhere. The library itself refuses a header with a line break in it.
"""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct

from schema.text import without_controls
from server.mailing.letter import Item, Letter, Sum
from server.mailing.settings import MailSettings
from server.words import Words, words_of_room

ROOM = "server.mailing"
WIDTH = 64
_SPACES = re.compile(r"\s+")


class Envelope(Struct, frozen=True, kw_only=True):
    """Who gets a mail, under which Message-ID, and when it says that it was written."""

    address: str
    message_id: str
    at_ms: int


def words_in(language: str) -> Words:
    """Return the words of mails in a language."""
    return words_of_room(ROOM, language)


def compose(letter: Letter, envelope: Envelope, settings: MailSettings) -> bytes:
    """Return the mail as it goes over the line. Raises ValueError where a header could not be written."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=_one_line(letter.store), addr_spec=settings.sender)
    message["To"] = Address(addr_spec=envelope.address)
    if settings.reply_to:
        message["Reply-To"] = Address(addr_spec=settings.reply_to)
    message["Subject"] = _one_line(letter.subject)
    message["Date"] = formatdate(envelope.at_ms / 1000, usegmt=True)
    message["Message-ID"] = envelope.message_id
    # No out-of-office answer to a receipt (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text_of(letter), cte="quoted-printable")
    message.add_alternative(html_of(letter), subtype="html", cte="quoted-printable")
    message["Content-Language"] = letter.language
    return message.as_bytes()


def _one_line(text: str) -> str:
    return without_controls(_SPACES.sub(" ", text)).strip()


def html_of(letter: Letter) -> str:
    """Return the mail as HTML."""
    return _environment().get_template("receipt.html").render(letter=letter)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(ROOM, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


# -- plain text


def text_of(letter: Letter) -> str:
    """Return the mail as plain text: names at the left, figures at the right, as on paper."""
    parts = [
        [letter.store, *letter.head],
        list(letter.banners),
        list(letter.about),
        [line for item in letter.items for line in _item_rows(item)],
        [line for each in letter.sums for line in _row(each.label, each.amount)],
        [line for each in letter.payments for line in _payment_rows(each)],
        [_cells(letter.tax_heads), *(_cells(row) for row in letter.taxes)] if letter.taxes else [],
        list(letter.fiscal),
        list(letter.foot),
    ]
    blocks = ["\n".join(without_controls(line).rstrip() for line in lines) for lines in parts if lines]
    return "\n\n".join(blocks) + "\n"


def _item_rows(item: Item) -> list[str]:
    amount = f"{item.amount} {item.letter:1}"
    rows = [item.name, *_row(f"  {item.quantity}", amount)] if item.quantity else _row(item.name, amount)
    for reason, off in item.discounts:
        rows += _row(f"  {reason}", f"{off}  ")
    return rows + [f"  {remark}" for remark in item.remarks]


def _payment_rows(payment: Sum) -> list[str]:
    return [*_row(payment.label, payment.amount), *([f"  {payment.detail}"] if payment.detail else [])]


def _row(left: str, right: str) -> list[str]:
    """Put two texts at the two ends; what has no room side by side stands below each other."""
    gap = WIDTH - len(left) - len(right)
    return [f"{left}{' ' * gap}{right}"] if gap > 0 else [left, f"{right:>{WIDTH}}"]


def _cells(cells: tuple[str, str, str, str]) -> str:
    name, *figures = cells
    return f"{name:<{WIDTH - 45}}" + "".join(f"{figure:>15}" for figure in figures)
