"""The window's start and end. Importing this imports nothing of Kivy: its surroundings are prepared first."""

import signal

from till.assemble import Till
from till.options import RunOptions
from till.runner import ThreadRunner
from till.ui import env
from till.ui.thread import post

# What the window has before the whole screen is taken.
SIZE = (1280, 800)
THEMES = ("light", "dark")


def run(till: Till, options: RunOptions) -> int:
    """Open the window over a till and return its exit status when it is closed, by hand or by SIGTERM."""
    env.prepare(options.width or SIZE[0], options.height or SIZE[1], fullscreen=not options.width)
    from till.ui.till_app import TillApp

    runner = ThreadRunner(post)
    try:
        screens = till.screens(runner)
        mode = options.theme if options.theme in THEMES else THEMES[0]
        app = TillApp(screens, till.words, mode=mode, places=options.places)
        till.start_devices(screens, runner, app.scan)
        till.check_journal_in_background()
        signal.signal(signal.SIGTERM, lambda *_: app.stop())
        app.run()
    finally:
        runner.stop()
        till.close()
    return 0
