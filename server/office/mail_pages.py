"""Receipts by mail: the list with the state of the line to the mail server, one mail, and sending it again."""

from collections.abc import Mapping
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from schema.errors import Refused
from server.auth.audit import audit
from server.db import Connection
from server.mailing.lists import Mail, detail, has_unfinished, page
from server.mailing.send import LineState, line_state, send_again
from server.office import specs
from server.office.list_page import Shown, list_answer
from server.office.table import Column, choice_of
from server.office.views import Cell, Row, Told
from server.office.visit import Sent, Visit, Visiting, go
from server.office.words import say
from server.tills.lists import till_names

TOLD = Told(
    title=say("Receipts by mail"),
    note=say("What customers wished for at the tills. Each goes out once; what fails says why and what to do."),
    search_hint=say("Receipt, number or the mail server's answer"),
    empty_heading=say("No mails yet"),
    empty_text=say("A mail appears when a cashier types an address after a sale. A store allows it in its settings."),
)
# Why a mail is not sent, and what to do. Without a reason it waits for its turn.
REASONS: Mapping[tuple[str, str], str] = {
    ("waiting", ""): say("It waits for its receipt in invoicing, or for its turn."),
    ("waiting", "later"): say("The mail server put it off. It is tried again by itself."),
    ("waiting", "lost"): say(
        "The line broke when it was handed over, so it may have arrived. It is sent again under the same Message-ID, "
        "by which a mailbox knows the second one."
    ),
    ("sending", ""): say("It is being handed over."),
    ("sent", ""): say("The mail server has taken it."),
    ("refused", "refused"): say(
        "The mail server refuses it for good. Ask the customer for the address; the right one is typed at the till."
    ),
    ("refused", "bad_address"): say("What the till sent is no address. Nothing can be sent to it."),
    ("stopped", "too_often"): say("It was put off too often. Send it again when the mail server's reason is gone."),
    ("stopped", "unreadable"): say("The receipt could not be written as a mail. Send it again after an update."),
    ("unsure", "lost"): say(
        "The line broke each time it was handed over, so it may have arrived. Ask the customer before sending it again."
    ),
}
# What is wrong with the line, and what to do.
LINES: Mapping[str, tuple[str, str]] = {
    "": (say("Mails go out"), say("The mail server takes what is sent.")),
    "unset": (
        say("Head office sends no mails yet"),
        say("Set SMTP_HOST and MAIL_FROM (docs/operating.md), then start head office again. Mails wait until then."),
    ),
    "mail_unreachable": (
        say("The mail server does not answer"),
        say("Check SMTP_HOST and SMTP_PORT. It is tried again by itself, and nothing is lost."),
    ),
    "mail_no_tls": (
        say("The line to the mail server cannot be protected"),
        say("Check SMTP_SECURITY, and the mail server's certificate. Nothing is sent unprotected."),
    ),
    "mail_sign_in": (
        say("The mail server refuses the sign-in"),
        say("Check SMTP_USER and SMTP_PASSWORD_FILE, then start head office again."),
    ),
    "mail_sender": (
        say("The mail server refuses the sender"),
        say("Check MAIL_FROM: the mail server must let this user send as it."),
    ),
}


class Light(Struct, frozen=True, kw_only=True):
    """The line's light: a shape, a heading, what to do, and the mail server's own words."""

    tone: str
    heading: str
    text: str
    answer: str


class MailPages(Controller):
    path = "/mails"

    @get("/", sync_to_thread=True)
    def show_list(self, visit: Visiting) -> Response[Any]:
        """Show the mails."""

        def paint(row: Row, column: Column) -> Cell | None:
            if column.name == "message":
                answer = f" ({row['message']})" if row["message"] else ""
                return Cell(text=reason(visit, row["state"], row["reason"]) + answer, wide=True)
            if column.name == "receipt" and row["receipt"]:
                return Cell(text=row["receipt"], href=f"/invoicing/{row['receipt']}", tight=True)
            return None

        def more(connection: Connection) -> dict[str, Any]:
            return {"light": light(visit, line_state(connection)), "unfinished": has_unfinished(connection)}

        return list_answer(visit, specs.MAILS, page, Shown(told=TOLD, template="mails.html", paint=paint, more=more))

    @get("/{mail_id:int}", sync_to_thread=True)
    def show_mail(self, visit: Visiting, mail_id: FromPath[int]) -> Response[Any]:
        """Show one mail."""
        with visit.parts.database.read() as connection:
            found = known(visit, connection, mail_id)
            line, tills = line_state(connection), till_names(connection)
        return visit.page(
            "mail.html",
            mail=found,
            state=state_cell(visit, found),
            says=reason(visit, found.state, found.reason),
            light=light(visit, line),
            till_name=tills.get(found.till_id, ""),
            may_send=may_send(visit, found),
            back=visit.back_to("/mails"),
        )

    @get("/{mail_id:int}/again", sync_to_thread=True)
    def ask_again(self, visit: Visiting, mail_id: FromPath[int]) -> Response[Any]:
        """Ask once before a mail is sent again."""
        visit.require("accountant", "admin")
        with visit.parts.database.read() as connection:
            found = known(visit, connection, mail_id)
        words = visit.words
        says = [words("It goes to {address}.", address=found.address), reason(visit, found.state, found.reason)]
        if found.state == "sent":
            says.append(words("The customer then has it twice."))
        return visit.page(
            "confirm.html",
            heading=words("Send receipt {number} again?", number=found.till_receipt),
            says=says,
            action=f"/mails/{found.id}/again",
            yes=words("Yes, send it again"),
            no=words("No, leave it"),
            back=f"/mails/{found.id}",
        )

    @post("/{mail_id:int}/again", sync_to_thread=True)
    def again(self, visit: Visiting, mail_id: FromPath[int], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Send a mail again."""
        visit.require("accountant", "admin")
        with visit.parts.database.write() as connection:
            found = known(visit, connection, mail_id)
            if not send_again(connection, mail_id, visit.now_ms):
                raise Refused(
                    "mail_under_way",
                    visit.words("This mail is being sent just now, or it has no address. Nothing was done."),
                )
            audit(
                connection, visit.staff.name, "mail sent again", str(mail_id), found.till_receipt, now_ms=visit.now_ms
            )
        return go(f"/mails/{mail_id}?told=mailing")


def known(visit: Visit, connection: Connection, mail_id: int) -> Mail:
    """Return a mail. Raises Refused("not_found")."""
    found = detail(connection, mail_id) if 0 < mail_id < 2**63 else None
    if found is None:
        raise Refused("not_found", visit.words("There is no such mail."))
    return found


def may_send(visit: Visit, mail: Mail) -> bool:
    """Tell whether this user may send this mail again."""
    return (
        visit.staff.role in {"accountant", "admin"}
        and mail.reason != "bad_address"
        and mail.state not in {"waiting", "sending"}
    )


def state_cell(visit: Visit, mail: Mail) -> Cell:
    """Return a mail's state in words and a shape."""
    choice = choice_of(Column(name="", label="", choices=specs.MAIL_STATE), mail.state)
    return Cell(text=visit.words(choice.label), tone=choice.tone)


def reason(visit: Visit, state: str, why: str) -> str:
    """Say why a mail is where it is, and what to do."""
    return visit.words(REASONS.get((state, why), REASONS.get((state, ""), "")))


def light(visit: Visit, line: LineState) -> Light:
    """Tell whether mails go out, by shape and words."""
    heading, text = LINES[line.trouble]
    tone = "go" if not line.trouble else "warn" if line.trouble == "unset" else "stop"
    return Light(tone=tone, heading=visit.words(heading), text=visit.words(text), answer=line.answer)
