"""Barcodes as they are compared: every GTIN as GTIN-14 (GS1 General Specifications §7.9 check digit, §5.2.2.4 UPC-E).

EAN-13, EAN-8, UPC-A and UPC-E of one article are one key; anything that is no GTIN is compared as it was read.
"""

import re

from schema.errors import Refused

READ_LENGTH_MAX = 80
_GTIN = re.compile(r"\d{8}|\d{12,14}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_digit(payload: str) -> int:
    """Return the GS1 modulo-10 check digit of the digits before it."""
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(payload)))
    return -total % 10


def has_check_digit(code: str) -> bool:
    """Tell whether a string of digits ends in its right check digit."""
    return check_digit(code[:-1]) == int(code[-1])


def expand_upc_e(code: str) -> str:
    """Return the 12-digit UPC-A of an 8-digit UPC-E (number system 0 or 1)."""
    system, digits, check = code[0], code[1:7], code[7]
    last = digits[5]
    if last in "012":
        body = digits[:2] + last + "0000" + digits[2:5]
    elif last == "3":
        body = digits[:3] + "00000" + digits[3:5]
    elif last == "4":
        body = digits[:4] + "00000" + digits[4]
    else:
        body = digits[:5] + "0000" + last
    return system + body + check


def clean_read(read: str) -> str:
    """Strip what a scanner adds around a code. Raises Refused("bad_barcode") when control characters or nothing stay.

    Control characters inside are refused rather than removed: two codes glued together must not become a third.
    """
    code = read.strip()
    if not code or len(code) > READ_LENGTH_MAX or _CONTROL.search(code):
        shown = _CONTROL.sub("·", code)[:40]
        raise Refused("bad_barcode", f"“{shown}” was not read cleanly. Scan it again, or search for the article.")
    return code


def lookup_key(code: str) -> str:
    """Return the key under which a barcode is stored and looked up: its GTIN-14, or the code itself.

    Raises Refused("wrong_check_digit") for digits of a GTIN's length whose check digit is wrong.
    """
    if not _GTIN.fullmatch(code):
        return code
    if has_check_digit(code):
        return code.zfill(14)
    if len(code) == 8 and code[0] in "01" and has_check_digit(expand_upc_e(code)):
        return expand_upc_e(code).zfill(14)
    message = f"“{code}” has a wrong check digit: it was misread. Scan it again, or search for the article."
    raise Refused("wrong_check_digit", message)
