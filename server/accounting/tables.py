"""SQL of the ledger's tables: `account`, `account_map`, `entry`, `posting`. Written by this room only.

An entry comes whole: its row, its postings, its seal. The triggers of migration 0002 refuse every other way.
"""

from collections.abc import Iterable, Sequence

from server.db import Connection

_ENTRY = (
    "id",
    "number",
    "kind",
    "day",
    "text",
    "store",
    "till_id",
    "receipt",
    "source_event",
    "effect_no",
    "created_ms",
)
_POSTING = ("entry_id", "line", "account", "debit_minor", "credit_minor", "tender", "tax_code", "currency")
_MAP = "SELECT store, purpose, account FROM account_map"
_SEAL = "UPDATE entry SET sealed = 1 WHERE id >= ? AND id <= ?"
# A receipt is paid when its payments cover what is due, since the latest of them, in whatever order they come.
_PAY = """
UPDATE receipt SET paid_minor = paid_minor + ?, payment_ms = CASE WHEN payment_ms < ? THEN ? ELSE payment_ms END,
    paid_ms = CASE WHEN (due_minor >= 0 AND paid_minor + ? >= due_minor)
        OR (due_minor < 0 AND paid_minor + ? <= due_minor)
        THEN CASE WHEN payment_ms < ? THEN ? ELSE payment_ms END END
WHERE {key} = ?
"""
_PAY_BY_NUMBER = _PAY.format(key="number")
_PAY_BY_TILL_RECEIPT = _PAY.format(key="till_receipt")
_ADD_ACCOUNT = "INSERT INTO account (code, name, kind) VALUES (?, ?, ?) ON CONFLICT (code) DO NOTHING"
_ADD_MAP = """
INSERT INTO account_map (store, purpose, account) VALUES (?, ?, ?)
ON CONFLICT (store, purpose) DO UPDATE SET account = excluded.account
"""


def read_map(connection: Connection) -> dict[tuple[str, str], str]:
    """Return (store, purpose) → account; the store "" stands for all stores."""
    return {(store, purpose): account for store, purpose, account in connection.rows(_MAP)}


def write_chart(connection: Connection, accounts: Iterable[Sequence[str]], mapping: Iterable[Sequence[str]]) -> None:
    """Store accounts (code, name, kind) that are not there yet, and set purposes (store, purpose, account)."""
    connection.many(_ADD_ACCOUNT, accounts)
    connection.many(_ADD_MAP, mapping)


def write_entries(
    connection: Connection, entries: Sequence[Sequence[object]], postings: Sequence[Sequence[object]]
) -> None:
    """Write entries whose ids run without a gap, with their postings, and seal them."""
    connection.copy_rows("entry", _ENTRY, entries)
    connection.copy_rows("posting", _POSTING, postings)
    connection.run(_SEAL, (entries[0][0], entries[-1][0]))


def pay_receipts(connection: Connection, payments: Sequence[tuple[str, int, int]]) -> None:
    """Add payments (receipt, amount, when) to their receipts; a receipt that is covered is paid from then on."""
    connection.many(_PAY_BY_NUMBER, _pay_rows(payments))


def pay_till_receipts(connection: Connection, payments: Sequence[tuple[str, int, int]]) -> None:
    """The same by the till's receipt number; a receipt that is not issued yet is passed over."""
    connection.many(_PAY_BY_TILL_RECEIPT, _pay_rows(payments))


def _pay_rows(payments: Sequence[tuple[str, int, int]]) -> list[tuple[object, ...]]:
    return [(amount, at, at, amount, amount, at, at, receipt) for receipt, amount, at in payments]
