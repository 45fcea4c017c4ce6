"""The sale screen: basket left, keypad, quick keys right, total and *Pay* largest of all."""

import functools
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import (
    Basket,
    Discount,
    Line,
    PricedLine,
    add_line,
    change_price,
    change_quantity,
    discount_bill,
    discount_line,
    note_line,
    price,
    remove_line,
)
from schema.catalogue import Article, QuickKey, QuickKeyPage
from schema.errors import CounterfoilError, Refused
from schema.events import SaleDropped
from schema.parties import Cashier, Customer
from schema.quantity import parse_quantity
from schema.tax import TaxRate, TaxSum
from till.checkout import check_payable
from till.desk import Desk
from till.journal.tables import DROP_DRAFT
from till.keypad import TIMES, shown, typed
from till.presenters.paper import Paper
from till.presenters.screen import Screen, told
from till.receipts import percent_text, quantity_text
from till.register import (
    CURRENT,
    amount_off,
    base_of,
    check_amount,
    clean_note,
    line_of,
    percent_off,
    right_for_quantity,
    sums,
    text_line,
)
from till.scanning import Goods, find
from till.words import RefusedInWords

# A page of quick keys is a fixed pool of buttons; a page with more keys is cut into several.
KEYS_PER_PAGE = 20
HITS_MAX = 30


NoticeKind = Literal["none", "added", "unknown", "error"]
REASONS = {"manual": "price set by hand", "order": "price as ordered"}


class LineState(Struct, frozen=True, kw_only=True):
    """One line of the basket. `index` counts from 0 and is what the actions take."""

    index: int
    article: str
    name: str
    quantity: str
    unit: str
    unit_price_minor: int
    unit_price_text: str
    discount_minor: int
    discount_text: str
    total_minor: int
    total_text: str
    tax_code: str
    # Why this price: empty for the list price.
    reason: str = ""
    note: str = ""


class TaxState(Struct, frozen=True, kw_only=True):
    code: str
    rate_text: str
    net_text: str
    tax_text: str
    gross_text: str


class KeyState(Struct, frozen=True, kw_only=True):
    """One quick key."""

    article: str
    label: str
    price_text: str


class Hit(Struct, frozen=True, kw_only=True):
    """An article found by type-ahead."""

    article: str
    name: str
    group: str
    price_minor: int
    price_text: str


class CustomerHit(Struct, frozen=True, kw_only=True):
    number: str
    name: str
    company: str
    city: str


class Notice(Struct, frozen=True, kw_only=True):
    """The line under the basket: what was read last and what came of it. An unknown barcode stays here."""

    kind: NoticeKind = "none"
    text: str = ""


class SaleState(Struct, frozen=True, kw_only=True):
    """All that the screen shows. `keypad` is the pending entry as typed, e.g. "3 ×"; `changed` the line to show."""

    lines: tuple[LineState, ...] = ()
    selected: int = -1
    changed: int = -1
    currency: str = ""
    total_minor: int = 0
    total_text: str = ""
    count_text: str = ""
    bill_discount_minor: int = 0
    bill_discount_text: str = ""
    taxes: tuple[TaxState, ...] = ()
    paid_minor: int = 0
    paid_text: str = ""
    due_minor: int = 0
    due_text: str = ""
    keypad: str = ""
    pages: tuple[str, ...] = ()
    page: int = 0
    keys: tuple[KeyState, ...] = ()
    search_text: str = ""
    hits: tuple[Hit, ...] = ()
    customer: str = ""
    customer_name: str = ""
    customer_hits: tuple[CustomerHit, ...] = ()
    order_text: str = ""
    notice: Notice = Notice()
    may_pay: bool = False
    # Asked after *Cancel*: empty while nothing is asked.
    question: str = ""
    empty_text: str = ""


class SalePresenter(Screen[SaleState]):
    def __init__(self, desk: Desk, paper: Paper) -> None:
        super().__init__(desk, SaleState())
        self._paper = paper
        self._entry = ""
        self._pages: tuple[KeyPage, ...] = ()

    @told
    def enter(self) -> None:
        """Read the quick keys anew and show the sale in hand."""
        self._pages = key_pages(self.desk.parts.mirror.quick_keys())
        self._show(question="", changed=-1)
        self.show_page(min(self.state.page, max(len(self._pages) - 1, 0)))

    # -- adding

    @told
    def scan(self, code: str) -> None:
        """Take a barcode as the scanner sends it; a typed "3 ×" multiplies it."""
        try:
            self.desk.ready_to_sell()
            read = find(code, self.desk.parts.mirror, self.desk.settings())
        except CounterfoilError as error:
            self._entry = ""
            kind: NoticeKind = "unknown" if error.code == "unknown_barcode" else "error"
            self._show(notice=Notice(kind=kind, text=self.desk.words.of_error(error)))
            raise
        found = read.articles if isinstance(read, Goods) else ()
        if len(found) == 1:
            self._add_article(found[0], "")
            return
        text = self.desk.words("{count} articles carry this barcode. Choose one.", count=len(found))
        self._show(hits=tuple(self._hit(article) for article in found), notice=Notice(kind="error", text=text))

    @told
    def add(self, article: str, quantity: str = "") -> None:
        """Add an article by its number; without a quantity the typed "3 ×" or 1 counts."""
        self.desk.ready_to_sell()
        self._add_article(self.desk.parts.mirror.article(article), quantity)

    @told
    def add_text(self, text: str, unit_price_minor: int, tax_code: str, quantity: str = "1") -> None:
        """Add a free-text line (right: override_price)."""
        self.desk.ready_to_sell()
        rate = self._rate(tax_code)
        line = text_line(text, unit_price_minor, parse_quantity(quantity), rate)
        self.desk.with_right("override_price", lambda: self._add_line(line), self.fail)

    def _add_article(self, article: Article, quantity: str) -> None:
        amount = parse_quantity(quantity) if quantity else self._multiplier()
        line = line_of(article, amount, self._rate(article.tax_code))
        self.desk.with_right(right_for_quantity(amount), lambda: self._add_line(line), self.fail)

    def _add_line(self, line: Line) -> None:
        basket, index = add_line(self.desk.sale.basket, line)
        self._entry = ""
        name = self.desk.words("{name} added", name=line.name)
        self._change(basket, changed=index, notice=Notice(kind="added", text=name), hits=(), search_text="")

    def _rate(self, tax_code: str) -> TaxRate:
        settings = self.desk.settings()
        return self.desk.parts.mirror.rate(tax_code, settings.country, self.desk.today())

    def _multiplier(self) -> Decimal:
        entry, times, _ = self._entry.partition(TIMES)
        return parse_quantity(entry) if times and entry.strip() else Decimal(1)

    # -- quick keys and search

    def quick_key(self, position: int) -> None:
        """Touch a quick key of the shown page."""
        if 0 <= position < len(self.state.keys):
            self.add(self.state.keys[position].article)

    @told
    def show_page(self, page: int) -> None:
        """Show another page of quick keys."""
        shown_page = page if 0 <= page < len(self._pages) else 0
        keys = tuple(self._key(key) for key in self._pages[shown_page].keys) if self._pages else ()
        pages = tuple(each.name for each in self._pages)
        self.show(replace(self.state, pages=pages, page=shown_page, keys=tuple(key for key in keys if key)))

    def _key(self, key: QuickKey) -> KeyState | None:
        """A key whose article is gone or blocked is not shown: it could only disappoint."""
        try:
            article = self.desk.parts.mirror.article(key.article)
        except Refused:
            return None
        label = key.label or article.short_name or article.name
        return KeyState(article=article.number, label=label, price_text=self.desk.amount(article.price_minor))

    @told
    def search(self, text: str) -> None:
        """Find articles while typing: words of the name, number, barcode. Empty text closes the list."""
        found = self.desk.parts.mirror.search(text, HITS_MAX) if text.strip() else []
        self.show(replace(self.state, search_text=text, hits=tuple(self._hit(article) for article in found)))

    def _hit(self, article: Article) -> Hit:
        return Hit(
            article=article.number,
            name=article.name,
            group=article.group,
            price_minor=article.price_minor,
            price_text=self.desk.amount(article.price_minor),
        )

    def pick(self, position: int) -> None:
        """Add the article at a position of the hits and close the list."""
        if 0 <= position < len(self.state.hits):
            self.add(self.state.hits[position].article)

    # -- keypad

    @told
    def key(self, key: str) -> None:
        """Type on the keypad: digits, "00", ".", "times", "back", "clear", "enter" (enter looks the entry up)."""
        match key:
            case "times":
                self._entry = f"{self._entry} {TIMES} " if self._entry and TIMES not in self._entry else self._entry
            case "enter":
                self._look_up()
                return
            case _:
                self._entry = typed(self._entry, key)
        self.show(replace(self.state, keypad=self._keypad()))

    def _look_up(self) -> None:
        """Take the entry for an article's number first, for a barcode where there is no such article."""
        multiplier, times, code = self._entry.rpartition(TIMES)
        if not (code := code.strip()):
            return
        self._entry = f"{multiplier}{times}" if times else ""
        try:
            article = self.desk.parts.mirror.article(code)
        except Refused:
            self.scan(code)
            return
        self.desk.ready_to_sell()
        self._add_article(article, "")

    def _keypad(self) -> str:
        return shown(self._entry, self.desk.words.language)

    # -- lines

    def select(self, index: int) -> None:
        """Mark a line; the same again takes the mark off."""
        there = 0 <= index < len(self.state.lines) and index != self.state.selected
        self.show(replace(self.state, selected=index if there else -1))

    @told
    def quantity_from_keypad(self) -> None:
        """Set the selected (or last) line's quantity to the keypad's entry."""
        index = self.state.selected if self.state.selected >= 0 else len(self.state.lines) - 1
        entry, self._entry = self._entry.partition(TIMES)[0].strip(), ""
        self.show(replace(self.state, keypad=""))
        self.change_quantity(index, entry)

    @told
    def change_quantity(self, index: int, quantity: str) -> None:
        """Set a line's quantity; a negative one needs the right negative_line."""
        self.desk.ready_to_sell()
        amount = parse_quantity(quantity)
        basket = change_quantity(self.desk.sale.basket, index, amount)
        change = functools.partial(self._change, basket, changed=index)
        self.desk.with_right(right_for_quantity(amount), change, self.fail)

    @told
    def change_price(self, index: int, unit_price_minor: int) -> None:
        """Override a line's price (right: override_price)."""
        self.desk.ready_to_sell()
        basket = change_price(self.desk.sale.basket, index, check_amount(unit_price_minor))
        self.desk.with_right("override_price", functools.partial(self._change, basket, changed=index), self.fail)

    @told
    def remove(self, index: int) -> None:
        """Take a line off."""
        self.desk.ready_to_sell()
        self._change(remove_line(self.desk.sale.basket, index), selected=-1)

    @told
    def discount_percent(self, index: int, percent: str, reason: str = "") -> None:
        """Give a line a percentage off; "0" takes its discount back."""
        self._discount_line(index, percent_off(percent, reason, self.desk.settings()))

    @told
    def discount_amount(self, index: int, amount_minor: int, reason: str = "") -> None:
        """Give a line an amount off; 0 takes its discount back."""
        base = base_of(self.desk.sale.basket, index)
        self._discount_line(index, amount_off(amount_minor, base, reason, self.desk.settings()))

    def _discount_line(self, index: int, discount: Discount | None) -> None:
        self.desk.ready_to_sell()
        basket = discount_line(self.desk.sale.basket, index, discount)
        self.desk.with_right("discount", functools.partial(self._change, basket, changed=index), self.fail)

    @told
    def note(self, index: int, text: str) -> None:
        """Write a note under a line; it is printed."""
        self.desk.ready_to_sell()
        self._change(note_line(self.desk.sale.basket, index, clean_note(text)), changed=index)

    @told
    def bill_discount_percent(self, percent: str, reason: str = "") -> None:
        """Give the whole bill a percentage off; "0" takes it back."""
        self._discount_bill(percent_off(percent, reason, self.desk.settings()))

    @told
    def bill_discount_amount(self, amount_minor: int, reason: str = "") -> None:
        """Give the whole bill an amount off; 0 takes it back."""
        whole = price(replace(self.desk.sale.basket, bill_discount=None)).total_minor
        self._discount_bill(amount_off(amount_minor, whole, reason, self.desk.settings()))

    def _discount_bill(self, discount: Discount | None) -> None:
        self.desk.ready_to_sell()
        basket = discount_bill(self.desk.sale.basket, discount)
        self.desk.with_right("discount", functools.partial(self._change, basket), self.fail)

    # -- customer

    @told
    def find_customer(self, text: str) -> None:
        """Search customers by name, company, town, number or card; fills `customer_hits`."""
        mirror = self.desk.parts.mirror
        self.desk.runner.run(lambda: mirror.customers(text, HITS_MAX), self._found_customers, self.fail, lane="agent")

    def _found_customers(self, found: list[Customer]) -> None:
        hits = tuple(
            CustomerHit(number=each.number, name=each.name, company=each.company, city=each.city) for each in found
        )
        self.show(replace(self.state, customer_hits=hits))

    @told
    def choose_customer(self, number: str) -> None:
        """Put a customer on the sale; empty takes the customer off."""
        self.desk.ready_to_sell()
        customer = self.desk.parts.mirror.customer(number) if number else None
        self.desk.change_basket(replace(self.desk.sale.basket, customer=number))
        name = (customer.company or customer.name) if customer else ""
        self.desk.take_sale(replace(self.desk.sale, customer_name=name))
        self.desk.save_draft(self.fail)
        self._show(customer_hits=())

    # -- the whole

    def ask_cancel(self) -> None:
        """Ask whether the basket shall be dropped; fills `question`."""
        if self.state.lines:
            text = self.desk.words("Drop this basket of {amount}?", amount=self.state.total_text)
            self.show(replace(self.state, question=text))

    def keep(self) -> None:
        """Answer the question with no."""
        self.show(replace(self.state, question=""))

    @told
    def cancel(self) -> None:
        """Drop the basket. Refused while it holds money that was taken."""
        cashier, sale, parts = self.desk.ready_to_sell(), self.desk.sale, self.desk.parts
        self.desk.check_free()
        if sale.payments:
            raise RefusedInWords(
                "sale_part_paid", "Part of this sale is paid. Give the money back first, or take the rest."
            )
        if sale.is_empty:
            self._show(question="")
            return
        body = SaleDropped(
            sale_id=sale.sale_id,
            cashier=cashier.number,
            currency=sale.basket.currency,
            total_minor=sums(sale).totals.total_minor,
            lines=len(sale.basket.lines),
        )

        def drop() -> None:
            parts.cards.check_clear(sale)
            parts.journal.append(body, (DROP_DRAFT, (CURRENT,)))

        self.desk.runner.run(drop, lambda _: self._dropped(), self.fail)

    def _dropped(self) -> None:
        self.desk.take_sale(None)
        self._entry = ""
        self._show(question="", selected=-1, changed=-1, notice=Notice(), hits=(), search_text="", customer_hits=())

    @told
    def pay(self) -> None:
        """Go to `pay`."""
        self.desk.ready_to_sell()
        check_payable(self.desk.sale)
        self.go("pay")

    @told
    def supervisor(self, pin: str) -> None:
        """Lift the next action once by a supervisor's PIN."""
        desk, cashier = self.desk, self.desk.signed_in()
        pins = desk.parts.pins

        def lifted(supervisor: Cashier) -> None:
            desk.lift(supervisor)
            text = desk.words("{name} allows the next action. Do it again now.", name=supervisor.name)
            self.say("info", text, code="lifted")

        desk.runner.run(lambda: pins.check_supervisor(pin, None, cashier.number), lifted, self.fail)

    @told
    def open_drawer(self, reason: str) -> None:
        """Open the drawer without a sale (right: open_drawer)."""
        self.desk.with_right("open_drawer", lambda: self._paper.open_drawer_by_hand(reason, self), self.fail)

    # -- showing

    def _change(self, basket: Basket, **shown_fields: Any) -> None:
        self.desk.change_basket(basket)
        self.desk.save_draft(self.fail)
        self._show(**shown_fields)

    def _show(self, **fields: Any) -> None:
        self.show(replace(self.state, **(sale_fields(self.desk) | {"keypad": self._keypad()} | fields)))


class KeyPage(Struct, frozen=True, kw_only=True):
    """A tab of at most KEYS_PER_PAGE keys."""

    name: str
    keys: tuple[QuickKey, ...]


def key_pages(pages: list[QuickKeyPage]) -> tuple[KeyPage, ...]:
    """Cut pages to the pool of buttons; a page that was cut is numbered."""
    found: list[KeyPage] = []
    for page in pages:
        parts = [page.keys[start : start + KEYS_PER_PAGE] for start in range(0, len(page.keys), KEYS_PER_PAGE)] or [()]
        for number, keys in enumerate(parts, 1):
            found.append(KeyPage(name=page.name if number == 1 else f"{page.name} {number}", keys=keys))
    return tuple(found)


def sale_fields(desk: Desk) -> dict[str, Any]:
    """Return what the sale in hand puts into the state."""
    sale, words = desk.sale, desk.words
    found = sums(sale)
    totals = found.totals
    basket = sale.basket
    count = sum((abs(line.quantity) if line.unit == "piece" else 1 for line in basket.lines), Decimal(0))
    order = words("Order {number}, as ordered", number=basket.order.number) if basket.order else ""
    bill = totals.bill_discount_minor
    return {
        "lines": tuple(line_state(index, priced, desk) for index, priced in enumerate(totals.lines)),
        "currency": basket.currency,
        "total_minor": totals.total_minor,
        "total_text": desk.amount(totals.total_minor),
        "count_text": words("{count} articles", count=f"{count:f}") if basket.lines else "",
        "bill_discount_minor": bill,
        "bill_discount_text": desk.amount(-bill) if bill else "",
        "taxes": tuple(tax_state(row, desk) for row in totals.taxes),
        "paid_minor": found.paid_minor,
        "paid_text": desk.amount(found.paid_minor) if found.paid_minor else "",
        "due_minor": found.due_minor,
        "due_text": desk.amount(found.due_minor),
        "customer": basket.customer,
        "customer_name": sale.customer_name,
        "order_text": order,
        "may_pay": bool(basket.lines),
        "empty_text": "" if basket.lines else words("Scan an article, search for it, or touch a key."),
    }


def line_state(index: int, priced: PricedLine, desk: Desk) -> LineState:
    """Return a line as the screen shows it."""
    line, words = priced.line, desk.words
    discount = ""
    if priced.discount_minor:
        given = line.discount
        percent = given.percent if given else None
        share = f"−{percent_text(percent, words)}" if percent is not None else words("Discount")
        reason = f" {given.reason}" if given and given.reason else ""
        discount = f"{share}{reason}  {desk.amount(-priced.discount_minor)}"
    return LineState(
        index=index,
        article=line.article,
        name=line.name,
        quantity=quantity_text(line.quantity, line.unit, words),
        unit=line.unit,
        unit_price_minor=line.unit_price_minor,
        unit_price_text=desk.amount(line.unit_price_minor),
        discount_minor=priced.discount_minor,
        discount_text=discount,
        total_minor=priced.base_minor - priced.discount_minor,
        total_text=desk.amount(priced.base_minor - priced.discount_minor),
        tax_code=line.tax_code,
        reason=words(REASONS[line.price_reason]) if line.price_reason in REASONS else "",
        note=line.note,
    )


def tax_state(row: TaxSum, desk: Desk) -> TaxState:
    return TaxState(
        code=row.code,
        rate_text=percent_text(row.percent, desk.words),
        net_text=desk.amount(row.net_minor),
        tax_text=desk.amount(row.tax_minor),
        gross_text=desk.amount(row.gross_minor),
    )
