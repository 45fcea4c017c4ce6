"""A report as a PDF file: one page or more of A4, with bars for groups, cashiers and hours.

Drawn with reportlab (pure Python), imported at use: no till carries its nine megabytes before someone wants a PDF.
The standard's own fonts know Western European letters and the Euro sign; others become question marks.
"""

import io
from typing import Any

from schema.locale import day_text
from till.paper.letterhead import Letterhead, amount_text
from till.shifts.reports import Report, ReportRow, Section, printed_text, report_title, sections
from till.words import Day

MM = 72 / 25.4
WIDTH, HEIGHT = 210 * MM, 297 * MM
MARGIN = 20 * MM
LINE = 5.5 * MM
BAR_ROOM = 60 * MM
# The office's and the till's own accent colour, light enough to be printed.
BAR_COLOUR = (0.62, 0.75, 0.88)
DRAWN = frozenset({"groups", "cashiers", "hours"})


class Page:
    """Writes down a page and goes on with the next where it is full."""

    def __init__(self, canvas: Any, foot: str) -> None:
        self._canvas = canvas
        self._foot = foot
        self._begin()

    def _begin(self) -> None:
        self._y = HEIGHT - MARGIN
        self._canvas.setFont("Helvetica", 8)
        self._canvas.drawString(MARGIN, MARGIN / 2, latin(self._foot))

    def room(self, lines: float = 1.0) -> float:
        """Go down by so many lines; return where the next one stands."""
        if self._y - lines * LINE < MARGIN:
            self._canvas.showPage()
            self._begin()
        self._y -= lines * LINE
        return self._y

    def text(self, text: str, *, size: int = 10, bold: bool = False, lines: float = 1.0) -> None:
        """Write a line of text."""
        y = self.room(lines)
        self._canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)
        self._canvas.drawString(MARGIN, y, latin(text))

    def row(self, label: str, count: str, amount: str, share: float) -> None:
        """Write a label, a count, an amount, and a bar where there is a share of the longest."""
        y = self.room()
        if share > 0:
            self._canvas.setFillColorRGB(*BAR_COLOUR)
            self._canvas.rect(MARGIN + 62 * MM, y - 1.2 * MM, BAR_ROOM * share, LINE * 0.75, stroke=0, fill=1)
            self._canvas.setFillColorRGB(0, 0, 0)
        self._canvas.setFont("Helvetica", 10)
        self._canvas.drawString(MARGIN, y, latin(label)[:36])
        self._canvas.drawRightString(MARGIN + 138 * MM, y, count)
        self._canvas.drawRightString(WIDTH - MARGIN, y, latin(amount))


def pdf_bytes(report: Report, letterhead: Letterhead) -> bytes:
    """Return a report as a PDF file."""
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # only when somebody wants one

    words, head, settings = letterhead.words, report.head, letterhead.settings
    out = io.BytesIO()
    # Without the time of making the same report gives the same bytes.
    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1)
    title = report_title(head, words)
    canvas.setTitle(f"{settings.name} · {title} · {day_text(head.business_day, words.language)}")
    page = Page(canvas, f"{settings.name} · {letterhead.till_name} · {head.cashier_name} · {printed_text(head, words)}")
    if letterhead.practice:
        page.text(words("PRACTICE"), size=24, bold=True, lines=2)
    page.text(title, size=18, bold=True, lines=1.5)
    page.text(" · ".join((settings.name, *settings.address)))
    page.text(words("Shift {number} of {day}", number=head.shift_number, day=Day(head.business_day)))
    if (found := report.figures).first_receipt:
        page.text(f"{found.first_receipt} – {found.last_receipt}")
    for section in sections(report, words):
        _section(page, section, letterhead, head.currency)
    canvas.save()
    return out.getvalue()


def _section(page: Page, section: Section, letterhead: Letterhead, currency: str) -> None:
    page.text(section.title, size=12, bold=True, lines=2)
    longest = max((row.amount_minor or 0 for row in section.rows), default=0) if section.name in DRAWN else 0
    for row in section.rows:
        amount = "" if row.amount_minor is None else amount_text(row.amount_minor, currency, letterhead.words)
        count = "" if row.count is None else f"{row.count} ×"
        page.row(row.label, count, amount, _share(row, longest))


def _share(row: ReportRow, longest_minor: int) -> float:
    return max(row.amount_minor or 0, 0) / longest_minor if longest_minor > 0 else 0.0


def latin(text: str) -> str:
    """Return a text in what the standard's fonts can show."""
    return text.replace("\u00a0", " ").encode("cp1252", "replace").decode("cp1252")
