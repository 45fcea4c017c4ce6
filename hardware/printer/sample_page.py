"""The page that an installer prints to see whether a profile fits the printer before them."""

from collections.abc import Callable

from hardware.document import Barcode, Columns, Document, Qr, Row, Rule, Text
from hardware.printer.profiles import Profile

CHARACTERS = "€ ä ö ü Ä Ö Ü ß é è ë ï ç ñ Æ Ø å £ §"


def sample_page(profile: Profile, say: Callable[..., str] = str.format) -> Document:
    """Compose the page: a ruler as wide as the paper, the characters that go wrong, both codes, figures.

    `say` words a text and fills its placeholders, as a catalogue does; without one the page is English.
    """
    ruler = "".join(str(place % 10) for place in range(1, profile.width_chars + 1))
    return Document(
        title=say("Test page"),
        blocks=(
            Text(text=say("Test page"), align="centre", bold=True, size=2),
            Text(text=f"{say(profile.title)} ({profile.name})", align="centre"),
            Rule(),
            Text(text=say("{count} characters, one line, not two:", count=profile.width_chars)),
            Text(text=ruler),
            Text(text=say("Page {page}: is each of these right?", page=profile.code_page)),
            Text(text=CHARACTERS, bold=True),
            Rule(),
            Row(left=say("Figures end at the right edge"), right="1.234,50 €"),
            Columns(cells=("19 %", "100,00", "19,00", "119,00")),
            Row(left=say("Total"), right="119,00 €", bold=True, size=2),
            Qr(data="https://example.com/test-page"),
            Barcode(code="TEST-0001"),
            Text(text=say("The paper is cut below this line."), align="centre"),
        ),
    )
