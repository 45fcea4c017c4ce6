"""The on-screen keyboard without a window: which keys there are, where they lie, what each does, when it opens."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from till.onscreen import (
    ACCENTS,
    KEYS_RECENT_S,
    LETTERS,
    SIGNS,
    Act,
    Board,
    begin,
    capital,
    columns_in,
    height,
    opens,
    places,
    pressed,
    rows,
    shifted,
)

LANGUAGES = ("en", "de", "nl")
KINDS = ("words", "name", "mail", "address", "figures", "code")
TOUCH, GAP = 48, 4


def every_board():
    """Return a board of every kind on every page that its keys lead to."""
    for language in LANGUAGES:
        for kind in KINDS:
            for tall in (False, True):
                for several in (False, True):
                    first = begin(language, kind, "x", tall=tall, several=several)
                    found, looking = {first}, [first]
                    while looking:
                        board = looking.pop()
                        following = {pressed(board, key.name)[0] for row in rows(board) for key in row}
                        looking += following - found
                        found |= following
                    yield from found


BOARDS = tuple(every_board())


def names(board):
    return [key.name for row in rows(board) for key in row]


def typed(board, *keys):
    """Return what the keys write."""
    written = ""
    for key in keys:
        assert key in names(board), f"{key} is not on {board.page}"
        board, act = pressed(board, key)
        written += act.write if act else ""
    return written


@pytest.mark.parametrize("size", [(800, 480), (1024, 600), (800, 1280)])
def test_every_key_of_every_page_is_large_enough_and_lies_beside_the_others(size):
    for board in BOARDS:
        high = height(TOUCH, GAP, tall=board.tall)
        found = places(board, size[0], high, GAP)
        for place in found:
            assert place.width >= TOUCH and place.height >= TOUCH - 0.01, (board, place)
            assert place.x >= 0 and place.y >= 0
            assert place.x + place.width <= size[0] and place.y + place.height <= high
        lines = {}
        for place in found:
            lines.setdefault(place.y, []).append(place)
        for line in lines.values():
            for left, right in pairwise(line):
                assert left.x + left.width + GAP <= right.x + 0.01, (left, right)


def test_every_page_can_be_left_closed_and_deleted_on_and_no_key_stands_twice():
    for board in BOARDS:
        present = names(board)
        assert len(present) == len(set(present)), (board, present)
        assert {"done", "back"} <= set(present)
        assert ("next" in present) == board.several
        if board.page != "code":
            assert {"left", "right"} <= set(present)


def test_a_languages_letters_lie_as_on_its_keyboards():
    assert "".join(names(begin("en", "words", ""))[:10]) == "qwertyuiop"
    german = begin("de", "words", "")
    assert "".join(names(german)[:11]) == "qwertzuiopü"
    assert {"ä", "ö", "ü", "ß"} <= set(names(german))
    assert "".join(names(begin("nl", "words", ""))[:10]) == "qwertyuiop"
    assert "'" in names(begin("nl", "words", "")), "’s Gravenhage, van ’t Hof"
    assert begin("tlh", "words", "").language == "en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_letters_digits_and_the_signs_of_a_shop_can_be_typed(language):
    boards = [board for board in BOARDS if (board.language, board.kind) == (language, "words")]
    reachable = {key for board in boards for key in names(board)}
    wanted = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@€$%&/()-_+=!?'\":;#*,."
    assert set(wanted) <= reachable
    assert set("äöüßÄÖÜéèêëïçñøåœæłşğčžőűıİ") <= reachable


def test_a_capital_is_one_character_whatever_the_letter():
    for letter in "".join((*SIGNS, *(row for page in (*LETTERS.values(), *ACCENTS.values()) for row in page))):
        assert len(shifted(letter)) == 1, letter
    assert shifted("ß") == "ß"
    assert shifted("ı") == "İ"


def test_shift_is_for_one_letter_and_pressed_again_for_all_that_follow():
    board = begin("de", "words", "")
    assert typed(board, "shift", "Ü", "b", "e", "r") == "Über"
    assert typed(board, "shift", "shift", "A", "B", "shift", "c") == "ABc"
    once, _ = pressed(board, "shift")
    after, act = pressed(once, ",")
    assert act == Act(write=",")
    assert after.shift == "once", "a comma uses no shift up"


def test_a_name_begins_with_a_capital_and_a_search_does_not():
    assert typed(begin("de", "name", ""), "T", "e", "e") == "Tee"
    assert typed(begin("de", "words", ""), "t", "e", "e") == "tee"
    assert begin("de", "name", "Tee").shift == "off"
    assert capital(begin("de", "name", "T"), "").shift == "once", "all was deleted: it begins again"
    locked = Board(kind="name", shift="locked")
    assert capital(locked, "") is locked


def test_an_address_has_its_signs_at_hand_and_no_space():
    board = begin("en", "mail", "")
    assert typed(board, "k", "@", "e", "_", "x", "-", "a", ".", "d", "e") == "k@e_x-a.de"
    assert "space" not in names(board)
    device = begin("de", "address", "")
    assert typed(device, "z", "v", "t", ":", "/", "/") == "zvt://"


def test_figures_come_first_where_a_field_takes_figures():
    board = begin("de", "figures", "")
    assert typed(board, "0", "2", "2", "8", "/", "1", "-", "+") == "0228/1-+"
    letters, _ = pressed(board, "abc")
    assert "q" in names(letters)
    assert "figures" in names(letters)
    back, _ = pressed(letters, "figures")
    assert back.page == "figures"


def test_a_code_is_typed_on_one_page():
    assert typed(begin("de", "code", ""), "0", "0", "7", "-", "2", "B", "-", "Z") == "007-2B-Z"


def test_accents_are_reached_over_the_signs_and_have_capitals():
    assert typed(begin("en", "words", ""), "signs", "west", "é") == "é"
    assert typed(begin("en", "words", ""), "signs", "west", "east", "shift", "Ş", "ı", "abc", "a") == "Şıa"


def test_a_key_that_moves_writes_nothing():
    for name in ("back", "left", "right", "next", "done"):
        board, act = pressed(begin("en", "words", "", several=True), name)
        assert act == Act(move=name)
        assert board.page == "letters"


def test_a_tall_window_has_figures_above_the_letters():
    assert names(begin("en", "words", "", tall=True))[:10] == list("1234567890")
    tall, low = height(TOUCH, GAP, tall=True), height(TOUCH, GAP, tall=False)
    assert tall - low == TOUCH + GAP


def test_rows_under_each_other_end_under_each_other():
    """Shorter rows of letters stand half a key in; all else is flush."""
    for board in BOARDS:
        longest = max(map(columns_in, rows(board)))
        for row in rows(board):
            assert columns_in(row) in (longest, longest - 1), (board, row)


def test_it_opens_by_itself_unless_somebody_typed_lately():
    assert opens("auto", None, 1000.0)
    assert not opens("auto", 1000.0, 1000.0 + KEYS_RECENT_S - 1)
    assert opens("auto", 1000.0, 1000.0 + KEYS_RECENT_S)
    assert opens("on", 1000.0, 1000.0)
    assert not opens("off", None, 1000.0)


@given(st.lists(st.integers(0, 60), max_size=40), st.sampled_from(BOARDS))
def test_any_keys_in_any_order_write_one_character_each_or_none(presses, board):
    for number in presses:
        present = names(board)
        board, act = pressed(board, present[number % len(present)])
        if act is not None:
            assert (len(act.write) == 1) != bool(act.move)
