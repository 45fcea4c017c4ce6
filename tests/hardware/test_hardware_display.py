"""Customer displays: two lines on a serial one read back by the emulator, and the page as a browser shows it."""

import json
import queue
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest
from emulated_device import eventually
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from playwright.sync_api import expect

from hardware import connect
from hardware.display.line_display import LineDisplay
from hardware.display.page import LINES_MAX, POLLS_MAX, PageDisplay, as_json, qr_svg
from hardware.display.two_lines import COMMAND_SETS, PAGES, DisplayProfile, initialise, two_lines, write_lines
from hardware.emulators.line_display import Glass, LineDisplayEmulator
from hardware.ports import DisplayState, ShownLine
from rig.browser import browser_page, chromium
from schema.errors import Refused

GREETING = DisplayState(title="Sample Shop", note="Willkommen")
BASKET = DisplayState(
    title="Sample Shop",
    lines=(
        ShownLine(text="Käse", amount="3,99 €", quantity="1"),
        ShownLine(text="Süßmost naturtrüb, große Flasche", amount="12,50 €", quantity="2"),
    ),
    sums=(("Summe", "16,49 €"),),
    language="de",
)
PAID = replace(
    BASKET, sums=(("Summe", "16,49 €"), ("Bar", "20,00 €"), ("Rückgeld", "3,51 €")), qr="https://shop.example/r/1"
)
PROFILES = [DisplayProfile(), DisplayProfile(page=16), DisplayProfile(commands="cd5220", page=0)]
profiles = pytest.mark.parametrize("profile", PROFILES, ids=["epson-858", "epson-1252", "cd5220"])


# --- two lines -------------------------------------------------------------------------------------------------------


def test_what_matters_most_is_on_two_lines():
    assert two_lines(GREETING) == ("    Sample Shop", "     Willkommen")
    assert two_lines(BASKET) == ("2 Süßmost na 12,50 €", "Summe        16,49 €")
    assert two_lines(PAID) == ("Bar          20,00 €", "Rückgeld      3,51 €")
    assert two_lines(DisplayState()) == ("", "")


def test_practice_is_said_at_any_moment():
    assert two_lines(replace(BASKET, mark="ÜBUNG"))[0].strip() == "ÜBUNG"
    assert two_lines(replace(GREETING, mark="ÜBUNG"))[1].strip() == "ÜBUNG"


def shown(upper, lower, profile):
    glass = Glass()
    glass.feed(initialise(profile) + write_lines(upper, lower, profile))
    assert glass.unknown == []
    return glass.lines


@profiles
def test_a_sale_reads_the_same_on_the_glass(profile):
    """A page without the Euro sign says EUR, and the amount still ends at the edge."""
    euro = "€" if "€" in "€".encode(profile.codec, "ignore").decode(profile.codec) else "EUR"
    upper, lower = shown(*two_lines(BASKET, profile.codec), profile)
    assert upper.startswith("2 Süß")
    assert upper.endswith(f"12,50 {euro}")
    assert lower.endswith(f"16,49 {euro}")
    assert (len(upper), len(lower)) == (20, 20)


@profiles
def test_nothing_of_the_last_text_stays(profile):
    glass = Glass()
    glass.feed(initialise(profile) + write_lines("x" * 20, "y" * 20, profile) + write_lines("a", "", profile))
    assert glass.lines == ("a", "")


texts = st.text(max_size=40)
states = st.builds(
    DisplayState,
    title=texts,
    note=texts,
    mark=st.one_of(st.just(""), texts),
    lines=st.lists(st.builds(ShownLine, text=texts, amount=texts, quantity=texts), max_size=3).map(tuple),
    sums=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
)


@profiles
@settings(max_examples=60, deadline=None)
@given(state=states, cuts=st.lists(st.integers(1, 9), max_size=40))
def test_no_text_can_command_the_display(profile, state, cuts):
    """Fault 60's sibling: whatever stands in names, only our commands arrive, and in any pieces."""
    data = initialise(profile) + write_lines(*two_lines(state, profile.codec), profile)
    glass, at = Glass(), 0
    for cut in cuts:
        glass.feed(data[at : at + cut])
        at += cut
    glass.feed(data[at:])
    assert (glass.unknown, glass.resets) == ([], 1)


# --- on a pseudo-terminal --------------------------------------------------------------------------------------------


@pytest.fixture
def glass(tmp_path):
    emulator = LineDisplayEmulator(tmp_path / "display")
    emulator.start()
    yield emulator
    emulator.stop()


@contextmanager
def started(display):
    faults = queue.Queue()
    display.start(faults.put)
    try:
        yield faults
    finally:
        began = time.monotonic()
        display.stop()
        assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("commands", COMMAND_SETS)
def test_a_sale_is_shown_and_darkened_at_the_end(glass, commands):
    url = f"line+serial://{glass.link}?commands={commands}"
    display = connect.display(url)
    with started(display):
        display.show_sale(BASKET)
        assert eventually(lambda: glass.glass.lines[1].startswith("Summe"))
        display.show("Vielen Dank", "Auf Wiedersehen")
        assert eventually(lambda: glass.glass.lines == ("Vielen Dank", "Auf Wiedersehen"))
    assert eventually(lambda: glass.glass.lines == ("", ""))


def test_the_newest_state_wins_and_showing_never_waits(glass):
    """A thousand scans in a row: the till does not wait for 9600 baud, and the last total stands there."""
    display = LineDisplay(str(glass.link))
    with started(display):
        began = time.monotonic()
        for number in range(1000):
            display.show(f"Line {number}", f"Total {number}")
        assert time.monotonic() - began < 0.5
        assert eventually(lambda: glass.glass.lines == ("Line 999", "Total 999"))


def test_an_unplugged_display_is_reported_once_and_comes_back_with_its_text(glass):
    display = LineDisplay(str(glass.link))
    with started(display) as faults:
        display.show("one", "1")
        assert eventually(lambda: glass.glass.lines == ("one", "1"))
        glass.unplug()
        display.show("two", "2")
        assert "Check its cable" in faults.get(timeout=5)
        display.show("three", "3")
        glass.plug()
        assert eventually(lambda: glass.glass.lines == ("three", "3"), 8)
        assert faults.empty()


def test_a_display_that_is_not_there_costs_nothing(tmp_path):
    display = LineDisplay(str(tmp_path / "nothing"))
    with started(display) as faults:
        display.show_sale(BASKET)
        assert "is not there" in faults.get(timeout=3)


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.fixture
def page():
    display = PageDisplay(port=0)
    with started(display) as faults:
        assert faults.empty()
        yield display


def get(page, path, **headers):
    with urllib.request.urlopen(urllib.request.Request(page.url + path, headers=headers), timeout=5) as answer:
        return answer.status, dict(answer.headers), answer.read()


def test_the_page_brings_all_it_needs_and_may_load_nothing_else(page):
    for path in ("", "page.css", "page.js"):
        status, headers, body = get(page, path)
        assert (status, bool(body)) == (200, True)
        assert b"http://" not in body
        assert b"https://" not in body
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_a_state_is_there_at_once_and_the_next_one_as_soon_as_it_is(page):
    page.show_sale(BASKET)
    state = json.loads(get(page, "state?after=-1")[2])
    assert [line["text"] for line in state["lines"]] == [line.text for line in BASKET.lines]
    threading.Timer(0.3, page.show_sale, [PAID]).start()
    began = time.monotonic()
    after = json.loads(get(page, f"state?after={state['number']}")[2])
    assert 0.2 < time.monotonic() - began < 3
    assert (after["sums"][-1], after["qr"]) == (["Rückgeld", "3,51 €"], True)


@pytest.mark.parametrize("after", ["x", "", "٣", "9" * 40, "-5", "1e9"])
def test_an_odd_question_is_answered_with_the_newest_state(page, after):
    page.show("Hello", "")
    url = f"state?after={urllib.request.quote(after)}"
    assert json.loads(get(page, url)[2])["title"] == "Hello"


@pytest.mark.parametrize("path", ["etc/passwd", "../page.py", "static/page.css", "state/x"])
def test_other_paths_are_not_there(page, path):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(page, path)


def test_another_name_for_this_machine_is_refused(page):
    """A site that points its own name at 127.0.0.1 must not read the basket."""
    with pytest.raises(urllib.error.HTTPError, match="403"):
        get(page, "state?after=-1", Host="evil.example")


def test_too_many_pages_are_turned_away_and_all_are_let_go_at_the_end():
    display = PageDisplay(port=0)
    display.start(lambda fault: None)
    number = json.loads(get(display, "state?after=-1")[2])["number"]
    waiting = [threading.Thread(target=get, args=(display, f"state?after={number}")) for _ in range(POLLS_MAX)]
    for thread in waiting:
        thread.start()
    eventually(lambda: display._states._waiting == POLLS_MAX)
    with pytest.raises(urllib.error.HTTPError, match="503"):
        get(display, f"state?after={number}")
    display.stop()
    for thread in waiting:
        thread.join(timeout=3)
        assert not thread.is_alive()


def test_a_port_in_use_is_a_fault_and_no_end():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        display = PageDisplay(port=taken.getsockname()[1])
        with started(display) as faults:
            display.show_sale(BASKET)
            assert "cannot be shown" in faults.get(timeout=3)


def test_a_long_basket_is_shown_from_its_end():
    lines = tuple(ShownLine(text=str(number), amount="1") for number in range(500))
    shown_lines = json.loads(as_json(1, DisplayState(lines=lines)))["lines"]
    assert [line["text"] for line in shown_lines] == [str(number) for number in range(500 - LINES_MAX, 500)]


def test_the_code_is_that_of_its_data():
    """Square by square against the code library's own matrix."""
    import qrcode

    code = qrcode.QRCode(border=4, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(PAID.qr.encode())
    code.make(fit=True)
    dark = {f"M{x} {y}h" for y, row in enumerate(code.get_matrix()) for x, module in enumerate(row) if module}
    drawn = qr_svg(PAID.qr).split('d="')[-1]
    assert all(square in drawn for square in dark)
    assert drawn.count("M") == len(dark)
    assert "path" not in qr_svg("")


HOSTILE = '<img src=x onerror="document.title=1">'


def test_a_browser_shows_the_sale_and_runs_nothing_of_it(page, tmp_path):
    """Fault 58: names are text on the customer's page too."""
    hostile = replace(
        PAID, lines=(*PAID.lines, ShownLine(text=HOSTILE, amount="1,00 €")), qr_note=HOSTILE, mark="ÜBUNG"
    )
    page.show_sale(GREETING)
    with chromium() as browser, browser_page(browser) as view:
        view.goto(page.url)
        expect(view.locator("#title")).to_have_text("Sample Shop")
        page.show_sale(hostile)
        expect(view.locator("#lines li")).to_have_count(3)
        assert view.locator("#lines li:last-child .text").inner_text() == HOSTILE
        assert view.locator("#sums div:last-child").inner_text().split() == ["Rückgeld", "3,51", "€"]
        assert view.locator("#mark").is_visible()
        assert eventually(lambda: view.locator("#code").evaluate("picture => picture.naturalWidth") > 0)
        assert view.locator("main img").count() == 1
        assert view.title() == "Till"
        view.screenshot(path=str(tmp_path / "page.png"))
        page.stop()
        expect(view.locator("body")).to_have_attribute("data-shows", "greeting")
        assert view.locator("#receipt").is_hidden()


# --- addresses -------------------------------------------------------------------------------------------------------


def test_addresses_make_displays():
    made = connect.display("line+serial:///dev/ttyUSB1?baud=19200&commands=cd5220")
    assert (made.port, made.baud, made.profile) == ("/dev/ttyUSB1", 19200, DisplayProfile(commands="cd5220", page=0))
    assert connect.display("page://127.0.0.1:8091").url == "http://127.0.0.1:8091/"
    assert connect.display("none:") is None
    assert set(PAGES) == {0, 16, 19}


@pytest.mark.parametrize(
    "url",
    ["page://0.0.0.0:8090", "page://shop.example", "line+serial://x", "line+serial:///dev/x?page=15", "vfd:///dev/x"],
)
def test_bad_addresses_are_refused(url):
    with pytest.raises(Refused) as refused:
        connect.display(url)
    assert refused.value.code == "bad_device_url"
