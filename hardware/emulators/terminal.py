"""A ZVT card terminal without cards: speaks the protocol on a real socket, debits a file, fails on demand.

A card is presented by itself after a delay. Its charges outlive it (`charges`), so a test can kill it, start it again
and hold "charged" against "booked". Modes and the policy on a lost answer are set at the start or over the control
port; real terminals differ in that policy (ZVT 2.2.8 against chapter 4), so the till must live with both.
"""

import contextlib
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from hardware.emulators import charges
from hardware.emulators.charges import Memory
from hardware.emulators.control import Control
from hardware.emulators.terminal_conversation import Conversation, HalfOpen
from hardware.emulators.terminal_modes import Options, check_options
from hardware.terminal.zvt_link import Link, LinkLost
from schema.errors import Refused


class TerminalEmulator:
    """One terminal: one connection, one payment at a time."""

    def __init__(self, file: Path, options: Options) -> None:
        check_options(options)
        self._file, self._options, self._first_options = file, options, options
        self._lock = threading.Lock()
        self._memory = charges.load(file)
        self._stopped = threading.Event()
        self._listener = socket.create_server((options.host, options.port), backlog=4)
        self._control = Control(
            options.control_port,
            show={"/state": self.state, "/charges": self.charges},
            change={"/mode": self._change_mode, "/reset": self._reset},
        )
        self._asked: Counter[str] = Counter()
        # Connections that look open to the till and are not looked at any more.
        self._half_open: list[Link] = []

    def start(self) -> None:
        threading.Thread(target=self._accept, name="terminal", daemon=True).start()
        self._control.start()

    def stop(self) -> None:
        self._stopped.set()
        self._control.stop()
        self._listener.close()
        for link in self._half_open:
            link.close()

    def facts(self) -> dict[str, Any]:
        """Return what somebody needs to reach it."""
        return {
            "host": self._options.host,
            "port": int(self._listener.getsockname()[1]),
            "control_port": self._control.port,
            "file": str(self._file),
        }

    def state(self) -> dict[str, Any]:
        """Return how it is set and what it counted."""
        with self._lock:
            return {
                "mode": self._options.mode,
                "policy": self._options.policy,
                "card_delay_s": self._options.card_delay_s,
                "patience_s": self._options.patience_s,
                "payments_asked": self._asked["payment"],
                "asked": dict(self._asked),
                "charged_minor": charges.charged_minor(self._memory),
                "last": to_builtins(self._memory.last),
            }

    def charges(self) -> dict[str, Any]:
        """Return every charge, their sum less what was given back, and every end of day."""
        with self._lock:
            return {
                "charged_minor": charges.charged_minor(self._memory),
                "charges": to_builtins(self._memory.charges),
                "closings": to_builtins(self._memory.closings),
            }

    # --- what a conversation asks --------------------------------------------------------------------------------

    @property
    def options(self) -> Options:
        return self._options

    @property
    def memory(self) -> Memory:
        return self._memory

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def remember(self, change: Callable[[Memory], Memory]) -> Memory:
        """Change the memory and make it durable before anything is told of it."""
        with self._lock:
            self._memory = change(self._memory)
            charges.save(self._file, self._memory)
            return self._memory

    def note_asked(self, what: str) -> None:
        self._asked[what] += 1

    def _accept(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(OSError, ValueError, LinkLost):
                if select.select([self._listener], [], [], 0.1)[0]:
                    self._serve(self._listener.accept()[0])

    def _serve(self, line: socket.socket) -> None:
        """Talk to one till at a time, as a terminal does."""
        link = _SplittingLink(line) if self._options.split_bytes else Link(line)
        try:
            Conversation(self, link).run()
        except HalfOpen:
            self._half_open.append(link)
        except BaseException:
            link.close()  # lost, or a fault of ours: the line does not stay open
            raise
        else:
            link.close()

    def _reset(self, _: dict[str, Any]) -> dict[str, Any]:
        """Be fresh from the box again: no charge, no last transaction, the settings of the start."""
        self.remember(lambda _: Memory())
        with self._lock:
            self._options = self._first_options
            self._asked.clear()
        return self.state()

    def _change_mode(self, body: dict[str, Any]) -> dict[str, Any]:
        known = {"mode", "policy", "card_delay_s", "patience_s", "split_bytes"}
        if not body.keys() <= known:
            raise Refused("unknown_setting", f"Known settings are: {', '.join(sorted(known))}.")
        changed = replace(self._options, **body)
        check_options(changed)
        with self._lock:
            self._options = changed
        return self.state()


class _SplittingLink(Link):
    """Sends every byte by itself, as a slow serial bridge does."""

    def _send_all(self, data: bytes) -> None:
        for byte in data:
            super()._send_all(bytes([byte]))
            time.sleep(0.0005)
