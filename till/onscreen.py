"""The on-screen keyboard of a till without a real one: which keys it shows, where they lie, what each does. Pure.

A `Board` is what is in front: a page of keys in a language's order, for a kind of field, with or without shift. A key
that writes is named by the character it writes; the others by what they do. Sizes are counted in columns of the page's
grid, and become a window's units in `places`. `till.ui.onscreen` shows it.

Letters lie as on the keyboards that are sold in each country (DIN 2137 in Germany, US-International in the
Netherlands); the two pages of accents hold the Latin letters of the European languages beside them.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

# What a field takes. A field with a keypad beside it needs no other keys.
Kind = Literal["words", "name", "mail", "address", "figures", "code", "pad"]
Page = Literal["letters", "signs", "west", "east", "figures", "code"]
Shift = Literal["off", "once", "locked"]
Role = Literal["writes", "tool", "chosen", "done"]
# When the keyboard opens: by itself as long as nobody types on a real one, always, never.
Setting = Literal["auto", "on", "off"]
SETTINGS: tuple[Setting, ...] = ("auto", "on", "off")

# Whoever typed on a real keyboard so many seconds ago has one.
KEYS_RECENT_S = 300.0
# Keys that go on while they are held.
REPEATING = frozenset({"back", "left", "right"})

DIGITS = "1234567890"
LETTERS: dict[str, tuple[str, str, str]] = {
    "en": ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    "de": ("qwertzuiopü", "asdfghjklöä", "yxcvbnmß"),
    "nl": ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
}
SIGNS = ("1234567890_", "@€$&/()-+=%", "!?'\":;#*")
ACCENTS: dict[Page, tuple[str, str, str]] = {
    "west": ("áàâäãåæçñýÿ", "éèêëíìîïúùû", "óòôöõøœüß"),
    "east": ("ąăćčďđěęğıí", "łľńňőřŕśšşș", "ţťůűúýźżž"),
}
# What a shifted letter is, where it is not its capital: the typeface has no capital ß, and Turkish has two letters i.
SHIFTED = {"ß": "ß", "ı": "İ"}
FIGURES = ("789-+", "456/.", "123,", "0()")
# The signs in the lowest row, by the kind of field. Addresses have no spaces: the first sign lies where the bar would.
FOOT: dict[Kind, str] = {"mail": "@_-.", "address": ":/-."}
FOOT_OF_SIGNS = ",."
FOOT_OF_WORDS = {"en": ",.", "de": ",.", "nl": "'."}
FIRST_PAGES: dict[Kind, Page] = {"figures": "figures", "code": "code"}
PAGE_KEYS: dict[str, Page] = {"abc": "letters", "signs": "signs", "west": "west", "east": "east", "figures": "figures"}
LABELS = {"abc": "ABC", "signs": "123 €@", "west": "á é ñ", "east": "č ł ş", "figures": "123"}
MOVING = frozenset({"back", "left", "right", "next", "done"})
PICTURES = {"back": "backspace", "left": "left", "right": "right", "next": "next"}
SHIFT_PICTURES: dict[Shift, str] = {"off": "shift", "once": "shift", "locked": "caps"}


class Key(Struct, frozen=True, kw_only=True):
    """A key: its name, what stands or is drawn on it, how many columns it takes."""

    name: str
    label: str = ""
    picture: str = ""
    columns: float = 1
    role: Role = "writes"


class Place(Struct, frozen=True, kw_only=True):
    """Where a key lies, counted from the keyboard's lower left."""

    key: Key
    x: float
    y: float
    width: float
    height: float


class Act(Struct, frozen=True, kw_only=True):
    """What a key does to the field: `write` is put in; or `move` is back, left, right, next or done."""

    write: str = ""
    move: str = ""


class Board(Struct, frozen=True, kw_only=True):
    """What is in front. `tall`: there is room for figures above the letters; `several`: another field follows."""

    language: str = "en"
    kind: Kind = "words"
    page: Page = "letters"
    shift: Shift = "off"
    tall: bool = False
    several: bool = False


def opens(setting: str, last_key_s: float | None, now_s: float) -> bool:
    """Tell whether the keyboard opens for a field; `last_key_s` is when a person struck a real key, None for never."""
    if setting in ("on", "off"):
        return setting == "on"
    return last_key_s is None or now_s - last_key_s >= KEYS_RECENT_S


def begin(language: str, kind: Kind, before: str, *, tall: bool = False, several: bool = False) -> Board:
    """Return the keyboard for a field; `before` is what stands before its caret: a name begins with a capital."""
    language, page = language if language in LETTERS else "en", FIRST_PAGES.get(kind, "letters")
    return capital(Board(language=language, kind=kind, page=page, tall=tall, several=several), before)


def capital(board: Board, before: str) -> Board:
    """Return the keyboard with shift where a name begins: nothing stands before the caret."""
    begins = board.kind == "name" and board.page == "letters" and board.shift == "off" and not before
    return replace(board, shift="once") if begins else board


def pressed(board: Board, name: str) -> tuple[Board, Act | None]:
    """Return the keyboard after a key, and what the key does to the field."""
    if name in PAGE_KEYS:
        return replace(board, page=PAGE_KEYS[name], shift="off"), None
    if name == "shift":
        return replace(board, shift=_shifted_again(board.shift)), None
    if name in MOVING:
        return board, Act(move=name)
    after: Shift = "off" if board.shift == "once" and name.isalpha() else board.shift
    return replace(board, shift=after), Act(write=" " if name == "space" else name)


def _shifted_again(shift: Shift) -> Shift:
    following: dict[Shift, Shift] = {"off": "once", "once": "locked", "locked": "off"}
    return following[shift]


# -- what is shown


def rows(board: Board) -> tuple[tuple[Key, ...], ...]:
    """Return the keys, uppermost row first."""
    if board.page == "figures":
        return _figure_rows(board)
    if board.page == "code":
        return _code_rows(board)
    if board.page == "signs":
        accents = (_tool("west", 1.5), *_written(SIGNS[2]), _tool("back", 1.5))
        return (*(_written(row) for row in SIGNS[:2]), accents, _foot(board))
    if board.page == "letters":
        upper, middle, lower = LETTERS[board.language]
        further = "+" if board.kind in FOOT else "-"
        digits = (_written((DIGITS + further)[: len(upper)]),) if board.tall else ()
        return (*digits, _letters(board, upper), _letters(board, middle), _shift_row(board, lower, 1.5), _foot(board))
    upper, middle, lower = ACCENTS[board.page]
    return (_letters(board, upper), _letters(board, middle), _shift_row(board, lower, 1), _foot(board))


def _written(characters: str) -> tuple[Key, ...]:
    return tuple(Key(name=character, label=character) for character in characters)


def _letters(board: Board, characters: str) -> tuple[Key, ...]:
    return _written(characters if board.shift == "off" else "".join(map(shifted, characters)))


def shifted(letter: str) -> str:
    """Return a letter's capital, always one character."""
    return SHIFTED.get(letter, letter.upper())


def _shift_row(board: Board, characters: str, columns: float) -> tuple[Key, ...]:
    role: Role = "tool" if board.shift == "off" else "chosen"
    shift = Key(name="shift", picture=SHIFT_PICTURES[board.shift], columns=columns, role=role)
    return (shift, *_letters(board, characters), _tool("back", columns))


def _tool(name: str, columns: float = 1) -> Key:
    return Key(name=name, label=LABELS.get(name, ""), picture=PICTURES.get(name, ""), columns=columns, role="tool")


def _space(columns: float) -> Key:
    return Key(name="space", picture="space", columns=columns)


def _foot(board: Board) -> tuple[Key, ...]:
    """Return the lowest row; what it writes with takes the room that is left of the rows above."""
    # Where one comes from figures one goes back to them.
    other = "abc" if board.page != "letters" else "figures" if board.kind == "figures" else "signs"
    following = (_tool("next"),) if board.several else ()
    end = (_tool("left"), _tool("right"), *following, Key(name="done", columns=1.5, role="done"))
    room = _columns_of(board) - columns_in((*end, _tool(other, 1.5)))
    return (_tool(other, 1.5), *_foot_writes(board, room), *end)


def _foot_writes(board: Board, room: float) -> tuple[Key, ...]:
    further: dict[Page, Page] = {"west": "east", "east": "west"}
    if board.page in further:
        return (_tool(further[board.page]), _space(room - 1))
    ends = FOOT_OF_SIGNS if board.page == "signs" else FOOT_OF_WORDS[board.language]
    if board.kind in FOOT:
        wide, *others = _written(ends if board.page == "signs" else FOOT[board.kind])
        return (replace(wide, columns=room - len(others)), *others)
    comma, point = _written(ends)
    return (comma, _space(room - 2), point)


def _columns_of(board: Board) -> float:
    return len(LETTERS[board.language][0]) if board.page == "letters" else len(SIGNS[0])


def _figure_rows(board: Board) -> tuple[tuple[Key, ...], ...]:
    first, second, third, fourth = (_written(row) for row in FIGURES)
    space = _space(1 if board.several else 3)
    following = (_tool("next", 2),) if board.several else ()
    done = Key(name="done", columns=2, role="done")
    return (
        (*first, _tool("back", 2)),
        (*second, _tool("left"), _tool("right")),
        (*third, space, *following),
        (_tool("abc"), *fourth, _tool("signs"), done),
    )


def _code_rows(board: Board) -> tuple[tuple[Key, ...], ...]:
    """Codes are of capitals, figures and dashes in any order: all on one page."""
    upper, middle, lower = ("".join(filter(str.isascii, row)).upper() for row in LETTERS[board.language])
    following = (_tool("next"),) if board.several else ()
    end = (_space(1), _tool("back"), *following, Key(name="done", role="done"))
    return (_written(DIGITS), _written(upper), _written(middle + "-"), (*_written(lower), *end))


# -- where it lies


def places(board: Board, width: float, height: float, gap: float) -> list[Place]:
    """Return where each key lies on a keyboard of a size; rows shorter than the longest stand in the middle."""
    shown = rows(board)
    columns = max(map(columns_in, shown))
    column, row_height = (width - gap) / columns, (height - gap) / len(shown)
    found = []
    for number, row in enumerate(reversed(shown)):
        x = gap + (columns - columns_in(row)) / 2 * column
        for key in row:
            place = {"width": key.columns * column - gap, "height": row_height - gap}
            found.append(Place(key=key, x=x, y=gap + number * row_height, **place))
            x += key.columns * column
    return found


def columns_in(row: tuple[Key, ...]) -> float:
    """Return how many columns a row takes."""
    return sum(key.columns for key in row)


def height(row_height: float, gap: float, *, tall: bool) -> float:
    """Return how high a keyboard is, the same on every page, so that nothing jumps."""
    return (5 if tall else 4) * (row_height + gap) + gap
