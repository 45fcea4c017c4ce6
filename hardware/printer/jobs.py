"""A receipt's way from the first question to the proof (ESC/POS), on whatever line the printer hangs.

Status is asked before the first byte, so that "no paper" means "nothing was printed"; afterwards the printer is asked
for proof. What is known decides the error: Unready while nothing is printed, Unsure from the first byte on.
"""

import os
from collections.abc import Mapping

from hardware.ports import Known, PrinterStatus
from hardware.printer.encode import drawer_pulse
from hardware.printer.line import Deadlines, OpenLine, PrinterLine, Transport, after
from hardware.printer.profiles import Profile
from hardware.printer.status import (
    JOB_ID_LENGTH,
    OFFLINE_CAUSE,
    PAPER,
    PRINTER,
    is_answer,
    job_answer,
    job_end,
    question,
    read_status,
)
from schema.errors import Unready, Unsure

QUESTIONS = (PRINTER, OFFLINE_CAUSE, PAPER)
# What a printer says of itself, by the error's code.
TROUBLES = {
    "printer_cover_open": "The printer's cover is open. Close it.",
    "printer_paper_out": "The printer has no paper. Put in a new roll.",
    "printer_offline": "The printer says that it is offline. Look at its lamps and its paper.",
}


class EscPosPrinter:
    """One printer on one transport, with the drawer that hangs on it."""

    def __init__(self, transport: Transport, profile: Profile, deadlines: Deadlines | None = None) -> None:
        self.transport, self.profile = transport, profile
        self._line = PrinterLine(transport, deadlines)

    def send(self, job: bytes) -> Known:
        """Print one whole job (see `ports.Printer.send`)."""
        with self._line.opened() as line:
            self._check_ready(line)
            return self._print(line, job)

    def open_drawer(self) -> None:
        """Pulse the drawer. A printer without paper opens it too, so only an unreachable one is refused."""
        with self._line.opened() as line:
            line.write(drawer_pulse(self.profile), doubt="Look whether the drawer opened.")
            # The answer proves that the printer, not just its network card, took the bytes before it.
            if self._must_answer(line) and not _ask(line, (PRINTER,)):
                raise Unsure(
                    "drawer_unsure", f"The printer at {line.place} does not answer. Look whether the drawer opened."
                )

    def status(self) -> PrinterStatus:
        """Ask the printer; never raises."""
        try:
            with self._line.opened() as line:
                return self._asked(line)
        except (Unready, Unsure) as error:
            # At work for another thread is not the same as not there.
            return PrinterStatus(online="unknown" if error.code == "printer_busy" else "no")

    def _asked(self, line: OpenLine) -> PrinterStatus:
        return read_status(_ask(line, QUESTIONS), self.profile.drawer_sensor)

    def _must_answer(self, line: OpenLine) -> bool:
        return self.profile.answers_status and line.can_answer

    def _check_ready(self, line: OpenLine) -> None:
        """Raise Unready while nothing is printed yet."""
        try:
            status = self._asked(line)
        except Unsure as error:
            raise Unready(
                "printer_hung_up",
                f"The printer at {line.place} hung up. Nothing was printed. Another till may be using it; try again.",
            ) from error
        trouble = _trouble(status)
        if trouble:
            raise Unready(trouble, f"{TROUBLES[trouble]} Nothing was printed; the receipt waits.")
        if self._must_answer(line) and status.online == "unknown":
            raise Unready(
                "printer_mute",
                f"The printer at {line.place} does not answer. Nothing was printed. Switch it off and on again.",
            )

    def _print(self, line: OpenLine, job: bytes) -> Known:
        job_id = _job_id()
        confirms = self.profile.confirms_print and line.can_answer
        line.write(job + (job_end(job_id) if confirms else b""))
        if confirms and _confirmed(line, job_id):
            return "yes"
        trouble = _trouble(self._asked(line))
        if trouble:
            raise Unsure(trouble, f"{TROUBLES[trouble]} The receipt may be incomplete: look at the paper.")
        return "unknown"


def _confirmed(line: OpenLine, job_id: bytes) -> bool:
    wanted, got = job_answer(job_id), b""
    deadline = after(line.deadlines.confirm_ms)
    while wanted not in got:
        # A printer that chatters must not fill memory; the answer is seven bytes.
        chunk = line.read(deadline)
        if not chunk:
            return False
        got = (got + chunk)[-256:]
    return True


def _ask(line: OpenLine, kinds: tuple[int, ...]) -> Mapping[int, int]:
    """Ask one after another, for an answer does not say what it answers; stop at the first silence."""
    answers: dict[int, int] = {}
    for kind in kinds if line.can_answer else ():
        line.write(question(kind))
        answer = _answer(line)
        if answer is None:
            break
        answers[kind] = answer
    return answers


def _answer(line: OpenLine) -> int | None:
    deadline = after(line.deadlines.answer_ms)
    while chunk := line.read(deadline):
        for byte in chunk:
            if is_answer(byte):
                return byte
    return None


def _trouble(status: PrinterStatus) -> str:
    """Name what keeps a printer from printing by its code, empty where nothing does."""
    if status.cover_open == "yes":
        return "printer_cover_open"
    if status.paper == "out":
        return "printer_paper_out"
    return "printer_offline" if status.online == "no" else ""


def _job_id() -> bytes:
    # Four printable characters (Epson: 20h-7Eh); a late answer of an earlier job must not confirm this one.
    return bytes(0x30 + byte % 10 for byte in os.urandom(JOB_ID_LENGTH))
