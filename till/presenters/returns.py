"""Goods that come back: find the receipt, choose lines, say why; or void a receipt whole. `pay` pays out."""

import contextlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import Line
from schema.catalogue import Article, PastLine, PastReceipt
from schema.errors import CounterfoilError, Refused
from schema.events import SaleCompleted
from schema.money import format_amount
from schema.parties import Right
from schema.quantity import parse_quantity
from schema.tax import TaxRate
from till.desk import Desk
from till.paper.letterhead import quantity_text
from till.presenters.mailing import Mailing, MailState
from till.presenters.pay import PayPresenter
from till.presenters.screen import Screen, told
from till.presenters.voiding import Voiding
from till.returning.past import Found
from till.returning.returns import (
    BROUGHT_MAX,
    Wanted,
    Why,
    brought,
    check_returnable,
    clean_why,
    left,
    line_without_receipt,
    with_basket_counted,
    with_goods_back,
    worth,
)
from till.selling.customers import find_customer, name_of
from till.selling.register import line_of
from till.selling.scanning import Goods
from till.selling.scanning import find as find_code
from till.usual import usual_text
from till.words import RefusedInWords

RECENT_MAX = 50
ZERO = Decimal(0)
# What is written down, and how the screen says it.
Named = tuple[str, str]


class ReceiptRow(Struct, frozen=True, kw_only=True):
    """A receipt that this till made lately."""

    receipt: str
    time_text: str
    about: str
    total_text: str


class BackLine(Struct, frozen=True, kw_only=True):
    """A line of the receipt: how much was sold, how much may still come back, and how much does."""

    line: int
    name: str
    sold_text: str
    left_text: str
    back_text: str = ""
    worth_text: str = ""
    may_return: bool = True


class ReturnsState(Struct, frozen=True, kw_only=True):
    """Without a receipt the last ones are listed. `touched` is the line whose quantity the steps change, from 1."""

    search_text: str = ""
    recent: tuple[ReceiptRow, ...] = ()
    # A receipt is open, or goods that were brought without one.
    is_open: bool = False
    receipt: str = ""
    about: str = ""
    total_text: str = ""
    lines: tuple[BackLine, ...] = ()
    touched: int = 0
    reasons: tuple[Named, ...] = ()
    reason: str = ""
    conditions: tuple[Named, ...] = ()
    condition: str = ""
    back_minor: int = 0
    back_text: str = ""
    may_take: bool = False
    may_void: bool = False
    may_mail: bool = False
    mail: MailState = MailState()
    empty_text: str = ""
    question: str = ""


class ReturnsPresenter(Screen[ReturnsState]):
    def __init__(self, desk: Desk, pay: PayPresenter) -> None:
        super().__init__(desk, ReturnsState())
        self._voiding = Voiding(self, pay, self.close)
        self._mailing = Mailing(self, self._mailed)
        self._found: Found | None = None
        self._back: dict[int, Decimal] = {}

    @told
    def enter(self) -> None:
        """List this till's last receipts, unless one is open already."""
        self.desk.signed_in()
        rules = self.desk.settings().returns
        reasons, conditions = self._named(rules.reasons), self._named(rules.conditions)
        self.show(replace(self.state, reasons=reasons, conditions=conditions, question=""))
        if self._found is None:
            self._list()
        elif self._found.past.receipt:
            self.find(self._found.past.receipt)  # goods may have come back since

    def _named(self, texts: tuple[str, ...]) -> tuple[Named, ...]:
        return tuple((text, usual_text(text, self.desk.words)) for text in texts)

    # -- finding

    def _list(self) -> None:
        receipts = self.desk.parts.receipts
        self.desk.runner.run(lambda: receipts.recent(RECENT_MAX), self._listed, self.fail)

    def _listed(self, found: list[SaleCompleted]) -> None:
        empty = "" if found else self.desk.words("Scan a receipt's barcode, or type its number.")
        self.show(replace(self.state, recent=tuple(self._row(sale) for sale in found), empty_text=empty))

    def _row(self, sale: SaleCompleted) -> ReceiptRow:
        names = [line.name for line in sale.lines if line.kind == "goods"]
        void = self.desk.words("Void of {receipt}", receipt=sale.voids.receipt) if sale.voids else ""
        return ReceiptRow(
            receipt=sale.receipt,
            time_text=self.desk.time(sale.completed_ms),
            about=void or ", ".join(names[:3]) + (" …" if len(names) > 3 else ""),
            total_text=self.desk.amount(sale.total_minor),
        )

    def type_number(self, text: str) -> None:
        """Keep what is typed; `find` looks it up."""
        self.show(replace(self.state, search_text=text))

    @told
    def find(self, number: str = "") -> None:
        """Open a receipt by its number, its barcode or, of this till, its running number alone."""
        self.desk.ready_to_sell()
        wanted = number or self.state.search_text
        if not wanted.strip():
            return
        receipts = self.desk.parts.receipts
        self.desk.runner.run(lambda: receipts.find(wanted), self._opened, self.fail, lane="agent")

    def open_receipt(self, number: str) -> None:
        """Come here with a receipt that was scanned on the sale screen."""
        self.leave()
        self.go("returns")
        self.find(number)

    def _opened(self, found: Found) -> None:
        self._found, self._back = found, {}
        self.show(replace(self.state, reason="", condition="", search_text=""))
        self._show()
        try:
            check_returnable(found.past, self.desk.settings().returns, self.desk.today())
        except CounterfoilError as error:
            self.say("warn", self.desk.words.of_error(error), code=error.code)

    @told
    def scan(self, code: str) -> None:
        """Open a scanned receipt; an article that is scanned here comes back without one."""
        self.desk.ready_to_sell()
        try:
            read = find_code(code, self.desk.parts.mirror, self.desk.settings())
        except Refused:
            self.find(code)
            return
        if isinstance(read, Goods):
            self._bring(read.articles[0])
        else:
            self.find(read.code)

    def _bring(self, article: Article) -> None:
        """Open goods without a receipt, at today's price, or add an article to those that are open."""
        past = self._found.past if self._found is not None and not self._found.past.receipt else None
        line = brought(article, self._rate_of(article), len(past.lines) + 1 if past else 1)
        today, currency = self.desk.today().isoformat(), self.desk.currency
        past = past or PastReceipt(
            receipt="", store="", till_id="", day=today, currency=currency, total_minor=0, lines=(), payments=()
        )
        back = self._back if past.lines else {}
        self._found = Found(past=replace(past, lines=(*past.lines, line)))
        self._back = back | {line.line: Decimal(1)}
        self._show(touched=line.line)

    @told
    def leave(self) -> None:
        """Close the receipt and list the last ones."""
        self.close()
        self._list()

    def back(self) -> None:
        """Go back: from a receipt to the list, from the list to `sale`."""
        if self._found is not None:
            self.leave()
        else:
            self.go("sale")

    def lines_left(self) -> list[dict[str, Any]]:
        """Return the open receipt's lines for scripts: what was sold, and what of it may still come back."""
        return [
            {
                "line": line.line,
                "article": line.article,
                "name": line.name,
                "quantity": f"{line.quantity:f}",
                "left": f"{left(line):f}",
                "total": line.total_minor,
            }
            for line in self._lines()
        ]

    # -- choosing

    @told
    def touch(self, line: int) -> None:
        """Take a line back, all that is left of it; touched again it stays sold."""
        rest = left(self._line(line))
        if line in self._back and self.state.touched == line:
            del self._back[line]
        elif rest:
            self._back.setdefault(line, rest)
        self._show(touched=line if line in self._back else 0)

    @told
    def step(self, pieces: int) -> None:
        """One more or one less of the touched line."""
        if line := self.state.touched:
            quantity = self._back.get(line, ZERO) + pieces
            self._set(line, min(quantity, left(self._line(line))))

    @told
    def set_quantity(self, line: int, quantity: str) -> None:
        """Take this much of a line back."""
        self._set(line, min(parse_quantity(quantity), left(self._line(line))))

    def _set(self, line: int, quantity: Decimal) -> None:
        if quantity > 0:
            self._back[line] = quantity
        else:
            self._back.pop(line, None)
        if not self._back and self._found is not None and not self._found.past.receipt:
            self.leave()  # goods without a receipt that do not come back are nothing at all
        else:
            self._show(touched=line if quantity > 0 else 0)

    def take_all(self) -> None:
        """Take everything back that is left; the same again nothing."""
        rest = {each.line: left(each) for each in self._lines() if left(each)}
        self._back = {} if self._back == rest else rest
        self._show(touched=0)

    def choose_reason(self, reason: str) -> None:
        self.show(replace(self.state, reason=reason))
        self._show()

    def choose_condition(self, condition: str) -> None:
        self.show(replace(self.state, condition=condition))

    # -- taking back

    @told
    def take(self) -> None:
        """Put the chosen lines into the basket as goods that come back; goes to `sale`, for more or to pay."""
        self._take_chosen("sale")

    @told
    def refund(self) -> None:
        """As `take`, and go on to pay out; goes to `pay`."""
        self._take_chosen("pay")

    def _take_chosen(self, screen: Any) -> None:
        wanted = [Wanted(line=line, quantity=quantity) for line, quantity in sorted(self._back.items())]
        if self._found is None or not wanted:
            raise RefusedInWords("nothing_chosen", "Touch the lines that come back first.")
        why = Why(reason=self.state.reason, condition=self.state.condition)
        if self._found.past.receipt:
            self._take(self._found, wanted, why, lambda: self.go(screen))
            return
        lines = {line.line: line.article for line in self._found.past.lines}
        self._take_loose([(lines[each], self._back[each]) for each in sorted(self._back)], why, lambda: self.go(screen))

    @told
    def return_goods(self, receipt: str, wanted: Sequence[Wanted], why: Why) -> None:
        """Find a receipt and put goods of it into the basket in one: for scripts. Without lines all that is left."""
        self.desk.ready_to_sell()
        receipts = self.desk.parts.receipts

        def found(receipt: Found) -> None:
            try:
                self._take(receipt, wanted, why, lambda: None)
            except CounterfoilError as error:
                self.fail(error)

        self.desk.runner.run(lambda: receipts.find(receipt), found, self.fail, lane="agent")

    def _take(self, found: Found, wanted: Sequence[Wanted], why: Why, then: Any) -> None:
        """Change the basket (right: return_goods)."""
        desk = self.desk
        desk.ready_to_sell()
        check_returnable(found.past, desk.settings().returns, desk.today())
        changed = with_goods_back(desk.sale, found.past, wanted, why, desk.today())
        lines = tuple(self._grouped(line) for line in changed.basket.lines)

        def take() -> None:
            desk.change_basket(replace(changed.basket, lines=lines))
            desk.take_sale(replace(desk.sale, refunds=changed.refunds))
            self._with_customer()
            desk.save_draft(self.fail)
            self.close()
            then()

        desk.with_right("return_goods", take, self.fail)

    def _grouped(self, line: Line) -> Line:
        """Return a line that comes back with its article's group, which past receipts do not carry, for the reports."""
        if line.returns is None or line.group or not line.article:
            return line
        with contextlib.suppress(Refused):  # an article that is gone or blocked by now
            return replace(line, group=self.desk.parts.mirror.article(line.article).group)
        return line

    def close(self) -> None:
        """Close what is open."""
        self._found, self._back = None, {}
        self.show(ReturnsState(reasons=self.state.reasons, conditions=self.state.conditions))

    def _with_customer(self) -> None:
        """Let the receipt's customer be the sale's; one that this till does not know stays a number."""
        desk, parts = self.desk, self.desk.parts
        if (number := desk.sale.basket.customer) and not desk.sale.customer_name:
            with contextlib.suppress(Refused):
                desk.change_customer(find_customer(number, parts.journal, parts.mirror))

    def name_of(self, customer: str) -> str:
        """Return what a customer is called, the number where nobody here knows; empty for none."""
        parts = self.desk.parts
        return name_of(customer, parts.journal, parts.mirror) if customer else ""

    @told
    def return_without_receipt(self, brought_back: Sequence[tuple[str, str]], why: Why) -> None:
        """Take articles back by number and quantity, at today's prices: for scripts."""
        goods = [(article, abs(parse_quantity(quantity))) for article, quantity in brought_back]
        self._take_loose(goods, why, lambda: None)

    def _take_loose(self, goods: Sequence[tuple[str, Decimal]], why: Why, then: Any) -> None:
        """Change the basket (right: return_without_receipt, unless the store allows it to everybody)."""
        desk = self.desk
        desk.ready_to_sell()
        articles = [(desk.parts.mirror.article(number), quantity) for number, quantity in goods]
        lines = [
            line_without_receipt(line_of(article, quantity, self._rate_of(article)), why)
            for article, quantity in articles
        ]
        allowed = desk.settings().returns.allow_unknown_receipt
        right: Right = "return_goods" if allowed else "return_without_receipt"

        def take() -> None:
            desk.change_basket(replace(desk.sale.basket, lines=(*desk.sale.basket.lines, *lines)))
            desk.save_draft(self.fail)
            self.close()
            then()

        desk.with_right(right, take, self.fail)

    def _rate_of(self, article: Article) -> TaxRate:
        country = self.desk.settings().country
        return self.desk.parts.mirror.rate(article.tax_code, country, self.desk.today())

    # -- voiding

    @told
    def ask_void(self) -> None:
        """Ask whether the whole receipt shall be taken back, once a reason is chosen; fills `question`."""
        if self._found is not None:
            clean_why(Why(reason=self.state.reason))
            text = self.desk.words(
                "Void receipt {receipt} of {amount} whole?", receipt=self.state.receipt, amount=self.state.total_text
            )
            self.show(replace(self.state, question=text))

    def decline(self) -> None:
        """Answer no."""
        self.show(replace(self.state, question=""))

    def confirm_void(self) -> None:
        """Answer yes, for the chosen reason."""
        self.show(replace(self.state, question=""))
        self.void(self.state.receipt, self.state.reason)

    @told
    def void(self, receipt: str, reason: str) -> None:
        """Take a receipt of this till back whole (right: void); see `till.presenters.voiding`."""
        self._voiding.begin(receipt, reason)

    # -- showing

    # -- the receipt by mail

    @told
    def ask_mail(self) -> None:
        """Ask where the open receipt shall go; only this till's own are mailed."""
        if self._found is None or self._found.own is None:
            raise RefusedInWords("no_receipt", "There is no receipt to send yet.")
        self._mailing.ask(self._found.own.receipt, self._found.own.customer)

    @told
    def send_mail(self, address: str, receipt: str) -> None:
        """Write down that a receipt is wanted by mail."""
        self._mailing.send(address, receipt)

    def drop_mail(self) -> None:
        """Leave the question for the address."""
        self._mailing.drop()

    def _mailed(self, mail: MailState) -> None:
        self.show(replace(self.state, mail=mail))
        if mail.step == "wanted":
            self.say("info", mail.text)

    def _lines(self) -> tuple[PastLine, ...]:
        return with_basket_counted(self._found.past, self.desk.sale.basket).lines if self._found else ()

    def _line(self, number: int) -> PastLine:
        found = next((line for line in self._lines() if line.line == number), None)
        if found is None:
            raise RefusedInWords("nothing_chosen", "Touch the lines that come back first.")
        return found

    def _show(self, **fields: Any) -> None:
        if (found := self._found) is None:
            return
        past, lines = found.past, self._lines()
        back = sum(worth(line, self._back[line.line]) for line in lines if line.line in self._back)
        about = [self.desk.day(past.day) if past.receipt else "", self.name_of(past.customer), self._standing(found)]
        shown = {
            "is_open": True,
            "receipt": past.receipt or self.desk.words("Without a receipt"),
            "about": " · ".join(part for part in about if part),
            "total_text": format_amount(past.total_minor, past.currency, self.desk.words.language),
            "lines": tuple(self._back_line(line) for line in lines),
            "back_minor": back,
            "back_text": self.desk.amount(back),
            "may_take": bool(self._back),
            "may_void": found.own is not None and not found.voided_by and not past.voided,
            "may_mail": found.own is not None and self.desk.settings().design.mail,
            "empty_text": "",
        }
        self.show(replace(self.state, **(shown | fields)))

    def _standing(self, found: Found) -> str:
        if found.voided_by or found.past.voided:
            return self.desk.words("voided")
        return "" if found.own is not None or not found.past.receipt else self.desk.words("of another till")

    def _back_line(self, line: PastLine) -> BackLine:
        words, rest, back = self.desk.words, left(line), self._back.get(line.line, ZERO)
        kept = words("{left} left", left=quantity_text(rest, line.unit, words)) if rest != line.quantity else ""
        return BackLine(
            line=line.line,
            name=line.name,
            sold_text=quantity_text(line.quantity, line.unit, words) if line.quantity < BROUGHT_MAX else "",
            left_text=kept,
            back_text=quantity_text(back, line.unit, words) if back else "",
            worth_text=self.desk.amount(worth(line, back) if back else line.total_minor),
            may_return=bool(rest),
        )
