"""A till with many screens needs no more memory than one with few: screens that were left long ago are given back."""

import gc
import subprocess
import sys
import time
from pathlib import Path
from weakref import ref

import pytest

RARE = ("orders", "cash", "messages", "close_shift")


@pytest.fixture(autouse=True)
def thaw():
    """Leave the collector as it was: what this window keeps, the next one must not find kept."""
    yield
    gc.unfreeze()


def visit(till, *names):
    for name in names:
        till.driver.app.go(name)
        till.driver.frames(3)
    till.settle()


def screens_made(till):
    return list(till.driver.app._built)


@pytest.mark.parametrize("name", RARE)
def test_a_screen_that_was_left_long_ago_is_gone_with_all_its_widgets(sale, name):
    visit(sale, name)
    screen = sale.driver.app._built[name]
    parts = [ref(widget) for widget in screen.walk()]
    del screen
    visit(sale, *(other for other in RARE if other != name), "sale")
    sale.driver.wait_until(lambda: not any(part() for part in parts), f"{name} to be given back")
    assert name not in screens_made(sale)


def test_what_a_sale_goes_through_stays_and_two_others(sale):
    visit(sale, "pay", "done", *RARE, "sale")
    sale.driver.wait_until(lambda: len(screens_made(sale)) == 5, "the rare screens to go")
    assert set(screens_made(sale)) == {"sale", "pay", "done", "messages", "close_shift"}


def below_the_bar(till):
    """Return what is on the screen itself: the bar says something new every other second."""
    bar = till.driver.app.bar
    from till.ui.places import visible

    above = {widget.target for widget in visible(bar)}
    return [place for place in till.driver.places()["targets"] if place["name"] not in above]


def test_a_screen_that_was_given_back_comes_again_as_it_was(sale):
    visit(sale, "cash")
    before = below_the_bar(sale)
    visit(sale, "orders", "messages", "close_shift", "sale")
    sale.driver.wait_until(lambda: "cash" not in screens_made(sale), "the cash screen to go")
    visit(sale, "cash")
    assert below_the_bar(sale) == before


def test_giving_back_waits_while_somebody_works(sale):
    """It holds up the next frame; a scan must not wait for it."""
    from till.ui.till_app import PAUSE_S

    app = sale.driver.app
    visit(sale, "cash")
    sale.driver.wait_until(lambda: not app._keep.is_triggered, "the collector to keep it")
    part = ref(app._built["cash"])
    visit(sale, "orders", "messages", "close_shift", "sale")
    sale.driver.wait_until(lambda: "cash" not in screens_made(sale), "the cash screen to go")
    end = time.monotonic() + PAUSE_S * 1.5
    while time.monotonic() < end:
        app.typed("")
        sale.driver.frames(1)
        time.sleep(0.02)
    assert part() is not None
    sale.driver.wait_until(lambda: part() is None, "the cash screen to be given back")


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
