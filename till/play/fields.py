"""A command's line and its fields, checked at the door: nothing of the wrong kind comes further."""

import json
import re
from typing import Any

from schema.errors import Refused
from schema.money import WHOLE_DIGITS_MAX

LINE_LENGTH_MAX = 64 * 1024
Answer = dict[str, Any]
Fields = dict[str, Any]


def read(line: str) -> Fields:
    if len(line) > LINE_LENGTH_MAX:
        raise Refused("bad_command", f"A command is at most {LINE_LENGTH_MAX} characters long.")
    try:
        fields = json.loads(line, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise Refused("bad_command", f"That is no JSON object: {error}.") from error
    if not isinstance(fields, dict):
        raise Refused("bad_command", 'A command is one JSON object a line, like {"do": "scan", "code": "…"}.')
    return fields


# JSON can spell half a character; no file and no line could hold it.
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Fraction(str):
    """A number with a point as it was written: no float comes near money or quantities."""


def _no_float(text: str) -> _Fraction:
    return _Fraction(text)


def text(fields: Fields, name: str, *, default: str | None = None, length_max: int = 4096) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str) or isinstance(value, _Fraction):
        raise Refused("bad_field", f"“{name}” must be a text.")
    if len(value) > length_max or _SURROGATE.search(value):
        raise Refused("bad_field", f"“{name}” must be a text.")
    return value


def amount(fields: Fields, name: str) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 10**WHOLE_DIGITS_MAX:
        shown = str(value)[:40]
        raise Refused("bad_amount", f"“{name}” must be an integer of minor units, not “{shown}”.")
    return value


def quantity(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Refused("bad_quantity", f'“{name}” must be a decimal text like "2" or "0.350".')
    return str(value)[:100]


def line(fields: Fields) -> int:
    """Lines count from 1 on the port and from 0 within."""
    return whole(fields.get("line"), "line") - 1


def whole(value: object, name: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= WHOLE_DIGITS_MAX:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 10**WHOLE_DIGITS_MAX:
        raise Refused("bad_field", f"“{name}” must be a whole number.")
    return value


def truth(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    if not isinstance(value, bool):
        raise Refused("bad_field", f"“{name}” must be true or false.")
    return value


def texts(fields: Fields, name: str) -> list[str]:
    value = fields.get(name)
    if not isinstance(value, list) or len(value) > 50:
        raise Refused("bad_field", f"“{name}” must be a list of texts.")
    return [text({name: each}, name) for each in value]


def mapping(fields: Fields, name: str) -> dict[str, Any]:
    value = fields.get(name)
    if not isinstance(value, dict) or len(value) > 50:
        raise Refused("bad_field", f"“{name}” must be an object of value: pieces.")
    return value
