"""Done: the change due in large figures until the next scan or touch; the receipt's number; print again."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from schema.events import ReceiptPrinted, SaleCompleted
from till.desk import Desk
from till.journal.journal import Journal
from till.journal.tables import RECEIPT_SEQ
from till.moment import stamp
from till.presenters.paper import Paper
from till.presenters.sale import SalePresenter
from till.presenters.screen import Screen, told
from till.printing import Job
from till.receipts import sale_document
from till.words import RefusedInWords


class DoneState(Struct, frozen=True, kw_only=True):
    """`print_state` follows the receipt on paper; `print_text` says it in words."""

    receipt: str = ""
    total_minor: int = 0
    total_text: str = ""
    change_minor: int = 0
    change_text: str = ""
    currency: str = ""
    print_state: Literal["none", "waiting", "printing", "printed", "failed"] = "none"
    print_text: str = ""


class DonePresenter(Screen[DoneState]):
    def __init__(self, desk: Desk, paper: Paper, sale: SalePresenter) -> None:
        super().__init__(desk, DoneState())
        self._paper = paper
        self._sale = sale

    def begin(self) -> None:
        """Show the sale that has just been completed and print its receipt."""
        if (finished := self.desk.finished) is None:
            return
        available = self.desk.parts.printing.available
        self.show(
            DoneState(
                receipt=finished.sale.receipt,
                total_minor=finished.sale.total_minor,
                total_text=self.desk.amount(finished.sale.total_minor),
                change_minor=finished.change_minor,
                change_text=self.desk.amount(finished.change_minor),
                currency=finished.sale.currency,
                print_state="printing" if available else "none",
                print_text=self.desk.words("The receipt is printed …") if available else "",
            )
        )
        self._paper.print_queue(self, self._printed)

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
        if job is None or job.state not in ("failed", "queued"):
            self.reprint(receipt)
            return
        self.desk.runner.run(lambda: printing.again(job.id), lambda _: self._print(), self.fail)

    @told
    def reprint(self, receipt: str) -> None:
        """Print a copy of any receipt of this till by its number."""
        desk, parts, cashier = self.desk, self.desk.parts, self.desk.signed_in()
        letterhead = desk.letterhead()

        def copy() -> None:
            sale = find_sale(parts.journal, parts.device.till_id, receipt)
            document = sale_document(sale, letterhead, stamp(sale.completed_ms, desk.clock), copy=True)
            queued = parts.printing.queued("receipt", document)
            if not queued:
                raise RefusedInWords("no_printer", "This till has no printer. The receipt is saved.")
            parts.journal.append(ReceiptPrinted(receipt=sale.receipt, cashier=cashier.number), *queued)

        desk.runner.run(copy, lambda _: self._print(), self.fail)

    def _print(self) -> None:
        self.show(replace(self.state, print_state="printing", print_text=self.desk.words("The receipt is printed …")))
        self._paper.print_queue(self, self._printed)

    def next(self) -> None:
        """Begin the next sale; goes to `sale`."""
        self.go("sale")

    def scan(self, code: str) -> None:
        """Begin the next sale with a scan."""
        self.go("sale")
        self._sale.scan(code)


def find_sale(journal: Journal, till_id: str, receipt: str) -> SaleCompleted:
    """Return a receipt of this till by its number. Raises Refused("unknown_receipt")."""
    rows = journal.rows(RECEIPT_SEQ, (receipt.strip(), till_id))
    body = journal.body_at(*rows[0]) if rows else None
    if not isinstance(body, SaleCompleted):
        raise RefusedInWords("unknown_receipt", "There is no receipt “{receipt}” on this till.", receipt=receipt[:40])
    return body
