"""The sale in hand: its basket and the payments taken so far, as it is saved at every change. Values in, values out.

Rights are asked by the caller (till.permissions); what a basket can hold is decided in schema.basket.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schema.basket import Basket, Discount, Line, Totals, line_at, price
from schema.catalogue import Article, Choice, PastPayment, StoreSettings
from schema.events import Payment, VoidRef
from schema.money import WHOLE_DIGITS_MAX, half_up
from schema.orders import OpenOrder
from schema.parties import OpenItem, Right
from schema.quantity import check_quantity, multiply
from schema.tax import TaxRate
from schema.text import without_controls
from till.words import RefusedInWords

CURRENT = "current"
# Of lines that are no turnover: a voucher, a tip, an open item.
NO_TAX = "none"
AMOUNT_MINOR_MAX = 10**WHOLE_DIGITS_MAX - 1
NOTE_LENGTH_MAX = 200


class Sale(Struct, frozen=True, kw_only=True):
    """What the draft holds. `payments` are money already taken; `customer_name` is for the screen and the receipt.

    `voids` makes it a counter-receipt: its lines are another receipt's, negated. `customer_group` decides prices.
    `taken` is the order in the basket as it was when it was taken, `refunds` how the receipts were paid whose goods
    come back. `ages_open` are the articles whose buyer's age is still to be checked, `age_passed` the highest age that
    was shown; `suggested`: what goes well with the goods has been offered once.
    """

    sale_id: str
    started_ms: int
    basket: Basket
    payments: tuple[Payment, ...] = ()
    customer_name: str = ""
    cashier: str = ""
    voids: VoidRef | None = None
    # What a void takes back of its receipt's cash rounding: decided then, so it is due like the lines.
    cash_rounding_minor: int = 0
    customer_group: str = ""
    taken: OpenOrder | None = None
    refunds: tuple[PastPayment, ...] = ()
    ages_open: tuple[str, ...] = ()
    age_passed: int = 0
    suggested: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.basket.lines and not self.payments


class Sums(Struct, frozen=True, kw_only=True):
    """A sale's totals and what is left to pay."""

    totals: Totals
    paid_minor: int
    due_minor: int


_DECODER = msgspec.json.Decoder(Sale)


def encode_sale(sale: Sale) -> bytes:
    return msgspec.json.encode(sale)


def decode_sale(data: bytes) -> Sale:
    """Read a draft. Raises msgspec.DecodeError for anything else."""
    return _DECODER.decode(data)


def new_sale(sale_id: str, started_ms: int, currency: str) -> Sale:
    return Sale(sale_id=sale_id, started_ms=started_ms, basket=Basket(currency=currency))


def sums(sale: Sale) -> Sums:
    """Price a sale: due = total + a void's rounding − what was paid on the order before − payments taken now."""
    totals = price(sale.basket)
    before = sale.basket.order.paid_minor if sale.basket.order else 0
    paid = sum(payment.amount_minor for payment in sale.payments)
    due = totals.total_minor + sale.cash_rounding_minor - before - paid
    return Sums(totals=totals, paid_minor=before + paid, due_minor=due)


def with_basket(sale: Sale, basket: Basket) -> Sale:
    """Return the sale with a changed basket.

    Raises Refused where money was taken for it already, or where its lines are an order's.
    """
    if sale.payments:
        raise RefusedInWords("sale_part_paid", "Part of this sale is paid. Take the rest; then begin the next one.")
    if sale.voids is not None:
        raise RefusedInWords(
            "void_fixed",
            "This is the void of receipt {receipt}: all of it is taken back. Pay it out, or cancel it.",
            receipt=sale.voids.receipt,
        )
    if sale.basket.order is not None:
        raise RefusedInWords(
            "order_fixed",
            "This basket is order {number}, at its prices as ordered. Pay it, or cancel it and sell without the order.",
            number=sale.basket.order.number,
        )
    return replace(sale, basket=basket)


def line_of(article: Article, quantity: Decimal, rate: TaxRate, *, choices: Sequence[Choice] = ()) -> Line:
    """Return an article's line at its list price, with what the chosen options add to it."""
    extras_minor = sum(choice.price_minor for choice in choices)
    price_minor = max(article.price_minor + extras_minor, 0)
    return Line(
        article=article.number,
        name=article.name,
        quantity=quantity,
        unit=article.unit,
        unit_price_minor=price_minor,
        list_price_minor=price_minor,
        tax_code=article.tax_code,
        tax_percent=rate.percent,
        group=article.group,
        options=tuple(choice.name for choice in choices),
        extras_minor=extras_minor,
    )


def labelled_line(article: Article, label_minor: int, quantity: Decimal, rate: TaxRate) -> Line:
    """Return the line of a label that carries its own price: what it comes to is what the label says, to the cent.

    By weight, the quantity is the price divided by that of a kilogram; where no weight of whole grams comes to the
    label's price, the bag is one piece.
    """
    line = replace(line_of(article, quantity, rate), list_price_minor=None, price_reason="code")
    if article.unit != "kg" or article.price_minor <= 0:
        return replace(line, unit_price_minor=label_minor)
    weight = Decimal(half_up(label_minor * 1000, article.price_minor)).scaleb(-3)
    if weight > 0:
        for unit_minor in (article.price_minor, half_up(label_minor * 1000, int(weight * 1000))):
            if multiply(unit_minor, weight) == label_minor:
                return replace(line, unit_price_minor=unit_minor, quantity=check_quantity(weight * quantity))
    return replace(line, unit_price_minor=label_minor, unit="piece")


def voucher_line(article: Article, amount_minor: int, code: str) -> Line:
    """Return the line of a voucher that is issued: worth its price, taxed when it is redeemed. Raises Refused."""
    if check_amount(amount_minor) == 0:
        raise RefusedInWords("bad_amount", "Type the amount of the voucher first.")
    return Line(
        article=article.number,
        name=article.name,
        quantity=Decimal(1),
        unit_price_minor=amount_minor,
        tax_code=NO_TAX,
        tax_percent=Decimal(0),
        kind="voucher",
        group=article.group,
        reference=code,
    )


def open_item_line(item: OpenItem, name: str) -> Line:
    """Return the line by which a customer pays what an earlier sale left open."""
    return Line(
        article="",
        name=name,
        quantity=Decimal(1),
        unit_price_minor=check_amount(item.open_minor),
        tax_code=NO_TAX,
        tax_percent=Decimal(0),
        kind="open_item",
        reference=item.reference,
    )


def text_line(text: str, price_minor: int, quantity: Decimal, rate: TaxRate) -> Line:
    """Return a line without an article. Raises Refused for an empty text or a negative price."""
    name = without_controls(text).strip()[:80]
    if not name:
        raise RefusedInWords("bad_text", "A line without an article needs a text that says what is sold.")
    return Line(
        article="",
        name=name,
        quantity=quantity,
        unit_price_minor=check_amount(price_minor),
        tax_code=rate.code,
        tax_percent=rate.percent,
        price_reason="manual",
    )


def right_for_quantity(quantity: Decimal) -> Right:
    """Tell which right a quantity needs: goods that come back need more than goods that go."""
    return "negative_line" if quantity < 0 else "sell"


def check_amount(amount_minor: object) -> int:
    """Return an amount of minor units that is not negative. Raises Refused("bad_amount") for anything else."""
    if isinstance(amount_minor, bool) or not isinstance(amount_minor, int):
        raise RefusedInWords("bad_amount", "“{text}” is not an amount. Type a number.", text=str(amount_minor)[:40])
    if not 0 <= amount_minor <= AMOUNT_MINOR_MAX:
        raise RefusedInWords("bad_amount", "An amount is between zero and ten digits. Type it again.")
    return amount_minor


def percent_off(text: str, reason: str, settings: StoreSettings) -> Discount | None:
    """Read a percentage off; zero is no discount. Raises Refused("bad_discount") for text or more than allowed."""
    try:
        percent = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise _bad_percent(settings) from None
    if not percent.is_finite() or not 0 <= percent <= settings.discount_percent_max:
        raise _bad_percent(settings)
    return Discount(percent=percent, reason=without_controls(reason)[:80]) if percent else None


def amount_off(amount_minor: int, base_minor: int, reason: str, settings: StoreSettings) -> Discount | None:
    """Read an amount off; zero is no discount. Raises Refused("bad_discount") for more than the store allows."""
    if not check_amount(amount_minor):
        return None
    if amount_minor * 100 > abs(base_minor) * settings.discount_percent_max:
        raise RefusedInWords(
            "bad_discount",
            "A discount is at most {percent} percent here.",
            percent=settings.discount_percent_max,
        )
    return Discount(amount_minor=amount_minor, reason=without_controls(reason)[:80])


def base_of(basket: Basket, index: int) -> int:
    """Return a line's sum before its discount. Raises Refused("unknown_line")."""
    line_at(basket, index)
    return price(basket).lines[index].base_minor


def clean_note(text: str) -> str:
    return without_controls(text).strip()[:NOTE_LENGTH_MAX]


def _bad_percent(settings: StoreSettings) -> RefusedInWords:
    return RefusedInWords(
        "bad_discount",
        "A discount is a number between 0 and {percent} percent.",
        percent=settings.discount_percent_max,
    )
