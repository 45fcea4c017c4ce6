"""A customer display of two lines of twenty characters, read from its bytes, on a pseudo-terminal. Linux and macOS.

It understands both command sets at once, as many displays do: Epson's cursor and page commands, CD5220's whole lines.
A byte that is no command it knows is reported, never guessed over.
"""

import contextlib
import os
import selectors
import threading
from pathlib import Path
from typing import Any

from hardware.emulators.control import Control

COLUMNS, ROWS = 20, 2
PAGES = {0: "cp437", 2: "cp850", 16: "cp1252", 18: "cp852", 19: "cp858"}
TICK_S = 0.05
UNKNOWN_KEPT_MAX = 100


class Glass:
    """What the display shows: feed it bytes, read its lines."""

    def __init__(self) -> None:
        self.unknown: list[str] = []
        self.resets = 0
        self._held = b""
        self._reset()

    @property
    def lines(self) -> tuple[str, str]:
        upper, lower = ("".join(row).rstrip() for row in self._cells)
        return upper, lower

    def feed(self, data: bytes) -> None:
        """Take bytes in any pieces; a command that goes on in the next piece waits for it."""
        self._held += data
        while self._held and (length := self._take()):
            self._held = self._held[length:]

    def _reset(self) -> None:
        self._codec = PAGES[0]
        self._clear()

    def _clear(self) -> None:
        self._cells = [[" "] * COLUMNS for _ in range(ROWS)]
        self._column, self._row = 0, 0

    def _take(self) -> int:
        """Do what stands at the beginning; return its length, 0 when it is not complete."""
        first = self._held[0]
        if first in (0x1B, 0x1F):
            return self._command()
        if first >= 0x20:
            self._write(self._held[:1])
        elif first == 0x0C:
            self._clear()
        elif first == 0x0B:
            self._column, self._row = 0, 0
        elif first == 0x0D:
            self._column = 0
        elif first == 0x0A:
            self._row = (self._row + 1) % ROWS
        else:
            self._note(self._held[:1])
        return 1

    def _command(self) -> int:
        match self._held[:2]:
            case b"\x1b@":
                self.resets += 1
                self._reset()
                return 2
            case b"\x1bt" if len(self._held) > 2:
                if self._held[2] not in PAGES:
                    self._note(self._held[:3])
                self._codec = PAGES.get(self._held[2], "ascii")
                return 3
            case b"\x1bQ" if b"\r" in self._held:
                return self._whole_line(self._held.index(b"\r"))
            case b"\x1f$" if len(self._held) > 3:
                column, row = self._held[2:4]
                if 1 <= column <= COLUMNS and 1 <= row <= ROWS:
                    self._column, self._row = column - 1, row - 1
                else:
                    self._note(self._held[:4])
                return 4
        if self._held[:2] in (b"\x1bt", b"\x1bQ", b"\x1f$", b"\x1b", b"\x1f"):
            return 0
        self._note(self._held[:2])
        return 2

    def _whole_line(self, end: int) -> int:
        row = {0x41: 0, 0x42: 1}.get(self._held[2])
        if row is None or end - 3 > COLUMNS:
            self._note(self._held[: end + 1])
            return end + 1
        self._cells[row] = [" "] * COLUMNS
        self._column, self._row = 0, row
        self._write(self._held[3:end])
        return end + 1

    def _write(self, data: bytes) -> None:
        for char in data.decode(self._codec, "replace"):
            self._cells[self._row][self._column] = char
            self._column += 1
            if self._column == COLUMNS:
                self._column, self._row = 0, (self._row + 1) % ROWS

    def _note(self, data: bytes) -> None:
        if len(self.unknown) < UNKNOWN_KEPT_MAX:
            self.unknown.append(data.hex(" "))


class LineDisplayEmulator:
    """The display at the end of a serial line: the computer's end is a link that stays when it is plugged in anew."""

    def __init__(self, link: Path, control_port: int = 0) -> None:
        self.link, self.glass = link, Glass()
        self._lock = threading.Lock()
        self._control = Control(
            control_port, show={"/state": self.state}, change={"/unplug": self._unplug, "/plug": self._plug}
        )
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Plug it in. Raises OSError when the link cannot be made."""
        self.plug()
        self._control.start()

    def stop(self) -> None:
        self.unplug()
        self._control.stop()

    def facts(self) -> dict[str, Any]:
        """Return what somebody needs to reach it; a serial device has no host and no port."""
        return {"host": "", "port": 0, "control_port": self._control.port, "link": str(self.link)}

    def state(self) -> dict[str, Any]:
        """Return what can be seen at the device."""
        with self._lock:
            return {
                "lines": list(self.glass.lines),
                "plugged": self._thread is not None,
                "resets": self.glass.resets,
                "unknown_commands": self.glass.unknown,
            }

    def plug(self) -> None:
        """Connect it: dark, as after it was switched on."""
        if self._thread is not None:
            return
        import pty
        import tty

        self._ours, self._computers = pty.openpty()
        tty.setraw(self._computers)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._computers))
        self.glass, self._pulled = Glass(), threading.Event()
        self._thread = threading.Thread(target=self._read, name="display", daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        if self._thread is None:
            return
        self._pulled.set()
        self._thread.join(timeout=2)
        self._thread = None
        self.link.unlink(missing_ok=True)
        for end in (self._ours, self._computers):
            with contextlib.suppress(OSError):
                os.close(end)

    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._ours, selectors.EVENT_READ)
            while not self._pulled.is_set():
                if selector.select(TICK_S):
                    data = os.read(self._ours, 1024)
                    with self._lock:
                        self.glass.feed(data)

    def _plug(self, _: dict[str, Any]) -> dict[str, Any]:
        self.plug()
        return self.state()

    def _unplug(self, _: dict[str, Any]) -> dict[str, Any]:
        self.unplug()
        return self.state()
