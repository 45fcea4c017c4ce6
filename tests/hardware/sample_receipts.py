"""Receipts to print in tests: recognisably samples, with every kind of block and every character that matters."""

from hardware.document import Barcode, Columns, Document, Feed, Qr, Row, Rule, Text

SALE = Document(
    title="0007-2-000123",
    blocks=(
        Text(text="Sample Shop", align="centre", bold=True, size=2),
        Text(text="Musterstraße 1, 12345 Beispielstadt", align="centre"),
        Feed(lines=1),
        Row(left="Receipt 0007-2-000123", right="21.11.2026 21:40"),
        Row(left="Cashier Alex Example", right="Till 2"),
        Rule(),
        Row(left="Käse „Gouda“ jung – am Stück, in einer sehr langen Bezeichnung", right="12,50"),
        Text(text="  2,5 kg × 5,00 €/kg"),
        Row(left="Süßmost Größe ÄÖÜ äöü ß", right="3,99"),
        Rule(),
        Row(left="TOTAL", right="16,49\u00a0€", bold=True, size=2),
        Row(left="Cash", right="20,00\u00a0€"),
        Row(left="Change", right="3,51\u00a0€"),
        Feed(lines=1),
        Columns(cells=("VAT", "Net", "Tax", "Gross"), bold=True),
        Columns(cells=("7 %", "15,41", "1,08", "16,49")),
        Qr(data="https://shop.example/r/0007-2-000123"),
        Barcode(code="0007-2-000123"),
    ),
)
