"""Keep vouchers: bring them to what the set of their facts comes to, and tell every till.

It runs in the transaction that applies the sale: first `hold`, with all other locks on rows, then `book`, which ends
with the feed. What the office decides (blocked, valid to) stands beside the facts.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from schema.catalogue import Voucher
from schema.errors import Refused, Sentence
from schema.events import SaleCompleted
from server.catalogue import feed
from server.db import Connection
from server.kept import Amount, kept
from server.pipeline.worklist import Matter, close_matters, raise_matters
from server.tills import leases
from server.tills.leases import VOUCHER
from server.vouchers import tables
from server.vouchers.rules import ISSUED_TWICE, KINDS, OVERDRAWN, UNKNOWN, Move, Standing, moves_of, standing

_WORDS = {
    OVERDRAWN: kept("Voucher {code} was used for {amount} more than it held: see its moves for who used it."),
    UNKNOWN: kept("Voucher {code} was used for {amount}, but no till has issued it: see its moves."),
    ISSUED_TWICE: kept("Voucher {code} was issued twice, for {amount} in all: block it until that is cleared up."),
}


class Sold(Struct, frozen=True, kw_only=True):
    """A sale that issues or uses vouchers, and where it comes from."""

    sale: SaleCompleted
    event_id: str
    store: str
    till_id: str
    day: str


class Booking(Struct, frozen=True, kw_only=True):
    """What sales do to vouchers, which are held."""

    found: tuple[tuple[Sold, Move], ...]


def hold(connection: Connection, sold: Sequence[Sold], now_ms: int) -> Booking:
    """Hold the vouchers that sales issue or use, new ones too."""
    found = tuple((one, move) for one in sold for move in moves_of(one.sale))
    currencies = {move.code: one.sale.currency for one, move in found}
    if currencies:
        tables.begin(connection, [(code, currency, now_ms) for code, currency in currencies.items()])
    return Booking(found=found)


def book(connection: Connection, booking: Booking, now_ms: int) -> None:
    """Store what sales do to vouchers, and settle these."""
    if not booking.found:
        return
    tables.add_moves(connection, [_row(one, move) for one, move in booking.found])
    _end_leases(connection, booking, now_ms)
    _settle(connection, sorted({move.code for _, move in booking.found}), now_ms)


def _end_leases(connection: Connection, booking: Booking, now_ms: int) -> None:
    """A till that redeemed has no more need of its lease: the balance says from now on what is left."""
    used: dict[str, set[str]] = {}
    for one, move in booking.found:
        used.setdefault(one.till_id, set()).add(move.code)
    for till_id, codes in sorted(used.items()):
        leases.release(connection, VOUCHER, till_id, sorted(codes), now_ms)


def _row(one: Sold, move: Move) -> tuple[object, ...]:
    return (
        one.event_id,
        move.effect_no,
        move.code,
        move.kind,
        move.amount_minor,
        one.sale.currency,
        one.sale.receipt,
        one.store,
        one.till_id,
        one.day,
        one.sale.completed_ms,
        int(move.offline),
    )


def _settle(connection: Connection, codes: Sequence[str], now_ms: int) -> None:
    states = {code: standing(moves) for code, moves in tables.moves(connection, codes).items()}
    rows = [(state.balance_minor, state.issued_minor, now_ms, code) for code, state in states.items()]
    tables.write_standing(connection, rows)
    held = tables.hold(connection, codes)
    raise_matters(connection, [one for code, state in states.items() for one in _matters(held[code], state)], now_ms)
    gone = [(kind, code, code) for code, state in states.items() for kind in KINDS if kind not in state.matters]
    close_matters(connection, gone, now_ms)
    _publish(connection, [held[code] for code, state in states.items() if UNKNOWN not in state.matters])


def _matters(voucher: Voucher, state: Standing) -> list[Matter]:
    return [
        Matter(
            kind=kind,
            subject=voucher.code,
            detail=Sentence(_WORDS[kind], code=voucher.code, amount=Amount(amount, voucher.currency)),
            amount_minor=amount,
            source=voucher.code,
        )
        for kind, amount in state.matters.items()
    ]


def _publish(connection: Connection, vouchers: Sequence[Voucher]) -> None:
    """Feed vouchers to every till: one bought here may be used anywhere. A till sees no balance below nothing."""
    shown = [replace(voucher, balance_minor=max(voucher.balance_minor, 0)) for voucher in vouchers]
    feed.put(connection, [feed.present(feed.EVERY_STORE, voucher) for voucher in shown])


def block(connection: Connection, code: str, now_ms: int, *, blocked: bool = True) -> None:
    """Block a voucher, or free it again; the tills know within seconds. Raises Refused("unknown_voucher")."""
    _change(connection, replace(_held(connection, code), blocked=blocked), now_ms)


def limit(connection: Connection, code: str, valid_to: str, now_ms: int) -> None:
    """Set the last ISO day on which a voucher counts; "" is for ever. Raises Refused("unknown_voucher")."""
    _change(connection, replace(_held(connection, code), valid_to=valid_to), now_ms)


def voucher(connection: Connection, code: str) -> Voucher | None:
    """Return a voucher as a till may see it, or None for one that nobody has issued."""
    return _seen(connection, tables.find(connection, code))


def held_voucher(connection: Connection, code: str) -> Voucher | None:
    """Return a voucher as `voucher` does, and hold it until the transaction ends."""
    return _seen(connection, tables.hold(connection, [code]).get(code))


def _seen(connection: Connection, found: Voucher | None) -> Voucher | None:
    if found is None or UNKNOWN in standing(tables.moves(connection, [found.code])[found.code]).matters:
        return None
    return replace(found, balance_minor=max(found.balance_minor, 0))


def _held(connection: Connection, code: str) -> Voucher:
    found = tables.hold(connection, [code])
    if code not in found:
        raise Refused("unknown_voucher", f"There is no voucher “{code[:40]}”. Look it up in the list.")
    return found[code]


def _change(connection: Connection, changed: Voucher, now_ms: int) -> None:
    tables.change(connection, changed, now_ms)
    _publish(connection, [changed])
