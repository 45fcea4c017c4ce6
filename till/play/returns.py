"""Commands for what comes back: returns by receipt or without one, voids."""

from decimal import Decimal

from schema.errors import Refused
from schema.quantity import parse_quantity
from till.play import fields as read
from till.play.commands import Commands
from till.play.fields import Answer, Fields
from till.play.paying import finished_answer
from till.returning.returns import Wanted, Why
from till.words import RefusedInWords

LINES_MAX = 500


class Returns(Commands):
    def do_find_receipt(self, fields: Fields) -> Answer:
        """Look at a receipt: what of it may still come back."""
        returns = self._screens.returns
        returns.find(read.text(fields, "receipt"))
        return {"receipt": returns.state.receipt, "lines": returns.lines_left()}

    def do_return(self, fields: Fields) -> Answer | None:
        """Take goods back; with `refund` pay out at once, without it the lines wait in the basket."""
        why = Why(reason=read.text(fields, "reason", default=""), condition=read.text(fields, "condition", default=""))
        lines = listed(fields)
        before = self._desk.finished
        if receipt := read.text(fields, "receipt", default=""):
            self._screens.returns.return_goods(receipt, [_wanted(each) for each in lines], why)
        else:
            self._without_receipt(lines, why)
        if "refund" in fields and not self._failed():
            self._refund(fields)
        return self._finished(before)

    def _without_receipt(self, lines: list[Fields], why: Why) -> None:
        if not lines:
            raise Refused("bad_field", "Without a receipt, “lines” must name each article and its quantity.")
        brought = [
            (read.text(each, "article"), read.quantity(each, "quantity") if "quantity" in each else "1")
            for each in lines
        ]
        self._screens.returns.return_without_receipt(brought, why)

    def _refund(self, fields: Fields) -> None:
        pay, tender = self._screens.pay, read.text(fields, "refund")
        self._screens.sale.pay()
        match tender:
            case "cash":
                pay.cash()
            case "card":
                pay.card()
            case "card_manual":
                pay.card_manual(read.text(fields, "card_type"))
            case "account":
                pay.account()
            case "voucher":
                pay.voucher()
            case _:
                raise RefusedInWords("unknown_tender", "“{tender}” cannot be paid with here.", tender=tender[:20])

    def do_void(self, fields: Fields) -> Answer | None:
        before = self._desk.finished
        self._screens.returns.void(read.text(fields, "receipt"), read.text(fields, "reason", default=""))
        return self._finished(before)

    def _failed(self) -> bool:
        return any(message.kind == "error" for message in self._stage.said)

    def _finished(self, before: object) -> Answer | None:
        finished = self._desk.finished
        if finished is None or finished is before:
            return None
        return finished_answer(finished, self._screens.done.state.print_state)


def listed(fields: Fields) -> list[Fields]:
    """Read "lines": a list of objects. Raises Refused("bad_field")."""
    lines = fields.get("lines", [])
    if not isinstance(lines, list) or len(lines) > LINES_MAX or not all(isinstance(each, dict) for each in lines):
        raise Refused("bad_field", "“lines” must be a list of objects.")
    return lines


def quantity_of(fields: Fields) -> Decimal | None:
    return parse_quantity(read.quantity(fields, "quantity")) if "quantity" in fields else None


def _wanted(fields: Fields) -> Wanted:
    return Wanted(line=read.whole(fields.get("line"), "line"), quantity=quantity_of(fields))
