"""What an article or a customer must be before it is stored, whoever sends it: a file, a form, another program.

Values in, values out; what is wrong is Refused by its cause. Names lose what no screen shows and a printer might obey;
in what is compared or looked up, a control character is refused.
"""

import re
from collections.abc import Collection
from typing import get_args

from msgspec.structs import replace

from schema.barcode import clean_read, lookup_key
from schema.catalogue import Article, Option, Unit
from schema.errors import Refused
from schema.parties import Customer
from schema.text import without_controls

NUMBER_LENGTH_MAX = 40
NAME_LENGTH_MAX = 200
SHORT_LENGTH_MAX = 40
GROUP_LENGTH_MAX = 80
BARCODES_MAX = 50
SUGGESTS_MAX = 12
OPTIONS_MAX = 20
CHOICES_MAX = 40
AGE_MAX = 99
AMOUNT_MINOR_MAX = 10**9
PAYMENT_DAYS_MAX = 365
UNITS = frozenset(get_args(Unit))
# A voucher for many purposes is no sale yet: it carries no VAT, and there is no rate of this name.
UNTAXED = "none"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_article(article: Article, tax_codes: Collection[str]) -> Article:
    """Return an article with clean texts and barcodes as lookup keys. Raises Refused with what is wrong."""
    if not 0 <= article.price_minor <= AMOUNT_MINOR_MAX:
        raise Refused("bad_amount", "The price is negative or beyond all bounds.")
    if article.unit not in UNITS:
        raise Refused(
            "unknown_unit", f"Unit “{article.unit[:20]}” is not known; known are: {', '.join(sorted(UNITS))}."
        )
    _check_tax(article, tax_codes)
    if not 0 <= article.age_min <= AGE_MAX:
        raise Refused("bad_age", f"An age is a whole number from 0 (none) to {AGE_MAX}.")
    checked = replace(
        article,
        number=needed(article.number, "number", NUMBER_LENGTH_MAX),
        name=needed(shown_text(article.name), "name", NAME_LENGTH_MAX),
        short_name=text(shown_text(article.short_name), "short_name", SHORT_LENGTH_MAX),
        group=text(shown_text(article.group), "group", GROUP_LENGTH_MAX),
        colour=text(shown_text(article.colour), "colour", SHORT_LENGTH_MAX),
        size=text(shown_text(article.size), "size", SHORT_LENGTH_MAX),
        variant_of=text(article.variant_of, "variant_of", NUMBER_LENGTH_MAX),
        bottle_deposit=text(article.bottle_deposit, "bottle_deposit", NUMBER_LENGTH_MAX),
        suggests=_suggests(article.suggests),
        barcodes=lookup_keys(article.barcodes),
        options=tuple(_option(option) for option in article.options),
    )
    _check_relations(checked)
    return checked


def _check_tax(article: Article, tax_codes: Collection[str]) -> None:
    if article.tax_code in tax_codes or (article.is_voucher and article.tax_code == UNTAXED):
        return
    known = ", ".join(sorted(tax_codes))
    if article.tax_code == UNTAXED:
        raise Refused("unknown_tax", f"Only a voucher has the tax code “{UNTAXED}”; goods have one of: {known}.")
    raise Refused("unknown_tax", f"Tax code “{article.tax_code[:30]}” is not known; known are: {known}.")


def _check_relations(article: Article) -> None:
    if article.number in (article.variant_of, article.bottle_deposit):
        raise Refused("bad_relation", "An article can be neither its own variant nor its own deposit.")
    if article.is_matrix and article.variant_of:
        raise Refused("bad_relation", "A variant has no variants of its own.")
    if len(article.options) > OPTIONS_MAX:
        raise Refused("bad_option", f"An article has at most {OPTIONS_MAX} options.")


def lookup_keys(codes: Collection[str]) -> tuple[str, ...]:
    """Return barcodes as lookup keys, each once. Raises Refused for too many or a wrong check digit."""
    if len(codes) > BARCODES_MAX:
        raise Refused("bad_barcode", f"An article has at most {BARCODES_MAX} barcodes.")
    return tuple(dict.fromkeys(lookup_key(clean_read(code)) for code in codes))


def _suggests(numbers: tuple[str, ...]) -> tuple[str, ...]:
    if len(numbers) > SUGGESTS_MAX:
        raise Refused("bad_relation", f"An article suggests at most {SUGGESTS_MAX} others.")
    return tuple(dict.fromkeys(needed(number, "suggests", NUMBER_LENGTH_MAX) for number in numbers))


def _option(option: Option) -> Option:
    choices = tuple(
        replace(choice, name=needed(shown_text(choice.name), "choice", SHORT_LENGTH_MAX)) for choice in option.choices
    )
    if not 0 < len(choices) <= CHOICES_MAX or not 0 <= option.least <= option.most <= len(choices):
        raise Refused(
            "bad_option",
            f"Option “{option.name[:40]}” needs choices, at most {CHOICES_MAX}, and a range that fits them.",
        )
    if any(abs(choice.price_minor) > AMOUNT_MINOR_MAX for choice in choices):
        raise Refused("bad_amount", f"A price in option “{option.name[:40]}” is beyond all bounds.")
    return replace(option, name=needed(shown_text(option.name), "option", SHORT_LENGTH_MAX), choices=choices)


def check_customer(customer: Customer) -> Customer:
    """Return a customer with clean texts. Raises Refused with what is wrong."""
    if not 0 <= customer.credit_limit_minor <= AMOUNT_MINOR_MAX:
        raise Refused("bad_amount", "The credit limit is negative or beyond all bounds.")
    if not 0 <= customer.payment_days <= PAYMENT_DAYS_MAX:
        raise Refused("bad_days", f"Days to pay are a whole number from 0 to {PAYMENT_DAYS_MAX}.")
    lines = {
        name: text(shown_text(getattr(customer, name)), name, NAME_LENGTH_MAX)
        for name in ("name", "company", "street", "postcode", "city", "country", "email", "phone", "group")
    }
    if not (lines["name"] or lines["company"]):
        raise Refused("missing", "There is no name and no company.")
    if lines["email"] and "@" not in lines["email"]:
        raise Refused("bad_email", f"“{lines['email'][:60]}” is no e-mail address.")
    return replace(
        customer,
        number=needed(customer.number, "number", NUMBER_LENGTH_MAX),
        card_code=text(customer.card_code, "card_code", NUMBER_LENGTH_MAX),
        **lines,
    )


def shown_text(value: str) -> str:
    """Drop what no screen shows and a printer might obey; a tab or line break becomes a space."""
    line = " ".join(value.split())
    return line if line.isprintable() else without_controls(line)


def needed(value: str, name: str, length_max: int) -> str:
    """Return a text that must be there. Raises Refused."""
    found = text(value, name, length_max)
    if not found:
        raise Refused("missing", f"There is no {name}.")
    return found


def text(value: str, name: str, length_max: int) -> str:
    """Return a text without white space around it. Raises Refused for one that is too long or holds a control."""
    value = value.strip()
    if len(value) > length_max:
        raise Refused("too_long", f"The {name} is longer than {length_max} characters.")
    if not value.isprintable() and _CONTROL.search(value):
        raise Refused("control_character", f"The {name} has a control character in it.")
    return value
