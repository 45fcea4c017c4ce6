"""A sale on two lines of twenty characters, and those lines in a line display's bytes. Pure.

Two command sets cover nearly all of them: Epson's (DM-D series: US $ places the cursor, ESC t chooses the page) and
CD5220 (ESC Q A and ESC Q B write a whole line). Many displays speak both and are switched by their set-up.
Source: the makers' command lists (Epson DM-D, Partner CD5220).
"""

from typing import Literal, get_args

from msgspec import Struct

from hardware.ports import DisplayState, ShownLine
from hardware.printer.characters import encoded, printable

Commands = Literal["epson", "cd5220"]
COMMAND_SETS: tuple[Commands, ...] = get_args(Commands)
COLUMNS = 20
# The numbers of ESC t that have an Euro sign, and the page that every display begins with.
PAGES = {0: "cp437", 16: "cp1252", 19: "cp858"}
ESC, US, CLEAR, CR = b"\x1b", b"\x1f", b"\x0c", b"\r"


class DisplayProfile(Struct, frozen=True, kw_only=True):
    """How a display is spoken to. CD5220 has no command for a page: it stays at the one it is set to."""

    commands: Commands = "epson"
    page: int = 19

    @property
    def codec(self) -> str:
        return PAGES[self.page]


def two_lines(state: DisplayState, codec: str = "utf-8") -> tuple[str, str]:
    """Return the two lines that matter most: the newest line and the total, or the last two sums, or the greeting.

    They are set in the characters that the display has: a stand-in may be longer than what it stands for.
    """
    state = _in_codec(state, codec)
    if state.lines and len(state.sums) < 2:
        newest = state.lines[-1]
        text = f"{newest.quantity} {newest.text}" if newest.quantity else newest.text
        upper = _row(text, newest.amount)
    elif len(state.sums) > 1:
        upper = _row(*state.sums[-2])
    else:
        upper = "" if state.sums else _centred(state.title)
    lower = _row(*state.sums[-1]) if state.sums else _centred(state.mark or state.note)
    if state.mark and state.sums:
        # Who practises must see it at any moment, also here.
        upper = _centred(state.mark)
    return upper, lower


def initialise(profile: DisplayProfile) -> bytes:
    """Return what sets a display up after it was switched on."""
    page = ESC + b"t" + bytes([profile.page]) if profile.commands == "epson" else b""
    return ESC + b"@" + page + CLEAR


def write_lines(upper: str, lower: str, profile: DisplayProfile) -> bytes:
    """Return what writes both lines, each over its whole width, so that nothing of the last one stays."""
    texts = [_fitted(text, profile.codec) for text in (upper, lower)]
    if profile.commands == "cd5220":
        return b"".join(ESC + b"Q" + letter + text + CR for letter, text in zip((b"A", b"B"), texts, strict=True))
    return b"".join(US + b"$\x01" + bytes([row]) + text for row, text in enumerate(texts, start=1))


def darken(profile: DisplayProfile) -> bytes:
    """Return what leaves an empty display behind."""
    return initialise(profile)


def _in_codec(state: DisplayState, codec: str) -> DisplayState:
    newest = state.lines[-1:]
    return DisplayState(
        title=printable(state.title, codec),
        note=printable(state.note, codec),
        mark=printable(state.mark, codec),
        lines=tuple(
            ShownLine(
                text=printable(line.text, codec),
                amount=printable(line.amount, codec),
                quantity=printable(line.quantity, codec),
            )
            for line in newest
        ),
        sums=tuple((printable(label, codec), printable(amount, codec)) for label, amount in state.sums),
    )


def _row(text: str, amount: str) -> str:
    """Set the amount at the right edge; the text gives way, never a digit."""
    room = COLUMNS - len(amount) - 1
    return text[: max(room, 0)].ljust(max(room, 0)) + " " + amount if room > 0 else amount[-COLUMNS:]


def _centred(text: str) -> str:
    return text[:COLUMNS].center(COLUMNS).rstrip()


def _fitted(text: str, codec: str) -> bytes:
    return encoded(printable(text, codec)[:COLUMNS].ljust(COLUMNS), codec)
