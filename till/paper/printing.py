"""The print queue: on the disk, so that a crash neither loses a receipt nor prints it twice as an original.

A job is queued in the commit of its sale, marked `sending` before the first byte and `sent` or `confirmed` after the
last. A job found `sending` after a crash may have come out: it is offered again, and then says *copy*. A failed job
is never tried again by itself; the cashier presses *Print again* (fault 2, 3, 49).
"""

import time
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hardware.document import Document
from hardware.ports import Known, Printer
from hardware.printer.encode import encode
from hardware.printer.profiles import Profile
from schema.clock import Clock
from schema.errors import Refused, Unready, Unsure
from till.journal import tables
from till.journal.journal import Journal, Statement
from till.words import RefusedInWords

JobKind = Literal["receipt", "report", "cash", "order", "voucher"]
LISTED_MAX = 50
# Finished jobs that are kept, so that the last ones can be printed again at once.
KEPT_JOBS = 200
# A drawer is out 200 ms after its pulse; after a second it is stuck.
DRAWER_LOOKS, DRAWER_LOOK_S = 5, 0.2
_SURELY_NOT_OUT = ("queued", "failed")


class Job(Struct, frozen=True, kw_only=True):
    """One piece of paper in the queue. `copy` says so on paper; `code` and `message` tell why it is not out."""

    id: int
    kind: str
    title: str
    document: bytes
    state: str
    copy: bool
    code: str
    message: str


class PrintQueue:
    """The queue and the printer behind it. `work` waits for the device: call it from a worker."""

    def __init__(self, journal: Journal, printer: Printer | None, profile: Profile, clock: Clock) -> None:
        self._journal = journal
        self._printer = printer
        self._profile = profile
        self._clock = clock

    @property
    def available(self) -> bool:
        return self._printer is not None

    @property
    def profile(self) -> Profile:
        """Return what kind of printer is set up."""
        return self._profile

    def queued(self, kind: JobKind, document: Document) -> list[Statement]:
        """Return what puts a document into the queue, for the commit of what it shows; nothing without a printer."""
        if self._printer is None:
            return []
        now_ms = self._clock.now_ms()
        row = (kind, document.title, msgspec.json.encode(document), int(document.copy), now_ms, now_ms)
        return [(tables.ADD_JOB, row)]

    def put(self, kind: JobKind, document: Document) -> None:
        """Queue a document. Raises Refused("no_printer")."""
        self._check_printer()
        self._journal.change(*self.queued(kind, document))

    def interrupted(self) -> list[Job]:
        """Sort out at the start what the last run left; return the jobs to offer."""
        if not self.open_jobs():
            return []
        now_ms = self._clock.now_ms()
        cut_off = _reason("print_cut_off", "The till stopped while this was printed.")
        not_begun = _reason("print_not_begun", "The till stopped before this was printed.")
        self._journal.change(
            (tables.INTERRUPT_SENDING, (cut_off, now_ms)),
            (tables.INTERRUPT_QUEUED, (not_begun, now_ms)),
            (tables.FORGET_JOBS, (self._journal.rows(tables.LAST_JOB_ID)[0][0] - KEPT_JOBS,)),
        )
        return self.open_jobs()

    def open_jobs(self) -> list[Job]:
        """Return what did not surely come out, newest first."""
        return [_job(row) for row in self._journal.rows(tables.OPEN_JOBS, (LISTED_MAX,))]

    def work(self) -> list[Job]:
        """Print all that is queued; return the jobs as they ended. Never raises for a device."""
        done: list[Job] = []
        while rows := self._journal.rows(tables.NEXT_JOB):
            done.append(self._print(_job(rows[0])))
        return done

    def again(self, job_id: int) -> None:
        """Queue a job once more, as a copy where it may have come out. Raises Refused("unknown_job")."""
        self._check_printer()
        job = self._job(job_id)
        self._mark(job, "queued", "", copy=job.copy or job.state not in _SURELY_NOT_OUT)

    def drop(self, job_id: int) -> None:
        """Take a job off the list."""
        self._mark(self._job(job_id), "dropped", "")

    def first_or_copy(self, kind: JobKind, document: Document) -> None:
        """Queue a document that may have been printed before: as it was where it surely never came out, else as a copy.

        Raises Refused("no_printer").
        """
        self._check_printer()
        job = self.last(kind, document.title)
        if job is not None and job.state in _SURELY_NOT_OUT:
            self.again(job.id)
        else:
            self.put(kind, replace(document, copy=True))

    def last(self, kind: JobKind, title: str) -> Job | None:
        """Return the last job of a document by its title."""
        rows = self._journal.rows(tables.LAST_JOB, (kind, title))
        return _job(rows[0]) if rows else None

    def open_drawer(self) -> None:
        """Pulse the drawer once. Raises Unready or Unsure; never tried again by itself (fault 50)."""
        if self._printer is None:
            raise Unready("no_drawer", "This till has no drawer to open: it hangs on a printer, and none is set up.")
        self._printer.open_drawer()

    def drawer(self) -> Known:
        """Tell whether the drawer stands open: "unknown" without a sensor, or where the printer does not answer."""
        if self._printer is None or self._profile.drawer_sensor == "none":
            return "unknown"
        return self._printer.status().drawer_open

    def drawer_opened(self) -> Known:
        """Tell whether the drawer came open after a pulse: it needs a moment, and is looked at a few times."""
        for _ in range(DRAWER_LOOKS):
            if (is_open := self.drawer()) != "no":
                return is_open
            time.sleep(DRAWER_LOOK_S)
        return "no"

    def _print(self, job: Job) -> Job:
        if self._printer is None:
            return self._mark(job, "failed", "This till has no printer.", code="no_printer")
        self._mark(job, "sending", "")
        document = replace(msgspec.json.decode(job.document, type=Document), copy=job.copy)
        try:
            confirmed = self._printer.send(encode(document, self._profile))
        except (Unready, Refused) as error:
            return self._mark(job, "failed", error.message, code=error.code)
        except Unsure as error:
            return self._mark(job, "unknown", error.message, code=error.code, copy=True)
        return self._mark(job, "confirmed" if confirmed == "yes" else "sent", "")

    def _mark(self, job: Job, state: str, message: str, *, code: str = "", copy: bool = False) -> Job:
        copied = job.copy or copy
        reason = _reason(code, message) if code else message
        self._journal.change((tables.MARK_JOB, (state, reason, int(copied), self._clock.now_ms(), job.id)))
        return replace(job, state=state, code=code, message=message, copy=copied)

    def _job(self, job_id: int) -> Job:
        rows = self._journal.rows(tables.READ_JOB, (job_id,))
        if not rows:
            raise RefusedInWords("unknown_job", "That piece of paper is not in the queue any more.")
        return _job(rows[0])

    def _check_printer(self) -> None:
        if self._printer is None:
            raise RefusedInWords("no_printer", "This till has no printer. The receipt is saved and can be shown.")


def _reason(code: str, message: str) -> str:
    """Return code and text in one column: whoever reads it later may speak another language."""
    return f"{code}\n{message}"


def _job(row: tuple[Any, ...]) -> Job:
    code, is_coded, message = row[6].partition("\n")
    return Job(
        id=row[0],
        kind=row[1],
        title=row[2],
        document=row[3],
        state=row[4],
        copy=bool(row[5]),
        code=code if is_coded else "",
        message=message if is_coded else row[6],
    )
