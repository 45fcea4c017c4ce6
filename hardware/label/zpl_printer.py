"""A label printer that speaks ZPL, on any of the printers' lines: asked before, sent, asked after."""

from hardware.label.zpl import HOST_STATUS, LabelSize, ZplStatus, encode_zpl, read_host_status
from hardware.ports import Known, ShelfLabel
from hardware.printer.line import Deadlines, OpenLine, PrinterLine, Transport, after
from schema.errors import CounterfoilError, Unready, Unsure

ANSWER_BYTES_MAX = 1000


class ZplPrinter:
    """One label printer with labels of one size."""

    def __init__(self, transport: Transport, size: LabelSize, deadlines: Deadlines | None = None) -> None:
        self.transport, self.size = transport, size
        self._line = PrinterLine(transport, deadlines)

    def print_label(self, label: ShelfLabel, copies: int = 1) -> Known:
        """Print; "unknown" says that the printer took the bytes, for ZPL has no proof of printing."""
        with self._line.opened() as line:
            _check_ready(_asked(line))
            line.write(encode_zpl(label, self.size, copies))
            return "unknown"

    def trouble(self) -> CounterfoilError | None:
        """Return what is wrong, None when nothing is. A printer that says nothing is taken at its silence."""
        try:
            with self._line.opened() as line:
                _check_ready(_asked(line))
        except (Unready, Unsure) as error:
            return error
        return None


def _check_ready(status: ZplStatus | None) -> None:
    if status is None:
        return
    if status.head_open:
        raise Unready("label_head_open", "The label printer is open. Nothing was printed. Close it.")
    if status.paper_out:
        raise Unready("label_paper_out", "The label printer has no labels. Nothing was printed. Put in a new roll.")
    if status.paused:
        raise Unready("label_paused", "The label printer is paused. Nothing was printed. Press its pause key.")


def _asked(line: OpenLine) -> ZplStatus | None:
    if not line.can_answer:
        return None
    line.write(HOST_STATUS)
    deadline, got = after(line.deadlines.answer_ms), b""
    while len(got) < ANSWER_BYTES_MAX and (chunk := line.read(deadline)):
        got += chunk
        if (status := read_host_status(got)) is not None:
            return status
    return None
