"""What an accepted event comes to, as rows to write. Values in, values out.

An event that cannot be understood, or whose own figures disagree, raises; the caller parks it with the words of the
error. What belongs together is one aggregate: an order with its pickups, a shift with its cash moves, a sale with its
card payments. Behind a parked event the later ones of its aggregate wait.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from schema.chain import parse_money
from schema.clock import iso_utc
from schema.errors import Refused, Sentence
from schema.events import (
    AgeChecked,
    Body,
    CashMoved,
    DrawerFault,
    FiscalOutage,
    OrderMade,
    ReceiptMailWanted,
    SaleCompleted,
    ShiftClosed,
    ShiftOpened,
    TerminalClosed,
    decode,
    money_of,
)
from schema.mail import ADDRESS_CHARS_MAX, read_address
from schema.text import without_controls
from server.accounting.post import job_of
from server.accounting.rules import cash_task
from server.invoicing.issue import job_for
from server.jobs.tables import NewJob
from server.kept import Amount, kept
from server.mailing.rules import not_sent
from server.mailing.tables import NewMail
from server.orders.made import check_made
from server.orders.sales import Imported, Origin, check_sale, import_sale, is_known
from server.orders.tables import Held
from server.pipeline.worklist import Matter

Row = tuple[object, ...]
# Ten million in a currency of two digits: more than a till ever moves at once; beyond it a figure is a fault.
AMOUNT_MINOR_MAX = 10**9
TERMINAL_DIFFERENCE = "terminal difference"
_TERMINAL_DIFFERS = kept(
    "Terminal {terminal} closed its day with {found}, its till says {expected}: compare the terminal's slip with the "
    "till's card payments."
)
_TOO_MUCH = kept("The event moves more money than a till ever holds. It waits unposted.")
_OTHER_MONEY = kept("The money in the event's header is not what its body says. It waits unposted.")
_AGGREGATE_CHARS_MAX = 200
# What a till made up may be long; the database keeps no more of it than a real one has.
_RECEIPT_CHARS_MAX, _ID_CHARS_MAX, _LANGUAGE_CHARS_MAX = 40, 64, 8


class Accepted(Struct, frozen=True, kw_only=True):
    """An event as ingest stored it, with its till's store."""

    till_id: str
    epoch: int
    seq: int
    event_id: str
    type: str
    version: int
    recorded_ms: int
    business_day: str
    money: str
    body: bytes
    store: str


class Read(Struct, frozen=True, kw_only=True):
    """An event that was understood."""

    accepted: Accepted
    body: Body


class Effects(Struct, frozen=True, kw_only=True):
    """Rows to write for one event."""

    imported: Imported | None = None
    jobs: tuple[NewJob, ...] = ()
    shift_opened: Row | None = None
    shift_closed: Row | None = None
    terminal_closed: Row | None = None
    note: Row | None = None
    matter: Matter | None = None
    mail: NewMail | None = None


class _OrderPart(Struct, frozen=True):
    order_id: str = ""


class _Parts(Struct, frozen=True):
    """The identities that bodies carry, read even where nothing else can be."""

    sale_id: str = ""
    shift_id: str = ""
    order_id: str = ""
    order: _OrderPart | None = None


_PARTS = msgspec.json.Decoder(_Parts)


def read(accepted: Accepted) -> Read:
    """Decode an event. Raises UnknownEventError or ValueError for its body, Refused where its header disagrees."""
    body = decode(accepted.type, accepted.version, accepted.body)
    if any(abs(amount) > AMOUNT_MINOR_MAX for _, _, amount in parse_money(accepted.money)):
        raise Refused("bad_amount", _TOO_MUCH)
    if tuple(sorted(money_of(body))) != tuple(sorted(parse_money(accepted.money))):
        raise Refused("bad_header", _OTHER_MONEY)
    if isinstance(body, SaleCompleted):
        check_sale(body)
    elif isinstance(body, OrderMade):
        check_made(body)
    return Read(accepted=accepted, body=body)


def aggregate_of(accepted: Accepted) -> str:
    """Return what an event belongs to, as far as its body can be read; else the event itself."""
    return without_controls(_aggregate(accepted))[:_AGGREGATE_CHARS_MAX]


def _aggregate(accepted: Accepted) -> str:
    try:
        parts = _PARTS.decode(accepted.body)
    except ValueError:
        return f"event:{accepted.event_id}"
    if parts.order is not None and parts.order.order_id:
        return f"order:{parts.order.order_id}"
    if parts.order_id:
        return f"order:{parts.order_id}"
    if parts.sale_id:
        return f"sale:{parts.sale_id}"
    return f"shift:{parts.shift_id}" if parts.shift_id else f"event:{accepted.event_id}"


def effects_of(event: Read, known: Mapping[str, Held], names: Mapping[str, tuple[str, str]], now_ms: int) -> Effects:
    """Return an event's effects, given the orders it refers to and the names of its customer."""
    accepted, body = event.accepted, event.body
    match body:
        case SaleCompleted():
            return _sale(accepted, body, import_sale(body, origin_of(accepted), known, names, now_ms), known)
        case ShiftOpened():
            return Effects(jobs=_cash_jobs(accepted, body), shift_opened=_opened(accepted, body))
        case ShiftClosed():
            return Effects(jobs=_cash_jobs(accepted, body), shift_closed=_closed(accepted, body))
        case CashMoved():
            return Effects(jobs=_cash_jobs(accepted, body))
        case ReceiptMailWanted():
            mail = _mail(accepted, body)
            return Effects(
                mail=mail,
                matter=None if mail.is_address else not_sent(mail.source_event, mail.till_receipt, 0, "refused"),
            )
        case _:
            return _told(accepted, body)


def _told(accepted: Accepted, body: Body) -> Effects:
    """Return what a till tells without moving money: kept for reports."""
    match body:
        case TerminalClosed():
            return Effects(terminal_closed=_terminal_closed(accepted, body), matter=_terminal_matter(accepted, body))
        case AgeChecked():
            answer = "old enough" if body.passed else "refused"
            return Effects(note=_note(accepted, "age check", body.article, f"{body.age_min}: {answer}"))
        case FiscalOutage():
            return Effects(note=_note(accepted, "fiscal outage", body.unit, _outage_text(body)))
        case DrawerFault():
            return Effects(note=_note(accepted, "drawer fault", body.cashier, body.text))
        case _:
            return Effects()


def origin_of(accepted: Accepted) -> Origin:
    return Origin(event_id=accepted.event_id, store=accepted.store, till_id=accepted.till_id, day=accepted.business_day)


def _sale(accepted: Accepted, sale: SaleCompleted, imported: Imported, known: Mapping[str, Held]) -> Effects:
    suspense = sale.order is not None and not is_known(sale, origin_of(accepted), known)
    job = job_for(
        sale,
        event_id=accepted.event_id,
        order_id=imported.order_id,
        store=accepted.store,
        till_id=accepted.till_id,
        suspense=suspense,
    )
    return Effects(imported=imported, jobs=(job,))


def _cash_jobs(accepted: Accepted, body: CashMoved | ShiftOpened | ShiftClosed) -> tuple[NewJob, ...]:
    task = cash_task(
        body,
        event_id=accepted.event_id,
        day=accepted.business_day,
        store=accepted.store,
        till_id=accepted.till_id,
    )
    return () if task is None else (job_of(task),)


def _mail(accepted: Accepted, body: ReceiptMailWanted) -> NewMail:
    """Return the wish for a mail. What is no address holds nothing up: it is kept as refused, for a person to see."""
    try:
        address, is_address = read_address(body.address), True
    except ValueError:
        address, is_address = without_controls(body.address)[:ADDRESS_CHARS_MAX], False
    return NewMail(
        source_event=accepted.event_id,
        sale_event=without_controls(body.sale_event)[:_ID_CHARS_MAX],
        till_receipt=without_controls(body.receipt)[:_RECEIPT_CHARS_MAX],
        store=accepted.store,
        till_id=accepted.till_id,
        address=address,
        language=without_controls(body.language)[:_LANGUAGE_CHARS_MAX],
        is_address=is_address,
    )


def _opened(accepted: Accepted, body: ShiftOpened) -> Row:
    return (
        body.shift_id,
        accepted.store,
        accepted.till_id,
        body.number,
        accepted.business_day,
        body.cashier,
        accepted.recorded_ms,
        body.float_minor,
        body.currency,
    )


def _closed(accepted: Accepted, body: ShiftClosed) -> Row:
    return (
        body.shift_id,
        accepted.store,
        accepted.till_id,
        0,
        accepted.business_day,
        body.cashier,
        accepted.recorded_ms,
        accepted.recorded_ms,
        0,
        body.expected_minor,
        body.counted_minor,
        body.difference_minor,
        body.sales_count,
        body.sales_minor,
        body.z_number,
        body.currency,
    )


def _terminal_closed(accepted: Accepted, body: TerminalClosed) -> Row:
    return (
        accepted.event_id,
        accepted.store,
        accepted.till_id,
        accepted.epoch,
        accepted.seq,
        body.shift_id,
        accepted.business_day,
        body.cashier,
        body.terminal,
        body.currency,
        body.total_minor,
        body.count,
        body.expected_minor,
        body.text,
        accepted.recorded_ms,
    )


def _terminal_matter(accepted: Accepted, body: TerminalClosed) -> Matter | None:
    """Return what the terminal says more (or, a minus, less) than the till, for a person to look at."""
    difference = body.total_minor - body.expected_minor
    if not difference:
        return None
    found, expected = Amount(body.total_minor, body.currency), Amount(body.expected_minor, body.currency)
    return Matter(
        kind=TERMINAL_DIFFERENCE,
        subject=body.terminal,
        detail=Sentence(_TERMINAL_DIFFERS, terminal=body.terminal, found=found, expected=expected),
        amount_minor=difference,
        source=accepted.event_id,
    )


def _note(accepted: Accepted, kind: str, subject: str, detail: str) -> Row:
    """Return what a till noted, for reports: no effect on orders, stock or money."""
    place = (accepted.event_id, accepted.store, accepted.till_id, accepted.business_day, accepted.recorded_ms)
    return (*place, kind, subject, detail)


def _outage_text(body: FiscalOutage) -> str:
    until = iso_utc(body.ended_ms) if body.ended_ms else "now"
    return f"{iso_utc(body.started_ms)} to {until}: {body.cause}"
