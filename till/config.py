"""What is set on the till itself: its devices, language and look. `till.toml` in the data folder, then environment.

    printer = "escpos+tcp://192.0.2.10:9100?profile=generic-80"   # what hardware.connect understands; empty: no printer
    terminal = "zvt://192.0.2.11:20007"
    scanner = "serial:///dev/ttyACM0"
    display = "page://127.0.0.1:8090"                             # what the customer sees
    labels = "zpl+tcp://192.0.2.12:9100"
    fiscal = "fiscal+tcp://192.0.2.13:20100"                      # empty: as the store's settings say
    language = "de"

An environment variable COUNTERFOIL_PRINTER (and so on) overrides the file. What the store sets comes by the feed.
The settings screen writes the file; what an environment variable overrides is not written back.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from schema.device import write_whole
from schema.errors import Refused

CONFIG = "till.toml"
PREFIX = "COUNTERFOIL_"


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The till's own settings. Devices are URLs; an empty one is a device that this till does not have."""

    printer: str = ""
    terminal: str = ""
    scanner: str = ""
    display: str = ""
    labels: str = ""
    fiscal: str = ""
    # Empty: the store's language.
    language: str = ""
    theme: str = ""
    sound: bool = True
    # When the on-screen keyboard opens: auto, on or off.
    keyboard: Literal["auto", "on", "off"] = "auto"
    ballast_mb: int = 64


def load_config(folder: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the folder's settings. Raises Refused("bad_config") naming the file and what is wrong with it."""
    path = folder / CONFIG
    try:
        values: dict[str, object] = dict(tomllib.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
        for field in Config.__struct_fields__:
            if (text := environment.get(PREFIX + field.upper())) is not None:
                values[field] = text
        return msgspec.convert(values, Config, strict=False)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        message = "{path} cannot be used: {error}. Correct it and start the till again."
        raise Refused("bad_config", message, path=path, error=error) from error


def save_config(folder: Path, config: Config) -> None:
    """Write the settings that differ from what is usual. Raises Refused("config_not_saved")."""
    usual = Config()
    values = {name: getattr(config, name) for name in Config.__struct_fields__}
    changed = {name: value for name, value in values.items() if value != getattr(usual, name)}
    lines = [f"{name} = {_toml(value)}" for name, value in changed.items()]
    try:
        write_whole(folder / CONFIG, "".join(line + "\n" for line in lines).encode())
    except OSError as error:
        message = "The settings cannot be written to {path}: {error}."
        raise Refused("config_not_saved", message, path=folder / CONFIG, error=error) from error


def _toml(value: object) -> str:
    """Write a text, number or truth: TOML's are JSON's, but for one control character that JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
