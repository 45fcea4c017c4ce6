"""The few pictures on keys, by what they mean: glyphs of the Material Design Icons font (an installed package)."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

GLYPHS = {
    "account": "\U000f0004",
    "alert": "\U000f0026",
    "back": "\U000f004d",
    "backspace": "\U000f0b5c",
    "basket": "\U000f0072",
    "caps": "\U000f0632",
    "card": "\U000f0fef",
    "cash": "\U000f0114",
    "chart": "\U000f0128",
    "check": "\U000f05e0",
    "clock": "\U000f0150",
    "close": "\U000f0156",
    "delete": "\U000f09e7",
    "drawer": "\U000f1274",
    "email": "\U000f01ee",
    "enter": "\U000f0311",
    "information": "\U000f02fc",
    "keys": "\U000f0570",
    "left": "\U000f0141",
    "lines": "\U000f0279",
    "lock": "\U000f033e",
    "menu": "\U000f035c",
    "next": "\U000f0312",
    "offline": "\U000f0164",
    "online": "\U000f1beb",
    "order": "\U000f03d6",
    "pencil": "\U000f03eb",
    "percent": "\U000f03f0",
    "printer": "\U000f042a",
    "question": "\U000f02d7",
    "register": "\U000f0cf4",
    "right": "\U000f0142",
    "search": "\U000f0349",
    "sending": "\U000f063f",
    "settings": "\U000f0493",
    "shift": "\U000f0636",
    "sign_out": "\U000f0343",
    "space": "\U000f1050",
    "stop": "\U000f0029",
    "undo": "\U000f054c",
}


def glyph(name: str) -> str:
    """Return a picture's character in the icon font."""
    return GLYPHS[name]


@cache
def font_file() -> str:
    """Return the icon font's path. Raises FileNotFoundError where the package is missing."""
    spec = find_spec("fonticon_mdi7")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the icon font is not installed: pip install fonticon-materialdesignicons7")
    return str(Path(spec.origin).with_name("fonts") / "materialdesignicons-webfont.ttf")
