"""Past receipts: what goods may come back on, kept by every till of the store for `KEPT_DAYS`, by head office for ever.

A receipt is fed when it is issued, and again when goods of it came back or it was voided, at whatever till. What has
come back is the sum of facts, so a return may arrive before its sale. Too much of it is a matter for a person; the
money has been paid out, so nothing is refused. The worker's clock takes old receipts out of the feed.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from schema.catalogue import PastLine, PastReceipt
from schema.clock import local_day
from schema.errors import Sentence
from schema.events import SaleCompleted, decode
from schema.money import half_up
from schema.past import NOTHING_BACK, Back, past_of, returned_of, summed
from schema.quantity import shortest
from server.catalogue import feed
from server.catalogue.people import survivors
from server.db import Connection, Database
from server.invoicing.rules import Sold
from server.kept import kept
from server.pipeline.worklist import Matter, close_matters, raise_matters

FEED_KIND = "receipt"
KEPT_DAYS = 90
PRUNE_ROWS_MAX = 500
PRUNE_BATCHES_MAX = 20
RETURNED_TOO_MUCH = "returned too much"
VOIDED_TWICE = "voided twice"
_TOO_MUCH_BACK = kept("More came back on till receipt {receipt} than it sold. Look at its returns: was one made twice?")
_VOIDED_AGAIN = kept("Till receipt {receipt} was voided {times} times: its money was given back too often.")
_KINDS = (RETURNED_TOO_MUCH, VOIDED_TWICE)
_PRUNED = "receipts.pruned_day"

_ADD_RETURN = (
    "INSERT INTO goods_return (source_event, effect_no, receipt, line, quantity, total_minor) VALUES (?, ?, ?, ?, ?, ?)"
)
_ADD_VOID = "INSERT INTO receipt_void (source_event, receipt) VALUES (?, ?)"
_RETURNS = "SELECT receipt, line, quantity, total_minor FROM goods_return WHERE receipt IN ({marks})"
_VOIDS = "SELECT receipt, COUNT(*) FROM receipt_void WHERE receipt IN ({marks}) GROUP BY receipt"
_SALES = """
SELECT r.till_receipt, r.store, r.till_id, r.business_day, e.type, e.version, e.body FROM receipt r
JOIN applied a ON a.event_id = r.source_event
JOIN event e ON e.till_id = a.till_id AND e.epoch = a.epoch AND e.seq = a.seq
WHERE r.till_receipt IN ({marks})
"""
_OLD = """
SELECT r.store, r.till_receipt FROM receipt r
JOIN feed f ON f.store = r.store AND f.kind = 'receipt' AND f.key = r.till_receipt AND f.deleted = 0
WHERE r.business_day >= ? AND r.business_day < ? LIMIT ?
"""
_OF_CUSTOMERS = """
SELECT till_receipt FROM receipt WHERE business_day >= ? AND customer IN ({marks}) ORDER BY till_receipt
"""
_META = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class Undone(Struct, frozen=True, kw_only=True):
    """What has been taken back of a receipt: per line how much came back and for what, and how often it was voided."""

    returned: Mapping[int, Back]
    voids: int = 0


_NOTHING = Undone(returned={})


def record(connection: Connection, sold: Sequence[Sold], now_ms: int) -> None:
    """Store what issued receipts take back, and feed them and the receipts that they take back.

    The receipts stand in their tables already; whoever issues holds the counter of their numbers, so two workers never
    do this at once.
    """
    returns = [row for one in sold for row in _return_rows(one)]
    voids = [(one.event_id, one.sale.voids.receipt) for one in sold if one.sale.voids]
    if returns:
        connection.many(_ADD_RETURN, returns)
    if voids:
        connection.many(_ADD_VOID, voids)
    fresh = {one.sale.receipt: one for one in sold}
    touched = {str(row[2]) for row in returns} | {receipt for _, receipt in voids}
    known = _undone(connection, sorted(fresh.keys() | touched))
    everything = [*fresh.values(), *_issued_before(connection, touched - fresh.keys())]
    _judge(connection, [one for one in everything if one.sale.receipt in known], known, now_ms)
    feed.put(connection, _fed(connection, everything, known, first_kept_day(local_day(now_ms, 0))))


def feed_again(connection: Connection, customers: Sequence[str], now_ms: int) -> None:
    """Feed merged customers' receipts once more: what comes back on them goes to the one who stays."""
    since = first_kept_day(local_day(now_ms, 0))
    sql = _OF_CUSTOMERS.format(marks=", ".join("?" * len(customers)))
    receipts = [receipt for (receipt,) in connection.rows(sql, (since, *customers))]
    for start in range(0, len(receipts), PRUNE_ROWS_MAX):
        some = receipts[start : start + PRUNE_ROWS_MAX]
        feed.put(connection, _fed(connection, _issued_before(connection, some), _undone(connection, some), since))


def _fed(connection: Connection, sold: Sequence[Sold], known: Mapping[str, Undone], since: str) -> list[feed.FeedWrite]:
    """Return the feed's rows of those receipts that tills keep; a customer who was merged is named as who stays."""
    kept = [one for one in sold if not one.sale.voids and one.day >= since]
    stand = survivors(connection, [one.sale.customer for one in kept])
    return [feed.present(one.store, past_receipt_of(one, known.get(one.sale.receipt, _NOTHING), stand)) for one in kept]


def _return_rows(one: Sold) -> list[tuple[object, ...]]:
    """One fact per line that takes goods back. A void of a return gives them out again: a minus."""
    return [
        (
            one.event_id,
            number,
            line.returns.receipt,
            line.returns.line,
            str(shortest(-line.quantity)),
            -line.total_minor,
        )
        for number, line in enumerate(one.sale.lines, start=1)
        if line.returns is not None
    ]


def _undone(connection: Connection, receipts: Sequence[str]) -> dict[str, Undone]:
    """Return what was taken back of those receipts of which anything was."""
    if not receipts:
        return {}
    marks = ", ".join("?" * len(receipts))
    facts = connection.rows(_RETURNS.format(marks=marks), receipts)
    returned = summed(
        ((receipt, line), Back(quantity=Decimal(quantity), minor=total)) for receipt, line, quantity, total in facts
    )
    voids: dict[str, int] = dict(connection.rows(_VOIDS.format(marks=marks), receipts))
    return {
        receipt: Undone(
            returned={line: back for (of, line), back in returned.items() if of == receipt}, voids=voids.get(receipt, 0)
        )
        for receipt in {of for of, _ in returned} | voids.keys()
    }


def _issued_before(connection: Connection, receipts: Collection[str]) -> list[Sold]:
    """Return receipts that stand in invoicing, with their sales."""
    if not receipts:
        return []
    rows = connection.rows(_SALES.format(marks=", ".join("?" * len(receipts))), sorted(receipts))
    return [
        Sold(sale=sale, event_id="", order_id="", store=store, till_id=till_id, day=day, utc_offset_min=0)
        for _, store, till_id, day, kind, version, body in rows
        if isinstance(sale := decode(kind, version, bytes(body)), SaleCompleted)
    ]


def _judge(connection: Connection, sold: Sequence[Sold], known: Mapping[str, Undone], now_ms: int) -> None:
    """Open and close what follows from the facts of receipts that were taken back."""
    found = [_matters(one.sale, known[one.sale.receipt]) for one in sold]
    raise_matters(connection, [matter for matters in found for matter in matters.values()], now_ms)
    gone = [
        (kind, one.sale.receipt, one.sale.receipt)
        for one, matters in zip(sold, found, strict=True)
        for kind in _KINDS
        if kind not in matters
    ]
    close_matters(connection, gone, now_ms)


def _matters(sale: SaleCompleted, undone: Undone) -> dict[str, Matter]:
    too_much = surplus(sale, undone)
    words = {}
    if too_much:
        words[RETURNED_TOO_MUCH] = (
            too_much,
            Sentence(_TOO_MUCH_BACK, receipt=sale.receipt),
        )
    if undone.voids > 1:
        words[VOIDED_TWICE] = (
            sale.total_minor * (undone.voids - 1),
            Sentence(_VOIDED_AGAIN, receipt=sale.receipt, times=undone.voids),
        )
    return {
        kind: Matter(kind=kind, subject=sale.receipt, detail=detail, amount_minor=amount, source=sale.receipt)
        for kind, (amount, detail) in words.items()
    }


def surplus(sale: SaleCompleted, undone: Undone) -> int:
    """Return what goods are worth that came back although they were not sold, or had come back before."""
    total = 0
    for number, back in undone.returned.items():
        line = sale.lines[number - 1] if 1 <= number <= len(sale.lines) else None
        is_sold = line is not None and line.returns is None and not undone.voids
        left = line.quantity if line is not None and is_sold else Decimal(0)
        if back.quantity > left:
            priced = line or (sale.lines[0] if sale.lines else None)
            total += _worth(priced.total_minor, priced.quantity, back.quantity - left) if priced is not None else 0
    return total


def _worth(total_minor: int, quantity: Decimal, part: Decimal) -> int:
    numerator, denominator = (part / quantity).as_integer_ratio() if quantity else (0, 1)
    return half_up(total_minor * numerator, denominator)


def past_receipt_of(one: Sold, undone: Undone, stand: Mapping[str, str]) -> PastReceipt:
    """Return a receipt as a till may take goods back on it; `stand` says who stands for a merged customer."""
    past = past_of(one.sale, one.store, one.till_id, one.day)
    lines = tuple(_after(line, undone.returned.get(line.line, NOTHING_BACK)) for line in past.lines)
    return replace(past, customer=stand.get(past.customer, past.customer), lines=lines, voided=undone.voids > 0)


def _after(line: PastLine, came: Back) -> PastLine:
    back = returned_of(line) + came
    return replace(line, returned=shortest(back.quantity), returned_minor=back.minor)


def past_receipt(connection: Connection, till_receipt: str) -> PastReceipt | None:
    """Return any receipt that head office has issued, however old, or None."""
    found = _issued_before(connection, {till_receipt})
    if not found:
        return None
    undone = _undone(connection, [till_receipt]).get(till_receipt, _NOTHING)
    return past_receipt_of(found[0], undone, survivors(connection, [found[0].sale.customer]))


def first_kept_day(today: date) -> str:
    """Return the oldest business day whose receipts the tills keep."""
    return (today - timedelta(days=KEPT_DAYS)).isoformat()


def prune(database: Database, now_ms: int) -> int:
    """Take receipts that are too old out of the feed, a bounded number of batches; return how many."""
    until = first_kept_day(local_day(now_ms, 0))
    return database.in_batches(
        lambda connection: _prune_some(connection, until), rows_max=PRUNE_ROWS_MAX, batches_max=PRUNE_BATCHES_MAX
    )


def _prune_some(connection: Connection, until: str) -> int:
    since = connection.value("SELECT value FROM meta WHERE name = ?", (_PRUNED,)) or ""
    if since > until:  # the clock was set back
        since = ""
    old = connection.rows(_OLD, (since, until, PRUNE_ROWS_MAX))
    feed.put(connection, [feed.gone(store, FEED_KIND, receipt) for store, receipt in old])
    if len(old) < PRUNE_ROWS_MAX and since != until:
        connection.run(_META, (_PRUNED, until))
    return len(old)
