"""Ending: a program that is told to end, ends, whenever the signal comes."""

import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import sys, threading
from schema.ending import Ending
ending = Ending()
print("ready", flush=True)
ending.wait()
print("ended", flush=True)
"""


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("after_ms", [0, 1, 5, 20, 150])
def test_a_signal_ends_it_whenever_it_comes(told, after_ms):
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert program.stdout.readline() == "ready\n"
    time.sleep(after_ms / 1000)
    program.send_signal(told)
    rest, _ = program.communicate(timeout=5)
    assert (rest, program.returncode) == ("ended\n", 0)
