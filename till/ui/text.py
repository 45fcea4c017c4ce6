"""Text on the screen: what every label, key and row of the till draws its words with.

Kivy's Label takes 42 KB each, for markup, outlines, directions and a binding for every option; a till shows hundreds.
This one knows what the till writes with and takes a quarter. It renders with Kivy's own text core, in white, and tints
the picture: another colour costs no rendering. Two texts that look the same share one picture, as long as one of them
is there: a keypad's figures on all screens, a quantity in all rows.
"""

from functools import lru_cache
from typing import Any
from weakref import WeakValueDictionary

from kivy.clock import Clock
from kivy.core.text import DEFAULT_FONT
from kivy.core.text import Label as Core
from kivy.graphics import Color, Rectangle
from kivy.properties import (
    BooleanProperty,
    ColorProperty,
    ListProperty,
    NumericProperty,
    ObjectProperty,
    OptionProperty,
    StringProperty,
)
from kivy.uix.widget import Widget

# What decides how a text looks, its colour apart.
LOOK = (
    *("text", "font_name", "font_size", "bold", "line_height"),
    *("halign", "valign", "shorten", "max_lines", "text_size"),
)
# Rendering is put off to the end of the frame, when all of its properties are known.
BEFORE_THE_FRAME = -1
NOTHING = (0, 0)
# How far a text may shrink for the lines that it has, and how many answers are kept: a few pages of quick keys.
SHRINKING = (1.0, 0.94, 0.88, 0.82, 0.76, 0.7, 0.66)
SIZES_KEPT = 512
_pictures: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()


class Text(Widget):
    """A text in the middle of its widget. `text_size` bounds it, None where it may grow; the names are Kivy's."""

    text = StringProperty("")
    font_name = StringProperty(DEFAULT_FONT)
    font_size = NumericProperty("15sp")
    bold = BooleanProperty(False)
    halign = OptionProperty("left", options=["left", "center", "right"])
    valign = OptionProperty("bottom", options=["bottom", "middle", "top"])
    shorten = BooleanProperty(False)
    max_lines = NumericProperty(0)
    line_height = NumericProperty(1.0)
    text_size = ListProperty([None, None])
    color = ColorProperty("#FFFFFF")
    # None: as where it is not disabled.
    disabled_color = ColorProperty(None, allownone=True)
    texture_size = ObjectProperty(NOTHING)

    def __init__(self, **properties: Any) -> None:
        self._tint, self._box = Color(), Rectangle(size=NOTHING)
        super().__init__(**properties)
        self.canvas.add(self._tint)
        self.canvas.add(self._box)
        render = Clock.create_trigger(self._render, BEFORE_THE_FRAME)
        for name in LOOK:
            self.fbind(name, render)
        for name in ("color", "disabled_color", "disabled"):
            self.fbind(name, self._colour)
        for name in ("pos", "size"):
            self.fbind(name, self._place)
        self._colour()
        render()

    def _render(self, _seconds: float) -> None:
        picture = picture_of(self) if self.text else None
        self._box.texture = picture
        self.texture_size = self._box.size = picture.size if picture else NOTHING
        self._place()

    def _place(self, *_: object) -> None:
        width, height = self.texture_size
        # Not by `center`: Kivy remembers it, and may not have heard yet of the change that this is about.
        self._box.pos = int(self.x + (self.width - width) / 2), int(self.y + (self.height - height) / 2)

    def _colour(self, *_: object) -> None:
        self._tint.rgba = (self.disabled and self.disabled_color) or self.color


def picture_of(text: Text) -> Any:
    """Return the texture of a text; one that is in use already for the same look, where there is one."""
    look = tuple(getattr(text, name) for name in LOOK[:-1]) + tuple(text.text_size)
    if (picture := _pictures.get(look)) is None:
        picture = _pictures[look] = _drawn(text)
    return picture


@lru_cache(SIZES_KEPT)
def size_for_lines(text: str, size: float, width: float, lines: int) -> float:
    """Return the largest of a few type sizes at which a text takes no more than so many lines of a width.

    A text that is cut at its last line would lose its last words without a mark, and they tell one kilo from two.
    """
    sizes = [size * step for step in SHRINKING]
    return next((each for each in sizes if _lines_needed(text, each, width) <= lines), sizes[-1])


def _lines_needed(text: str, size: float, width: float) -> int:
    measure = Core(font_size=size).get_extents
    space, lines, used = measure(" ")[0], 0, width
    for word in text.split():
        wide = measure(word)[0]
        if wide > width:
            return len(text)  # broken anywhere
        if lines and used + space + wide <= width:
            used += space + wide
        else:
            lines, used = lines + 1, wide
    return lines


def _drawn(text: Text) -> Any:
    options = {name: getattr(text, name) for name in LOOK}
    core = Core(**options, shorten_from="right", split_str="")
    core.options["max_lines"] = text.max_lines
    core.refresh()
    if core.texture is not None:
        core.texture.bind()  # draws it now; Kivy would keep the core and all its options until it is in sight
    return core.texture
