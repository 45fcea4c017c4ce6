"""An auditor: holds the tills' journals, head office's tables, the drawers and the terminals against each other.

It reckons everything itself from the journals' bodies, by other ways than the product does, and names each difference.
"""

import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import apsw
from msgspec import Struct

from rig.programs import call
from schema.device import JOURNAL
from schema.events import Body, CashMoved, OrderMade, SaleCompleted, ShiftClosed, ShiftOpened, SoldLine, decode

if TYPE_CHECKING:
    from rig.walker import BusyShop
    from rig.walker import Counter as Till

Kind = TypeVar("Kind")
# Half of the step of five that the random days round to.
ROUNDING_MINOR_MAX = 2
SIGN = {"cash_in": 1, "cash_out": -1, "skim": -1, "change_money": 0}


class Journal(Struct, frozen=True):
    """A till's events in their order."""

    bodies: tuple[Body, ...]

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [body for body in self.bodies if isinstance(body, kind)]

    @property
    def sales(self) -> list[SaleCompleted]:
        return self.of(SaleCompleted)

    @property
    def card_minor(self) -> int:
        return _tender(self.sales, "card")

    @property
    def drawer_minor(self) -> int:
        """Return what must lie in the drawer: what was counted last, and what moved since."""
        moved = 0
        for body in self.bodies:
            match body:
                case SaleCompleted():
                    moved += _tender([body], "cash")
                case CashMoved():
                    moved += SIGN[body.kind] * body.amount_minor
                case ShiftOpened():
                    moved = body.float_minor
                case ShiftClosed():
                    moved = body.counted_minor
        return moved


def _tender(sales: Iterable[SaleCompleted], tender: str) -> int:
    return sum(part.amount_minor for sale in sales for part in sale.payments if part.tender == tender)


def read_journal(folder: Path) -> Journal:
    rows = _rows(folder, "SELECT type, version, body FROM event ORDER BY epoch, seq")
    return Journal(tuple(decode(str(kind), int(str(version)), bytes(body)) for kind, version, body in rows))


def held_card_minor(folder: Path) -> int:
    """Return what the sale in hand holds of the terminal's money."""
    sales = [json.loads(body) for (body,) in _rows(folder, "SELECT body FROM draft WHERE slot = 'current'")]
    return sum(part["amount_minor"] for sale in sales for part in sale.get("payments", []) if part["tender"] == "card")


def _rows(folder: Path, select: str) -> list[Any]:
    """Read a till's journal beside the running till; nothing where it has none yet."""
    path = folder / JOURNAL
    if not path.exists():
        return []
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute(select).fetchall()
    except apsw.SQLError:
        return []
    finally:
        connection.close()


def audit(shop: "BusyShop", day: str, *, was_cut: bool = False) -> list[str]:
    """Return everything that does not agree, in words; the shop is at rest and synced.

    Where a till could not ask (`was_cut`: the line, its agent or head office was away for a moment), two may have done
    the same thing: then head office must have it on its worklist. For goods and open items that is so too in the
    seconds until a receipt has come; orders and vouchers have leases.
    """
    journals = [counter.journal() for counter in shop.counters]
    sales = [sale for journal in journals for sale in journal.sales]
    office = sqlite3.connect(f"file:{_database(shop.data)}?mode=ro", uri=True)
    try:
        found = [word for journal in journals for word in _numbers(journal)]
        found += [word for sale in sales for word in _sums(sale)]
        found += _rounding(sales)
        matters = _matters(office)
        found += _returns(sales, matters)
        found += _voids(sales)
        found += _vouchers(sales, office, matters)
        found += _items(sales, office, matters)
        found += _orders(sales, journals, matters if was_cut else {})
        found += _parked(office)
    finally:
        office.close()
    for counter, journal in zip(shop.counters, journals, strict=True):
        found += _counter(counter, journal)
    return found + _commands(shop, day)


def _database(data: Path) -> Path:
    return next(path for path in sorted(data.glob("*.db")))


# -- each receipt by itself


def _rounding(sales: list[SaleCompleted]) -> list[str]:
    """A sale is rounded once. Its void takes that back, and rounds by itself where other money goes back than came."""
    rounded = {sale.receipt: sale.cash_rounding_minor for sale in sales}
    own = {
        sale.receipt: sale.cash_rounding_minor + (rounded[sale.voids.receipt] if sale.voids else 0) for sale in sales
    }
    return [f"{receipt}: rounded by {minor}" for receipt, minor in own.items() if abs(minor) > ROUNDING_MINOR_MAX]


def _numbers(journal: Journal) -> list[str]:
    seqs = [sale.receipt_seq for sale in journal.sales]
    orders = [made.order_seq for made in journal.of(OrderMade)]
    found = []
    if seqs != list(range(1, len(seqs) + 1)):
        found.append(f"receipt numbers have gaps: {seqs}")
    if orders != list(range(1, len(orders) + 1)):
        found.append(f"order numbers have gaps: {orders}")
    return found


def _sums(sale: SaleCompleted) -> list[str]:
    paid = sum(part.amount_minor for part in sale.payments) + (sale.order.paid_minor if sale.order else 0)
    lines = sum(line.total_minor for line in sale.lines)
    gross = sum(row.gross_minor for row in sale.taxes)
    found = []
    if paid != sale.total_minor + sale.cash_rounding_minor:
        found.append(f"{sale.receipt}: paid {paid}, total {sale.total_minor}, rounding {sale.cash_rounding_minor}")
    if gross != sale.total_minor or (sale.includes_tax and lines != gross):
        found.append(f"{sale.receipt}: lines {lines}, taxes {gross}, total {sale.total_minor}")
    for number, line in enumerate(sale.lines, start=1):
        if line.base_minor - line.discount_minor - line.bill_share_minor != line.total_minor:
            found.append(f"{sale.receipt} line {number}: base, discount, share and total disagree")
    return found


# -- what comes back


def _returns(sales: list[SaleCompleted], excused: Mapping[str, str]) -> list[str]:
    """No more comes back than was sold, and all that comes back of a line is worth what it cost."""
    sold = {(sale.receipt, number): line for sale in sales for number, line in enumerate(sale.lines, start=1)}
    quantity: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    worth: dict[tuple[str, int], int] = defaultdict(int)
    for line in (line for sale in sales for line in sale.lines if line.returns):
        assert line.returns
        key = (line.returns.receipt, line.returns.line)
        quantity[key] -= line.quantity
        worth[key] -= line.total_minor
    voided = {sale.voids.receipt for sale in sales if sale.voids}
    found = []
    for key, back in quantity.items():
        line = sold[key]
        if key[0] in excused:
            continue
        if line.returns is not None and back:
            found.append(f"{key}: came back of a line that itself came back")
        if key[0] in voided and back:
            found.append(f"{key}: {back} came back of a receipt that was voided")
        elif back > line.quantity:
            found.append(f"{key}: {back} of {line.quantity} came back")
        elif back == line.quantity and worth[key] != line.total_minor:
            found.append(f"{key}: cost {line.total_minor}, {worth[key]} was given back")
    return found


def _matters(office: sqlite3.Connection) -> dict[str, str]:
    return dict(office.execute("SELECT subject, kind FROM worklist"))


def _voids(sales: list[SaleCompleted]) -> list[str]:
    by_number = {sale.receipt: sale for sale in sales}
    counts = Counter(sale.voids.receipt for sale in sales if sale.voids)
    found = [f"{receipt} was voided {count} times" for receipt, count in counts.items() if count > 1]
    for void in (sale for sale in sales if sale.voids):
        assert void.voids
        original = by_number[void.voids.receipt]
        if void.total_minor != -original.total_minor:
            found.append(f"{void.receipt} voids {original.receipt}: {void.total_minor} against {original.total_minor}")
        if [_back(line) for line in void.lines] != [_there(line) for line in original.lines]:
            found.append(f"{void.receipt} voids {original.receipt}: its lines differ")
    return found


def _there(line: SoldLine) -> tuple[Any, ...]:
    return (line.article, line.quantity, line.total_minor, line.tax_code, line.kind, line.reference)


def _back(line: SoldLine) -> tuple[Any, ...]:
    return (line.article, -line.quantity, -line.total_minor, line.tax_code, line.kind, line.reference)


# -- who owes whom


def _vouchers(sales: list[SaleCompleted], office: sqlite3.Connection, matters: Mapping[str, str]) -> list[str]:
    """Only what was redeemed without asking may be overdrawn."""
    unasked = {part.reference for sale in sales for part in sale.payments if part.offline}
    held: dict[str, int] = defaultdict(int)
    for sale in sales:
        for line in sale.lines:
            if line.kind == "voucher":
                held[line.reference] += line.total_minor
        for part in sale.payments:
            if part.tender == "voucher":
                held[part.reference] -= part.amount_minor
    kept = dict(office.execute("SELECT code, balance_minor FROM voucher"))
    found = [
        f"voucher {code}: facts {held.get(code, 0)}, head office {kept.get(code, 0)}"
        for code in held.keys() | kept.keys()
        if held.get(code, 0) != kept.get(code, 0)
    ]
    return found + [
        f"voucher {code} holds {left}"
        for code, left in held.items()
        if left < 0 and not (code in matters and code in unasked)
    ]


def _items(sales: list[SaleCompleted], office: sqlite3.Connection, excused: Mapping[str, str]) -> list[str]:
    owed = 0
    left: dict[str, int] = defaultdict(int)
    for sale in sales:
        for part in sale.payments:
            if part.tender == "account":
                owed += part.amount_minor
                left[sale.receipt] += max(part.amount_minor, 0)
        for line in sale.lines:
            if line.kind == "open_item":
                owed -= line.total_minor
                left[line.reference] -= line.total_minor
    kept = office.execute("SELECT coalesce(sum(open_minor), 0) FROM payment_order").fetchone()[0]
    found = [] if owed == kept else [f"open items: facts {owed}, head office {kept}"]
    return found + [
        f"open item {reference} was paid {-rest} too much"
        for reference, rest in left.items()
        if rest < 0 and reference not in excused
    ]


def _orders(sales: list[SaleCompleted], journals: list[Journal], excused: Mapping[str, str]) -> list[str]:
    """What was paid for an order is what left the shop and what was paid in advance; nothing is counted back twice."""
    made = {order.order_id: order for journal in journals for order in journal.of(OrderMade)}
    gone: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    ahead: dict[tuple[str, str], int] = defaultdict(int)
    worth: dict[str, int] = defaultdict(int)
    for sale in sales:
        if sale.order is None:
            continue
        own = sale.voids.receipt if sale.voids else sale.receipt
        for line in sale.lines:
            if line.order_line and line.returns is None:
                gone[sale.order.order_id, line.order_line] += line.quantity
                worth[sale.order.order_id] += line.total_minor
            if line.kind == "prepayment":
                ahead[sale.order.number, line.reference or own] += line.total_minor
    found = [
        f"prepayment {receipt} on order {order} has {left} left"
        for (order, receipt), left in ahead.items()
        if left < 0 and order not in excused
    ]
    for order_id, order in made.items():
        parts = [(gone[order_id, number], line) for number, line in enumerate(order.lines, start=1)]
        if order.number in excused:
            continue
        found += [
            f"order {order.number}: {left} of {line.quantity} left the shop"
            for left, line in parts
            if not 0 <= left <= line.quantity
        ]
        if all(left == line.quantity for left, line in parts) and worth[order_id] != order.total_minor:
            found.append(f"order {order.number}: handed over for {worth[order_id]} of {order.total_minor}")
    return found


def _parked(office: sqlite3.Connection) -> list[str]:
    return [f"parked: {reason}" for (reason,) in office.execute("SELECT reason FROM parked")]


# -- what the tills and their devices say


def _counter(counter: "Till", journal: Journal) -> list[str]:
    name, found = counter.folder.name, []
    charged, booked = counter.charged_minor(), journal.card_minor
    if charged != booked:
        found.append(f"{name}: the terminal charged {charged}, receipts hold {booked}")
    expected = counter.till.ask("count", total=0).get("expected")
    if expected is not None and expected != journal.drawer_minor:
        found.append(f"{name}: the drawer should hold {journal.drawer_minor}, the till says {expected}")
    report = json.loads(call("till", "verify", "--data", str(counter.data), "--json"))
    if not report["holds"]:
        found.append(f"{name}: {report}")
    return found + _papers(counter, journal)


def _papers(counter: "Till", journal: Journal) -> list[str]:
    """Each receipt came out at most once as an original."""
    originals: Counter[str] = Counter()
    for path in counter.receipts.glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        if "COPY" not in text.upper():
            originals.update(set(re.findall(r"\[(\d{4}-\d+-\d{6})\]", text)))
    known = {sale.receipt for sale in journal.sales}
    return [f"{receipt} came out {count} times" for receipt, count in originals.items() if count > 1] + [
        f"{receipt} was printed and is in no journal" for receipt in originals if receipt not in known
    ]


def _commands(shop: "BusyShop", day: str) -> list[str]:
    found = []
    books = json.loads(shop.office.call("books", "--date", day, "--json"))
    if not books["agrees"]:
        found.append(f"books: {json.dumps(_disagreeing(books))}")
    status = json.loads(shop.office.call("sync", "status", "--json"))
    waiting = {name: states for name, states in status["queues"].items() if set(states) - {"done"}}
    if any(count for states in waiting.values() for state, count in states.items() if state != "done"):
        found.append(f"jobs: {waiting}")
    rebuilt = json.loads(shop.office.call("rebuild", "--check", "--json"))
    return found + [f"rebuild: {each}" for each in rebuilt["differences"]]


def _disagreeing(books: dict[str, Any]) -> dict[str, Any]:
    """Keep only the figures that differ."""
    wrong = {"differences": books["differences"], "gaps": books["gaps"]}
    for name in ("receipts", "z_figures", "terminals", "ledgers", "figures"):
        pairs = [{key: value for key, value in row.items() if key.endswith("_minor")} for row in books[name]]
        wrong[name] = [
            row
            for row, sums in zip(books[name], pairs, strict=True)
            if len({value for key, value in sums.items() if key not in ("total_minor", "till_minor")}) > 1
        ]
    return wrong
