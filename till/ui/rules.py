"""Loads each screen's kv file once a process: loading twice would apply every rule twice, and slow every frame."""

from functools import cache
from pathlib import Path


@cache
def load_rules(module_file: str) -> None:
    """Load the kv file that stands beside a module."""
    from kivy.lang import Builder

    Builder.load_file(str(Path(module_file).with_suffix(".kv")))
