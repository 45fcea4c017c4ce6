"""The keyboard wedge: scans and typing told apart in simulated windows, and no character lost or stolen (51)."""

import random
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.scanner.wedge import ENTER, Garbled, Read, Typed, Wedge

EAN = "2000000000015"
FRAME_MS = 1000 / 60


class Window:
    """A window that hands keys over once a frame, with frames that may stand still for a while."""

    def __init__(self) -> None:
        self.wedge, self.outcomes = Wedge(), []
        self._frame, self._now_ms = 0, 0.0

    def run(self, keys, stalls=()):
        """Run frames over keys [(struck at ms, char)], ENTER included; `stalls` are [(from ms, for ms)]."""
        keys, stalls = deque(sorted(keys, key=lambda key: key[0])), deque(sorted(stalls))
        quiet_frames = 0
        while quiet_frames < 30 or keys:
            self._now_ms += FRAME_MS
            while stalls and stalls[0][0] <= self._now_ms:
                self._now_ms = max(self._now_ms, sum(stalls.popleft()))
            self._frame += 1
            quiet_frames += 1
            if not keys or keys[0][0] > self._now_ms:
                self.outcomes += self.wedge.idle(self._now_ms, self._frame)
            while keys and keys[0][0] <= self._now_ms:
                self._hand_over(keys.popleft()[1])
                quiet_frames = 0
        return self.outcomes

    def _hand_over(self, char):
        if char == ENTER:
            self.outcomes += self.wedge.enter(self._now_ms, self._frame)
        else:
            self.outcomes += self.wedge.character(char, self._now_ms, self._frame)


def struck(text, start_ms, each_ms):
    return [(start_ms + index * each_ms, char) for index, char in enumerate(text)]


def typed(outcomes):
    return "".join(outcome.text for outcome in outcomes if isinstance(outcome, Typed))


def reads(outcomes):
    return [outcome.code for outcome in outcomes if isinstance(outcome, Read)]


@pytest.mark.parametrize("each_ms", [1, 3, 8, 20, 30])
@pytest.mark.parametrize("code", [EAN, "96385074", "A-17", "0102000000000015", "https://id.example/01/02000000000015"])
def test_a_scan_is_read_at_every_speed_of_scanners(code, each_ms):
    outcomes = Window().run(struck(code + ENTER, 1000, each_ms))
    assert reads(outcomes) == [code]
    assert typed(outcomes) == ""


@pytest.mark.parametrize("each_ms", [70, 120, 200, 400])
@pytest.mark.parametrize("text", ["milch", "12,50", "Müsli mit Nuss", "42"])
def test_typing_stays_typing(text, each_ms):
    """Racing and slow typists alike: what they type comes out unchanged, Enter included."""
    outcomes = Window().run(struck(text + ENTER, 1000, each_ms))
    assert typed(outcomes) == text + ENTER
    assert reads(outcomes) == []


def test_typing_shows_soon():
    """Nobody waits for the letter: a single one is handed over without another key."""
    window = Window()
    assert window.run([(1000, "m")]) == [Typed("m")]
    assert window._now_ms < 1600


def test_six_hundred_scans_through_stalling_frames_are_all_read():
    """A slow frame looks like a pause; it is none, for no idle frame was run in it."""
    chance = random.Random(1)
    keys, stalls, at = [], [], 1000.0
    for _ in range(600):
        burst = struck(EAN + ENTER, at, chance.uniform(2, 20))
        keys += burst
        if chance.random() < 0.5:
            stalls.append((chance.uniform(at, burst[-1][0]), chance.uniform(20, 250)))
        at = burst[-1][0] + chance.uniform(400, 900)
    outcomes = Window().run(keys, stalls)
    assert reads(outcomes) == [EAN] * 600
    assert typed(outcomes) == ""


def test_typing_during_a_stall_is_not_taken_for_a_scan():
    """The window stood still for a second; four letters come at once, and are a person's all the same."""
    outcomes = Window().run(struck("brot" + ENTER, 1000, 120), stalls=[(990, 1000)])
    assert typed(outcomes) == "brot" + ENTER
    assert reads(outcomes) == []


def test_a_scan_right_after_typing_takes_nothing_from_it():
    outcomes = Window().run([*struck("2", 1000, 1), *struck(EAN + ENTER, 1300, 5)])
    assert outcomes == [Typed("2"), Read(EAN)]


def test_two_scans_within_one_frame_are_two():
    outcomes = Window().run(struck(EAN + ENTER + "96385074" + ENTER, 1000, 0.5))
    assert reads(outcomes) == [EAN, "96385074"]


def test_a_scanner_without_enter_is_believed_for_a_gtin_only():
    assert reads(Window().run(struck(EAN, 1000, 5))) == [EAN]
    outcomes = Window().run(struck("A-17-XYZ", 1000, 5))
    assert (typed(outcomes), reads(outcomes)) == ("A-17-XYZ", [])


@pytest.mark.parametrize("garbage", [EAN + "5901234123457", "40\x0063813", "x" * 100, "1\x1b[A234"])
def test_garbled_scans_are_reported_and_not_executed(garbage):
    """Fault 51: glued, with controls, too long."""
    outcomes = Window().run(struck(garbage + ENTER, 1000, 3))
    assert [type(outcome) for outcome in outcomes] == [Garbled]
    assert outcomes[0].text == garbage
    assert outcomes[0].message


def test_ten_thousand_characters_without_end_are_let_go():
    """Fault 51: memory stays bounded."""
    outcomes = Window().run(struck("9" * 10_000, 1000, 0.5))
    assert any(isinstance(outcome, Garbled) for outcome in outcomes)
    assert max(len(outcome.text) for outcome in outcomes if not isinstance(outcome, Read)) <= 8193


keys = st.lists(
    st.tuples(st.floats(0.2, 400), st.sampled_from([*"0123456789ab-,", ENTER, "é", "\x00"])), min_size=1, max_size=60
)


@given(keys, st.lists(st.tuples(st.floats(0, 5000), st.floats(10, 800)), max_size=5))
def test_every_character_comes_out_once_and_in_order(gaps, stalls):
    """Whatever is struck, and however the window stalls: nothing is lost, nothing doubled, nothing reordered."""
    at, struck_keys = 100.0, []
    for gap, char in gaps:
        at += gap
        struck_keys.append((at, char))
    window = Window()
    out = ""
    for outcome in window.run(struck_keys, stalls):
        out += outcome.code if isinstance(outcome, Read) else outcome.text
    # A read's or a garbled scan's Enter is part of it.
    assert out.replace(ENTER, "") == "".join(char for _, char in gaps).replace(ENTER, "")


# --- typing and scans mixed ------------------------------------------------------------------------------------------

CODES = st.sampled_from([EAN, "96385074", "A-17-B", "5901234123457", "0102000000000015"])
# Somebody types, and stops for a moment when a scan falls in between: two hands hold scanner and article.
TYPING = st.lists(st.sampled_from("abcdeüß0123456789,."), min_size=1, max_size=6)
PEOPLE_MS = st.floats(90, 400)


@given(st.lists(st.one_of(st.tuples(CODES, st.floats(1, 20)), st.tuples(TYPING, PEOPLE_MS)), min_size=1, max_size=12))
def test_typing_and_scans_one_after_another_are_kept_apart(turns):
    """Every scan is read, nothing of it is typed; every letter is typed, none of it is scanned, whatever the order."""
    at, keys = 1000.0, []
    for text, each_ms in turns:
        is_scan = isinstance(text, str)
        keys += struck([*text, ENTER] if is_scan else text, at, each_ms)
        at = keys[-1][0] + 130
    outcomes = Window().run(keys)
    assert reads(outcomes) == [text for text, _ in turns if isinstance(text, str)]
    assert typed(outcomes) == "".join("".join(text) for text, _ in turns if not isinstance(text, str))


@pytest.mark.parametrize("each_ms", [1.0, 2.0, 3.3])
@pytest.mark.parametrize("stalls", [(), [(1500, 40), (2500, 120), (3100, 300)]], ids=["smooth", "stalling"])
def test_twenty_scans_a_second_are_all_read(each_ms, stalls):
    """A belt full of articles, also while the window stands still for a moment: no scan is lost, none is glued."""
    codes = [EAN, "96385074", "A-17-B"] * 40
    keys = [key for turn, code in enumerate(codes) for key in struck(code + ENTER, 1000 + turn * 50, each_ms)]
    outcomes = Window().run(keys, stalls)
    assert reads(outcomes) == codes
    assert typed(outcomes) == ""


@given(st.integers(0, len(EAN)), st.sampled_from("abcü"), st.floats(1, 8))
def test_a_letter_struck_within_a_scan_is_not_lost(place, letter, each_ms):
    """Nobody can tell whose it is: it comes out with the scan, which is then no article, and never as another one."""
    keys = [*struck(EAN + ENTER, 1000, each_ms), (1000 + place * each_ms - each_ms / 2, letter)]
    outcomes = Window().run(keys)
    out = "".join(outcome.code if isinstance(outcome, Read) else outcome.text for outcome in outcomes)
    assert sorted(out.replace(ENTER, "")) == sorted(EAN + letter)
    assert reads(outcomes) in ([], [EAN], [EAN[:place] + letter + EAN[place:]])


def test_it_says_whether_it_holds_what_may_be_a_scan():
    """So that a key at a scan's end is not taken for a person's."""
    wedge = Wedge()
    assert not wedge.is_holding
    wedge.character("4", 1000.0, 1)
    assert wedge.is_holding
    wedge.idle(1200.0, 9)
    assert not wedge.is_holding
