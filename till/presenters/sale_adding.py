"""Adding to the sale: what is scanned, looked up or typed, and what must be asked before it is on the receipt.

An article goes through its questions - which variant, what voucher amount, which options, expired? - before its line is
added. The buyer's age is asked after that, so that scanning goes on; without an answer nothing can be paid.
"""

import secrets
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from schema.basket import Line, add_line
from schema.catalogue import Article
from schema.errors import CounterfoilError, Refused
from schema.quantity import parse_quantity
from till.paper.letterhead import percent_text
from till.paying.vouchers import new_code
from till.presenters.sale_ages import Ages
from till.presenters.sale_options import Options, Wanted
from till.presenters.sale_state import (
    Ask,
    Notice,
    NoticeKind,
    Offer,
    UnknownCode,
    VoucherAsk,
    hit,
)
from till.presenters.screen import told
from till.selling.choices import choices_named
from till.selling.register import (
    check_amount,
    clean_note,
    labelled_line,
    line_of,
    right_for_quantity,
    text_line,
    voucher_line,
)
from till.selling.scanning import UNREAD, Goods, Paper, find
from till.selling.scanning import shown as code_shown
from till.words import Day, RefusedInWords

HITS_MAX = 30
UNKNOWN_MAX = 20
VOUCHERS_MAX = 20
VOUCHER_ENTROPY_BYTES = 9
OFFERS = {
    "receipt": "Receipt {code} was read. Take goods back on it?",
    "order": "Order {code} was read. Open it?",
    "voucher": "Voucher {code} was read. Pay with it?",
}


class Adding(Options, Ages):
    """Scan, add, free text, search; expiry and vouchers; codes that nobody knows."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._unknown: list[UnknownCode] = []
        self._resolving = False
        self._sale_id = ""

    def _ready(self) -> None:
        """Raise Refused where nothing may be sold now."""
        self.desk.ready_to_sell()
        self._begin_anew()

    def _begin_anew(self) -> None:
        """With another sale in hand, what was asked and not found for the last one is over."""
        sale = self.desk.sale
        if sale.sale_id == self._sale_id:
            return
        self._sale_id, self._entry = sale.sale_id, self._entry if not self._sale_id else ""
        self._wanted, self._unknown, self._resolving = None, [], False
        separate = self.desk.settings().separate_lines
        self.show(replace(self.state, notice=Notice(), offer=None, ask=None, selected=-1, separate_lines=separate))

    # -- codes

    @told
    def scan(self, code: str) -> None:
        """Take a code as the scanner sends it; a typed "3 ×" multiplies it."""
        try:
            self._ready()
            self._finish_choosing()
            found = find(code, self.desk.parts.mirror, self.desk.settings())
        except CounterfoilError as error:
            self._not_found(code, error)
            raise
        if isinstance(found, Paper):
            self._offer(found)
        elif len(found.articles) == 1:
            self._want(self._read_goods(found))
        else:
            text = self.desk.words("{count} articles carry this barcode. Choose one.", count=len(found.articles))
            hits = tuple(hit(article, self.desk) for article in found.articles)
            self._show(hits=hits, notice=Notice(kind="error", text=text))

    def _not_found(self, code: str, error: CounterfoilError) -> None:
        self._entry = ""
        kind: NoticeKind = "unknown" if error.code in UNREAD else "error"
        text = self.desk.words.of_error(error)
        if kind == "unknown":
            self._unknown = [*self._unknown, UnknownCode(code=code_shown(code), text=text)][-UNKNOWN_MAX:]
        self._show(notice=Notice(kind=kind, text=text))

    def _read_goods(self, found: Goods) -> Wanted:
        # It is printed under the line: the paper's language.
        today, words = self.desk.today().isoformat(), self.desk.paper_words
        parts = [words("Batch {batch}", batch=found.batch)] if found.batch else []
        if day := Day(found.expiry or found.best_before):
            parts.append(words("use by {day}", day=day) if found.expiry else words("best before {day}", day=day))
        return Wanted(
            article=found.articles[0],
            quantity=(found.quantity or Decimal(1)) * self._multiplier(),
            label_minor=found.label_minor,
            note=", ".join(parts),
            expired=day if day and day < today else "",
        )

    def _offer(self, paper: Paper) -> None:
        if paper.customer is not None:
            self.desk.change_customer(paper.customer)
            self.desk.save_draft(self.fail)
            text = self.desk.words("Customer {name}", name=self.desk.sale.customer_name)
            self._show(notice=Notice(kind="added", text=text))
            return
        assert paper.kind != "customer"  # noqa: S101 - a customer's card comes with its customer
        text = self.desk.words(OFFERS[paper.kind], code=paper.code)
        self._show(offer=Offer(kind=paper.kind, code=paper.code, text=text))

    @told
    def accept_offer(self) -> None:
        """Do what the scanned paper leads to."""
        offer = self.state.offer
        self.show(replace(self.state, offer=None))
        if offer is not None:
            getattr(self.elsewhere, offer.kind)(offer.code)

    def decline_offer(self) -> None:
        """Leave the scanned paper alone."""
        self.show(replace(self.state, offer=None))

    # -- codes that nobody knows

    def dismiss_unknown(self) -> None:
        """Put the last unknown code away; one before it comes to the front."""
        self._unknown = self._unknown[:-1]
        self._resolving = False
        self._show(notice=Notice())

    @told
    def search_unknown(self) -> None:
        """Search for what was read; the article that is picked settles the unknown code."""
        if self._unknown:
            self._resolving = True
            self.search(self._unknown[-1].code)

    def _settled(self) -> None:
        if self._resolving:
            self._resolving = False
            self._unknown = self._unknown[:-1]

    @told
    def free_unknown(self, text: str, unit_price_minor: int, tax_code: str) -> None:
        """Sell the unknown code as a free article (right: free_article); the code stands in its note."""
        if self._unknown:
            self._add_free(text, unit_price_minor, tax_code, "1", unknown=self._unknown[-1])

    # -- articles

    @told
    def add(self, article: str, quantity: str = "") -> None:
        """Add an article by its number; without a quantity the typed "3 ×" or 1 counts."""
        self._ready()
        self._finish_choosing()
        self._want_article(self.desk.parts.mirror.article(article), quantity)

    @told
    def add_with(self, article: str, options: Sequence[str], quantity: str = "", note: str = "") -> None:
        """Add an article with its options chosen by name, and a note."""
        self._ready()
        found = self.desk.parts.mirror.article(article)
        amount = parse_quantity(quantity) if quantity else self._multiplier()
        choices = choices_named(found, options)
        self._want(Wanted(article=found, quantity=amount, choices=choices, note=clean_note(note)))

    @told
    def add_text(self, text: str, unit_price_minor: int, tax_code: str, quantity: str = "1") -> None:
        """Add an article without a number (right: free_article)."""
        self._add_free(text, unit_price_minor, tax_code, quantity, unknown=None)

    def _add_free(
        self, text: str, unit_price_minor: int, tax_code: str, quantity: str, *, unknown: UnknownCode | None
    ) -> None:
        self._ready()
        amount = parse_quantity(quantity)
        line = text_line(text, unit_price_minor, amount, self._rate(tax_code))
        line = replace(line, note=unknown.code if unknown else "")

        def put() -> None:
            self._resolving = unknown is not None
            self._put(line, None)

        def add() -> None:
            self.desk.with_right(right_for_quantity(amount), put, self.fail)

        self.desk.with_right("free_article", add, self.fail)

    def free_taxes(self) -> tuple[tuple[str, str], ...]:
        """Return the tax codes that a free article may have, and their rates as text."""
        try:
            rates = self.desk.parts.mirror.rates(self.desk.settings().country, self.desk.today())
        except CounterfoilError:
            return ()
        return tuple((rate.code, percent_text(rate.percent, self.desk.words)) for rate in rates)

    def _want_article(self, article: Article, quantity: str) -> None:
        amount = parse_quantity(quantity) if quantity else self._multiplier()
        self._want(Wanted(article=article, quantity=amount))

    def _want(self, wanted: Wanted) -> None:
        """Ask what is still to be asked of an article, then add it."""
        article = wanted.article
        if article.is_matrix:
            self._entry = ""
            self._show(hits=(), search_text="")
            self.elsewhere.matrix(article.number)
        elif article.is_voucher:
            self._want_voucher(wanted)
        elif wanted.expired:
            self._ask_expired(wanted)
        elif article.options and wanted.choices is None:
            self._begin_choosing(wanted)
        else:
            self._add(wanted)

    def _add(self, wanted: Wanted) -> None:
        article, quantity = wanted.article, wanted.quantity
        rate = self._rate(article.tax_code)
        if wanted.label_minor is None:
            line = line_of(article, quantity, rate, choices=wanted.choices or ())
        else:
            line = labelled_line(article, wanted.label_minor, quantity, rate)
        line = replace(line, note=wanted.note)
        self.desk.with_right(right_for_quantity(quantity), lambda: self._put(line, article), self.fail)

    def _put(self, line: Line, article: Article | None) -> None:
        """Put a line into the basket, with its deposit; ask the buyer's age where the article wants it."""
        deposit = self._deposit(article) if article else None
        basket, index = add_line(self.desk.sale.basket, line, deposit=deposit, separate=self.state.separate_lines)
        self._entry, self._wanted = "", None
        self._settled()
        notice = Notice(kind="added", text=self.desk.words("{name} added", name=line.name))
        ages = self._ages_of(article, line) if article else ()
        self._change(basket, ages=ages, changed=index, notice=notice, hits=(), search_text="")

    def _deposit(self, article: Article) -> Line | None:
        """Return the line of an article's bottle deposit; one that is missing is told and stops no sale."""
        if not article.bottle_deposit:
            return None
        try:
            found = self.desk.parts.mirror.article(article.bottle_deposit)
        except Refused:
            text = self.desk.words("The deposit of “{name}” is not known here. Call head office.", name=article.name)
            self.say("warn", text, code="no_deposit")
            return None
        return replace(line_of(found, Decimal(1), self._rate(found.tax_code)), kind="bottle_deposit")

    # -- expired goods

    def _ask_expired(self, wanted: Wanted) -> None:
        self._entry, self._wanted = "", wanted
        text = self.desk.words("“{name}” has expired. Sell it anyway?", name=wanted.article.name)
        ask = Ask(kind="expired", article=wanted.article.number, text=text, detail=wanted.note)
        self._show(ask=ask, hits=(), search_text="")

    @told
    def answer(self, yes: bool) -> None:
        """Answer what is asked about an article: old enough, or sell it expired."""
        ask, wanted = self.state.ask, self._wanted
        if ask is None:
            return
        if ask.kind == "age":
            self._answer_age(ask, yes)
            return
        self._wanted = None
        self.show(replace(self.state, ask=None))
        if yes and wanted is not None:
            self._want(replace(wanted, expired=""))
        else:
            self._show()

    # -- vouchers

    def _want_voucher(self, wanted: Wanted) -> None:
        amount = wanted.article.price_minor or wanted.label_minor
        if not amount:
            self._entry, self._wanted = "", wanted
            self._show(hits=(), search_text="")
            return
        self._issue(wanted, amount)

    @told
    def voucher_amount(self, amount_minor: int) -> None:
        """Sell the voucher that was asked for, worth this much."""
        if self._wanted is not None and self._wanted.article.is_voucher:
            self._issue(self._wanted, check_amount(amount_minor))

    def leave_voucher(self) -> None:
        """Sell no voucher after all."""
        self._wanted = None
        self._show()

    def _issue(self, wanted: Wanted, amount_minor: int) -> None:
        """Add a line per voucher, each with a code of its own."""
        quantity = wanted.quantity
        if quantity != int(quantity) or not 0 < quantity <= VOUCHERS_MAX:
            raise RefusedInWords("bad_quantity", "Sell 1 to {count} vouchers at a time.", count=VOUCHERS_MAX)
        basket, index = self.desk.sale.basket, -1
        for _ in range(int(quantity)):
            code = new_code(secrets.token_bytes(VOUCHER_ENTROPY_BYTES))
            basket, index = add_line(basket, voucher_line(wanted.article, amount_minor, code))
        self._entry, self._wanted = "", None
        name = self.desk.words("{name} added", name=wanted.article.name)
        self._change(basket, changed=index, notice=Notice(kind="added", text=name), hits=(), search_text="")

    # -- search

    @told
    def search(self, text: str) -> None:
        """Find articles while typing: words of the name, number, barcode. Empty text closes the list."""
        found = self.desk.parts.mirror.search(text, HITS_MAX) if text.strip() else []
        self._resolving = self._resolving and bool(text)
        self.show(replace(self.state, search_text=text, hits=tuple(hit(article, self.desk) for article in found)))

    def pick(self, position: int) -> None:
        """Add the article at a position of the hits and close the list."""
        if 0 <= position < len(self.state.hits):
            self.add(self.state.hits[position].article)

    def _standing(self) -> dict[str, Any]:
        wanted = self._wanted
        ask = self.state.ask if wanted is not None and wanted.expired else self._age_ask()
        is_voucher = wanted is not None and wanted.article.is_voucher
        return super()._standing() | {
            "unknown": self._unknown[-1] if self._unknown else None,
            "unknown_count": len(self._unknown),
            "choosing": self._choosing(),
            "ask": ask,
            "voucher_ask": VoucherAsk(article=wanted.article.number, name=wanted.article.name)
            if wanted is not None and is_voucher
            else None,
        }
