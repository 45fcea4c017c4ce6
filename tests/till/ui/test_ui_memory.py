"""A till with many screens needs no more memory than one with few, and after a long day no more than in the morning.

Nothing here waits for a pause: a busy shop has none. What went is gone when the next screen is there.
"""

import gc
import subprocess
import sys
import time
from pathlib import Path
from weakref import WeakSet, ref

import pytest
import sample_till as shop

RARE = ("orders", "cash", "messages", "close_shift")
# Every screen that can be reached from the sale.
ALL = (
    *("open_shift", "customer", "matrix", "parked", "pay", "done", "returns", "orders", "make_order", "cash"),
    *("close_shift", "reports", "messages", "settings", "lock"),
)
SALES = 40


@pytest.fixture(autouse=True)
def thaw():
    """Leave the collector as it was: what this window keeps, the next one must not find kept."""
    yield
    gc.unfreeze()


def visit(till, *names):
    for name in names:
        till.driver.app.go(name)
        till.driver.frames(3)


def screens_made(till):
    return list(till.driver.app._built)


def settled(till):
    till.driver.wait_until(lambda: not till.driver.app._unkept, "the collector to leave the sale alone")


def counted_objects():
    """Return how many objects the collector knows, kept ones included."""
    gc.unfreeze()
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.parametrize("name", RARE)
def test_a_screen_that_was_left_long_ago_is_gone_with_all_its_widgets(sale, name):
    settled(sale)
    visit(sale, name)
    parts = [ref(widget) for widget in sale.driver.app._built[name].walk()]
    visit(sale, *(other for other in RARE if other != name))
    assert name not in screens_made(sale)
    assert not [part() for part in parts if part() is not None]


def test_what_a_sale_goes_through_stays_and_two_others(sale):
    visit(sale, "pay", "done", *RARE, "sale")
    assert set(screens_made(sale)) == {"sale", "pay", "done", "messages", "close_shift"}


def test_no_round_through_all_screens_leaves_a_screen_behind(sale):
    """A dropped screen once waited for a pause that a busy day does not have: 900 MB after some hundred rounds."""
    visit(sale, "pay", "done", "sale")
    settled(sale)
    seen = WeakSet()
    for _ in range(3):
        for name in ALL:
            visit(sale, name)
            seen.add(sale.driver.app._built[name])
            assert len(seen) <= len(screens_made(sale)), f"{name} came, another did not go"
    visit(sale, "sale")
    assert {screen.name for screen in seen} <= set(screens_made(sale))


def test_a_round_through_all_screens_leaves_nothing_else_behind(sale):
    """Fields asked for the keyboard once more each time, and each time Kivy began to watch it once more."""
    from kivy.clock import Clock

    visit(sale, *ALL, "sale")
    before = counted_objects()
    for _ in range(2):
        visit(sale, *ALL, "sale")
    grown = counted_objects() - before
    assert sum("_check_keyboard_shown" in repr(event) for event in Clock.get_events()) <= 1
    assert grown < 400, f"{grown} objects more: {grown / 2 / len(ALL):.0f} a screen, which itself has ten thousand"


def test_selling_leaves_nothing_behind(sale):
    """The basket's scroll bar once kept three bindings of every sale."""

    def sell(count):
        for _ in range(count):
            sale.driver.app.scan(shop.MILK)
            sale.driver.frames(1)
            sale.screens.sale.pay()
            sale.screens.pay.cash(50_00)
            sale.driver.wait_until(lambda: sale.driver.screen == "done", "the change")
            sale.screens.done.next()
            sale.driver.wait_until(lambda: sale.driver.screen == "sale", "the next sale")

    sell(SALES)
    before = counted_objects()
    sell(SALES)
    assert counted_objects() - before < SALES


def test_a_panel_that_was_closed_is_gone_when_the_next_one_is_open(sale):
    settled(sale)
    screen, frame = sale.driver.app._built["sale"], sale.driver.app.frame
    sale.driver.app.scan(shop.MILK)
    seen = WeakSet()
    for open_panel in (screen.open_search, screen.open_line, screen.open_free, screen.open_menu) * 3:
        open_panel()
        seen.add(frame.panel)
        sale.driver.frames(2)
        frame.close_panel()
        sale.driver.frames(2)
        assert len(seen) <= 2, "the panel that was closed now, and the one before it"


def test_a_field_that_goes_within_a_frame_is_no_fault(sale):
    from till.ui.fields import TextField

    field = TextField(text="milk")
    sale.driver.frames(3)
    field._adjust_viewport(2, 0)  # as Kivy does when the cursor moves
    gone = ref(field)
    del field
    gc.collect()
    assert gone() is None
    sale.driver.frames(3)
    assert sale.driver.app.said.code != "fault"


def test_the_collector_leaves_alone_what_stays_and_nothing_else(sale):
    """A full collection in the middle of a scan takes 90 ms; a screen that is kept can never go."""
    visit(sale, "pay", "done", "sale")
    settled(sale)
    kept = gc.get_freeze_count()
    assert kept > 2 * len(gc.get_objects())
    visit(sale, *ALL, "sale")
    settled(sale)
    assert gc.get_freeze_count() <= kept


def test_a_screen_comes_to_the_front_on_a_slow_machine_too(sale):
    """Others are let go a moment after a screen was made; a slow machine has not drawn it by then."""
    from till.ui.till_app import MADE_S

    app = sale.driver.app
    visit(sale, "orders")
    app.go("pay")
    time.sleep(MADE_S * 1.5)
    sale.driver.frames(3)
    assert [screen.name for screen in app.frame.ids.screens.children] == ["pay"]
    settled(sale)
    assert "orders" not in screens_made(sale)


def test_another_language_lets_go_of_every_screen(sale):
    visit(sale, "pay", "sale")
    settled(sale)
    old = WeakSet(sale.driver.app._built.values())
    assert sale.till.desk.speak("de")
    visit(sale, "settings", "cash", "sale")
    settled(sale)
    assert not set(old) & set(sale.driver.app._built.values())
    gc.collect()
    assert not old


def test_another_language_at_the_first_screen_shows_it_anew(opened):
    till = opened()
    before = till.driver.app._built["sign_in"]
    till.screens.sign_in.speak("nl")
    till.driver.frames(3)
    assert till.driver.app._built["sign_in"] is not before
    assert till.driver.screen == "sign_in"


def below_the_bar(till):
    """Return what is on the screen itself: the bar says something new every other second."""
    bar = till.driver.app.bar
    from till.ui.places import visible

    above = {widget.target for widget in visible(bar)}
    return [place for place in till.driver.places()["targets"] if place["name"] not in above]


def test_a_screen_that_was_given_back_comes_again_as_it_was(sale):
    visit(sale, "cash")
    sale.settle()
    before = below_the_bar(sale)
    visit(sale, "orders", "messages", "close_shift", "sale")
    assert "cash" not in screens_made(sale)
    visit(sale, "cash")
    sale.settle()
    assert below_the_bar(sale) == before


def test_the_program_loads_nothing_that_a_till_has_no_use_for():
    """peewee would load what head office's parts brought, typer loads pydantic: 9 and 20 MB for nothing."""
    program = (
        "import sys\nfrom till.__main__ import main\nsys.argv = ['till', 'verify', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    import till.assemble\n"
        "print(*(name for name, module in sys.modules.items() if module))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = done.stdout.split()
    assert "peewee" in loaded
    assert not {name for name in loaded if name.partition(".")[0] in {"psycopg", "psycopg2", "typer", "pydantic"}}
