"""What a printer answers: DLE EOT n is one byte a question, GS ( H returns a job's id once it is printed.

Bits after Epson's ESC/POS reference: every DLE EOT answer has bits 1 and 4 set and bits 0 and 7 clear.
"""

from collections.abc import Mapping

from hardware.ports import Known, Paper, PrinterStatus
from hardware.printer.profiles import DrawerSensor

PRINTER, OFFLINE_CAUSE, PAPER = 1, 2, 4
_FIXED_MASK, _FIXED = 0b1001_0011, 0b0001_0010
_OFFLINE = 0b1000
_DRAWER_PIN_HIGH = 0b100
_COVER_OPEN = 0b100
_PAPER_LOW = 0x0C
_PAPER_OUT = 0x60
JOB_ID_LENGTH = 4


def question(kind: int) -> bytes:
    """Return the real-time question: 1 printer, 2 cause of being offline, 4 paper."""
    return b"\x10\x04" + bytes([kind])


def job_end(job_id: bytes) -> bytes:
    """Return the command (GS ( H, function 48) that makes the printer send the id once all before it is printed."""
    return b"\x1d(H\x06\x00\x30\x30" + job_id


def job_answer(job_id: bytes) -> bytes:
    """Return what the printer then sends."""
    return b"\x37\x22" + job_id + b"\x00"


def is_answer(byte: int) -> bool:
    """Tell an answer to DLE EOT from noise."""
    return byte & _FIXED_MASK == _FIXED


def read_status(answers: Mapping[int, int], sensor: DrawerSensor) -> PrinterStatus:
    """Combine answers by question; a question without an answer stays unknown."""
    return PrinterStatus(
        online=_no_if(answers, PRINTER, _OFFLINE),
        cover_open=_yes_if(answers, OFFLINE_CAUSE, _COVER_OPEN),
        paper=_paper(answers.get(PAPER)),
        drawer_open=_drawer(answers, sensor),
    )


def _yes_if(answers: Mapping[int, int], kind: int, bit: int) -> Known:
    return "unknown" if kind not in answers else "yes" if answers[kind] & bit else "no"


def _no_if(answers: Mapping[int, int], kind: int, bit: int) -> Known:
    return "unknown" if kind not in answers else "no" if answers[kind] & bit else "yes"


def _paper(answer: int | None) -> Paper:
    if answer is None:
        return "unknown"
    return "out" if answer & _PAPER_OUT else "low" if answer & _PAPER_LOW else "enough"


def _drawer(answers: Mapping[int, int], sensor: DrawerSensor) -> Known:
    match sensor:
        case "none":
            return "unknown"
        case "open_high":
            return _yes_if(answers, PRINTER, _DRAWER_PIN_HIGH)
        case "open_low":
            return _no_if(answers, PRINTER, _DRAWER_PIN_HIGH)
