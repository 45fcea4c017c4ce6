"""Barcodes as they are compared: every GTIN as GTIN-14 (GS1 General Specifications §7.9 check digit, §5.2.2.4 UPC-E).

EAN-13, EAN-8, UPC-A and UPC-E of one article are one key; anything that is no GTIN is compared as it was read.
"""

import re

from schema.errors import Refused

READ_LENGTH_MAX = 80
# A GS1 Digital Link carries batch, dates and serial in a web address. The standards set no bound; no label needs more.
LINK_LENGTH_MAX = 400
LINK_BEGINNINGS = ("http://", "https://")
_GTIN = re.compile(r"\d{8}|\d{12,14}", re.ASCII)
# Halves of surrogate pairs are no characters either: no database and no file would take them.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_digit(payload: str) -> int:
    """Return the GS1 modulo-10 check digit of the digits before it."""
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(payload)))
    return -total % 10


def has_check_digit(code: str) -> bool:
    """Tell whether a string of digits ends in its right check digit."""
    return check_digit(code[:-1]) == int(code[-1])


# GS1 General Specifications §7.9.3 and §7.9.4: per digit a factor, and whether the tens of the product are added to it
# or taken from it ("5+", "5-", "2-") or dropped ("3").
_TWO_MINUS, _THREE, _FIVE_PLUS, _FIVE_MINUS = (2, -1), (3, 0), (5, 1), (5, -1)
_MEASURE_FACTORS = {
    4: (_TWO_MINUS, _TWO_MINUS, _THREE, _FIVE_MINUS),
    5: (_FIVE_PLUS, _TWO_MINUS, _FIVE_MINUS, _FIVE_PLUS, _TWO_MINUS),
}


def measure_check_digit(measure: str) -> int:
    """Return the check digit that stands before a price or weight of 4 or 5 digits inside an EAN-13.

    Raises ValueError for any other number of digits.
    """
    factors = _MEASURE_FACTORS.get(len(measure))
    if factors is None:
        raise ValueError("only prices and weights of 4 or 5 digits have a check digit")
    total = sum(_weighted(int(digit), factor) for digit, factor in zip(measure, factors, strict=True))
    if len(measure) == 4:
        return total * 3 % 10
    return next(digit for digit in range(10) if _weighted(digit, _FIVE_MINUS) == -total % 10)


def _weighted(digit: int, factor: tuple[int, int]) -> int:
    product = digit * factor[0]
    return (product + product // 10 * factor[1]) % 10


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
    length_max = LINK_LENGTH_MAX if code[:8].lower().startswith(LINK_BEGINNINGS) else READ_LENGTH_MAX
    if not code or len(code) > length_max or _CONTROL.search(code):
        message = f"“{shown(code)}” was not read cleanly. Scan it again, or search for the article."
        raise Refused("bad_barcode", message)
    return code


def shown(read: str) -> str:
    """Return what was read as a message may show it: short, and without control characters."""
    return _CONTROL.sub("·", read[:40])


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
