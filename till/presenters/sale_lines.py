"""What can be done to a line of the sale, and to the whole bill: quantity, price, discount, note, removal."""

import functools

from msgspec.structs import replace

from schema.basket import (
    Discount,
    change_price,
    change_quantity,
    discount_bill,
    discount_line,
    line_at,
    note_line,
    price,
    remove_line,
)
from schema.errors import CounterfoilError
from schema.quantity import parse_quantity
from till.keypad import TIMES
from till.presenters.sale_hand import SaleInHand
from till.presenters.screen import told
from till.selling.register import amount_off, base_of, check_amount, clean_note, percent_off, right_for_quantity
from till.selling.stock import stock_text


class Lines(SaleInHand):
    """Lines are counted from 0; the selected one is marked on the screen."""

    def select(self, index: int) -> None:
        """Mark a line; the same again takes the mark off."""
        there = 0 <= index < len(self.state.lines) and index != self.state.selected
        self.show(replace(self.state, selected=index if there else -1))

    def select_next(self, step: int) -> None:
        """Move the mark up or down, from the last line where none is marked."""
        if count := len(self.state.lines):
            present = self.state.selected if self.state.selected >= 0 else count if step < 0 else -1
            self.show(replace(self.state, selected=min(max(present + step, 0), count - 1)))

    def stock_text(self, article: str) -> str:
        """Say what is known of an article's stock, here and elsewhere; empty where nothing is."""
        parts = self.desk.parts
        try:
            levels = parts.mirror.stock(article) if article else []
        except CounterfoilError:
            return ""
        return stock_text(levels, parts.device.store, self.desk.clock.now_ms(), self.desk.words)

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
    def turn_round(self, index: int) -> None:
        """Make a line of goods that go one of goods that come back, or the other way (right: negative_line)."""
        self.change_quantity(index, f"{-line_at(self.desk.sale.basket, index).quantity:f}")

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
        bill = price(replace(self.desk.sale.basket, bill_discount=None))
        goods = sum(priced.total_minor for priced in bill.lines if priced.line.kind == "goods")
        self._discount_bill(amount_off(amount_minor, goods, reason, self.desk.settings()))

    def _discount_bill(self, discount: Discount | None) -> None:
        self.desk.ready_to_sell()
        basket = discount_bill(self.desk.sale.basket, discount)
        self.desk.with_right("discount", functools.partial(self._change, basket), self.fail)

    @told
    def toggle_separate(self) -> None:
        """Keep equal articles on lines of their own from now on, or put them together again."""
        self.desk.signed_in()
        self.show(replace(self.state, separate_lines=not self.state.separate_lines))
