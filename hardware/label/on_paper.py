"""A shelf label on receipt paper: name, price, price per unit and bar code, cut off after each."""

from hardware.document import Barcode, Document, Row, Text
from hardware.ports import Known, Printer, ShelfLabel
from hardware.printer.encode import encode
from hardware.printer.profiles import Profile

COPIES_MAX = 100


def label_document(label: ShelfLabel) -> Document:
    """Compose one label."""
    code = (Barcode(code=label.code, symbology="ean13"),) if label.code else ()
    return Document(
        title=label.number or label.name,
        blocks=(
            Text(text=label.name, bold=True, size=2),
            Text(text=label.price, bold=True, size=4, align="right"),
            Row(left=label.number, right=label.unit_price),
            *code,
        ),
    )


class PaperLabels:
    """Labels by the receipt printer."""

    def __init__(self, printer: Printer, profile: Profile) -> None:
        self._printer, self._profile = printer, profile

    def print_label(self, label: ShelfLabel, copies: int = 1) -> Known:
        """Print all copies as one job, so that an error never leaves it open how many came out before."""
        job = encode(label_document(label), self._profile)
        return self._printer.send(job * min(max(copies, 1), COPIES_MAX))
