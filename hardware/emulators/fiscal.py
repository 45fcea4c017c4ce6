"""A fiscal unit as a program: signs with the software unit behind it; fails, falls silent, counts wrong on demand.

It is the unit for a shop with several tills too, as long as its mode is "ok". What it signed lies in its folder and
outlives it, so a test can kill it between start and finish and look for what is open.
"""

import contextlib
import select
import socket
import threading
import time
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct, to_builtins
from msgspec.structs import replace

from hardware.emulators.control import Control
from hardware.fiscal import wire
from hardware.fiscal.network import PORT
from hardware.fiscal.software import SoftwareUnit
from schema.clock import SystemClock
from schema.errors import CounterfoilError, Refused, Unready

Mode = Literal["ok", "fail", "mute", "mute-after", "slow", "drop", "drop-after", "garbage", "counter-back"]
MODES: dict[str, str] = {
    "ok": "signs",
    "fail": "says that it cannot sign",
    "mute": "takes calls, does nothing and says nothing",
    "mute-after": "signs and says nothing",
    "slow": "signs and answers after its delay",
    "drop": "hangs up, nothing signed",
    "drop-after": "signs and hangs up",
    "garbage": "answers what nobody can read",
    "counter-back": "counts backwards",
}
READ_S = 5.0
# How long a mute one keeps a call; a till gives up before.
MUTE_S = 30.0


class Options(Struct, frozen=True, kw_only=True):
    """Where it listens and how it behaves."""

    host: str = "127.0.0.1"
    port: int = PORT
    control_port: int = 0
    mode: str = "ok"
    delay_s: float = 3.0


class FiscalEmulator:
    """One unit; calls come one to a connection, several connections at a time."""

    def __init__(self, folder: Path, options: Options) -> None:
        _check_mode(options.mode)
        self._options = options
        self._unit = SoftwareUnit(folder, SystemClock())
        self._folder = folder
        self._stopped = threading.Event()
        self._listener = socket.create_server((options.host, options.port), backlog=16)
        self._control = Control(options.control_port, show={"/state": self.state}, change={"/mode": self._change_mode})

    def start(self) -> None:
        threading.Thread(target=self._accept, name="fiscal", daemon=True).start()
        self._control.start()

    def stop(self) -> None:
        self._stopped.set()
        self._control.stop()
        self._listener.close()
        self._unit.close()

    def facts(self) -> dict[str, Any]:
        """Return what somebody needs to reach it."""
        return {
            "host": self._options.host,
            "port": int(self._listener.getsockname()[1]),
            "control_port": self._control.port,
            "folder": str(self._folder),
        }

    def state(self) -> dict[str, Any]:
        """Return how it is set and what it signed, whatever its mode."""
        return {"mode": self._options.mode, "delay_s": self._options.delay_s, "unit": to_builtins(self._unit.status())}

    def _change_mode(self, body: dict[str, Any]) -> dict[str, Any]:
        if not body.keys() <= {"mode", "delay_s"}:
            raise Refused("unknown_setting", "Known settings are: delay_s, mode.")
        changed = replace(self._options, **body)
        _check_mode(changed.mode)
        self._options = changed
        return self.state()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(OSError, ValueError):
                if select.select([self._listener], [], [], 0.1)[0]:
                    line = self._listener.accept()[0]
                    threading.Thread(target=self._serve, args=(line,), name="call", daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), line:
            line.settimeout(READ_S)
            with line.makefile("rb") as reader:
                said = reader.readline(wire.LINE_BYTES_MAX)
            answer = self._answer(said, self._options.mode)
            if answer:
                line.sendall(answer)

    def _answer(self, said: bytes, mode: str) -> bytes:
        """Do what the mode says; an empty answer is a line that breaks."""
        if mode == "mute":
            self._stopped.wait(MUTE_S)
        if mode in ("mute", "drop"):
            return b""
        if mode == "garbage":
            return b'{"answer": "started", "transaction": "many"}\n'
        answer = wire.failed(Unready("fiscal_failing", "On demand.")) if mode == "fail" else self._obey(said)
        if mode == "mute-after":
            self._stopped.wait(MUTE_S)
        if mode in ("mute-after", "drop-after"):
            return b""
        if mode == "slow":
            time.sleep(self._options.delay_s)
        if mode == "counter-back" and isinstance(answer, wire.Started):
            answer = replace(answer, signature_counter=1)
        return wire.encode(answer)

    def _obey(self, said: bytes) -> wire.Answer:
        try:
            match wire.decode_call(said):
                case wire.Start() as call:
                    return wire.Started(**wire.plain(self._unit.start(call)))  # type: ignore[arg-type] # same fields
                case wire.Finish() as call:
                    return wire.Signed(**wire.plain(self._unit.finish(call)))  # type: ignore[arg-type] # same fields
                case _:
                    return wire.Health(**wire.plain(self._unit.status()))  # type: ignore[arg-type] # same fields
        except msgspec.DecodeError as error:
            return wire.Failed(kind="refused", code="bad_call", message=f"Not understood: {error}")
        except CounterfoilError as error:
            return wire.failed(error)


def _check_mode(name: str) -> None:
    if name not in get_args(Mode):
        raise Refused("unknown_mode", f"There is no mode “{name}”. Known are: {', '.join(MODES)}.")
