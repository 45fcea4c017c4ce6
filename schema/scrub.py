"""Masks card and account numbers in texts and logs, so that none of them is ever stored, shown or sent (invariant I16).

What counts as a card number: 12 to 19 digits, together or in groups with single spaces or dashes, whose last one is
their Luhn check digit (ISO/IEC 7812-1 annex B) and that begin as payment cards do. One in ten numbers passes Luhn by
chance, so what is surely something else is kept:

- A GTIN of 12 or 13 digits with its own check digit: payment cards of those lengths are all but gone, articles are
  not. The same for 14 digits, unless they begin with 3: those are Diners Club's cards.
- Numbers that begin with 0, and with 1 unless they have 15 digits (UATP): they are no payment cards, but telephone
  numbers and moments counted in milliseconds. The first digit 7 to 9 counts from 15 digits on.
- Dates as 2026-11-22 or 22.11.2026: they never become part of a group.
- Digits within a hexadecimal number, for example a hash or a UUID.

Also masked: tracks of a magnetic stripe, card fields of a ZVT frame written in hexadecimal, card numbers that are
masked already (no part of a card number is kept), and IBANs (ISO 13616: country, length, check digits modulo 97).
Logs hold no e-mail addresses either (schema.mail); these are stored where they are needed.
"""

import logging
import re
from collections.abc import Iterator
from typing import Any

from schema.barcode import has_check_digit
from schema.mail import mask_addresses

MASK = "…"
_DIGITS_MIN, _DIGITS_MAX = 12, 19
# The lengths of a card number that goes on with expiry date and service code without any mark.
_COMMON_LENGTHS = (16, 19, 15)

# Tracks 1 and 2 as a reader sends them; chips write D for the equals sign.
_TRACK = re.compile(r"%?[Bb]\d{12,19}\^[^?\n]{0,60}\??|;?\d{12,19}[=D]\d{4,}[0-9F]*\??")
# ZVT fields 22, 23 and 2D (two length digits) and 24 (three), in hexadecimal with or without spaces.
_FIELD = re.compile(r"(?:(?:22|23|2[dD])(?:\s?[fF]\d){2}|24(?:\s?[fF]\d){3})(?=\s?[0-9a-fA-FeE]{2})")
_HEX_PAIR = re.compile(r"\s?[0-9a-fA-F]{2}")
# Digits and masking signs in groups; what goes on with a decimal mark is an amount with stars before it.
_MASKED = re.compile(r"(?<![0-9A-Za-z*#•])[0-9*#•xX](?:[ -]?[0-9*#•xX])+(?![0-9A-Za-z]|[.,]\d)")
_MASKED_CHARS_MIN, _MASKS_MIN = 8, 4
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}\d{2}(?:[ -]?[0-9A-Za-z]){11,30}(?![0-9A-Za-z])")
_IBAN_CHARS = range(15, 35)
_WORD = re.compile("[0-9A-Za-z]+")
_RUN = re.compile(r"(?<!\d)\d(?:[ -]?\d)+")
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d(?!\d)")
_GROUP = re.compile(r"\d+")
_HEX_WORD = re.compile(r"[0-9a-fA-F]+(?:-[0-9a-fA-F]+)*")
_HEX_CHARS_MIN = 24
_HEX_LOOK_CHARS = 128


def scrub(text: str) -> str:
    """Return a text with every card and account number replaced by an ellipsis."""
    if not _may_hold_any(text):
        return text
    # What stands beside a masked number may be the rest of one: again, until nothing more is found.
    while (clean := _scrubbed_once(text)) != text:
        text = clean
    return text


def _scrubbed_once(text: str) -> str:
    for clean in (_without_fields, _without_tracks, _without_ibans, _without_masked, _without_numbers):
        text = clean(text)
    return text


def is_card_number(digits: str) -> bool:
    """Tell whether digits without separators are to be treated as a card number (see the head of this file)."""
    if not _DIGITS_MIN <= len(digits) <= _DIGITS_MAX or not passes_luhn(digits):
        return False
    first = digits[0]
    if len(digits) > 14:
        return first != "0" and (first != "1" or len(digits) == 15)
    if len(digits) == 14 and first == "3":
        return True
    return first in "3456" and not has_check_digit(digits)


def passes_luhn(digits: str) -> bool:
    """Tell whether the last digit is the Luhn check digit of those before it."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def passes_iban(text: str) -> bool:
    """Tell whether letters and digits without separators are an IBAN."""
    turned = (text[4:] + text[:4]).upper()
    return len(text) in _IBAN_CHARS and int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


class Scrubbed(logging.Filter):
    """Cleans what is logged: message, arguments and traceback. Lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean a record in place; its arguments stay arguments as long as they can."""
        record.args = _scrubbed_arguments(record.args)
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            return True  # the handler says that the message does not fit its arguments
        if (clean := _clean(text)) != text:
            record.msg, record.args = clean, ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = _clean(record.exc_text)
        return True


def scrub_logs() -> None:
    """Let every record of this process be cleaned when it is made, whichever handler it goes to. Idempotent.

    At the root of all loggers a filter would not see what other loggers pass up, and handlers come later than the
    start (Kivy and uvicorn bring their own), so the one place that sees all is where records are made.
    """
    make = logging.getLogRecordFactory()
    if isinstance(make, _ScrubbedRecords):
        return
    logging.setLogRecordFactory(_ScrubbedRecords())


class _ScrubbedRecords:
    """Makes log records that are clean."""

    def __init__(self) -> None:
        self._make, self._filter = logging.getLogRecordFactory(), Scrubbed()

    def __call__(self, *args: Any, **named: Any) -> logging.LogRecord:
        record = self._make(*args, **named)
        self._filter.filter(record)
        return record


def _scrubbed_arguments(arguments: Any) -> Any:
    """Access logs count their arguments, so these are cleaned one by one before the whole message is looked at."""
    if isinstance(arguments, tuple):
        return tuple(_clean(each) if isinstance(each, str) else each for each in arguments)
    return arguments


def _clean(text: str) -> str:
    """Return what a log may hold: e-mail addresses are masked there too, though stored where they are needed."""
    return mask_addresses(scrub(text))


def _may_hold_any(text: str) -> bool:
    """Most texts have too few digits for any number: a quick look keeps logging quick."""
    return len(text) >= 8 and any(char.isdigit() for char in text)


def _without_fields(text: str) -> str:
    """Mask the value of card fields in a ZVT frame that somebody wrote in hexadecimal."""
    parts: list[str] = []
    at = 0
    while found := _FIELD.search(text, at):
        digits = re.findall(r"[fF](\d)", found.group()[2:])
        end = _after_pairs(text, found.end(), int("".join(digits)))
        parts += [text[at : found.end()], MASK if end > found.end() else ""]
        at = end
    return "".join([*parts, text[at:]])


def _after_pairs(text: str, at: int, count: int) -> int:
    for _ in range(count):
        pair = _HEX_PAIR.match(text, at)
        if pair is None:
            break
        at = pair.end()
    return at


def _without_tracks(text: str) -> str:
    return _TRACK.sub(MASK, text)


def _without_ibans(text: str) -> str:
    return _IBAN.sub(_masked_iban, text)


def _masked_iban(found: re.Match[str]) -> str:
    """Mask an IBAN even when words follow it: every end of a word is tried as its end, the longest first."""
    text = found.group()
    for end in reversed([word.end() for word in _WORD.finditer(text)]):
        if passes_iban(re.sub("[ -]", "", text[:end])):
            return MASK + text[end:]
    return text


def _without_masked(text: str) -> str:
    return _MASKED.sub(lambda found: MASK if _is_masked_number(found.group()) else found.group(), text)


def _is_masked_number(text: str) -> bool:
    digits, masks = sum(char.isdigit() for char in text), sum(char in "*#•xX" for char in text)
    return bool(digits) and masks >= _MASKS_MIN and digits + masks >= _MASKED_CHARS_MIN


def _without_numbers(text: str) -> str:
    return _RUN.sub(lambda run: _within_run(run, text), text)


def _within_run(run: re.Match[str], text: str) -> str:
    """Mask card numbers in digits that are together or in groups; dates stay and keep the groups around them apart."""
    if _is_hexadecimal(run, text):
        return run.group()
    parts: list[str] = []
    at = 0
    for date in _DATE.finditer(run.group()):
        parts += [_within_groups(run.group()[at : date.start()]), date.group()]
        at = date.end()
    return "".join([*parts, _within_groups(run.group()[at:])])


def _is_hexadecimal(run: re.Match[str], text: str) -> bool:
    """Tell whether a run of digits is part of a longer hexadecimal number, as in a hash or a UUID."""
    start, end = run.span()
    while start > max(0, run.start() - _HEX_LOOK_CHARS) and (
        text[start - 1] in "abcdefABCDEF-" or text[start - 1].isdigit()
    ):
        start -= 1
    word = _HEX_WORD.match(text, start, end + _HEX_LOOK_CHARS)
    if word is None or word.end() < end:
        return False
    letters = sum(char.isalpha() for char in word.group())
    return len(word.group()) >= _HEX_CHARS_MIN and letters >= 4


def _within_groups(text: str) -> str:
    groups = [found.span() for found in _GROUP.finditer(text)]
    parts: list[str] = []
    done, first = 0, 0
    while first < len(groups):
        last = next((end for end in _window_ends(text, groups, first)), None)
        if last is None:
            first += 1
            continue
        end, following = last
        parts += [text[done : groups[first][0]], MASK]
        done, first = end, following
    return "".join([*parts, text[done:]])


def _window_ends(text: str, groups: list[tuple[int, int]], first: int) -> Iterator[tuple[int, int]]:
    """Yield where a card number that begins with a group ends, the longest first, and the group after it."""
    digits, ends = "", []
    for last in range(first, len(groups)):
        start, end = groups[last]
        if len(digits) + end - start > _DIGITS_MAX:
            break
        digits += text[start:end]
        ends.append((digits, end, last + 1))
    yield from ((end, following) for digits, end, following in reversed(ends) if is_card_number(digits))
    start, end = groups[first]
    if _begins_as_card_number(text[start:end]):
        yield end, first + 1


def _begins_as_card_number(digits: str) -> bool:
    """Tell whether digits too many for a card number may be one with its expiry date right behind it."""
    if len(digits) <= _DIGITS_MAX or digits[0] not in "23456":
        return False
    return any(passes_luhn(digits[:length]) for length in _COMMON_LENGTHS)
