"""`make demo`: a whole shop on this machine. With a display it opens the till's window and everything stays running;
without one, or with --once, it plays a scripted morning in a virtual screen and ends 0 only if the books agree.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Our packages come before the folders of tests that mirror their names.
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from demo.morning import CARD_DELAY_S, CASHIER, PIN, Morning, codes
from demo.story import Story
from rig.programs import ProgramError
from rig.screen import TillWindow, virtual_display
from rig.shop import Shop

SIZE = "1280x800"


def main() -> int:
    arguments = _arguments()
    out = arguments.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    story = Story()
    story.chapter("Counterfoil: one shop, its head office, and the line between them")
    with story.step("Head office, agent, printer and card terminal start as programs of their own"):
        shop = Shop(out / "shop", card_delay_s=CARD_DELAY_S)
    try:
        _tell(shop, story, out)
        if arguments.once or not os.environ.get("DISPLAY"):
            return _play(shop, story, out)
        return _stay_open(shop, story)
    except ProgramError as error:
        print(f"\nThe demo stopped: {error}", file=sys.stderr)
        return 1
    finally:
        shop.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="play the scripted morning without a screen and exit")
    parser.add_argument("--out", type=Path, default=ROOT / "demo-out", help="where pictures and receipts go")
    return parser.parse_args()


def _tell(shop: Shop, story: Story, out: Path) -> None:
    story.say(f"office    {shop.office.url}  sign in as admin, password sample-shop")
    story.say(f"till      cashier Sam Example, PIN {PIN} (number {CASHIER}); its folder is {shop.till}")
    story.say(f"receipts  {shop.receipts}  (a picture and a text each)")
    story.say(f"pictures  {out}")


def _play(shop: Shop, story: Story, out: Path) -> int:
    with virtual_display(out / "shop" / "logs", SIZE) as display:
        window = TillWindow(shop.till, out / "shop" / "logs", display, size=SIZE)
        try:
            morning = Morning(shop, window, story, out, codes())
            morning.play()
        except ProgramError:
            window.picture(out / "till" / "99-where-it-stopped.png")
            raise
        finally:
            window.close()
    story.chapter(f"The books agree. ({story.seconds():.0f} s)")
    now_mib, peak_mib = morning.memory_mib
    story.say(f"memory    the till's window holds {now_mib:.0f} MiB, at most {peak_mib:.0f} MiB this morning")
    story.say(f"look at   {out}/till  {out}/office  {shop.receipts}")
    return 0


def _stay_open(shop: Shop, story: Story) -> int:
    story.chapter("The till's window is open. Close it, or press Ctrl-C here, to end everything.")
    story.say("Cut the line by stopping the office's program; the till goes on selling.")
    window = TillWindow(shop.till, shop.logs, os.environ["DISPLAY"], size=SIZE)
    try:
        window.program.process.wait()
    except KeyboardInterrupt:
        story.say("ending …")
    finally:
        window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
