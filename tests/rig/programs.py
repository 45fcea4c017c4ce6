"""A shop put together from the real programs: head office, agent, till and device emulators, each its own process.

The demo, the scenarios and the benchmarks all stand on this rig; nothing in it replaces a part of the product.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Programs run from the checkout, whatever folder the tests were started in.
ROOT = Path(__file__).resolve().parents[2]
READY_S_MAX = 60
STOP_S_MAX = 15


class ProgramError(RuntimeError):
    """A program did not do what it was started for; the text holds the end of its log."""


class Program:
    """One child process with its log in a file."""

    def __init__(self, name: str, command: list[str], folder: Path, *, extra: dict[str, str] | None = None) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        folder.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(extra or {})}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=environment,
                start_new_session=True,
            )

    def running(self) -> bool:
        return self.process.poll() is None

    def wait_for(self, condition: Any, what: str, seconds: float = READY_S_MAX) -> Any:
        """Wait until a condition holds while the program runs. Raises ProgramError with the log's end."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            if not self.running():
                break
            time.sleep(0.02)
        raise ProgramError(f"{self.name}: {what} did not happen.\n{self.tail()}")

    def first_line(self) -> dict[str, Any]:
        """Return the JSON line that an emulator prints when it is ready."""

        def found() -> dict[str, Any] | None:
            for line in self.log.read_text(errors="replace").splitlines():
                if line.startswith("{"):
                    return dict(json.loads(line))
            return None

        return dict(self.wait_for(found, "the ready line"))

    def tail(self, lines: int = 25) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def memory_mib(self) -> tuple[float, float]:
        """Return what of its memory is resident now, and the most that ever was, as Linux counts it."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        kib = {
            name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines) if "kB" in value
        }
        return kib["VmRSS"] / 1024, kib["VmHWM"] / 1024

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and insist."""
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        if number is signal.SIGKILL:
            self.process.wait()


def module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our programs."""
    return [sys.executable, "-m", name, *arguments]


def call(name: str, *arguments: str, seconds: float = 300, extra: dict[str, str] | None = None) -> str:
    """Run one of our commands to its end and return what it printed. Raises ProgramError where it fails."""
    done = subprocess.run(
        module(name, *arguments),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        cwd=ROOT,
        env={**os.environ, **(extra or {})},
    )
    if done.returncode:
        raise ProgramError(f"{name} {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


class Play:
    """The till's script port, kept open: one JSON command in, one JSON answer out."""

    def __init__(self, data: Path, log: Path, *, extra: dict[str, str] | None = None) -> None:
        self._log = log.open("ab")
        self.process = subprocess.Popen(
            module("till", "play", "-", "--data", str(data)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            bufsize=1,
            start_new_session=True,
            cwd=ROOT,
            env={**os.environ, **(extra or {})},
        )

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """Send one command and return its answer, whatever it is."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"do": do, **fields}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise ProgramError(f"the till ended on {do}")
        return dict(json.loads(line))

    def do(self, do: str, **fields: Any) -> dict[str, Any]:
        """Send one command that must succeed."""
        answer = self.ask(do, **fields)
        if not answer.get("ok"):
            raise ProgramError(f"{do} {fields}: {answer.get('error')}")
        return answer

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def close(self) -> None:
        if self.process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        try:
            self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self._log.close()


@contextlib.contextmanager
def all_stopped(programs: list[Program]) -> Iterator[list[Program]]:
    """Stop every program of a list at the end, last started first."""
    try:
        yield programs
    finally:
        for program in reversed(programs):
            program.stop()
