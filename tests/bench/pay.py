"""Pay: from the touch on *Cash* to the sale on the disk, and to the receipt's last byte at the printer.

The till is the real one with its worker threads; what comes back to the screen's thread waits for the next of 60 frames
a second, as in the window. The printer is a socket that answers questions for its status and notes when bytes come.
Measured once without a fiscal unit and once with the one in software, which signs every receipt before its commit.
"""

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import apsw

from bench.report import Figure, median, percentile
from hardware.fiscal.software import SoftwareUnit
from rig.articles import articles, barcode
from rig.device import PIN, enrolled, fill_mirror
from schema.clock import SystemClock
from schema.events import SaleCompleted
from schema.fiscal import RECEIPT_PROCESS, FiscalFinish, FiscalStart, aborted_data
from schema.sqlite import WRITER_PRAGMAS
from till.assemble import assemble
from till.journal.journal import Journal
from till.play import Stage
from till.presenters.done import DoneState
from till.runner import ThreadRunner

SALES = 300
LINES = 8
ARTICLES = 2000
DURABLE_MS, WIRE_MS = 25, 60
FRAME_S = 1 / 60
WAIT_S = 20.0
# DLE EOT n asks for a status; 12 says that all is well.
QUESTION, ANSWER = b"\x10\x04", b"\x12"
# Anything longer than questions and drawer pulses is the receipt.
RECEIPT_BYTES_MIN = 64


class SocketPrinter:
    """Takes what is printed and notes when the last of it came."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"escpos+tcp://127.0.0.1:{self._listener.getsockname()[1]}?profile=generic-80"
        self.receipt_at = 0.0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                threading.Thread(target=self._take, args=(line,), daemon=True).start()

    def _take(self, line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            while piece := line.recv(65536):
                if len(piece) >= RECEIPT_BYTES_MIN:
                    self.receipt_at = time.perf_counter()
                line.sendall(ANSWER * piece.count(QUESTION))

    def close(self) -> None:
        self._listener.close()


class Frames:
    """The screen's thread without a screen: what is posted is called at the next frame."""

    def __init__(self) -> None:
        self._posted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.first_post_at = 0.0

    def post(self, call: Callable[[], None]) -> None:
        self.first_post_at = self.first_post_at or time.perf_counter()
        self._posted.put(call)

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + WAIT_S
        while not holds():
            if time.monotonic() > end:
                raise RuntimeError("the till did not come to an end")
            time.sleep(FRAME_S - time.perf_counter() % FRAME_S)
            while not self._posted.empty():
                self._posted.get()()


def measure(folder: Path) -> list[Figure]:
    durable_ms, wire_ms = _run(folder / "plain", {})
    fiscal_folder = folder / "fiscal"
    fiscal = {"COUNTERFOIL_FISCAL": f"software://{fiscal_folder / 'unit'}"}
    _, signed_wire_ms = _run(fiscal_folder, fiscal)
    raw_ms = _raw_commit_ms(folder)
    unit_ms = _sign_ms(folder / "unit")
    what = f"{SALES} cash sales of {LINES} lines"
    return [
        Figure(
            what=f"*Pay* pressed → sale durable, {what}: p99",
            measured=f"{percentile(durable_ms, 0.99):.1f} ms (p50 {median(durable_ms):.1f} ms)",
            target=f"≤ {DURABLE_MS} ms",
            raw=f"{raw_ms:.2f} ms for a raw commit",
            ratio=f"{percentile(durable_ms, 0.99) / raw_ms:.1f}",
            met=percentile(durable_ms, 0.99) <= DURABLE_MS,
        ),
        _on_the_wire(what, wire_ms, f"{raw_ms:.2f} ms for a raw commit"),
        _on_the_wire(
            f"signed by the fiscal unit in software, {what}", signed_wire_ms, f"{unit_ms:.2f} ms for the unit"
        ),
    ]


def _on_the_wire(what: str, wire_ms: list[float], raw: str) -> Figure:
    p99 = percentile(wire_ms, 0.99)
    return Figure(
        what=f"*Pay* pressed → receipt's last byte at the printer, {what}: p99",
        measured=f"{p99:.1f} ms (p50 {median(wire_ms):.1f} ms)",
        target=f"≤ {WIRE_MS} ms",
        raw=f"{raw}, {FRAME_S * 1000:.1f} ms for a frame",
        ratio=f"{p99 / (FRAME_S * 1000):.1f} frames",
        met=p99 <= WIRE_MS,
    )


def _run(folder: Path, environment: dict[str, str]) -> tuple[list[float], list[float]]:
    """Sell, and return for each sale the milliseconds until it was durable and until its receipt was at the printer."""
    folder.mkdir()
    enrolled(folder)
    fill_mirror(folder, articles(ARTICLES))
    printer, frames = SocketPrinter(), Frames()
    runner = ThreadRunner(frames.post)
    till = assemble(folder, environment={"COUNTERFOIL_PRINTER": printer.url} | environment)
    try:
        times = _sell(Stage(till.screens(runner)), printer, frames)
        _check_signed(till.desk.parts.journal, wanted=bool(environment))
    finally:
        runner.stop()
        till.close()
        printer.close()
    return times


def _check_signed(journal: Journal, *, wanted: bool) -> None:
    sales = [body for body in journal.bodies_after(1, 0) if isinstance(body, SaleCompleted)]
    signed = sum(body.fiscal is not None and bool(body.fiscal.signature) for body in sales)
    if len(sales) != SALES or signed != (SALES if wanted else 0):
        raise RuntimeError(f"{len(sales)} sales were journaled and {signed} signed")


def _sign_ms(folder: Path) -> float:
    """Return what the unit alone takes for a receipt: a signature and its commit."""
    unit = SoftwareUnit(folder, SystemClock())
    times = []
    for _ in range(200):
        number = unit.start(FiscalStart(client_id="bench")).transaction
        began = time.perf_counter()
        unit.finish(
            FiscalFinish(
                client_id="bench", transaction=number, process_type=RECEIPT_PROCESS, process_data=aborted_data()
            )
        )
        times.append((time.perf_counter() - began) * 1000)
    unit.close()
    return median(times)


def _sell(stage: Stage, printer: SocketPrinter, frames: Frames) -> tuple[list[float], list[float]]:
    screens, desk = stage.screens, stage.screens.sale.desk
    screens.sign_in.sign_in("1", PIN)
    frames.until(lambda: desk.cashier is not None)
    screens.open_shift.open_with(10000)
    frames.until(lambda: desk.parts.journal.position.shift is not None)
    durable_ms, wire_ms = [], []
    for number in range(SALES):
        codes = [barcode(1 + (number * LINES + line) % ARTICLES) for line in range(LINES)]
        durable_at, printed_at = _sell_one(stage, printer, frames, codes)
        durable_ms.append(durable_at * 1000)
        wire_ms.append(printed_at * 1000)
    return durable_ms, wire_ms


def _sell_one(stage: Stage, printer: SocketPrinter, frames: Frames, codes: list[str]) -> tuple[float, float]:
    """Sell, and return how many seconds after the touch the sale was durable and its receipt at the printer."""
    screens, desk = stage.screens, stage.screens.sale.desk
    before = screens.done.state.receipt
    for code in codes:
        screens.sale.scan(code)
    frames.until(lambda: len(desk.sale.basket.lines) == len(codes))
    screens.sale.pay()
    time.sleep(FRAME_S)  # drafts of the basket are saved meanwhile: nobody pays within the same frame
    frames.until(lambda: stage.screen == "pay")
    printer.receipt_at = frames.first_post_at = 0.0
    pressed = time.perf_counter()
    screens.pay.cash()
    frames.until(lambda: _is_printed(screens.done.state, before))
    screens.done.next()
    return frames.first_post_at - pressed, printer.receipt_at - pressed


def _is_printed(state: DoneState, before: str) -> bool:
    return state.receipt != before and state.print_state == "printed"


def _raw_commit_ms(folder: Path) -> float:
    raw = apsw.Connection(str(folder / "raw.db"))
    for name, value in WRITER_PRAGMAS.items():
        raw.pragma(name, value)
    raw.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB)")
    times = []
    for _ in range(200):
        began = time.perf_counter()
        raw.execute("INSERT INTO row (body) VALUES (?)", (bytes(3000),))
        times.append((time.perf_counter() - began) * 1000)
    raw.close()
    return median(times)
