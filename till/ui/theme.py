"""One place for how the till looks: colours by name, type sizes and spacing, for light and dark and for every window.

The names are the same as in the office's stylesheet (design, screens): `ink` and `ink_soft` write, `paper` and
`surface` lie under them, `line` separates, `mark` is the chosen row; `accent`, `go`, `warn` and `stop` mean something
and are always joined by a word or a shape; `ink_on` writes upon those four, `bar` and `bar_ink` are the top bar,
`warn_bar` is PRACTICE in it.
Sizes are in density-independent pixels: a finger is as wide on a small screen as on a large one, so touch sizes have a
floor and only the rest shrinks with the window.
"""

from typing import Any

from kivy.event import EventDispatcher
from kivy.metrics import dp
from kivy.properties import BooleanProperty, ColorProperty, NumericProperty, ObjectProperty, OptionProperty

PALETTES: dict[str, dict[str, str]] = {
    "light": {
        "ink": "#14202E",
        "ink_soft": "#4F5D6C",
        "paper": "#EDF1F6",
        "surface": "#FFFFFF",
        "line": "#D3DAE3",
        "mark": "#DCEAF9",
        "accent": "#0B5CAD",
        "go": "#12773A",
        "warn": "#9C4F00",
        "stop": "#B3261E",
        "ink_on": "#FFFFFF",
        "bar": "#12263F",
        "bar_ink": "#FFFFFF",
        "warn_bar": "#FFB84D",
    },
    "dark": {
        "ink": "#EEF3F8",
        "ink_soft": "#A9B7C5",
        "paper": "#10161D",
        "surface": "#1E2832",
        "line": "#3A4957",
        "mark": "#1C3650",
        "accent": "#5AA9F0",
        "go": "#3DB56C",
        "warn": "#F0B04A",
        "stop": "#FF8A80",
        "ink_on": "#06121B",
        "bar": "#0A1017",
        "bar_ink": "#EEF3F8",
        "warn_bar": "#FFB84D",
    },
}
# What a key of each kind is written with and upon. Keys read these tables and not the colours by name: each name that
# a rule mentions is one more binding on every key there is.
KEY_INKS = {
    "key": "ink",
    "accent": "ink_on",
    "go": "ink_on",
    "stop": "ink_on",
    "warn": "ink_on",
    "chosen": "ink_on",
    "danger": "stop",
    "bare": "ink_soft",
    "bar": "bar_ink",
    "tool": "ink",
}
KEY_GROUNDS = {
    "key": "surface",
    "accent": "accent",
    "go": "go",
    "stop": "stop",
    "warn": "warn",
    "chosen": "accent",
    "danger": "surface",
    "bare": "surface",
    "bar": "bar",
    "tool": "line",
}
# Which colour is ever written upon which; a test holds each pair to a contrast of 4.5:1.
WRITTEN_UPON = (
    *((ink, ground) for ink in ("ink", "ink_soft") for ground in ("paper", "surface", "mark")),
    *((ink, ground) for ink in ("accent", "go", "warn", "stop") for ground in ("paper", "surface", "mark")),
    *(("ink_on", ground) for ground in ("accent", "go", "warn", "stop")),
    ("bar_ink", "bar"),
    ("ink", "line"),
    ("warn_bar", "bar"),
)
# A strip of colour per tab of quick keys, told apart by its place and words, never by the colour alone.
TAB_COLOURS = ("#3B7DC4", "#B8741A", "#A1479B", "#3F8F4F", "#7A6CC0", "#5B6F82")
TOUCH_DP, PRIMARY_DP = 48, 72
# A window so high has room for figures above the letters of the on-screen keyboard.
TALL_DP = 700
# Type never shrinks as far as boxes do.
TYPE_SCALE_MIN, SCALE_MIN, SCALE_MAX = 0.82, 0.6, 2.2


class Theme(EventDispatcher):
    """Colours and sizes as properties, so that kv redraws whatever uses them when `mode` or the window changes."""

    mode = OptionProperty("light", options=sorted(PALETTES))
    ink = ColorProperty()
    ink_soft = ColorProperty()
    paper = ColorProperty()
    surface = ColorProperty()
    line = ColorProperty()
    mark = ColorProperty()
    accent = ColorProperty()
    go = ColorProperty()
    warn = ColorProperty()
    stop = ColorProperty()
    ink_on = ColorProperty()
    bar = ColorProperty()
    bar_ink = ColorProperty()
    warn_bar = ColorProperty()
    key_inks = ObjectProperty({})
    key_grounds = ObjectProperty({})

    portrait = BooleanProperty(False)
    compact = BooleanProperty(False)
    tall = BooleanProperty(False)
    # How high the on-screen keyboard stands at the window's foot, and whether what is above must give up what nobody
    # needs while typing. In portrait there is room for both.
    foot = NumericProperty(0)
    squeezed = BooleanProperty(False)
    scale = NumericProperty(1.0)
    gap = NumericProperty(8)
    pad = NumericProperty(12)
    radius = NumericProperty(8)
    touch = NumericProperty(TOUCH_DP)
    primary = NumericProperty(PRIMARY_DP)
    row = NumericProperty(TOUCH_DP)
    type_small = NumericProperty(14)
    type_body = NumericProperty(17)
    type_large = NumericProperty(22)
    type_title = NumericProperty(26)
    type_total = NumericProperty(40)
    type_huge = NumericProperty(104)

    def __init__(self, mode: str = "light", **properties: Any) -> None:
        super().__init__(**properties)
        self.mode = mode
        self.on_mode()

    def on_mode(self, *_: object) -> None:
        """Take over the palette's colours."""
        for name, value in PALETTES[self.mode].items():
            setattr(self, name, value)
        self.key_inks = {kind: getattr(self, colour) for kind, colour in KEY_INKS.items()}
        self.key_grounds = {kind: getattr(self, colour) for kind, colour in KEY_GROUNDS.items()}

    def fit(self, width: float, height: float) -> None:
        """Choose sizes for a window: 1280x800 (or 800x1280) is drawn as designed, others larger or smaller."""
        self.portrait = height > width
        across, along = (width / dp(800), height / dp(1280)) if self.portrait else (width / dp(1280), height / dp(800))
        self.scale = max(SCALE_MIN, min(across, along, SCALE_MAX))
        self.compact = not self.portrait and self.scale < 0.7
        self.tall = height >= dp(TALL_DP)
        self._size_boxes()
        self._size_type()
        self.on_foot()

    def on_foot(self, *_: object) -> None:
        """Tell what stands above the on-screen keyboard how much room it has."""
        self.squeezed = self.foot > 0 and not self.portrait

    def _size_boxes(self) -> None:
        self.gap, self.pad, self.radius = (dp(size) * self.scale for size in (8, 14, 8))
        self.touch = max(dp(TOUCH_DP), dp(56) * self.scale)
        self.primary = max(dp(PRIMARY_DP), dp(80) * self.scale)
        self.row = max(dp(TOUCH_DP), dp(54) * self.scale)

    def _size_type(self) -> None:
        scale = max(TYPE_SCALE_MIN, self.scale)
        self.type_small, self.type_body, self.type_large, self.type_title = (
            dp(size) * scale for size in (15, 18, 22, 26)
        )
        self.type_total, self.type_huge = dp(40) * max(0.7, self.scale), dp(110) * self.scale
