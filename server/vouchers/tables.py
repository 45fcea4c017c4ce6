"""SQL of `voucher` and `voucher_move`. Written by this room only."""

from collections.abc import Iterable, Sequence

from schema.catalogue import Voucher
from server.db import Connection
from server.vouchers.rules import MoveKind

_MOVE = (
    "source_event",
    "effect_no",
    "code",
    "kind",
    "amount_minor",
    "currency",
    "receipt",
    "store",
    "till_id",
    "day",
    "at_ms",
    "offline",
)
_BEGIN = "INSERT INTO voucher (code, currency, modified_ms) VALUES (?, ?, ?) ON CONFLICT (code) DO NOTHING"
_SELECT = """
SELECT code, balance_minor, currency, valid_to, blocked FROM voucher WHERE code IN ({marks}) ORDER BY code{for_update}
"""
_MOVES = "SELECT code, kind, amount_minor FROM voucher_move WHERE code IN ({marks})"
_STAND = "UPDATE voucher SET balance_minor = ?, issued_minor = ?, modified_ms = ? WHERE code = ?"
_CHANGE = "UPDATE voucher SET blocked = ?, valid_to = ?, modified_ms = ? WHERE code = ?"


def begin(connection: Connection, rows: Iterable[tuple[str, str, int]]) -> None:
    """Make sure that vouchers (code, currency, now) are there, and hold them, in the order of their codes."""
    ordered = sorted(rows)
    connection.many(_BEGIN, ordered)
    hold(connection, [code for code, _, _ in ordered])


def hold(connection: Connection, codes: Sequence[str]) -> dict[str, Voucher]:
    """Lock vouchers, always in the order of their codes, and return those that exist."""
    return _read(connection, codes, connection.for_update)


def find(connection: Connection, code: str) -> Voucher | None:
    """Return a voucher without holding it, or None."""
    return _read(connection, [code], "").get(code)


def _read(connection: Connection, codes: Sequence[str], for_update: str) -> dict[str, Voucher]:
    sql = _SELECT.format(marks=", ".join("?" * len(codes)), for_update=for_update)
    rows = connection.rows(sql, sorted(codes)) if codes else []
    return {row[0]: _voucher(row) for row in rows}


def _voucher(row: Sequence[object]) -> Voucher:
    code, balance, currency, valid_to, blocked = row
    return Voucher(
        code=str(code),
        balance_minor=int(str(balance)),
        currency=str(currency),
        valid_to=str(valid_to),
        blocked=bool(blocked),
    )


def add_moves(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    """Store facts. Raises ConstraintBrokenError for one that is there already."""
    connection.many(f"INSERT INTO voucher_move ({', '.join(_MOVE)}) VALUES ({', '.join('?' * len(_MOVE))})", rows)


def moves(connection: Connection, codes: Sequence[str]) -> dict[str, list[tuple[MoveKind, int]]]:
    """Return all facts of vouchers."""
    found: dict[str, list[tuple[MoveKind, int]]] = {code: [] for code in codes}
    for code, kind, amount in connection.rows(_MOVES.format(marks=", ".join("?" * len(codes))), codes):
        found[code].append((kind, amount))
    return found


def write_standing(connection: Connection, rows: Sequence[tuple[int, int, int, str]]) -> None:
    """Bring vouchers (balance, issued, now, code) to what their facts come to."""
    connection.many(_STAND, rows)


def change(connection: Connection, voucher: Voucher, now_ms: int) -> None:
    """Write what only the office decides: whether a voucher is blocked, and how long it is valid."""
    connection.run(_CHANGE, (int(voucher.blocked), voucher.valid_to, now_ms, voucher.code))
