"""What a read code means: an article, an article with its weight or price, a card, a voucher, a receipt, an order.

A code is taken for the first of these that it fits:
1. GS1 element strings that say so (a symbology identifier, a separator inside), and GS1 Digital Links.
2. The store's cards: a prefix and a length.
3. The store's embedded codes: layouts such as "22AAAAAPPPPPC" for what its scales print.
4. A receipt's number.
5. GS1 element strings that only look it: a right GTIN behind "01", and more that fits.
6. A GTIN by its length and check digit; anything else is plain and is looked up as it stands.

Element strings and links are read by biip. It is imported with the first of them, not at the start: 0.1 s and 17 MB
that a shop with plain bar codes never pays. 12 MB of that tell to which company a number was given; they are let go at
once.

Every refusal carries what was read. Source: GS1 General Specifications (element strings §3, check digits §7.9,
symbology identifiers §5.1), GS1 Digital Link URI Syntax.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from msgspec import Struct

from schema.barcode import (
    LINK_BEGINNINGS,
    LINK_LENGTH_MAX,
    check_digit,
    clean_read,
    has_check_digit,
    lookup_key,
    measure_check_digit,
    shown,
)
from schema.errors import Refused
from schema.money import minor_digits
from schema.quantity import check_quantity, shortest

if TYPE_CHECKING:
    from biip.gs1_element_strings import GS1ElementString

GROUP_SEPARATOR = "\x1d"
# GS1-128, DataBar, DataMatrix, QR and DotCode with element strings inside.
GS1_SYMBOLOGIES = frozenset({"]C1", "]e0", "]d2", "]Q3", "]J1"})
# ISO 4217 numeric codes, as GS1 identifiers 391n and 393n carry them.
CURRENCY_NUMBERS = {"978": "EUR", "756": "CHF", "826": "GBP", "208": "DKK", "752": "SEK", "578": "NOK", "985": "PLN"}

_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_BARE_ELEMENTS = re.compile(r"01\d{14}[!-z]{2,}", re.ASCII)
_RECEIPT = re.compile(r"[0-9A-Za-z]{1,12}-\d{1,4}[a-z]*-\d{6,12}", re.ASCII)
_LAYOUT = re.compile(r"\d*[AVPWNC]+", re.ASCII)
_LAYOUT_LENGTH_MAX = 32


class EmbeddedPattern(Struct, frozen=True, kw_only=True):
    """A layout of a code with a measure inside, such as "22AAAAAWWWWWC".

    Digits stand for themselves; A = article, P = price in minor units, W = weight in grams, N = pieces, V = the
    measure's check digit (looked at only where `verifies`), C = the code's check digit.
    """

    name: str
    pattern: str
    verifies: bool = False


class CardPattern(Struct, frozen=True, kw_only=True):
    """Codes of one kind: their beginning, and their whole length (0 = any)."""

    kind: Literal["customer", "voucher", "receipt", "order"]
    prefix: str
    length: int = 0


class CodePatterns(Struct, frozen=True, kw_only=True):
    """What a store's codes look like. The first fitting pattern counts. `currency` is that of prices in GS1 codes."""

    embedded: tuple[EmbeddedPattern, ...] = ()
    cards: tuple[CardPattern, ...] = ()
    currency: str = "EUR"


# In Germany GS1 gives 22 and 23 to prices, 25 and 26 to counts, 28 and 29 to weights, with four digits for the article
# and the measure's check digit; 20, 21, 24 and 27 are free for numbers of the house.
GERMAN_PATTERNS = (
    EmbeddedPattern(name="price 22", pattern="22AAAAVPPPPPC", verifies=True),
    EmbeddedPattern(name="price 23", pattern="23AAAAVPPPPPC", verifies=True),
    EmbeddedPattern(name="pieces 25", pattern="25AAAAVNNNNNC", verifies=True),
    EmbeddedPattern(name="pieces 26", pattern="26AAAAVNNNNNC", verifies=True),
    EmbeddedPattern(name="weight 28", pattern="28AAAAVWWWWWC", verifies=True),
    EmbeddedPattern(name="weight 29", pattern="29AAAAVWWWWWC", verifies=True),
)
# The Netherlands have no published layout: what a scale prints is set on the scale. These are a common setting to
# begin with, five digits for the article and no check digit of the measure.
DUTCH_PATTERNS = (
    EmbeddedPattern(name="price 21", pattern="21AAAAAPPPPPC"),
    EmbeddedPattern(name="price 23", pattern="23AAAAAPPPPPC"),
    EmbeddedPattern(name="weight 28", pattern="28AAAAAWWWWWC"),
)
DEFAULT_PATTERNS: dict[str, tuple[EmbeddedPattern, ...]] = {"DE": GERMAN_PATTERNS, "NL": DUTCH_PATTERNS}


class GtinCode(Struct, frozen=True, kw_only=True, tag="gtin"):
    """An article by its GTIN, and what a GS1 code tells beside it. Days are ISO; a measured price is for the whole."""

    key: str
    quantity: Decimal | None = None
    price_minor: int | None = None
    batch: str = ""
    expiry: str = ""
    best_before: str = ""
    serial: str = ""


class PriceCode(Struct, frozen=True, kw_only=True, tag="price"):
    """An article with the price of what lies in the bag.

    `key` is the code with zeros for the measure and its check digits put right, as article masters keep such codes;
    `item` are the article's digits alone.
    """

    key: str
    item: str
    price_minor: int


class WeightCode(Struct, frozen=True, kw_only=True, tag="weight"):
    """An article with its weight in kilograms (`unit` "kg") or its pieces. `key` and `item` as in PriceCode."""

    key: str
    item: str
    quantity: Decimal
    unit: Literal["kg", "piece"] = "kg"


class CustomerCode(Struct, frozen=True, kw_only=True, tag="customer"):
    code: str


class VoucherCode(Struct, frozen=True, kw_only=True, tag="voucher"):
    code: str


class ReceiptCode(Struct, frozen=True, kw_only=True, tag="receipt"):
    code: str


class OrderCode(Struct, frozen=True, kw_only=True, tag="order"):
    code: str


class PlainCode(Struct, frozen=True, kw_only=True, tag="plain"):
    """A code of no known form. It may still be an article's, so it is a key as it stands."""

    key: str


CardCode = CustomerCode | VoucherCode | ReceiptCode | OrderCode
Scanned = GtinCode | PriceCode | WeightCode | CardCode | PlainCode

_CARDS: dict[str, type[CardCode]] = {
    "customer": CustomerCode,
    "voucher": VoucherCode,
    "receipt": ReceiptCode,
    "order": OrderCode,
}


def read_code(read: str, patterns: CodePatterns) -> Scanned:
    """Tell what a scanner's read means.

    Raises Refused: bad_barcode, wrong_check_digit, bad_gs1_code, no_article_code, bad_measure.
    """
    symbology, code = _split_symbology(read.strip(" \t\r\n"))
    if symbology in GS1_SYMBOLOGIES or GROUP_SEPARATOR in code:
        return _element_strings(code, patterns.currency)
    code = clean_read(code)
    if code[:8].lower().startswith(LINK_BEGINNINGS):
        return _digital_link(code, patterns.currency)
    return (
        _card(code, patterns.cards)
        or _embedded(code, patterns.embedded)
        or _receipt(code)
        or _bare_elements(code, patterns.currency)
        or _gtin_or_plain(code)
    )


def _split_symbology(read: str) -> tuple[str, str]:
    """Cut off the AIM identifier that a scanner may be set to send before the data (ISO/IEC 15424)."""
    found = _SYMBOLOGY.match(read)
    return (found[0], read[3:]) if found else ("", read)


def _card(code: str, cards: Iterable[CardPattern]) -> CardCode | None:
    for card in cards:
        if card.prefix and code.startswith(card.prefix) and card.length in (0, len(code)):
            return _CARDS[card.kind](code=code)
    return None


def _receipt(code: str) -> ReceiptCode | None:
    return ReceiptCode(code=code) if _RECEIPT.fullmatch(code) else None


def _gtin_or_plain(code: str) -> GtinCode | PlainCode:
    key = lookup_key(code)
    # Only a GTIN is brought to 14 digits; a GTIN-14 is one already.
    is_gtin = key != code or (len(code) == 14 and code.isascii() and code.isdecimal())
    return GtinCode(key=key) if is_gtin else PlainCode(key=key)


# -- embedded codes


class _Layout(NamedTuple):
    """A pattern taken apart: what the code begins with, its length, and where each letter stands."""

    prefix: str
    length: int
    places: dict[str, tuple[int, ...]]

    def take(self, letter: str, code: str) -> str:
        return "".join(code[place] for place in self.places.get(letter, ()))


@lru_cache(maxsize=64)
def _layout(pattern: EmbeddedPattern) -> _Layout | None:
    """Take a pattern apart; None for one that should never have left head office, so that it stops no scan."""
    try:
        text = check_embedded(pattern).pattern
    except Refused:
        return None
    prefix = text.rstrip("AVPWNC")
    letters = dict.fromkeys(text[len(prefix) :])
    places = {letter: tuple(at for at, each in enumerate(text) if each == letter) for letter in letters}
    return _Layout(prefix, len(text), places)


def _embedded(code: str, patterns: Iterable[EmbeddedPattern]) -> PriceCode | WeightCode | None:
    if not (code.isascii() and code.isdecimal()):
        return None
    for pattern in patterns:
        layout = _layout(pattern)
        if layout is not None and len(code) == layout.length and code.startswith(layout.prefix):
            return _measured(code, layout, pattern)
    return None


def _measured(code: str, layout: _Layout, pattern: EmbeddedPattern) -> PriceCode | WeightCode:
    _check_digits(code, layout, pattern)
    key, item = _without_measure(code, layout), layout.take("A", code)
    if price := layout.take("P", code):
        if not int(price):
            raise _no_measure(code)
        return PriceCode(key=key, item=item, price_minor=int(price))
    grams, pieces = layout.take("W", code), layout.take("N", code)
    if not int(grams or pieces or "0"):
        raise _no_measure(code)
    if grams:
        return WeightCode(key=key, item=item, quantity=_quantity(Decimal(int(grams)).scaleb(-3), code))
    return WeightCode(key=key, item=item, quantity=_quantity(Decimal(int(pieces)), code), unit="piece")


def _check_digits(code: str, layout: _Layout, pattern: EmbeddedPattern) -> None:
    if "C" in layout.places and not has_check_digit(code):
        message = f"“{shown(code)}” has a wrong check digit: it was misread. Scan it again, or search for the article."
        raise Refused("wrong_check_digit", message)
    if pattern.verifies:
        measure = "".join(layout.take(letter, code) for letter in "PWN")
        if layout.take("V", code) != str(measure_check_digit(measure)):
            message = (
                f"The price or weight in “{shown(code)}” has a wrong check digit. Scan it again; if it stays, "
                f"the scale prints another layout than “{pattern.pattern}”: have the store's settings changed."
            )
            raise Refused("wrong_check_digit", message)


def _without_measure(code: str, layout: _Layout) -> str:
    """Return the key of the article itself: zeros for the measure, and the check digit put right."""
    zeroed = {place for letter in "PWNV" for place in layout.places.get(letter, ())}
    bare = "".join("0" if place in zeroed else digit for place, digit in enumerate(code))
    if "C" not in layout.places:
        return bare
    return lookup_key(bare[:-1] + str(check_digit(bare[:-1])))


def _no_measure(code: str) -> Refused:
    message = f"“{shown(code)}” carries no price or weight: the label is empty. Weigh the goods again."
    return Refused("bad_measure", message)


def _quantity(value: Decimal, read: str) -> Decimal:
    try:
        return check_quantity(shortest(value))
    except Refused:
        message = f"“{shown(read)}” carries a quantity of {value:f}, which cannot be sold. Type the quantity instead."
        raise Refused("bad_measure", message) from None


# -- GS1


def _element_strings(code: str, currency: str) -> GtinCode:
    """Read a code of element strings: application identifiers with their data, separated where lengths vary."""
    parts = [clean_read(part) for part in code.split(GROUP_SEPARATOR) if part.strip()]
    joined = GROUP_SEPARATOR.join(parts)
    if not joined or len(joined) > LINK_LENGTH_MAX:
        raise Refused("bad_barcode", f"“{shown(joined)}” was not read cleanly. Scan it again.")
    return _article(_parsed_message(joined), code, currency)


def _bare_elements(code: str, currency: str) -> GtinCode | None:
    """Read element strings of a scanner that sends no identifiers: a right GTIN behind "01", and more that fits."""
    if not _BARE_ELEMENTS.fullmatch(code) or not has_check_digit(code[2:16]):
        return None
    try:
        elements = _parsed_message(code)
    except Refused:
        return None  # then it is a plain code that only begins alike
    return _article(elements, code, currency)


def _digital_link(code: str, currency: str) -> GtinCode:
    return _article(_parsed_link(code), code, currency)


def _parsed_message(code: str) -> "list[GS1ElementString]":
    biip = _biip()
    _check_ascii(code)
    try:
        return list(biip.gs1_messages.GS1Message.parse(code).element_strings)
    except (biip.ParseError, ValueError) as error:
        raise _unreadable(code) from error


def _parsed_link(code: str) -> "list[GS1ElementString]":
    biip = _biip()
    _check_ascii(code)
    # Some makers end the path with a slash, which the syntax does not know.
    path_ended = re.sub(r"/+(?=\?|$)", "", code, count=1)
    try:
        return list(biip.gs1_digital_link_uris.GS1DigitalLinkURI.parse(path_ended).element_strings)
    except (biip.ParseError, ValueError) as error:
        raise _no_article(code) from error


@cache
def _biip() -> Any:
    """Return biip, imported now, without its table of companies: to it every number is of a company not listed."""
    import biip.gs1_digital_link_uris
    import biip.gs1_messages
    import biip.gs1_prefixes

    biip.gs1_prefixes._GS1_COMPANY_PREFIX_TRIE = {}
    return biip


def _check_ascii(code: str) -> None:
    # GS1's characters are ASCII (§7.11); biip's patterns would take any script's digits.
    if not code.isascii():
        raise Refused("bad_barcode", f"“{shown(code)}” was not read cleanly. Scan it again, or search for the article.")


def _unreadable(code: str) -> Refused:
    message = f"“{shown(code)}” is a GS1 code that cannot be read whole. Scan it again, or search for the article."
    return Refused("bad_gs1_code", message)


def _no_article(code: str) -> Refused:
    message = f"“{shown(code)}” names no article. Look for another code on the goods, or search for the article."
    return Refused("no_article_code", message)


def _article(elements: "list[GS1ElementString]", code: str, currency: str) -> GtinCode:
    """Return what the elements tell of an article."""
    found: dict[str, GS1ElementString] = {}
    for element in elements:
        # An identifier may come twice with the same data; with other data these are two codes glued together.
        if found.setdefault(element.ai.ai, element).value != element.value:
            raise _unreadable(code)
    if "01" not in found:
        raise _no_article(code)
    return GtinCode(
        key=lookup_key(found["01"].value),
        quantity=_measured_quantity(found, code),
        price_minor=_measured_price(found, code, currency),
        batch=_text(found, "10"),
        expiry=_day(found, "17"),
        best_before=_day(found, "15"),
        serial=_text(found, "21"),
    )


def _text(found: "dict[str, GS1ElementString]", identifier: str) -> str:
    return found[identifier].value if identifier in found else ""


def _day(found: "dict[str, GS1ElementString]", identifier: str) -> str:
    element = found.get(identifier)
    return element.date.isoformat() if element is not None and element.date is not None else ""


def _measured_quantity(found: "dict[str, GS1ElementString]", code: str) -> Decimal | None:
    """Return the net weight in kilograms (310n), else the count (30); None where the code tells neither."""
    for identifier, element in found.items():
        if identifier.startswith("310"):
            return _quantity(_decimal(element), code)
    return _quantity(Decimal(found["30"].value), code) if "30" in found else None


def _measured_price(found: "dict[str, GS1ElementString]", code: str, currency: str) -> int | None:
    """Return the price of a measured article: 392n in the store's currency, 393n with the currency named."""
    for identifier, element in found.items():
        if not identifier.startswith(("392", "393")):
            continue
        named = CURRENCY_NUMBERS.get(element.pattern_groups[0]) if identifier.startswith("393") else currency
        amount = _decimal(element).scaleb(minor_digits(currency))
        if named != currency or amount != amount.to_integral_value():
            message = f"“{shown(code)}” carries a price that is not one in {currency}. Type the price instead."
            raise Refused("bad_measure", message)
        return int(amount)
    return None


def _decimal(element: "GS1ElementString") -> Decimal:
    """Read a measure: the identifier's last digit is its number of decimals (§3.6).

    Not biip's own `decimal`, which takes fewer digits than decimals for another number (3922 with "5" for 0.50).
    """
    return Decimal(int(element.pattern_groups[-1])).scaleb(-int(element.ai.ai[3]))


# -- what head office checks before patterns go out


def check_embedded(pattern: EmbeddedPattern) -> EmbeddedPattern:
    """Return a layout that can be worked with. Raises Refused("bad_pattern") naming what is wrong."""
    text = pattern.pattern
    if not _LAYOUT.fullmatch(text) or len(text) > _LAYOUT_LENGTH_MAX or not text[0].isdigit():
        raise _bad(text, "it is made of digits first, then of A, P, W, N, V and C")
    letters = text.lstrip("0123456789")
    measures = [letter for letter in "PWN" if letter in letters]
    if "A" not in letters or len(measures) != 1:
        raise _bad(text, "it needs A for the article, and one of P, W and N")
    if letters.count("C") > 1 or ("C" in letters and not letters.endswith("C")):
        raise _bad(text, "C stands once, at the end")
    if letters.count("V") > 1:
        raise _bad(text, "V stands once")
    if pattern.verifies and not ("V" in letters and letters.count(measures[0]) in (4, 5)):
        raise _bad(text, "to check the measure it needs V, and a measure of 4 or 5 digits")
    return pattern


def check_card(card: CardPattern) -> CardPattern:
    """Return a card pattern that can be worked with. Raises Refused("bad_pattern")."""
    if not card.prefix or clean_read(card.prefix) != card.prefix:
        raise _bad(card.prefix, "cards need a beginning of their own, or every article would be one")
    if card.length and not len(card.prefix) < card.length:
        raise _bad(card.prefix, "the whole code is longer than its beginning")
    return card


def _bad(pattern: str, why: str) -> Refused:
    return Refused("bad_pattern", f"“{shown(pattern)}” is not a pattern for codes: {why}.")
