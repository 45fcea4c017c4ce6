"""E-mail addresses: read at the door, masked wherever a reader does not need the whole of one.

Taken is what every mail server takes (RFC 5321 with the dot-atom of RFC 5322 section 3.2.3): no quoted names, no
comments, no white space, no control characters; so an address can never carry a second header or a second recipient.
A host beyond ASCII is written as its IDNA name. Names before the @ stay ASCII: few servers take others (RFC 6531).
"""

import re

from schema.text import without_controls

# RFC 5321 section 4.5.3.1: a path is at most 256 with its brackets, a local part 64; RFC 1035: a label 63.
ADDRESS_CHARS_MAX, LOCAL_CHARS_MAX = 254, 64
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+(?=[A-Za-z0-9-]*[A-Za-z]){_LABEL}")
# What may stand around an address in a sentence is no part of it.
_IN_TEXT = re.compile(r"[^\s@<>\"“”„'(),:;\[\]\\]{1,64}@(?=[^\s@]*\.)[\w.-]{3,253}")
_MASK = "…"


def read_address(typed: str) -> str:
    """Return a typed address as it is kept and used. Raises ValueError for what is none."""
    address = typed.strip(" ")
    local, _, host = address.rpartition("@")
    if len(address) > ADDRESS_CHARS_MAX or len(local) > LOCAL_CHARS_MAX or not _LOCAL.fullmatch(local):
        raise ValueError(f"“{shown_address(typed)}” is no e-mail address")
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:
        host = ""
    if not _HOST.fullmatch(host) or len(local) + 1 + len(host) > ADDRESS_CHARS_MAX:
        raise ValueError(f"“{shown_address(typed)}” is no e-mail address")
    return f"{local}@{host}"


def shown_address(typed: str) -> str:
    """Return what was typed as a message may repeat it to the person who typed it."""
    return without_controls(typed)[:60]


def address_key(address: str) -> str:
    """Return what two spellings of one address share: no provider tells people apart by capitals."""
    return address.casefold()


def masked(address: str) -> str:
    """Return an address as lists show it: enough to tell two apart at the counter, not enough to write to."""
    local, at, host = address.rpartition("@")
    return f"{local[:1]}{_MASK}{at}{host}"


def mask_addresses(text: str) -> str:
    """Return a text with every address in it masked, for logs and for what a mail server answers."""
    return _IN_TEXT.sub(lambda found: masked(found.group()), text) if "@" in text else text
