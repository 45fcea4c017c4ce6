"""A network label printer without labels: takes ZPL, keeps what would be on each label, and answers ~HS.

It knows the few commands that our labels are made of and reports any other, so that a wrong one shows in a test.
"""

import re
import socket
import threading
from typing import Any, Literal, get_args

from msgspec import Struct

from hardware.emulators.control import Control
from schema.errors import Refused

Fault = Literal["none", "mute", "paper-out", "head-open", "paused"]
FAULTS: dict[str, str] = {
    "none": "works",
    "mute": "prints, but answers nothing",
    "paper-out": "says that its roll is empty",
    "head-open": "says that it stands open",
    "paused": "says that it was paused at its key",
}
_COMMAND = re.compile(r"\^(FD(?P<data>[^^]*)|(?P<name>[A-Z][A-Z0-9])(?P<rest>[^^]*))")
_KNOWN = frozenset({"CI", "PW", "LL", "LH", "FO", "A0", "FB", "FH", "BY", "BE", "BC", "FS", "PQ", "XA", "XZ"})
HELD_BYTES_MAX = 100_000
READ_S = 0.1


class Field(Struct, frozen=True, kw_only=True):
    """One thing on a label: a text, or a bar code's data; where its corner is, and how high it is, in dots."""

    kind: Literal["text", "ean13", "code128"]
    data: str
    left: int
    top: int
    height: int


class Label(Struct, frozen=True, kw_only=True):
    """One label as it would come out, so many times."""

    width: int
    height: int
    fields: tuple[Field, ...]
    copies: int
    unknown: tuple[str, ...] = ()


def read_label(zpl: str) -> Label:
    """Read one label from ^XA to ^XZ."""
    values: dict[str, str] = {}
    fields, unknown = [], []
    for found in _COMMAND.finditer(zpl):
        name, rest = found["name"], found["rest"]
        if name is None:
            fields.append(_field(values, found["data"]))
        elif name not in _KNOWN:
            unknown.append(found[0])
        elif name == "FS":
            values = {key: value for key, value in values.items() if key in ("PW", "LL", "PQ")}
        else:
            values[name] = rest
    return Label(
        width=int(values.get("PW", 0)),
        height=int(values.get("LL", 0)),
        fields=tuple(fields),
        copies=int(values.get("PQ", 1)),
        unknown=tuple(unknown),
    )


def _field(values: dict[str, str], data: str) -> Field:
    left, top = (int(value) for value in values["FO"].split(","))
    if "FH" in values:
        data = re.sub(r"_([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), data)
    if "BE" in values:
        return Field(kind="ean13", data=data, left=left, top=top, height=_second(values["BE"]))
    if "BC" in values:
        return Field(kind="code128", data=data.replace(">0", ">"), left=left, top=top, height=_second(values["BC"]))
    return Field(kind="text", data=data, left=left, top=top, height=_second(values["A0"]))


def _second(parameters: str) -> int:
    return int(parameters.split(",")[1])


class LabelPrinterEmulator:
    """One label printer on a port; what it printed is at the control port's /labels."""

    def __init__(self, host: str = "127.0.0.1", port: int = 9100, control_port: int = 0, fault: str = "none") -> None:
        self._fault = _fault_named(fault)
        self.labels: list[Label] = []
        self._stopped = threading.Event()
        self._listener = socket.create_server((host, port))
        self._listener.settimeout(READ_S)
        self._control = Control(
            control_port,
            show={"/labels": self._shown, "/state": lambda: {"fault": self._fault, "labels": len(self.labels)}},
            change={"/fault": self._change_fault},
        )

    def start(self) -> None:
        self._thread = threading.Thread(target=self._serve, name="label-printer", daemon=True)
        self._thread.start()
        self._control.start()

    def stop(self) -> None:
        self._stopped.set()
        self._control.stop()
        self._thread.join(timeout=5)
        self._listener.close()

    def facts(self) -> dict[str, Any]:
        """Return what somebody needs to reach it."""
        host, port = self._listener.getsockname()[:2]
        return {"host": host, "port": port, "control_port": self._control.port}

    def set_fault(self, name: str) -> None:
        """Bring a fault about, or end it. Raises Refused("unknown_fault")."""
        self._fault = _fault_named(name)

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                line, _ = self._listener.accept()
            except OSError:
                continue
            with line:
                line.settimeout(READ_S)
                self._talk(line)

    def _talk(self, line: socket.socket) -> None:
        held = b""
        while not self._stopped.is_set():
            try:
                piece = line.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                return
            if not piece:
                return
            held = self._taken(line, (held + piece)[-HELD_BYTES_MAX:])

    def _taken(self, line: socket.socket, held: bytes) -> bytes:
        if b"~HS" in held:
            held = held.replace(b"~HS", b"", 1)
            if self._fault != "mute":
                line.sendall(self._host_status())
        while b"^XZ" in held:
            label, held = held.split(b"^XZ", maxsplit=1)
            self.labels.append(read_label(label.decode("utf-8", "replace")))
        return held

    def _host_status(self) -> bytes:
        paper, paused, head = (int(self._fault == fault) for fault in ("paper-out", "paused", "head-open"))
        first = f"\x02030,{paper},{paused},0240,000,0,0,0,000,0,0,0\x03\r\n"
        second = f"\x02000,0,{head},0,0,2,4,0,00000000,1,000\x03\r\n"
        return (first + second + "\x021234,0\x03\r\n").encode()

    def _shown(self) -> list[Any]:
        import msgspec

        return [msgspec.to_builtins(label) for label in self.labels]

    def _change_fault(self, body: dict[str, Any]) -> dict[str, Any]:
        self.set_fault(str(body["fault"]))
        return {"fault": self._fault}


def _fault_named(name: str) -> Fault:
    for fault in get_args(Fault):
        if fault == name:
            return fault  # type: ignore[no-any-return]
    raise Refused("unknown_fault", f"There is no fault “{name}”. Known are: {', '.join(FAULTS)}.")
