"""Kivy's surroundings: imported before anything of Kivy, because Kivy reads its environment while it is imported.

Kivy must not eat our arguments, write into the home folder or take over logging. A till window has no antialiasing
buffers (on a small board they cost more than the drawing), knows one pointer provider (a second one would give every
tap twice) and does not leave on Esc.
"""

import os

WIDTH_MIN, HEIGHT_MIN = 800, 480
FRAMES_PER_SECOND_MAX = 60
# Kivy would look for other providers first or besides: programs for the clipboard, a second library for pictures.
PROVIDED_BY_SDL = ("KIVY_TEXT", "KIVY_IMAGE", "KIVY_CLIPBOARD")


def prepare(width: int, height: int, *, fullscreen: bool = False) -> None:
    """Set Kivy's environment and configuration. Call once, before the first import of kivy."""
    os.environ.setdefault("KIVY_NO_ARGS", "1")
    os.environ.setdefault("KIVY_NO_CONFIG", "1")
    os.environ.setdefault("KIVY_NO_FILELOG", "1")
    os.environ.setdefault("KIVY_LOG_MODE", "PYTHON")
    os.environ.setdefault("KCFG_KIVY_LOG_LEVEL", "warning")
    for name in PROVIDED_BY_SDL:
        os.environ.setdefault(name, "sdl2")
    _configure(width, height, fullscreen)


def _configure(width: int, height: int, fullscreen: bool) -> None:
    from kivy import kivy_options
    from kivy.config import Config

    kivy_options["cutbuffer"] = ()  # X's second clipboard: no variable turns it off, and it starts programs to ask them
    graphics = {
        "width": width,
        "height": height,
        "minimum_width": WIDTH_MIN,
        "minimum_height": HEIGHT_MIN,
        "fullscreen": "auto" if fullscreen else 0,
        "multisamples": 0,
        "maxfps": FRAMES_PER_SECOND_MAX,
    }
    for option, value in graphics.items():
        Config.set("graphics", option, str(value))
    Config.set("kivy", "exit_on_escape", "0")
    Config.set("kivy", "desktop", "0")  # lists scroll by touch, not by dragging a bar
    Config.set("kivy", "keyboard_mode", "system")
    Config.set("input", "mouse", "mouse,disable_multitouch")  # no red dots on a right click
    for name, provider in list(Config.items("input")):
        if "probesysfs" in provider:  # else a Linux touch screen reports each tap twice
            Config.remove_option("input", name)
