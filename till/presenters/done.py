"""Done: the change due in large figures until the next scan or touch; the receipt on paper, as a QR code or by mail.

What happens by itself is the store's choice (ReceiptDesign.offer); the customer's other wish is a touch away. By mail
means: the wish is written down here and sent by head office (till.paper.mail); a practice till's never gets there.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from schema.catalogue import ReceiptDesign
from schema.events import ReceiptPrinted, SaleCompleted
from till.desk import Desk
from till.journal.journal import Journal
from till.journal.tables import RECEIPT_SEQ
from till.paper.printing import Job
from till.paper.receipts import digital_text, link_of, sale_document
from till.presenters.mailing import Mailing, MailState
from till.presenters.paper import Paper
from till.presenters.sale import SalePresenter
from till.presenters.screen import Screen, told
from till.words import RefusedInWords

Way = Literal["print", "qr", "mail"]


class DoneState(Struct, frozen=True, kw_only=True):
    """`print_state` follows the receipt on paper; `print_text` says it in words.

    `offered` are the ways to a receipt that are asked about; `qr` are the rows of a QR code, dark where there is a "1".
    """

    receipt: str = ""
    total_minor: int = 0
    total_text: str = ""
    change_minor: int = 0
    change_text: str = ""
    gave_back: bool = False
    currency: str = ""
    print_state: Literal["none", "waiting", "printing", "printed", "failed"] = "none"
    print_text: str = ""
    offered: tuple[Way, ...] = ()
    qr: tuple[str, ...] = ()
    mail: MailState = MailState()


class DonePresenter(Screen[DoneState]):
    def __init__(self, desk: Desk, paper: Paper, sale: SalePresenter) -> None:
        super().__init__(desk, DoneState())
        self._paper = paper
        self._sale = sale
        self._mailing = Mailing(self, self._mailed)

    def begin(self) -> None:
        """Show the sale that has just been completed and print its receipt."""
        if (finished := self.desk.finished) is None:
            return
        self._mailing.begin()
        sale, words, design = finished.sale, self.desk.words, self.desk.settings().design
        available = self.desk.parts.printing.available
        prints = available and design.offer == "print"
        self.show(
            DoneState(
                receipt=sale.receipt,
                total_minor=sale.total_minor,
                total_text=self.desk.amount(abs(sale.total_minor)),
                change_minor=finished.change_minor,
                change_text=self.desk.amount(finished.change_minor),
                gave_back=sale.total_minor < 0,
                currency=sale.currency,
                print_state="printing" if prints else "none",
                print_text=words("The receipt is printed …") if prints else "",
                offered=ways(design, has_printer=available),
            )
        )
        if design.offer == "qr":
            self.show_qr()
        self._paper.print_queue(self, self._printed)

    @told
    def show_qr(self) -> None:
        """Show the receipt as a QR code for the customer's telephone."""
        if (finished := self.desk.finished) is None:
            raise RefusedInWords("no_receipt", "There is no receipt to print yet.")
        sale = finished.sale
        text = link_of(sale, self.desk.settings().design)
        # Without a link the receipt itself, as a short text that needs nothing but a telephone's camera.
        text = text or digital_text(sale, self.desk.letterhead(), self.desk.stamp(sale.completed_ms))
        self.show(replace(self.state, qr=qr_rows(text)))

    def _printed(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.title == self.state.receipt:
                failed = job.state in ("failed", "unknown")
                text = self._paper.failure(job) if failed else self.desk.words("The receipt is printed.")
                self.show(replace(self.state, print_state="failed" if failed else "printed", print_text=text))

    @told
    def print_again(self) -> None:
        """Print the receipt: the first print where none came out, otherwise a copy that says so."""
        self.desk.signed_in()
        if not self.state.receipt:
            raise RefusedInWords("no_receipt", "There is no receipt to print yet.")
        printing, receipt = self.desk.parts.printing, self.state.receipt
        job = printing.last("receipt", receipt)
        if job is None:
            self._print_first(receipt)
        elif job.state in ("failed", "queued"):
            self.desk.runner.run(lambda: printing.again(job.id), lambda _: self._print(), self.fail)
        else:
            self.reprint(receipt)

    def _print_first(self, receipt: str) -> None:
        """Print a receipt that was not printed by itself: it is no copy."""
        parts, letterhead = self.desk.parts, self.desk.letterhead()

        def queue() -> None:
            sale = find_sale(parts.journal, parts.device.till_id, receipt)
            parts.printing.put("receipt", sale_document(sale, letterhead, self.desk.stamp(sale.completed_ms)))

        self.desk.runner.run(queue, lambda _: self._print(), self.fail)

    @told
    def reprint(self, receipt: str) -> None:
        """Print a copy of any receipt of this till by its number."""
        desk, parts, cashier = self.desk, self.desk.parts, self.desk.signed_in()
        letterhead = desk.letterhead()

        def copy() -> None:
            sale = find_sale(parts.journal, parts.device.till_id, receipt)
            document = sale_document(sale, letterhead, desk.stamp(sale.completed_ms), copy=True)
            queued = parts.printing.queued("receipt", document)
            if not queued:
                raise RefusedInWords("no_printer", "This till has no printer. The receipt is saved.")
            parts.journal.append(ReceiptPrinted(receipt=sale.receipt, cashier=cashier.number), *queued)

        desk.runner.run(copy, lambda _: self._print(), self.fail)

    def _print(self) -> None:
        self.show(replace(self.state, print_state="printing", print_text=self.desk.words("The receipt is printed …")))
        self._paper.print_queue(self, self._printed)

    # -- by mail

    @told
    def ask_mail(self) -> None:
        """Ask where the receipt shall go."""
        if (finished := self.desk.finished) is None:
            raise RefusedInWords("no_receipt", "There is no receipt to send yet.")
        self._mailing.ask(finished.sale.receipt, finished.sale.customer)

    @told
    def send_mail(self, address: str, receipt: str = "") -> None:
        """Write down that a receipt is wanted by mail: the last one's, or any of this till's by its number."""
        self.desk.signed_in()
        number = receipt or self.state.receipt
        if not number:
            raise RefusedInWords("no_receipt", "There is no receipt to send yet.")
        self._mailing.send(address, number)

    def drop_mail(self) -> None:
        """Leave the question for the address."""
        self._mailing.drop()

    def _mailed(self, mail: MailState) -> None:
        self.show(replace(self.state, mail=mail))

    def next(self) -> None:
        """Begin the next sale; goes to `sale`."""
        self.go("sale")

    def scan(self, code: str) -> None:
        """Begin the next sale with a scan."""
        self.go("sale")
        self._sale.scan(code)


def ways(design: ReceiptDesign, *, has_printer: bool) -> tuple[Way, ...]:
    """Return the ways to a receipt that a store asks its customers about."""
    asked: tuple[Way, ...] = (*(("print",) if has_printer else ()), "qr") if design.offer in ("ask", "qr") else ()
    return (*asked, "mail") if design.mail else asked


def qr_rows(text: str) -> tuple[str, ...]:
    """Return a QR code row by row, "1" for dark, without the quiet zone."""
    import qrcode  # type: ignore[import-untyped]  # comes with python-escpos; kept off the start path

    code = qrcode.QRCode(border=0, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(text)
    return tuple("".join("1" if dark else "0" for dark in row) for row in code.get_matrix())


def find_sale(journal: Journal, till_id: str, receipt: str) -> SaleCompleted:
    """Return a receipt of this till by its number. Raises Refused("unknown_receipt")."""
    rows = journal.rows(RECEIPT_SEQ, (receipt.strip(), till_id))
    body = journal.body_at(*rows[0]) if rows else None
    if not isinstance(body, SaleCompleted):
        raise RefusedInWords("unknown_receipt", "There is no receipt “{receipt}” on this till.", receipt=receipt[:40])
    return body
