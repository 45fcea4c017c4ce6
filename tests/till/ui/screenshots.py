"""Makes a picture of every screen from a real till over sample data: an ordinary day here, the rest in `more_pictures`.

python tests/till/ui/screenshots.py OUTDIR [--size WxH] [--theme dark] [--language de] [--only NAME]
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[2])]

from pictures import Look, Pictures, lay_goods, open_till  # noqa: E402  # after the paths

PIN = "1111"


def set_up(pictures: Pictures) -> None:
    """Open a till that nobody enrolled, enrol it over the sample shop."""
    from sample_shop import make_sample

    pictures.shot("setup")
    make_sample(pictures.folder)
    lay_goods(pictures.folder)
    pictures.driver.tap("retry")
    pictures.driver.frames(3)


def begin(pictures: Pictures) -> None:
    """Sign in and open the shift."""
    driver = pictures.driver
    driver.tap("cashier:1")
    for digit in PIN[:2]:
        driver.tap(f"key:{digit}")
    pictures.shot("sign_in")
    for digit in PIN[2:]:
        driver.tap(f"key:{digit}")
    driver.tap("sign_in")
    pictures.wait_for("open_shift")
    for key in ("1", "5", "0"):
        driver.tap(f"key:{key}")
    pictures.shot("open_shift")
    driver.tap("open_shift")
    pictures.wait_for("sale")
    pictures.screens.bar.refresh()


def sell(pictures: Pictures) -> None:
    """Fill a basket, change a line, search, meet an unknown barcode."""
    import sample_till as shop

    driver = pictures.driver
    pictures.shot("sale_empty")
    for number in (1, 9, 9, 13, 15, 4):
        driver.tap(f"quick:K{number:04d}")
    driver.scan(shop.BOOK)
    driver.tap("line:2")
    pictures.shot("line")
    driver.tap("change:percent")
    for key in ("1", "0"):
        driver.tap(f"key:{key}")
    driver.tap("apply")
    driver.scan(shop.BREAD)
    pictures.shot("sale")
    driver.scan("2000000000015")
    driver.app.hush()
    pictures.shot("sale_unknown")
    driver.tap("dismiss")
    driver.press("f2")
    driver.frames(3)
    driver.type("co")
    driver.frames(4)
    pictures.shot("search")
    driver.press("escape")
    driver.press("f10")
    pictures.shot("menu")
    driver.press("delete")
    driver.frames(2)
    pictures.shot("question")
    driver.press("escape")


def sell_more(pictures: Pictures) -> None:
    """Options, an age, colours and sizes, a customer, a parked basket, what goes well, the rest."""
    import sample_till as shop
    from sample_goods import WATER

    driver, sale = pictures.driver, pictures.screens.sale
    sale.cancel()
    driver.wait_until(lambda: not sale.state.lines, "an empty basket")
    driver.scan(WATER)
    driver.press("f12")
    pictures.shot("suggestions")
    driver.press("escape")
    for code in (shop.MILK, shop.MILK, shop.MILK, shop.BREAD):
        driver.scan(code)
    sale.add("CO")
    driver.tap("choice:oat")
    pictures.shot("options")
    driver.press("enter")
    sale.add("SH")
    driver.tap("variant:SH-1")
    pictures.shot("matrix")
    driver.press("enter")
    driver.press("f8")
    driver.type_slowly("kim")
    driver.wait_until(lambda: "customer:K1" in driver.texts(), "the customer")
    driver.tap("customer:K1")
    pictures.shot("customer")
    driver.press("f6")
    pictures.shot("new_customer")
    driver.press("escape")
    driver.press("escape")
    _ask_and_park(pictures)


def _ask_and_park(pictures: Pictures) -> None:
    import sample_till as shop

    driver, sale = pictures.driver, pictures.screens.sale
    sale.add("BE")
    pictures.shot("age")
    driver.press("enter")
    driver.wait_until(lambda: sale.state.ask is None, "the answer")
    driver.press("f6")
    pictures.shot("more")
    driver.tap("more:bill")
    pictures.shot("bill_discount")
    driver.press("escape")
    driver.press("f5")
    pictures.shot("park")
    pictures.screens.parked.park("Blue coat")
    pictures.wait_for("sale")
    driver.press("f5")
    pictures.shot("parked")
    driver.press("escape")
    driver.scan(shop.BOOK)


def pay(pictures: Pictures) -> None:
    """Pay in two parts, with a printer that is off."""
    driver = pictures.driver
    driver.press("f12")
    for key in ("1", "0"):
        driver.tap(f"key:{key}")
    driver.tap("cash")
    driver.wait_until(lambda: "payment:1" in driver.texts(), "the part payment")
    pictures.shot("pay")
    for key in ("5", "0"):
        driver.tap(f"key:{key}")
    driver.tap("cash")
    pictures.wait_for("done")
    driver.wait_until(lambda: pictures.screens.done.state.print_state == "failed", "the printer")
    pictures.shot("done_not_printed")
    driver.app.hush()
    pictures.shot("done")
    driver.press("enter")


def look_around(pictures: Pictures) -> None:
    """Visit the other screens."""
    driver = pictures.driver
    driver.press("f3")
    driver.wait_until(lambda: "order:SO-1" in driver.texts(), "the orders")
    driver.tap("order:SO-1")
    pictures.shot("orders")
    driver.tap("take")
    driver.wait_until(lambda: "question" in driver.texts(), "the question")
    pictures.shot("order_question")
    driver.tap("no")
    driver.frames(3)
    driver.press("escape")
    driver.press("f7")
    driver.wait_until(lambda: any(name.startswith("print:") for name in driver.texts()), "the waiting paper")
    pictures.shot("messages")
    driver.press("escape")
    _cash_and_lock(pictures)


def _cash_and_lock(pictures: Pictures) -> None:
    driver = pictures.driver
    driver.press("f10")
    driver.press("f5")
    driver.tap("kind:cash_out")
    driver.tap("reason:1")
    for key in ("1", "2", ".", "5"):
        driver.tap(f"key:{key}")
    pictures.shot("cash")
    driver.press("escape")
    driver.press("f9")
    pictures.shot("lock")
    pictures.screens.lock.unlock(PIN)
    pictures.wait_for("sale")


def reports(pictures: Pictures) -> None:
    """Look at the open shift's figures, with a supervisor's leave."""
    driver = pictures.driver
    driver.press("f10")
    driver.press("f4")
    driver.wait_until(lambda: "shift:0" in driver.texts(), "the shifts")
    pictures.screens.sale.supervisor("9999")
    driver.wait_until(lambda: not pictures.screens.reports.state.busy and driver.app.said.text, "the supervisor")
    driver.app.hush()
    driver.tap("shift:0")
    driver.wait_until(lambda: "figure:1" in driver.texts(), "the report")
    pictures.shot("reports")
    for section in ("groups", "hours"):
        driver.tap(f"section:{section}")
        pictures.shot(f"reports_{section}")
    driver.press("escape")


def close_shift(pictures: Pictures) -> None:
    """Count, close, look at the Z report."""
    driver = pictures.driver
    driver.press("f10")
    driver.press("f6")
    for key in ("1", "6", "0"):
        driver.tap(f"key:{key}")
    driver.wait_until(lambda: pictures.screens.close_shift.state.may_close, "the checklist")
    pictures.shot("close_shift")
    driver.tap("close_shift")
    driver.wait_until(lambda: "question" in driver.texts(), "the question")
    driver.tap("yes")
    driver.wait_until(lambda: "figure:1" in driver.texts(), "the report")
    driver.app.hush()
    pictures.shot("z_report")


STEPS: tuple[Callable[[Pictures], None], ...] = (
    set_up,
    begin,
    sell,
    sell_more,
    pay,
    look_around,
    reports,
    close_shift,
)


def main(
    out: Annotated[Path, typer.Argument(help="The folder for the pictures.")],
    size: Annotated[str, typer.Option(help="The window's size.")] = "1280x800",
    theme: Annotated[str, typer.Option(help="light or dark.")] = "light",
    language: Annotated[str, typer.Option(help="en, de or nl.")] = "en",
    only: Annotated[str, typer.Option(help="One picture's name, for that one alone.")] = "",
) -> None:
    """Make a picture of every screen of the till."""
    os.environ.setdefault("SDL_VIDEODRIVER", "offscreen")
    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    from till.options import read_size
    from till.ui import env

    width, height = read_size(size)
    env.prepare(width, height)
    out.mkdir(parents=True, exist_ok=True)
    look = Look(out=out, size=(width, height), theme=theme, language=language, only=only)
    with tempfile.TemporaryDirectory() as folder:
        take_all(Path(folder), look)


def take_all(folder: Path, look: Look) -> None:
    """Take the ordinary day's pictures, then each rarer scene's; of one picture alone no more than it needs."""
    from more_pictures import SCENES

    with open_till(folder / "day", look, printer="escpos+tcp://127.0.0.1:9?profile=generic-80") as pictures:
        for step in STEPS:
            if not look.is_done:
                step(pictures)
    for scene in SCENES:
        if not look.is_done:
            scene(folder / scene.__name__, look)


if __name__ == "__main__":
    typer.run(main)
