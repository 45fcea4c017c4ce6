"""Issue: from claimed invoicing jobs to receipts with gap-free numbers, and the accounting jobs that follow.

One transaction holds a batch's receipts with their revenue in the ledger (ADR 6), the orders' export status with the
*ID in OMS*, the new jobs and the states of the old ones. What cannot be issued keeps its reason on the job and on the
order, and is tried again.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schema.errors import Refused
from schema.events import SaleCompleted, decode
from server.accounting.post import AccountMap, job_of, post, resolved
from server.accounting.rules import Draft, revenue_draft, sale_tasks
from server.accounting.tables import pay_receipts, read_map
from server.catalogue.people import held_survivors
from server.db import Connection
from server.invoicing import past, rules
from server.invoicing.rules import Party, Sold
from server.jobs.tables import Claimed, Failed, Finished, NewJob, enqueue, fail, finish
from server.parties.rules import is_own_item
from server.parties.tables import payments_on
from server.pipeline.numbers import take

JOB_TYPE = "receipt"
ISSUED = "receipt issued"
_RECEIPT = (
    "number",
    "order_id",
    "store",
    "till_id",
    "till_receipt",
    "customer",
    "customer_name",
    "billing_address",
    "delivery_address",
    "cashier",
    "business_day",
    "issued_ms",
    "currency",
    "total_minor",
    "due_minor",
    "paid_ms",
    "source_event",
    "utc_offset_min",
    "kind",
    "original",
    "sold_minor",
)
_LINE = (
    "receipt",
    "line",
    "article",
    "name",
    "quantity",
    "unit",
    "unit_price_minor",
    "discount_minor",
    "total_minor",
    "tax_code",
    "tax_percent",
    "discount_reason",
    "note",
    "withdrawn_from",
    "withdrawn_quantity",
    "kind",
    "reference",
    "returns_receipt",
    "returns_line",
    "return_reason",
    "return_condition",
)
_TAX = ("receipt", "code", "percent", "net_minor", "tax_minor", "gross_minor")
_EVENTS = """
SELECT e.event_id, e.type, e.version, e.body, e.business_day, e.utc_offset_min, e.till_id, t.store
FROM applied a JOIN event e ON e.till_id = a.till_id AND e.epoch = a.epoch AND e.seq = a.seq
JOIN till t ON t.id = e.till_id
WHERE a.event_id IN ({marks})
"""
_CUSTOMERS = "SELECT number, name, company, street, postcode, city, country FROM customer WHERE number IN ({marks})"
_EXPORTED = """
UPDATE orders SET oms_status = 'exported', oms_error = '', modified_ms = ?,
    oms_id = CASE WHEN oms_id = '' THEN ? ELSE oms_id || ', ' || ? END WHERE id = ?
"""
_BEING = "UPDATE orders SET oms_status = 'being exported' WHERE id = ?"
_ERROR = "UPDATE orders SET oms_status = 'error', oms_error = ?, modified_ms = ? WHERE id = ?"


class Payload(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an invoicing job is about; the sale itself is read from its event."""

    order_id: str
    suspense: bool = False


_PAYLOAD = msgspec.json.Decoder(Payload)


class _Plan(Struct, frozen=True, kw_only=True):
    job: Claimed
    sold: Sold


def job_for(sale: SaleCompleted, *, event_id: str, order_id: str, store: str, till_id: str, suspense: bool) -> NewJob:
    """Return the job that will issue a sale's receipt."""
    return NewJob(
        queue="invoicing",
        type=JOB_TYPE,
        source_event=event_id,
        effect_no=0,
        store=store,
        till_id=till_id,
        till_receipt=sale.receipt,
        payload=msgspec.json.encode(Payload(order_id=order_id, suspense=suspense)).decode(),
    )


def mark_begun(connection: Connection, jobs: Sequence[Claimed]) -> None:
    """Show the orders of claimed jobs as being exported."""
    connection.many(_BEING, [(order_id,) for order_id in map(_order_id, jobs) if order_id])


def _order_id(job: Claimed) -> str:
    try:
        return _PAYLOAD.decode(job.payload).order_id
    except ValueError:
        return ""


def work(connection: Connection, jobs: Sequence[Claimed], now_ms: int) -> None:
    """Issue the receipts of claimed jobs and write their new states. Raises what the database says of the batch."""
    accounts = read_map(connection)
    plans, failed = _planned(connection, jobs, accounts)
    plans = _by_survivors(connection, plans)
    parties = _parties(connection, {plan.sold.sale.customer for plan in plans if plan.sold.sale.customer})
    numbers = _numbers(connection, [plan.sold.day for plan in plans])
    receipts = list(zip(numbers, [plan.sold for plan in plans], strict=True))
    _write(connection, receipts, parties)
    _pay_on_account(connection, receipts)
    drafts = [_revenue(number, sold) for number, sold in receipts]
    post(connection, [draft for draft in drafts if draft is not None], accounts, now_ms)
    enqueue(connection, [job for number, sold in receipts for job in _accounting(number, sold)], now_ms)
    exported = [(now_ms, number, number, sold.order_id) for number, sold in receipts]
    connection.many(_EXPORTED, exported)
    done = [
        Finished(id=plan.job.id, message=ISSUED, receipt=number) for plan, number in zip(plans, numbers, strict=True)
    ]
    finish(connection, done, now_ms)
    _fail(connection, failed, now_ms)
    # Last, since it takes the feed's counter: whoever holds that waits for nobody.
    past.record(connection, [sold for _, sold in receipts], now_ms)


def _planned(
    connection: Connection, jobs: Sequence[Claimed], accounts: AccountMap
) -> tuple[list[_Plan], list[tuple[Claimed, str]]]:
    events = _sales(connection, [job.source_event for job in jobs])
    plans: list[_Plan] = []
    failed: list[tuple[Claimed, str]] = []
    for job in jobs:
        try:
            plans.append(_Plan(job=job, sold=_postable(_sold(job, events), accounts)))
        except (Refused, ValueError) as error:
            failed.append((job, str(error)))
    return plans, failed


def _by_survivors(connection: Connection, plans: Sequence[_Plan]) -> list[_Plan]:
    """A receipt that is issued after its customer was merged into another is the other's."""
    into = held_survivors(connection, [plan.sold.sale.customer for plan in plans])
    return [_about(plan, into) for plan in plans]


def _about(plan: _Plan, into: Mapping[str, str]) -> _Plan:
    sale = plan.sold.sale
    if sale.customer not in into:
        return plan
    return replace(plan, sold=replace(plan.sold, sale=replace(sale, customer=into[sale.customer])))


def _postable(sold: Sold, accounts: AccountMap) -> Sold:
    """Return a sale whose revenue has its accounts. Raises Refused("unmapped_account")."""
    draft = _revenue("", sold)
    if draft is not None:
        resolved(draft, accounts)
    return sold


def _revenue(number: str, sold: Sold) -> Draft | None:
    return revenue_draft(
        sold.sale,
        event_id=sold.event_id,
        day=sold.day,
        store=sold.store,
        till_id=sold.till_id,
        receipt=number,
        suspense=sold.suspense,
    )


def _sales(connection: Connection, event_ids: Sequence[str]) -> dict[str, tuple[object, ...]]:
    rows = connection.rows(_EVENTS.format(marks=", ".join("?" * len(event_ids))), event_ids)
    return {row[0]: row for row in rows}


def _sold(job: Claimed, events: Mapping[str, tuple[object, ...]]) -> Sold:
    if job.source_event not in events:
        raise Refused("unknown_event", f"The event {job.source_event} is not there. Was a backup restored?")
    event_id, kind, version, body, day, offset_min, till_id, store = events[job.source_event]
    sale = decode(str(kind), int(str(version)), bytes(body))  # type: ignore[call-overload]  # a BLOB
    if not isinstance(sale, SaleCompleted):
        raise Refused("not_a_sale", f"A {kind} has no receipt. This is a fault in the pipeline.")
    payload = _PAYLOAD.decode(job.payload)
    return Sold(
        sale=sale,
        event_id=str(event_id),
        order_id=payload.order_id,
        store=str(store),
        till_id=str(till_id),
        day=str(day),
        utc_offset_min=int(str(offset_min)),
        suspense=payload.suspense,
    )


def _parties(connection: Connection, numbers: set[str]) -> dict[str, Party]:
    if not numbers:
        return {}
    rows = connection.rows(_CUSTOMERS.format(marks=", ".join("?" * len(numbers))), sorted(numbers))
    return {row[0]: Party(name=row[1] or row[2], address=rules.address_text(row[1:])) for row in rows}


def _numbers(connection: Connection, days: Sequence[str]) -> list[str]:
    """Take the numbers of a batch: per year one step of its counter, in the order of the jobs."""
    names = [rules.series(day) for day in days]
    taken = {name: iter(take(connection, name, names.count(name))) for name in sorted(set(names))}
    return [rules.receipt_number(day, next(taken[name])) for day, name in zip(days, names, strict=True)]


def _write(connection: Connection, receipts: Sequence[tuple[str, Sold]], parties: Mapping[str, Party]) -> None:
    nobody = Party()
    heads = [rules.receipt_row(number, sold, parties.get(sold.sale.customer, nobody)) for number, sold in receipts]
    connection.copy_rows("receipt", _RECEIPT, heads)
    connection.copy_rows(
        "receipt_line", _LINE, [row for number, sold in receipts for row in rules.line_rows(number, sold)]
    )
    connection.copy_rows(
        "receipt_tax", _TAX, [row for number, sold in receipts for row in rules.tax_rows(number, sold.sale)]
    )


def _pay_on_account(connection: Connection, receipts: Sequence[tuple[str, Sold]]) -> None:
    """Count what was paid on a sale's open item before its receipt was issued; what comes later counts by itself."""
    numbers = {
        sold.sale.receipt: number
        for number, sold in receipts
        if any(part.tender == "account" and is_own_item(sold.sale, part) for part in sold.sale.payments)
    }
    paid = payments_on(connection, sorted(numbers))
    pay_receipts(connection, [(numbers[reference], amount, at_ms) for reference, amount, at_ms in paid])


def _accounting(number: str, sold: Sold) -> list[NewJob]:
    tasks = sale_tasks(
        sold.sale,
        event_id=sold.event_id,
        day=sold.day,
        store=sold.store,
        till_id=sold.till_id,
        receipt=number,
    )
    return [job_of(task) for task in tasks]


def _fail(connection: Connection, failed: Sequence[tuple[Claimed, str]], now_ms: int) -> None:
    fail(connection, [Failed(id=job.id, message=reason, tries=job.tries) for job, reason in failed], now_ms)
    connection.many(_ERROR, [(reason, now_ms, _order_id(job)) for job, reason in failed])


def give_up(connection: Connection, job: Claimed, error: Exception, now_ms: int) -> None:
    """Keep one job for later with the reason why the database refused it, on its order too."""
    _fail(connection, [(job, f"The receipt could not be stored: {error}")], now_ms)
