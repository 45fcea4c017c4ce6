"""The script port: cashier actions, one JSON object a line, through the same presenters as the screens (7-commands).

A `Stage` is a window without pixels: it keeps what the presenters say and where they go, and answers each command
with one JSON line as soon as it is done. Money is an integer of minor units, quantities are decimal strings.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from msgspec import Struct

from schema.errors import CounterfoilError, Refused
from schema.events import CardFacts, Payment
from schema.money import WHOLE_DIGITS_MAX
from till.connection import in_words
from till.presenters.screen import Message, ScreenName
from till.presenters.screens import Screens
from till.register import sums
from till.words import RefusedInWords

LINE_LENGTH_MAX = 64 * 1024
Answer = dict[str, Any]
Fields = dict[str, Any]


class Stage:
    """The view of every presenter at once."""

    def __init__(self, screens: Screens) -> None:
        self.screens = screens
        self.screen: ScreenName = screens.first
        self.said: list[Message] = []
        for name in screens.__struct_fields__:
            if name != "first":
                getattr(screens, name).attach(self)
        getattr(screens, screens.first).enter()

    def show(self, state: Struct) -> None:
        """Nothing to draw: answers are read from the presenters' states."""

    def say(self, message: Message) -> None:
        self.said.append(message)

    def go(self, screen: ScreenName) -> None:
        self.screen = screen
        getattr(self.screens, screen).enter()


class Player:
    """Plays commands on a stage. Every command answers, whatever is in it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._screens = stage.screens
        self._desk = stage.screens.sale.desk
        self._commands: dict[str, Callable[[Fields], Answer | None]] = {
            name.removeprefix("do_"): getattr(self, name) for name in dir(self) if name.startswith("do_")
        }

    def answer(self, line: str) -> Answer:
        """Do one line's command. Never raises for what a line may hold."""
        self._stage.said.clear()
        try:
            fields = _read(line)
            name = fields.get("do")
            command = self._commands.get(name) if isinstance(name, str) else None
            if command is None:
                known = ", ".join(sorted(self._commands))
                raise Refused("unknown_command", f"“{str(name)[:40]}” is no command. Known: {known}.")
            result = command(fields) or {}
        except CounterfoilError as error:
            return self._failed(error.code, self._desk.words.of_error(error))
        return self._outcome(result)

    def _outcome(self, result: Answer) -> Answer:
        for message in self._stage.said:
            if message.kind == "error":
                return self._failed(message.code, message.text)
        answer: Answer = {"ok": True} | result
        warnings = [{"code": each.code, "message": each.text} for each in self._stage.said]
        if warnings:
            answer["messages"] = warnings
        return answer | self._basket()

    def _failed(self, code: str, message: str) -> Answer:
        return {"ok": False, "error": {"code": code, "message": message}} | self._basket()

    def _basket(self) -> Answer:
        try:
            sale = self._desk.sale
        except CounterfoilError:
            return {}
        if sale.is_empty:
            return {}
        found = sums(sale)
        basket: Answer = {
            "lines": [
                {
                    "line": number,
                    "article": each.line.article,
                    "name": each.line.name,
                    "quantity": f"{each.line.quantity:f}",
                    "unit_price": each.line.unit_price_minor,
                    "discount": each.discount_minor + each.bill_share_minor,
                    "total": each.total_minor,
                    "tax_code": each.line.tax_code,
                    "reason": each.line.price_reason,
                    "note": each.line.note,
                }
                for number, each in enumerate(found.totals.lines, 1)
            ],
            "total": found.totals.total_minor,
            "taxes": [
                {
                    "code": row.code,
                    "rate": f"{row.percent.normalize():f}",
                    "net": row.net_minor,
                    "tax": row.tax_minor,
                    "gross": row.gross_minor,
                }
                for row in found.totals.taxes
            ],
            "paid": found.paid_minor,
            "due": found.due_minor,
        }
        if sale.basket.customer:
            basket["customer"] = sale.basket.customer
        if sale.basket.order:
            basket["order"] = sale.basket.order.number
        return {"basket": basket}

    # -- people and shifts

    def do_sign_in(self, fields: Fields) -> Answer | None:
        self._screens.sign_in.sign_in(_text(fields, "cashier"), _text(fields, "pin"))
        cashier = self._desk.cashier
        return {"cashier": cashier.number, "name": cashier.name, "role": cashier.role} if cashier else None

    def do_sign_out(self, _: Fields) -> None:
        self._screens.sign_in.sign_out()

    def do_lock(self, _: Fields) -> None:
        self._screens.lock.lock()

    def do_unlock(self, fields: Fields) -> None:
        self._screens.lock.unlock(_text(fields, "pin"))

    def do_supervisor(self, fields: Fields) -> None:
        self._screens.sale.supervisor(_text(fields, "pin"))

    def do_open_shift(self, fields: Fields) -> Answer | None:
        self._screens.open_shift.open_with(_amount(fields, "float"))
        shift = self._desk.parts.journal.position.shift
        return {"shift": shift.number, "business_day": shift.business_day} if shift else None

    def do_count(self, fields: Fields) -> Answer:
        close = self._screens.close_shift
        close.enter()
        if "denominations" in fields:
            for value, pieces in _mapping(fields, "denominations").items():
                close.count_pieces(_whole(value, "denominations"), _whole(pieces, "denominations"))
        else:
            close.count(_amount(fields, "total"))
        state = close.state
        answer: Answer = {"counted": state.counted_minor, "open_points": list(state.open_points)}
        if state.expected_minor is not None:
            answer |= {"expected": state.expected_minor, "difference": state.difference_minor}
        return answer

    def do_close_shift(self, fields: Fields) -> Answer | None:
        close = self._screens.close_shift
        if "counted" in fields:
            close.enter()
            close.close_with(_amount(fields, "counted"))
        else:
            close.close()
        state = close.state
        if not state.closed or state.report is None:
            return None
        return {
            "z_number": state.report.z_number,
            "counted": state.counted_minor,
            "expected": state.expected_minor,
            "difference": state.difference_minor,
            "report": self._report(),
        }

    def do_x_report(self, _: Fields) -> Answer:
        self._screens.close_shift.x_report()
        return {"report": self._report()}

    def do_z_report(self, _: Fields) -> Answer:
        self._screens.close_shift.z_report()
        return {"report": self._report()}

    def _report(self) -> Answer | None:
        report = self._screens.close_shift.state.report
        if report is None:
            return None
        rows = [{"label": row.label, "amount": row.amount_minor} for row in report.rows]
        return {"title": report.title, "z_number": report.z_number, "rows": rows}

    # -- the basket

    def do_scan(self, fields: Fields) -> None:
        self._screens.sale.scan(_text(fields, "code", length_max=LINE_LENGTH_MAX))

    def do_search(self, fields: Fields) -> Answer:
        self._screens.sale.search(_text(fields, "text"))
        hits = self._screens.sale.state.hits
        return {"articles": [{"article": hit.article, "name": hit.name, "price": hit.price_minor} for hit in hits]}

    def do_add(self, fields: Fields) -> None:
        quantity = _quantity(fields, "quantity") if "quantity" in fields else ""
        if "text" in fields and "article" not in fields:
            price, tax_code = _amount(fields, "price"), _text(fields, "tax_code", default="standard")
            self._screens.sale.add_text(_text(fields, "text"), price, tax_code, quantity or "1")
            return
        lines = len(self._desk.sale.basket.lines)
        price_given = _amount(fields, "price") if "price" in fields else None
        self._screens.sale.add(_text(fields, "article"), quantity)
        if price_given is not None and len(self._desk.sale.basket.lines) > lines:
            self._screens.sale.change_price(lines, price_given)

    def do_change(self, fields: Fields) -> None:
        sale, line = self._screens.sale, _line(fields)
        reason = _text(fields, "reason", default="")
        if "quantity" in fields:
            sale.change_quantity(line, _quantity(fields, "quantity"))
        if "price" in fields:
            sale.change_price(line, _amount(fields, "price"))
        if "discount_percent" in fields:
            sale.discount_percent(line, _quantity(fields, "discount_percent"), reason)
        if "discount_amount" in fields:
            sale.discount_amount(line, _amount(fields, "discount_amount"), reason)
        if "note" in fields:
            sale.note(line, _text(fields, "note"))

    def do_remove(self, fields: Fields) -> None:
        self._screens.sale.remove(_line(fields))

    def do_bill_discount(self, fields: Fields) -> None:
        reason = _text(fields, "reason", default="")
        if "percent" in fields:
            self._screens.sale.bill_discount_percent(_quantity(fields, "percent"), reason)
        else:
            self._screens.sale.bill_discount_amount(_amount(fields, "amount"), reason)

    def do_customer(self, fields: Fields) -> Answer | None:
        sale = self._screens.sale
        if "search" not in fields:
            sale.choose_customer(_text(fields, "number"))
            return None
        sale.find_customer(_text(fields, "search"))
        hits = sale.state.customer_hits
        return {
            "customers": [
                {"number": hit.number, "name": hit.name, "company": hit.company, "city": hit.city} for hit in hits
            ]
        }

    def do_cancel(self, _: Fields) -> None:
        self._screens.sale.cancel()

    # -- paying

    def do_pay(self, fields: Fields) -> Answer | None:
        tender = _text(fields, "tender", default="cash")
        amount = _amount(fields, "amount") if "amount" in fields else None
        before = self._desk.finished
        self._screens.sale.pay()
        # A sale that a found card payment has paid in full is completed by going there.
        if self._stage.screen == "pay" and not self._stage.said:
            self._tender(tender, amount)
        finished = self._desk.finished if self._desk.finished is not before else None
        if finished is None:
            return None
        return {
            "receipt": finished.sale.receipt,
            "change": finished.change_minor,
            "total": finished.sale.total_minor,
            "rounding": finished.sale.cash_rounding_minor,
            "payments": [_payment(part) for part in finished.sale.payments],
            "print": self._screens.done.state.print_state,
        }

    def _tender(self, tender: str, amount: int | None) -> None:
        match tender:
            case "cash":
                self._screens.pay.cash(amount)
            case "card":
                self._screens.pay.card(amount)
            case _:
                raise RefusedInWords("unknown_tender", "“{tender}” cannot be paid with here.", tender=tender[:20])

    def do_reprint(self, fields: Fields) -> None:
        self._screens.done.reprint(_text(fields, "receipt"))

    # -- orders

    def do_open_orders(self, fields: Fields) -> Answer:
        orders = self._screens.orders
        orders.search(_text(fields, "search", default=""))
        orders.filter(_text(fields, "status", default=""))
        return {
            "orders": [
                {
                    "order": row.number,
                    "id": row.order_id,
                    "customer": row.customer,
                    "company": row.company,
                    "status": row.status,
                    "expected": row.expected_day,
                    "total": row.total_minor,
                    "open": row.open_minor,
                }
                for row in orders.state.rows
            ],
            "more": orders.state.more,
        }

    def do_take_order(self, fields: Fields) -> None:
        self._screens.orders.take(_text(fields, "order"))

    # -- cash and drawer

    def do_cash_in(self, fields: Fields) -> None:
        self._screens.cash.move("cash_in", _amount(fields, "amount"), _text(fields, "reason", default=""))

    def do_cash_out(self, fields: Fields) -> None:
        self._screens.cash.move("cash_out", _amount(fields, "amount"), _text(fields, "reason", default=""))

    def do_skim(self, fields: Fields) -> None:
        self._screens.cash.move("skim", _amount(fields, "amount"), _text(fields, "reason", default=""))

    def do_change_money(self, fields: Fields) -> None:
        self._screens.cash.move("change_money", _amount(fields, "amount"), _text(fields, "reason", default=""))

    def do_open_drawer(self, fields: Fields) -> None:
        self._screens.cash.open_drawer(_text(fields, "reason", default=""))

    # -- what waits

    def do_status(self, _: Fields) -> Answer:
        return self._waiting()

    def do_messages(self, _: Fields) -> Answer:
        return self._waiting()

    def do_print_queue(self, fields: Fields) -> Answer:
        if "print" in fields:
            self._screens.messages.print_job(_whole(fields["print"], "print"))
        if "drop" in fields:
            self._screens.messages.drop_job(_whole(fields["drop"], "drop"))
        self._screens.messages.refresh()
        return {"print_queue": self._prints()}

    def do_settle_card(self, fields: Fields) -> Answer:
        attempt = _text(fields, "attempt")
        if "paid" in fields:
            self._screens.messages.settle(attempt, _truth(fields, "paid"))
        else:
            self._screens.messages.ask_terminal(attempt)
        return {"card_in_doubt": self._doubts()}

    def do_sync(self, _: Fields) -> None:
        self._screens.messages.sync_now()

    def _waiting(self) -> Answer:
        self._screens.messages.refresh()
        desk, state = self._desk, self._screens.messages.state
        if (connection := desk.connection) is None:
            return {}
        shift = desk.parts.journal.position.shift
        return {
            "connection": connection.kind,
            "connection_text": in_words(connection, desk.words, desk.clock),
            "waiting": connection.waiting,
            "oldest_ms": connection.oldest_ms or None,
            "card_in_doubt": self._doubts(),
            "print_queue": self._prints(),
            "notices": list(state.notices),
            "cashier": desk.cashier.number if desk.cashier else None,
            "shift": shift.number if shift else None,
            "business_day": shift.business_day if shift else None,
            "head_seq": desk.parts.journal.position.seq,
        }

    def _doubts(self) -> list[Answer]:
        doubts = self._screens.messages.state.doubts
        return [{"attempt": each.attempt_id, "kind": each.kind, "amount": each.amount_minor} for each in doubts]

    def _prints(self) -> list[Answer]:
        rows = self._screens.messages.state.prints
        return [{"job": row.job_id, "title": row.title, "state": row.state, "copy": row.copy} for row in rows]


def play(lines: Iterable[str], player: Player, out: TextIO) -> int:
    """Play all lines, one answer each, written at once. Return how many were refused; empty lines are passed over."""
    refused = 0
    for line in lines:
        if not line.strip():
            continue
        answer = player.answer(line)
        refused += not answer["ok"]
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        out.flush()
    return refused


# -- reading a line


def _read(line: str) -> Fields:
    if len(line) > LINE_LENGTH_MAX:
        raise Refused("bad_command", f"A command is at most {LINE_LENGTH_MAX} characters long.")
    try:
        fields = json.loads(line, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise Refused("bad_command", f"That is no JSON object: {error}.") from error
    if not isinstance(fields, dict):
        raise Refused("bad_command", 'A command is one JSON object a line, like {"do": "scan", "code": "…"}.')
    return fields


# JSON can spell half a character; no file and no line could hold it.
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Fraction(str):
    """A number with a point as it was written: no float comes near money or quantities."""


def _no_float(text: str) -> _Fraction:
    return _Fraction(text)


def _text(fields: Fields, name: str, *, default: str | None = None, length_max: int = 4096) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str) or isinstance(value, _Fraction):
        raise Refused("bad_field", f"“{name}” must be a text.")
    if len(value) > length_max or _SURROGATE.search(value):
        raise Refused("bad_field", f"“{name}” must be a text.")
    return value


def _amount(fields: Fields, name: str) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 10**WHOLE_DIGITS_MAX:
        shown = str(value)[:40]
        raise Refused("bad_amount", f"“{name}” must be an integer of minor units, not “{shown}”.")
    return value


def _quantity(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Refused("bad_quantity", f'“{name}” must be a decimal text like "2" or "0.350".')
    return str(value)[:100]


def _line(fields: Fields) -> int:
    """Lines count from 1 on the port and from 0 within."""
    return _whole(fields.get("line"), "line") - 1


def _whole(value: object, name: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= WHOLE_DIGITS_MAX:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 10**WHOLE_DIGITS_MAX:
        raise Refused("bad_field", f"“{name}” must be a whole number.")
    return value


def _truth(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    if not isinstance(value, bool):
        raise Refused("bad_field", f"“{name}” must be true or false.")
    return value


def _mapping(fields: Fields, name: str) -> dict[str, Any]:
    value = fields.get(name)
    if not isinstance(value, dict) or len(value) > 50:
        raise Refused("bad_field", f"“{name}” must be an object of value: pieces.")
    return value


def _payment(payment: Payment) -> Answer:
    answer: Answer = {"tender": payment.tender, "amount": payment.amount_minor}
    if payment.tender == "cash":
        answer |= {"given": payment.given_minor, "change": payment.change_minor}
    if isinstance(payment.card, CardFacts):
        answer |= {"attempt": payment.card.attempt_id, "terminal_receipt": payment.card.receipt_number}
    return answer
