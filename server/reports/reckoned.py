"""What others reckoned, reckoned again: Z reports, card terminals' ends of day, and the sub-ledgers.

A Z report is held against the receipts of its shift, an end of day against the card payments since the one before, and
what vouchers hold, customers owe and orders were paid in advance against the accounts that say the same.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from schema.chain import parse_money
from server.accounting.tables import read_map
from server.db import Connection

# The one row of each event id that had its effect.
_APPLIED = """
SELECT e.till_id, t.store, e.body FROM event e JOIN till t ON t.id = e.till_id
JOIN applied a ON a.event_id = e.event_id AND a.till_id = e.till_id AND a.epoch = e.epoch AND a.seq = e.seq
WHERE e.business_day = ? AND e.type = ? AND e.version = 1 ORDER BY e.till_id, e.epoch, e.seq
"""
_TERMINALS = """
SELECT store, till_id, epoch, seq, terminal, currency, total_minor, expected_minor,
    COALESCE((SELECT MAX(b.seq) FROM terminal_close b WHERE b.till_id = c.till_id AND b.epoch = c.epoch
        AND b.seq < c.seq AND b.terminal = c.terminal), 0)
FROM terminal_close c WHERE day = ? ORDER BY store, till_id, epoch, seq
"""
_CARD = """
SELECT e.money FROM event e WHERE e.till_id = ? AND e.epoch = ? AND e.seq > ? AND e.seq < ?
    AND e.type = 'sale.completed' AND e.money LIKE '%card %'
"""
_ON_ACCOUNTS = """
SELECT p.currency, SUM(p.credit_minor) - SUM(p.debit_minor) FROM posting p JOIN entry e ON e.id = p.entry_id
WHERE e.day = ? AND e.sealed = 1 AND e.kind IN ('receipt', 'order-cash', 'order-non-cash') AND p.account IN ({marks})
GROUP BY p.currency
"""
_VOUCHERS = "SELECT currency, SUM(amount_minor) FROM voucher_move WHERE day = ? GROUP BY currency"
_ITEMS = "SELECT currency, -SUM(amount_minor) FROM payment_order_move WHERE day = ? GROUP BY currency"
_PREPAID = """
SELECT o.currency, SUM(p.net_minor) FROM order_prepayment p JOIN orders o ON o.id = p.order_id
WHERE p.day = ? AND p.tax_code = ? GROUP BY o.currency
"""
_PREPAYMENT = "prepayment:"


class ZFigure(Struct, frozen=True, kw_only=True):
    """One figure of a shift's Z report (a tender, or a tax rate) against the receipts of that shift."""

    shift: str
    store: str
    till_id: str
    z_number: int
    figure: str
    currency: str
    z_minor: int
    receipts_minor: int


class TerminalFigure(Struct, frozen=True, kw_only=True):
    """A card terminal's end of day: what it says, what the till reckoned, and the card payments of its receipts."""

    store: str
    till_id: str
    terminal: str
    currency: str
    terminal_minor: int
    till_minor: int
    receipts_minor: int


class LedgerFigure(Struct, frozen=True, kw_only=True):
    """What a sub-ledger grew by on a day, as its moves say and as its accounts say; a liability is positive."""

    name: str
    currency: str
    moves_minor: int
    ledger_minor: int


class _Tax(Struct, frozen=True):
    code: str
    percent: str
    gross_minor: int


class _Paid(Struct, frozen=True):
    tender: str
    amount_minor: int


class _Sale(Struct, frozen=True):
    """What a Z report sums of a receipt; a part of schema.events.SaleCompleted, quick to read."""

    shift_id: str
    taxes: tuple[_Tax, ...] = ()
    payments: tuple[_Paid, ...] = ()


class _Closed(Struct, frozen=True):
    """What a Z report says; a part of schema.events.ShiftClosed."""

    shift_id: str
    z_number: int
    currency: str
    tenders: tuple[_Paid, ...] = ()
    taxes: tuple[_Tax, ...] = ()


def z_figures(connection: Connection, day: str) -> list[ZFigure]:
    """Reckon the day's Z reports again from the receipts of their shifts, whose business day is theirs."""
    closed = [
        (till_id, store, msgspec.json.decode(body, type=_Closed))
        for till_id, store, body in connection.rows(_APPLIED, (day, "shift.closed"))
    ]
    if not closed:
        return []
    sums: dict[str, dict[str, int]] = {}
    for _, _, body in connection.rows(_APPLIED, (day, "sale.completed")):
        sale = msgspec.json.decode(body, type=_Sale)
        _add(sums.setdefault(sale.shift_id, {}), sale.payments, sale.taxes)
    return [
        ZFigure(
            shift=report.shift_id,
            store=store,
            till_id=till_id,
            z_number=report.z_number,
            figure=figure,
            currency=report.currency,
            z_minor=said.get(figure, 0),
            receipts_minor=counted.get(figure, 0),
        )
        for till_id, store, report in closed
        for said, counted in [(_add({}, report.tenders, report.taxes), sums.get(report.shift_id, {}))]
        for figure in sorted(said.keys() | counted.keys())
        if said.get(figure, 0) or counted.get(figure, 0)
    ]


def _add(sums: dict[str, int], paid: Sequence[_Paid], taxes: Sequence[_Tax]) -> dict[str, int]:
    """Add tenders and gross sums per tax rate to figures by their names, and return these."""
    for part in paid:
        sums[part.tender] = sums.get(part.tender, 0) + part.amount_minor
    for row in taxes:
        name = f"{row.code} {Decimal(row.percent).normalize():f} %"
        sums[name] = sums.get(name, 0) + row.gross_minor
    return sums


def terminal_figures(connection: Connection, day: str) -> list[TerminalFigure]:
    """Reckon the day's ends of day of card terminals again, from the headers of the receipts since the one before."""
    return [
        TerminalFigure(
            store=store,
            till_id=till_id,
            terminal=terminal,
            currency=currency,
            terminal_minor=total,
            till_minor=expected,
            receipts_minor=_card_minor(connection.rows(_CARD, (till_id, epoch, since, seq)), currency),
        )
        for store, till_id, epoch, seq, terminal, currency, total, expected, since in connection.rows(
            _TERMINALS, (day,)
        )
    ]


def _card_minor(rows: Sequence[tuple[Any, ...]], wanted: str) -> int:
    return sum(
        amount
        for (money,) in rows
        for tender, currency, amount in parse_money(money)
        if tender == "card" and currency == wanted
    )


def ledger_figures(connection: Connection, day: str) -> list[LedgerFigure]:
    """Hold the day's moves of each sub-ledger against its accounts.

    Only where these accounts are nobody else's: one that an accountant also uses for other things proves nothing.
    """
    purposes: dict[str, set[str]] = {}
    for (_, purpose), account in read_map(connection).items():
        purposes.setdefault(account, set()).add(purpose)
    found = _compared(connection, day, "vouchers", _own(purposes, {"tender:voucher", "voucher:issued"}), _VOUCHERS)
    found += _compared(connection, day, "open items", _own(purposes, {"tender:account", "open-item"}), _ITEMS)
    for purpose in sorted({name for names in purposes.values() for name in names if name.startswith(_PREPAYMENT)}):
        code = purpose.removeprefix(_PREPAYMENT)
        found += _compared(connection, day, f"prepayments {code}", _own(purposes, {purpose}), _PREPAID, code)
    return found


def _own(purposes: dict[str, set[str]], wanted: set[str]) -> list[str]:
    """Return the accounts that serve these purposes; none where one of them serves others too."""
    accounts = sorted(account for account, served in purposes.items() if served & wanted)
    return accounts if all(purposes[account] <= wanted for account in accounts) else []


def _compared(
    connection: Connection, day: str, name: str, accounts: Sequence[str], sql: str, *params: str
) -> list[LedgerFigure]:
    if not accounts:
        return []
    marks = ", ".join("?" * len(accounts))
    ledger: dict[str, int] = dict(connection.rows(_ON_ACCOUNTS.format(marks=marks), (day, *accounts)))
    moves: dict[str, int] = dict(connection.rows(sql, (day, *params)))
    return [
        LedgerFigure(
            name=name, currency=currency, moves_minor=moves.get(currency, 0), ledger_minor=ledger.get(currency, 0)
        )
        for currency in sorted(ledger.keys() | moves.keys())
    ]
