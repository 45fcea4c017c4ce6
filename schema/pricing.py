"""The one price engine: price lists and promotions, for the till and for head office. Values in, values out.

`reprice` gives every line that nobody has touched its price anew, from its list price: so the basket's history does
not matter, and doing it twice changes nothing. What a person decided stays: a price typed, a discount given, goods
that come back, an order's lines. The rules, and why there is no solver in here: docs/adr/0014.

1. Each line gets its own best offer: a price list's price, or one promotion on the list price.
2. Bundles (x for y, a threshold on some goods) replace those where they bring more, the one that brings most first.
3. Promotions that stack come on top.
4. A threshold on the whole bill replaces all of that where the customer pays less, or stacks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import Basket, Discount, Line, discount_of
from schema.errors import Refused
from schema.money import allocate, half_up
from schema.quantity import multiply

PromotionKind = Literal["x_for_y", "percent", "amount", "fixed_price", "threshold_percent", "threshold_amount"]
THRESHOLDS: frozenset[PromotionKind] = frozenset({"threshold_percent", "threshold_amount"})
# The reasons that the engine itself writes on a line, and may therefore write anew.
ENGINE_REASONS = frozenset({"list", "price_list", "promotion"})
# Units that are counted one by one, so that a third one can be free.
COUNTED_UNITS = frozenset({"piece", "pack"})
MINUTES_OF_DAY = 24 * 60
X_MAX = 1000


class PriceList(Struct, frozen=True, kw_only=True):
    """Prices for a group of customers ("" = everyone) in a period: ISO days, inclusive, "" = open."""

    name: str
    currency: str
    group: str = ""
    valid_from: str = ""
    valid_to: str = ""


class ListPrice(Struct, frozen=True, kw_only=True):
    """An article's price in a price list, from a quantity on. The lowest step holds for less than one as well."""

    price_list: str
    article: str
    price_minor: int
    min_quantity: Decimal = Decimal(1)


class Promotion(Struct, frozen=True, kw_only=True):
    """A promotion: on which goods, when, where and for whom, and what it takes off.

    `articles` and `groups` (article groups) both empty mean everything. Days are ISO, inclusive; `weekdays` count from
    Monday = 1; `hours` are minutes of the local day, the end excluded, and may pass midnight (into the next weekday).

    x_for_y: of every `x` units `y` are paid in full, the cheapest get `percent` off (0 = free).
    percent, amount, fixed_price: `percent` off, `amount_minor` off each unit, or `amount_minor` for each unit.
    threshold_percent, threshold_amount: off what these goods, or the whole bill, come to from `threshold_minor` on.
    """

    code: str
    name: str
    kind: PromotionKind
    articles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    customer_group: str = ""
    valid_from: str = ""
    valid_to: str = ""
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, int] | None = None
    stores: tuple[str, ...] = ()
    x: int = 0
    y: int = 0
    percent: Decimal = Decimal(0)
    amount_minor: int = 0
    threshold_minor: int = 0
    stacks: bool = False

    @property
    def is_for_all_goods(self) -> bool:
        return not self.articles and not self.groups

    @property
    def is_bill_wide(self) -> bool:
        return self.kind in THRESHOLDS and self.is_for_all_goods

    @property
    def is_bundle(self) -> bool:
        return self.kind == "x_for_y" or (self.kind in THRESHOLDS and not self.is_for_all_goods)


class PromotionIndex:
    """All promotions, found by article and article group. Built once when the mirror changes, read at every scan.

    What `check_promotion` refuses is left out, so that a row which should never have left head office stops no sale;
    `left_out` names the codes.
    """

    def __init__(self, promotions: Iterable[Promotion] = ()) -> None:
        ordered = sorted(promotions, key=lambda promotion: promotion.code)
        self.all = tuple(promotion for promotion in ordered if _is_sound(promotion))
        self.left_out = tuple(promotion.code for promotion in ordered if promotion not in self.all)
        self._everywhere: list[Promotion] = []
        self._by_article: dict[str, list[Promotion]] = {}
        self._by_group: dict[str, list[Promotion]] = {}
        for promotion in self.all:
            self._add(promotion)

    def _add(self, promotion: Promotion) -> None:
        if promotion.is_for_all_goods and not promotion.is_bill_wide:
            self._everywhere.append(promotion)
        for article in dict.fromkeys(promotion.articles):
            self._by_article.setdefault(article, []).append(promotion)
        for group in dict.fromkeys(promotion.groups):
            self._by_group.setdefault(group, []).append(promotion)

    def on(self, article: str, group: str) -> list[Promotion]:
        """Return the promotions on an article, each once, in the order of their codes."""
        found = [
            source for source in (self._everywhere, self._by_article.get(article), self._by_group.get(group)) if source
        ]
        if len(found) <= 1:
            return found[0] if found else []
        once = {promotion.code: promotion for source in found for promotion in source}
        return [once[code] for code in sorted(once)]


def no_list_prices(_article: str) -> Sequence[ListPrice]:
    """Find no rows: for a shop without price lists."""
    return ()


class PriceContext(Struct, frozen=True, kw_only=True):
    """When, where and for whom prices are asked, and where they are found.

    `weekday` counts from Monday = 1, `minute_of_day` is local. `list_prices` returns an article's rows of all price
    lists (`dict.get` will do); rows of a list that `price_lists` does not name are ignored.
    """

    day: str
    minute_of_day: int
    weekday: int
    store: str
    customer_group: str = ""
    promotions: PromotionIndex
    price_lists: tuple[PriceList, ...] = ()
    list_prices: Callable[[str], Sequence[ListPrice] | None] = no_list_prices


@dataclass(slots=True)
class _Priced:
    """A line in the engine's hands: where it stands, its sum at list price, and the best offer found for it so far."""

    index: int
    line: Line
    list_minor: int
    base_minor: int
    unit_price_minor: int
    total_minor: int
    off_minor: int = 0
    reason: str = "list"
    why: str = ""
    is_taken: bool = False

    @property
    def gain_minor(self) -> int:
        return self.base_minor - self.total_minor

    def back_to_list(self) -> None:
        self.unit_price_minor, self.off_minor, self.total_minor = self.list_minor, 0, self.base_minor
        self.reason, self.why = "list", ""

    def at_price(self, unit_price_minor: int, price_list: str) -> None:
        """Let a price list decide."""
        self.unit_price_minor, self.total_minor = unit_price_minor, multiply(unit_price_minor, self.line.quantity)
        self.reason, self.why = "price_list", price_list

    def give(self, promotion: Promotion, off_minor: int) -> None:
        """Let one promotion on the list price decide."""
        self.unit_price_minor, self.off_minor = self.list_minor, off_minor
        self.total_minor = self.base_minor - off_minor
        self.reason, self.why = "promotion", promotion.name

    def add(self, promotion: Promotion, off_minor: int) -> None:
        """Put a promotion on top of what is there."""
        self.off_minor += off_minor
        self.total_minor -= off_minor
        self.reason = "promotion"
        self.why = f"{self.why} + {promotion.name}" if self.why else promotion.name


@dataclass(slots=True)
class _Bundle:
    """What a bundle would take off which lines, and what the customer gains over those lines' own offers."""

    promotion: Promotion
    offs: list[tuple[_Priced, int]]

    @property
    def gain_minor(self) -> int:
        """What the customer gains over the lines' own offers; below zero where those are better."""
        return sum(off - priced.gain_minor for priced, off in self.offs)


def reprice(basket: Basket, context: PriceContext) -> Basket:
    """Give every untouched line its price and automatic discount, and the bill its threshold.

    Lines with a price or discount by hand, without a list price, with a negative quantity or from a receipt stay as
    they are, and so does an order's basket. A bill discount by hand keeps bill thresholds away.
    """
    if basket.order is not None:
        return basket
    priced = [_at_list(index, line) for index, line in enumerate(basket.lines) if _is_open(line)]
    if context.price_lists:
        _price_lists(priced, basket.currency, context)
    live = [promotion for promotion in context.promotions.all if is_live(promotion, context)]
    if live:
        _promotions(priced, live, context.promotions)
    bill = _bill_threshold(basket, priced, live)
    lines = list(basket.lines)
    for each in priced:
        lines[each.index] = _written(each)
    return replace(basket, lines=tuple(lines), bill_discount=bill)


def is_live(promotion: Promotion, context: PriceContext) -> bool:
    """Tell whether a promotion holds now, here and for this customer."""
    return (
        _in_period(context.day, promotion.valid_from, promotion.valid_to)
        and (not promotion.weekdays or context.weekday in promotion.weekdays)
        and (promotion.hours is None or _in_hours(context.minute_of_day, *promotion.hours))
        and (not promotion.stores or context.store in promotion.stores)
        and promotion.customer_group in ("", context.customer_group)
    )


def _in_period(day: str, first: str, last: str) -> bool:
    return (not first or first <= day) and (not last or day <= last)


def _in_hours(minute: int, first: int, end: int) -> bool:
    return first <= minute < end if first < end else minute >= first or minute < end


def _is_open(line: Line) -> bool:
    """Tell whether a line is the engine's: goods at a list price that nobody has touched."""
    return (
        line.list_price_minor is not None
        and line.list_price_minor >= 0
        and line.price_reason in ENGINE_REASONS
        and line.kind == "goods"
        and line.returns is None
        and line.quantity > 0
        and (line.discount is None or line.discount.automatic)
    )


def _at_list(index: int, line: Line) -> _Priced:
    unit = line.list_price_minor or 0
    base = multiply(unit, line.quantity)
    return _Priced(index, line, unit, base, unit, base)


def _written(priced: _Priced) -> Line:
    """Return the line with the engine's decision on it; the same object where nothing changes."""
    off = priced.off_minor
    discount = Discount(amount_minor=off, reason=priced.why, automatic=True) if off else None
    line = priced.line
    present = (line.unit_price_minor, line.price_reason, line.why, line.discount)
    if present == (priced.unit_price_minor, priced.reason, priced.why, discount):
        return line
    return replace(
        line, unit_price_minor=priced.unit_price_minor, price_reason=priced.reason, why=priced.why, discount=discount
    )


# -- 1. a line's own best offer


def _price_lists(priced: list[_Priced], currency: str, context: PriceContext) -> None:
    """Give each line the lowest price of the lists that hold; a quantity step counts all lines of its article."""
    names = {each.name for each in context.price_lists if _list_holds(each, currency, context)}
    if not names:
        return
    quantities: dict[str, Decimal] = {}
    for each in priced:
        quantities[each.line.article] = quantities.get(each.line.article, Decimal(0)) + each.line.quantity
    for each in priced:
        _lowest(each, names, context.list_prices(each.line.article) or (), quantities[each.line.article])


def _list_holds(price_list: PriceList, currency: str, context: PriceContext) -> bool:
    return (
        price_list.currency == currency
        and price_list.group in ("", context.customer_group)
        and _in_period(context.day, price_list.valid_from, price_list.valid_to)
    )


def _lowest(priced: _Priced, names: set[str], rows: Sequence[ListPrice], quantity: Decimal) -> None:
    holding = [row for row in rows if row.price_list in names and row.min_quantity <= max(quantity, Decimal(1))]
    if not holding:
        return
    best = min(holding, key=lambda row: (row.price_minor, row.price_list))
    # What chosen options add is in the line's list price, but in no price list.
    price_minor = best.price_minor + priced.line.extras_minor
    if 0 <= price_minor < priced.list_minor:
        priced.at_price(price_minor, best.price_list)


def _promotions(priced: list[_Priced], live: list[Promotion], index: PromotionIndex) -> None:
    """Steps 1 to 3: each line's own best, then bundles, then what stacks."""
    codes = {promotion.code for promotion in live}
    members: dict[str, list[_Priced]] = {}
    stacking: list[tuple[_Priced, Promotion]] = []
    for each in priced:
        for promotion in index.on(each.line.article, each.line.group):
            if promotion.code not in codes:
                continue
            if promotion.is_bundle:
                members.setdefault(promotion.code, []).append(each)
            elif promotion.stacks:
                stacking.append((each, promotion))
            else:
                _offer(each, promotion)
    if members:
        _bundles([promotion for promotion in live if promotion.code in members], members)
    for each, promotion in stacking:
        if off := _off(promotion, each, each.total_minor):
            each.add(promotion, off)


def _offer(priced: _Priced, promotion: Promotion) -> None:
    """Take a promotion where it brings more than what the line has; promotions come in the order of their codes."""
    off = _off(promotion, priced, priced.base_minor)
    if off > priced.gain_minor:
        priced.give(promotion, off)


def _off(promotion: Promotion, priced: _Priced, rest_minor: int) -> int:
    """Return what a promotion on single lines takes off `rest_minor`: from nothing to all of it."""
    if promotion.kind == "percent":
        return _share(rest_minor, promotion.percent)
    if promotion.kind == "amount":
        return min(multiply(promotion.amount_minor, priced.line.quantity), rest_minor)
    # A fixed price is the bare article's: what options add comes on top.
    fixed_minor = multiply(promotion.amount_minor + priced.line.extras_minor, priced.line.quantity)
    return max(rest_minor - max(fixed_minor, 0), 0)


def _share(amount_minor: int, percent: Decimal) -> int:
    numerator, denominator = percent.as_integer_ratio()
    return half_up(amount_minor * numerator, denominator * 100)


# -- 2. bundles: greedily, the one that brings most first, ties to the lower code


def _bundles(promotions: list[Promotion], members: dict[str, list[_Priced]]) -> None:
    waiting = [_bundle(promotion, members[promotion.code]) for promotion in promotions]
    while waiting:
        best = min(waiting, key=lambda bundle: (-bundle.gain_minor, bundle.promotion.code))
        if best.gain_minor <= 0:
            return
        for priced, off in best.offs:
            priced.give(best.promotion, off)
            priced.is_taken = True
        waiting = [_without_taken(bundle, members) for bundle in waiting if bundle is not best]


def _without_taken(bundle: _Bundle, members: dict[str, list[_Priced]]) -> _Bundle:
    if any(priced.is_taken for priced, _ in bundle.offs):
        return _bundle(bundle.promotion, members[bundle.promotion.code])
    return bundle


def _bundle(promotion: Promotion, members: list[_Priced]) -> _Bundle:
    """Return what a bundle takes off the lines that no other bundle has taken."""
    free = [priced for priced in members if not priced.is_taken]
    offs = _x_for_y(promotion, free) if promotion.kind == "x_for_y" else _goods_threshold(promotion, free)
    return _Bundle(promotion, offs)


def _x_for_y(promotion: Promotion, lines: list[_Priced]) -> list[tuple[_Priced, int]]:
    """Make groups of x units from the dearest down; the cheapest of each group are reduced, on their own lines.

    Lines all of whose units are left over take no part. Ties go to the earlier line.
    """
    counted = [priced for priced in lines if _units(priced.line)]
    counted.sort(key=lambda priced: (-priced.list_minor, priced.index))
    grouped = sum(_units(priced.line) for priced in counted) // promotion.x * promotion.x
    offs, start = [], 0
    for priced in counted:
        end = min(start + _units(priced.line), grouped)
        if start >= end:
            break
        reduced = _reduced(end, promotion) - _reduced(start, promotion)
        # Rounded per unit, so that a line cut in two comes to the same.
        offs.append((priced, reduced * _share(priced.list_minor, promotion.percent or Decimal(100))))
        start = end
    return offs


def _units(line: Line) -> int:
    """Return how many units a line counts for: none where it is weighed or measured."""
    return int(line.quantity) if line.unit in COUNTED_UNITS and line.quantity == int(line.quantity) else 0


def _reduced(units: int, promotion: Promotion) -> int:
    """Return how many of the first units are reduced: the last x − y of every x."""
    groups, rest = divmod(units, promotion.x)
    return groups * (promotion.x - promotion.y) + max(rest - promotion.y, 0)


def _goods_threshold(promotion: Promotion, lines: list[_Priced]) -> list[tuple[_Priced, int]]:
    bases = [priced.base_minor for priced in lines]
    off = _threshold_off(promotion, sum(bases))
    return list(zip(lines, allocate(off, bases), strict=True)) if off else []


def _threshold_off(promotion: Promotion, sum_minor: int) -> int:
    if sum_minor < promotion.threshold_minor or sum_minor <= 0:
        return 0
    if promotion.kind == "threshold_percent":
        return _share(sum_minor, promotion.percent)
    return min(promotion.amount_minor, sum_minor)


# -- 4. the bill


def _bill_threshold(basket: Basket, priced: list[_Priced], live: list[Promotion]) -> Discount | None:
    """Return the bill's discount: a person's own, or the best threshold; lines give way where that is cheaper."""
    present = basket.bill_discount
    if present is not None and not present.automatic:
        return present
    thresholds = [promotion for promotion in live if promotion.is_bill_wide]
    if not thresholds:
        return None
    others = _goods_minor(_not_ours(basket, priced))
    offered = others + sum(each.total_minor for each in priced)
    listed = others + sum(each.base_minor for each in priced)
    best, best_off, best_total = None, 0, offered
    for promotion in thresholds:
        before = offered if promotion.stacks else listed
        off = _threshold_off(promotion, before)
        if off and before - off < best_total:
            best, best_off, best_total = promotion, off, before - off
    if best is None:
        return None
    if not best.stacks:
        for each in priced:
            each.back_to_list()
    return Discount(amount_minor=best_off, reason=best.name, automatic=True)


def _not_ours(basket: Basket, priced: list[_Priced]) -> list[Line]:
    ours = {each.index for each in priced}
    return [line for index, line in enumerate(basket.lines) if index not in ours]


def _goods_minor(lines: Iterable[Line]) -> int:
    """Return what the goods among lines come to: deposits, tips and vouchers reach no threshold."""
    sums = [(multiply(line.unit_price_minor, line.quantity), line) for line in lines if line.kind == "goods"]
    return sum(base - discount_of(base, line.discount) for base, line in sums)


# -- what head office checks before a promotion or price list goes out


def check_promotion(promotion: Promotion) -> Promotion:
    """Return a promotion that can be worked with. Raises Refused("bad_promotion") naming what is wrong."""
    if not promotion.code.strip() or not promotion.name.strip():
        raise _bad("A promotion needs a code and a name; customers read the name.")
    _check_period(promotion.valid_from, promotion.valid_to)
    if any(not 1 <= day <= 7 for day in promotion.weekdays):
        raise _bad("A weekday is a number from 1, Monday, to 7, Sunday.")
    if promotion.hours is not None:
        _check_hours(*promotion.hours)
    _check_off(promotion)
    if promotion.stacks and promotion.is_bundle:
        raise _bad("Only promotions on single lines and on the whole bill can stack.")
    return promotion


def _is_sound(promotion: Promotion) -> bool:
    try:
        check_promotion(promotion)
    except Refused:
        return False
    return True


def _check_off(promotion: Promotion) -> None:
    percent = promotion.percent
    if not percent.is_finite() or not 0 <= percent <= 100:
        raise _bad("A percentage is between 0 and 100.")
    if promotion.kind in ("percent", "threshold_percent") and not percent:
        raise _bad("Nothing would be off: give a percentage.")
    if promotion.kind == "fixed_price" and promotion.amount_minor < 0:
        raise _bad("A price is not negative.")
    if promotion.kind in ("amount", "threshold_amount") and promotion.amount_minor <= 0:
        raise _bad("Nothing would be off: give an amount.")
    if promotion.kind in THRESHOLDS and promotion.threshold_minor <= 0:
        raise _bad("A threshold is an amount above zero.")
    if promotion.kind == "x_for_y" and not 0 < promotion.y < promotion.x <= X_MAX:
        raise _bad(f"x for y needs fewer paid than taken units, and at most {X_MAX}: 3 for 2, for example.")


def check_price_list(price_list: PriceList) -> PriceList:
    """Return a price list that can be worked with. Raises Refused("bad_promotion") naming what is wrong."""
    if not price_list.name.strip() or not price_list.currency:
        raise _bad("A price list needs a name and a currency.")
    _check_period(price_list.valid_from, price_list.valid_to)
    return price_list


def _check_period(first: str, last: str) -> None:
    for day in (first, last):
        if day and not _is_day(day):
            raise _bad(f"“{day[:40]}” is not a day. Write it like 2026-12-24.")
    if first and last and last < first:
        raise _bad("The last day lies before the first.")


def _is_day(text: str) -> bool:
    # fromisoformat also reads weeks and days without dashes, which do not sort as text.
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _check_hours(first: int, end: int) -> None:
    if not (0 <= first < MINUTES_OF_DAY and 0 < end <= MINUTES_OF_DAY and first != end):
        raise _bad("Hours are two different minutes of a day.")


def _bad(message: str) -> Refused:
    return Refused("bad_promotion", message)
