"""A real window for each test: OpenGL through SDL's offscreen driver, no X server; the real till behind it."""

import gc
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]


@pytest.fixture(scope="session")
def surroundings():
    os.environ["SDL_VIDEODRIVER"] = "offscreen"
    os.environ["SDL_AUDIODRIVER"] = "dummy"
    os.environ.pop("KIVY_GL_BACKEND", None)
    from till.ui import env

    env.prepare(1280, 800)


class OpenTill:
    """A till with its window under a test's control."""

    def __init__(self, folder, *, language="en", mode="light", size=(800, 480), draw=False, **environment):
        # What the last till left is collected now: this one takes all that it finds out of collections.
        gc.collect()
        from driver import Driver

        from till.assemble import assemble
        from till.runner import ThreadRunner
        from till.ui.thread import post

        environment = {"ballast_mb": "1"} | environment
        environment = {f"COUNTERFOIL_{name.upper()}": value for name, value in environment.items()}
        self.till = assemble(folder, language=language, environment=environment)
        self.runner = ThreadRunner(post)
        self.screens = self.till.screens(self.runner)

        def make_app():
            from till.ui.till_app import TillApp

            return TillApp(self.screens, self.till.words, mode=mode)

        self.driver = Driver(make_app, size, draw=draw)

    def sign_in(self, cashier="1", pin="1111"):
        driver = self.driver
        driver.tap(f"cashier:{cashier}")
        for digit in pin:
            driver.tap(f"key:{digit}")
        driver.tap("sign_in")
        driver.wait_until(lambda: driver.screen != "sign_in", "signing in")
        return self

    def open_shift(self, keys=("1", "0", "0")):
        for key in keys:
            self.driver.tap(f"key:{key}")
        self.driver.tap("open_shift")
        self.driver.wait_until(lambda: self.driver.screen == "sale", "the open shift")
        return self

    def settle(self):
        """Wait until no slow work is under way."""
        from till.runner import LANES

        done = []
        for lane in LANES:
            self.runner.run(lambda: None, lambda _: done.append(1), lambda _: None, lane=lane)
        self.driver.wait_until(lambda: len(done) == len(LANES), "slow work")

    def bodies(self):
        self.settle()
        return self.till.desk.parts.journal.bodies_after(1, 0)

    def close(self):
        self.driver.close()
        self.runner.stop()
        self.till.close()


@pytest.fixture
def opened(surroundings, tmp_path):
    """Return a function that opens a till's window; all are closed in the end."""
    from sample_shop import make_sample

    tills = []

    def open_till(folder=None, **options):
        if folder is None:
            folder = tmp_path / f"till{len(tills)}"
            make_sample(folder)
        for earlier in tills:
            earlier.close()
        tills[:] = [OpenTill(folder, **options)]
        return tills[0]

    yield open_till
    for each in tills:
        each.close()


@pytest.fixture
def sale(opened):
    """Return a till on its sale screen with an open shift."""
    return opened().sign_in().open_shift()


@pytest.fixture(scope="session")
def display():
    """Return a virtual screen for programs of their own."""
    assert shutil.which("Xvfb"), "these tests need xvfb: apt-get install xvfb xdotool"
    assert shutil.which("xdotool"), "these tests need xdotool: apt-get install xvfb xdotool"
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    number = b""
    while not number.endswith(b"\n"):
        piece = os.read(reader, 16)
        assert piece, "Xvfb did not start"
        number += piece
    os.close(reader)
    yield f":{number.decode().strip()}"
    server.terminate()
    server.wait(10)
