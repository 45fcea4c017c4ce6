"""An article's options as people write them, in a form or a file, one option a line (or between bars):

    Milk 0-1: whole, oat +0.50, soy +0.50
    Size 1-1: small -0.20, large

The range says how many of the choices are taken at least and at most; without one it is 0-1. A price is what the choice
adds to a unit, in the store's currency, with a point as its mark since a comma separates the choices.
"""

import re

from schema.catalogue import Choice, Option
from schema.errors import Refused
from schema.money import format_plain, parse_amount

_OPTION = re.compile(r"(?P<name>[^:]*?)\s*(?:(?P<least>\d{1,2})\s*-\s*(?P<most>\d{1,2}))?\s*:(?P<choices>.*)", re.ASCII)
_CHOICE = re.compile(r"(?P<name>.*?)\s*(?P<price>[+-]\s*\d+(?:\.\d+)?)?", re.ASCII)


def parse_options(text: str, currency: str) -> tuple[Option, ...]:
    """Read options. Raises Refused("bad_option") naming the one that cannot be read."""
    rows = [row.strip() for line in text.splitlines() for row in line.split("|")]
    return tuple(_option(row, currency) for row in rows if row)


def _option(row: str, currency: str) -> Option:
    match = _OPTION.fullmatch(row)
    choices = [part.strip() for part in match["choices"].split(",")] if match else []
    if match is None or not match["name"] or not all(choices):
        raise Refused("bad_option", f"“{row[:60]}” is no option. Write it like “Milk 0-1: whole, oat +0.50”.")
    return Option(
        name=match["name"],
        least=int(match["least"] or 0),
        most=int(match["most"] or 1),
        choices=tuple(_choice(choice, currency) for choice in choices),
    )


def _choice(text: str, currency: str) -> Choice:
    match = _CHOICE.fullmatch(text)
    if match is None or not match["name"]:
        raise Refused("bad_option", f"“{text[:60]}” is no choice. Write it like “oat +0.50”.")
    price = (match["price"] or "0").replace(" ", "").lstrip("+")
    try:
        return Choice(name=match["name"], price_minor=parse_amount(price, currency))
    except Refused as error:
        raise Refused("bad_option", f"The price of the choice “{text[:60]}” cannot be read.") from error


def options_text(options: tuple[Option, ...], currency: str) -> str:
    """Write options as `parse_options` reads them, one a line."""
    return "\n".join(
        f"{option.name} {option.least}-{option.most}: "
        + ", ".join(_choice_text(choice, currency) for choice in option.choices)
        for option in options
    )


def _choice_text(choice: Choice, currency: str) -> str:
    if not choice.price_minor:
        return choice.name
    sign = "+" if choice.price_minor > 0 else "-"
    return f"{choice.name} {sign}{format_plain(abs(choice.price_minor), currency)}"
