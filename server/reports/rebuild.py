"""Rebuild: fold all accepted events into fresh tables and compare them with those that stand (protocol §3, I9).

The fresh tables are a SQLite database in a temporary folder, filled with what did not come from events (stores, tills,
charts, customers, head office's own orders as they were before any pickup) and then with the events. A till's own order
that the office has changed since comes as the office has it. Numbers, times and ids that depend on when things ran are
left out of the comparison, and what depends on settings of today (days to pay, a credit limit); amounts, states and
accounts are not. A receipt that was made before its customer was merged into another still names the duplicate, the
fold names who stands for it: both are the same person here.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from schema.clock import Clock
from server.db import Connection, Database, Row, open_sqlite
from server.jobs.worker import kick
from server.mailing.rules import MATTER as MAIL_NOT_SENT
from server.migrate import migrate

EVENTS_AT_ONCE = 2000
DIFFERENCES_MAX = 200
FOLD_S_MAX = 24 * 3600.0

# What events need to find, in an order that foreign keys allow. Customers who came from a till come again.
_BASE = {
    "store": "",
    "till": "",
    "account": "",
    "account_map": "",
    "customer": "WHERE number NOT IN (SELECT number FROM customer_added WHERE is_new = 1)",
    "customer_merge": "",
}
# Orders that events alone do not give: placed at the office, or made at a till and changed since.
_ORDERS = """
origin <> 'till' OR (till_receipt = '' AND (version > 1 OR status IN ('fully_cancelled', 'partly_cancelled',
    'ready_for_pickup')))
"""
# What was handed over alone moves an order on: taken back, the fold does it again.
_RESET = """
UPDATE orders SET oms_status = 'not exported', oms_error = '', oms_id = '',
    status = CASE WHEN status IN ('completed', 'partly_delivered') THEN 'confirmed' ELSE status END,
    import_status = CASE WHEN status IN ('completed', 'partly_delivered') THEN 'imported' ELSE import_status END
"""
# Matters that follow from a customer's terms of today, or from what a mail server said.
_BY_TERMS = ("credit limit exceeded", MAIL_NOT_SENT)
_MATTERS = (
    "SELECT kind, subject, amount_minor, source_event FROM worklist WHERE done_ms IS {null} AND kind NOT IN ({kinds})"
)

# Who stands for the customer that a row names.
_WHO = "COALESCE((SELECT into_number FROM customer_merge m WHERE m.number = {of}.customer), customer)"
# name → one SELECT whose rows must be the same in both; the first columns say what a row is about.
PROJECTIONS: dict[str, str] = {
    "applied event": "SELECT event_id FROM applied",
    "parked event": "SELECT event_id, aggregate FROM parked",
    "order": (
        f"SELECT id, kind, store, till_id, {_WHO.format(of='orders')}, employee, ordered_day, status, version, "
        "currency, total_minor, import_status, oms_status, till_receipt, source_event FROM orders"
    ),
    "order line": (
        "SELECT order_id, line, article, name, quantity, unit_price_minor, discount_minor, total_minor, tax_code, "
        "tax_percent FROM order_line"
    ),
    "order payment": (
        "SELECT source_event, effect_no, order_id, tender, currency, amount_minor, paid_ms, till_id, order_version "
        "FROM order_payment"
    ),
    "order delivery": ("SELECT source_event, effect_no, order_id, line, quantity, order_version FROM order_delivery"),
    "order prepayment": (
        "SELECT source_event, effect_no, order_id, receipt, day, tax_code, tax_percent, net_minor, tax_minor, "
        "gross_minor FROM order_prepayment"
    ),
    "shift": (
        "SELECT id, store, till_id, business_day, cashier, opened_ms, closed_ms, float_minor, expected_minor, "
        "counted_minor, difference_minor, sales_count, sales_minor, z_number, currency FROM shift"
    ),
    "receipt": (
        f"SELECT source_event, order_id, store, till_id, till_receipt, {_WHO.format(of='receipt')}, cashier, "
        "business_day, issued_ms, currency, total_minor, due_minor, paid_minor, paid_ms, kind, original, "
        "sold_minor FROM receipt"
    ),
    "receipt line": (
        "SELECT r.source_event, l.line, l.article, l.name, l.quantity, l.unit_price_minor, l.discount_minor, "
        "l.total_minor, l.tax_code, l.tax_percent, l.withdrawn_from, l.withdrawn_quantity, l.kind, l.reference, "
        "l.returns_receipt, l.returns_line, l.return_reason, l.return_condition "
        "FROM receipt_line l JOIN receipt r ON r.number = l.receipt"
    ),
    "receipt tax": (
        "SELECT r.source_event, x.code, x.percent, x.net_minor, x.tax_minor, x.gross_minor "
        "FROM receipt_tax x JOIN receipt r ON r.number = x.receipt"
    ),
    "posting": (
        "SELECT e.source_event, e.effect_no, p.line, e.kind, e.day, e.store, e.till_id, p.account, p.debit_minor, "
        "p.credit_minor, p.tender, p.tax_code, p.currency FROM entry e JOIN posting p ON p.entry_id = e.id "
        "WHERE e.sealed = 1"
    ),
    "returned goods": "SELECT source_event, effect_no, receipt, line, quantity FROM goods_return",
    "void": "SELECT source_event, receipt FROM receipt_void",
    "voucher": "SELECT code, currency, balance_minor, issued_minor FROM voucher",
    "voucher move": (
        "SELECT source_event, effect_no, code, kind, amount_minor, currency, receipt, store, till_id, day, at_ms, "
        "offline FROM voucher_move"
    ),
    "payment order": ("SELECT reference, customer, store, currency, day, amount_minor, open_minor FROM payment_order"),
    "payment order move": (
        f"SELECT source_event, effect_no, reference, kind, {_WHO.format(of='payment_order_move')}, store, currency, "
        "amount_minor, receipt, day, at_ms FROM payment_order_move"
    ),
    "new customer": "SELECT source_event, number, store, till_id, day, cashier, added_ms FROM customer_added",
    "moved stock": "SELECT store, article, moved_milli FROM stock WHERE moved_milli <> 0",
    "terminal's end of day": (
        "SELECT source_event, store, till_id, shift_id, day, terminal, currency, total_minor, payments, "
        "expected_minor FROM terminal_close"
    ),
    "note": "SELECT source_event, store, till_id, day, at_ms, kind, subject, detail FROM till_note",
    "mail": "SELECT sale_event, till_receipt, store, till_id, address_key FROM mail",
    "drawer": "SELECT till_id, currency, cash_minor FROM drawer",
    "open matter": _MATTERS.format(null="NULL", kinds=", ".join(f"'{kind}'" for kind in _BY_TERMS)),
}


class Rebuilt(Struct, frozen=True, kw_only=True):
    """What a rebuild found: how many events were folded, and each difference in words."""

    events: int
    differences: tuple[str, ...]


def check(database: Database, clock: Clock, *, progress: Callable[[int, int], None] | None = None) -> Rebuilt:
    """Fold all events anew and compare. The standing tables are first brought up to date, and only read after that.

    `progress` hears (events copied, events in all). Raises Unready when the database is away.
    """
    kick(database, clock)
    with tempfile.TemporaryDirectory(prefix="counterfoil-rebuild-") as folder:
        fresh = open_sqlite(Path(folder) / "rebuild.db")
        try:
            migrate(fresh, clock)
            with database.read() as standing:
                events = _copy(standing, fresh, progress)
                kick(fresh, clock, timeout_s=FOLD_S_MAX)
                with fresh.read() as folded:
                    differences = compare(standing, folded)
        finally:
            fresh.close()
    return Rebuilt(events=events, differences=tuple(differences[:DIFFERENCES_MAX]))


def compare(standing: Connection, folded: Connection) -> list[str]:
    """Name every row of a projection that only one of two databases has."""
    found: list[str] = []
    for name, sql in PROJECTIONS.items():
        here, there = set(standing.rows(sql)), set(folded.rows(sql))
        if name == "open matter":
            here, there = _matters(standing, here, there)
        found += [
            f"{name} {_words(row)}: stands, but the events do not give it" for row in sorted(here - there, key=repr)
        ]
        found += [
            f"{name} {_words(row)}: follows from the events, but is missing" for row in sorted(there - here, key=repr)
        ]
    return found


def _matters(standing: Connection, here: set[Row], there: set[Row]) -> tuple[set[Row], set[Row]]:
    """A matter that a person has closed is no difference."""
    kinds = ", ".join(f"'{kind}'" for kind in _BY_TERMS)
    closed = set(standing.rows(_MATTERS.format(null="NOT NULL", kinds=kinds)))
    return here, there - (closed - here)


def _words(row: Row) -> str:
    return " ".join("-" if value is None else str(value) for value in row)


def _copy(standing: Connection, fresh: Database, progress: Callable[[int, int], None] | None) -> int:
    for table, where in _BASE.items():
        _copy_table(standing, fresh, table, where)
    _copy_table(standing, fresh, "orders", f"WHERE {_ORDERS}")
    _copy_table(standing, fresh, "order_line", f"WHERE order_id IN (SELECT id FROM orders WHERE {_ORDERS})")
    _copy_table(standing, fresh, "stream", "")
    with fresh.write() as connection:
        connection.run(_RESET)
        connection.run("UPDATE stream SET applied_seq = 0, high_seq = 0")
    total = int(standing.value("SELECT count(*) FROM event"))
    copied = _copy_events(standing, fresh, total, progress)
    with fresh.write() as connection:
        for row in standing.rows("SELECT applied_seq, till_id, epoch FROM stream"):
            connection.run("UPDATE stream SET high_seq = ? WHERE till_id = ? AND epoch = ?", row)
    return copied


def _copy_table(standing: Connection, fresh: Database, table: str, where: str) -> None:
    columns = _columns(fresh, table)
    rows = standing.rows(f"SELECT {', '.join(columns)} FROM {table} {where}")
    with fresh.write() as connection:
        connection.copy_rows(table, columns, rows)


def _columns(fresh: Database, table: str) -> list[str]:
    with fresh.read() as connection:
        return [row[0] for row in connection.rows("SELECT name FROM pragma_table_info(?)", (table,))]


def _copy_events(standing: Connection, fresh: Database, total: int, progress: Callable[[int, int], None] | None) -> int:
    columns = _columns(fresh, "event")
    sql = (
        f"SELECT {', '.join(columns)} FROM event WHERE (till_id, epoch, seq) > (?, ?, ?) "
        "ORDER BY till_id, epoch, seq LIMIT ?"
    )
    last: tuple[str, int, int] = ("", 0, 0)
    copied = 0
    while rows := standing.rows(sql, (*last, EVENTS_AT_ONCE)):
        with fresh.write() as connection:
            connection.copy_rows("event", columns, rows)
        last = (rows[-1][0], rows[-1][1], rows[-1][2])
        copied += len(rows)
        if progress is not None:
            progress(copied, total)
    return copied
