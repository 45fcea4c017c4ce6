"""The page that an installer prints to see whether a profile fits the printer before them."""

from hardware.document import Barcode, Columns, Document, Qr, Row, Rule, Text
from hardware.printer.profiles import Profile

CHARACTERS = "€ ä ö ü Ä Ö Ü ß é è ë ï ç ñ Æ Ø å £ §"


def sample_page(profile: Profile) -> Document:
    """Compose the page: a ruler as wide as the paper, the characters that go wrong, both codes, figures."""
    ruler = "".join(str(place % 10) for place in range(1, profile.width_chars + 1))
    return Document(
        title="Test page",
        blocks=(
            Text(text="Test page", align="centre", bold=True, size=2),
            Text(text=f"{profile.title} ({profile.name})", align="centre"),
            Rule(),
            Text(text=f"{profile.width_chars} characters, one line, not two:"),
            Text(text=ruler),
            Text(text=f"Page {profile.code_page}: is each of these right?"),
            Text(text=CHARACTERS, bold=True),
            Rule(),
            Row(left="Figures end at the right edge", right="1.234,50 €"),
            Columns(cells=("19 %", "100,00", "19,00", "119,00")),
            Row(left="TOTAL", right="119,00 €", bold=True, size=2),
            Qr(data="https://example.com/test-page"),
            Barcode(code="TEST-0001"),
            Text(text="The paper is cut below this line.", align="centre"),
        ),
    )
