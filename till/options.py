"""How the window is asked to look, from the command line."""

import re
from pathlib import Path

from msgspec import Struct

from schema.errors import Refused

_SIZE = re.compile(r"(\d{3,5})x(\d{3,5})", re.ASCII)


class RunOptions(Struct, frozen=True, kw_only=True):
    """Width and height 0 mean the whole screen; an empty theme means the light one.

    `places` is a file to which the window writes where everything on the screen is, for programs outside.
    """

    width: int = 0
    height: int = 0
    theme: str = ""
    places: Path | None = None


def read_size(text: str) -> tuple[int, int]:
    """Read "1280x800"; empty is (0, 0). Raises Refused("bad_size")."""
    if not text:
        return 0, 0
    if (match := _SIZE.fullmatch(text)) is None:
        raise Refused("bad_size", f"“{text}” is no size. Type it like 1280x800.")
    return int(match[1]), int(match[2])
