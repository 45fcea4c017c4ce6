"""Commands for paying and for paper: tenders, reprints."""

from schema.events import CardFacts, Payment
from till.play import fields as read
from till.play.commands import Commands
from till.play.fields import Answer, Fields
from till.words import RefusedInWords


def payment_answer(payment: Payment) -> Answer:
    answer: Answer = {"tender": payment.tender, "amount": payment.amount_minor}
    if payment.tender == "cash":
        answer |= {"given": payment.given_minor, "change": payment.change_minor}
    if isinstance(payment.card, CardFacts):
        answer |= {"attempt": payment.card.attempt_id, "terminal_receipt": payment.card.receipt_number}
    return answer


class Paying(Commands):
    def do_pay(self, fields: Fields) -> Answer | None:
        tender = read.text(fields, "tender", default="cash")
        amount = read.amount(fields, "amount") if "amount" in fields else None
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
            "payments": [payment_answer(part) for part in finished.sale.payments],
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
        self._screens.done.reprint(read.text(fields, "receipt"))
