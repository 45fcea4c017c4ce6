"""Commands for people and shifts: sign in and out, lock, open, count, close, reports."""

from till.play import fields as read
from till.play.commands import Commands
from till.play.fields import Answer, Fields
from till.presenters.reports import Figure, ReportState


class People(Commands):
    def do_sign_in(self, fields: Fields) -> Answer | None:
        self._screens.sign_in.sign_in(read.text(fields, "cashier"), read.text(fields, "pin"))
        cashier = self._desk.cashier
        return {"cashier": cashier.number, "name": cashier.name, "role": cashier.role} if cashier else None

    def do_sign_out(self, _: Fields) -> None:
        self._screens.sign_in.sign_out()

    def do_lock(self, _: Fields) -> None:
        self._screens.lock.lock()

    def do_unlock(self, fields: Fields) -> None:
        self._screens.lock.unlock(read.text(fields, "pin"))

    def do_supervisor(self, fields: Fields) -> None:
        self._screens.sale.supervisor(read.text(fields, "pin"))

    def do_open_shift(self, fields: Fields) -> Answer | None:
        self._screens.open_shift.open_with(read.amount(fields, "float"))
        shift = self._desk.parts.journal.position.shift
        return {"shift": shift.number, "business_day": shift.business_day} if shift else None

    def do_count(self, fields: Fields) -> Answer:
        close = self._screens.close_shift
        close.enter()
        if "denominations" in fields:
            for value, pieces in read.mapping(fields, "denominations").items():
                close.count_pieces(read.whole(value, "denominations"), read.whole(pieces, "denominations"))
        else:
            close.count(read.amount(fields, "total"))
        state = close.state
        answer: Answer = {"counted": state.counted_minor, "open_points": list(state.open_points)}
        if state.expected_minor is not None:
            answer |= {"expected": state.expected_minor, "difference": state.difference_minor}
        return answer

    def do_close_shift(self, fields: Fields) -> Answer | None:
        close = self._screens.close_shift
        if "counted" in fields:
            close.enter()
            close.close_with(read.amount(fields, "counted"))
        else:
            close.close()
        state = close.state
        if not state.closed or state.report is None:
            return None
        return {
            "z_number": state.report.z_number,
            "counted": state.counted_minor,
            "expected": state.expected_minor,
            "difference": state.difference_minor,
            "report": report_answer(state.report),
        }

    def do_sell_on(self, _: Fields) -> None:
        self._screens.close_shift.sell_on()

    def do_x_report(self, _: Fields) -> Answer:
        self._screens.reports.x_report()
        return {"report": report_answer(self._screens.reports.state.report)}

    def do_z_report(self, fields: Fields) -> Answer:
        number = read.whole(fields["number"], "number") if "number" in fields else None
        self._screens.reports.z_report(number)
        return {"report": report_answer(self._screens.reports.state.report)}

    def do_reports(self, _: Fields) -> Answer:
        self._screens.reports.enter()
        listed = self._screens.reports.state.shifts
        return {"reports": [{"title": each.title, "about": each.detail, "z_number": each.z_number} for each in listed]}

    def do_save_report(self, _: Fields) -> Answer:
        self._screens.reports.save()
        return {"saved": self._screens.reports.state.saved_text}


def report_answer(report: ReportState | None) -> Answer | None:
    """Return a report as the port tells it: its sums, and every section by name."""
    if report is None:
        return None
    return {
        "title": report.title,
        "z_number": report.z_number,
        "rows": [{"label": row.label, "amount": row.amount_minor} for row in report.rows],
        "sections": {section.name: [_row(row) for row in section.rows] for section in report.sections},
    }


def _row(row: Figure) -> Answer:
    return {"label": row.label, "key": row.key, "amount": row.amount_minor, "count": row.count_text.rstrip(" ×")}
