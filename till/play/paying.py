"""Commands for paying and for receipts: tenders, reprints, mails."""

from schema.events import CardFacts, Payment
from till.desk import Finished
from till.play import fields as read
from till.play.commands import Commands
from till.play.fields import Answer, Fields
from till.words import RefusedInWords


def payment_answer(payment: Payment) -> Answer:
    answer: Answer = {"tender": payment.tender, "amount": payment.amount_minor}
    if payment.tender == "cash":
        answer |= {"given": payment.given_minor, "change": payment.change_minor}
    if payment.card_type:
        answer["card_type"] = payment.card_type
    if payment.reference:
        answer |= {"code": payment.reference, "offline": payment.offline}
    if isinstance(payment.card, CardFacts):
        answer |= {"attempt": payment.card.attempt_id, "terminal_receipt": payment.card.receipt_number}
    return answer


def finished_answer(finished: Finished, print_state: str) -> Answer:
    """What a finished receipt came to, and the codes of the vouchers that it issued."""
    sale = finished.sale
    answer: Answer = {
        "receipt": sale.receipt,
        "change": finished.change_minor,
        "total": sale.total_minor,
        "rounding": sale.cash_rounding_minor,
        "payments": [payment_answer(part) for part in sale.payments],
        "print": print_state,
    }
    vouchers = [{"code": line.reference, "amount": line.total_minor} for line in sale.lines if line.kind == "voucher"]
    return answer | ({"vouchers": vouchers} if vouchers else {})


class Paying(Commands):
    def do_pay(self, fields: Fields) -> Answer | None:
        tender = read.text(fields, "tender", default="cash")
        before = self._desk.finished
        self._screens.sale.pay()
        # A sale that a found card payment has paid in full is completed by going there.
        if self._stage.screen == "pay" and not self._stage.said:
            if "tip" in fields:
                self._screens.pay.tip(read.amount(fields, "tip"))
            if not self._stage.said:
                self._tender(tender, fields)
        finished = self._desk.finished if self._desk.finished is not before else None
        if finished is None:
            return {"payments": [payment_answer(part) for part in self._desk.sale.payments]}
        return finished_answer(finished, self._screens.done.state.print_state)

    def _tender(self, tender: str, fields: Fields) -> None:
        pay, amount = self._screens.pay, read.amount(fields, "amount") if "amount" in fields else None
        match tender:
            case "cash":
                pay.cash(amount)
            case "card":
                pay.card(amount, read.text(fields, "original", default=""))
            case "card_manual":
                pay.card_manual(read.text(fields, "card_type"), amount)
            case "account":
                pay.account(amount)
            case "voucher":
                pay.voucher(read.text(fields, "code"), amount)
            case _:
                raise RefusedInWords("unknown_tender", "“{tender}” cannot be paid with here.", tender=tender[:20])

    def do_take_back(self, fields: Fields) -> Answer:
        """Payments count from 1 on the port, as lines do."""
        self._screens.sale.pay()
        self._screens.pay.take_back(read.whole(fields.get("payment"), "payment") - 1)
        return {"payments": [payment_answer(part) for part in self._desk.sale.payments]}

    def do_voucher(self, fields: Fields) -> Answer | None:
        """Look at a voucher while a sale is paid."""
        self._screens.sale.pay()
        self._screens.pay.look_at_voucher(read.text(fields, "code"))
        found = self._screens.pay.state.voucher
        return None if found is None else {"code": found.code, "may_pay": found.limit_minor, "offline": found.offline}

    def do_tip(self, fields: Fields) -> None:
        self._screens.sale.pay()
        self._screens.pay.tip(read.amount(fields, "amount"))

    def do_receipt(self, fields: Fields) -> Answer:
        """The receipt of the sale just finished, another way than the store's: on paper, or as a QR code."""
        done = self._screens.done
        match read.text(fields, "as", default="print"):
            case "print":
                done.print_again()
            case "qr":
                done.show_qr()
            case way:
                raise RefusedInWords("unknown_way", "“{way}” is no way to a receipt.", way=way[:20])
        return {"receipt": done.state.receipt, "print": done.state.print_state, "qr": list(done.state.qr)}

    def do_mail_receipt(self, fields: Fields) -> Answer:
        """A receipt by mail: the last one, or any of this till's."""
        done = self._screens.done
        done.send_mail(read.text(fields, "address"), read.text(fields, "receipt", default=""))
        return {"receipt": done.state.mail.receipt, "address": done.state.mail.address, "told": done.state.mail.text}

    def do_reprint(self, fields: Fields) -> None:
        self._screens.done.reprint(read.text(fields, "receipt"))
