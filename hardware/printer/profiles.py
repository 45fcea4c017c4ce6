"""What each printer model can do: paper, type, code page, cutter, drawer, answers. Data, no code of ours decides more.

A text is written in one fixed code page per model, because choosing a page per character prints the Euro sign from
Greek, Baltic or Hebrew pages that many printers do not have. Page numbers are those of the ESC t command: 19 is PC858
(€ = D5) and 16 is WPC1252 (€ = 80). Source: Epson's ESC/POS reference and the models' manuals; docs/hardware.md tells
how to check a new model with the test page.
"""

from typing import Literal

from msgspec import Struct

from schema.errors import Refused

Cutter = Literal["full", "partial", "none"]
DrawerSensor = Literal["none", "open_high", "open_low"]


class Profile(Struct, frozen=True, kw_only=True):
    """One model. Widths: characters of normal type (font A) and dots across the printable paper."""

    name: str
    title: str
    width_chars: int
    width_dots: int
    code_page: int
    codec: str
    cutter: Cutter = "partial"
    # The connector's pin that the drawer hangs on: 2 (nearly all) or 5.
    drawer_pin: int = 2
    # What pin 3 of the drawer's connector says when it is open; differs per drawer, so it is set in the URL.
    drawer_sensor: DrawerSensor = "none"
    # True: a healthy one always answers DLE EOT, so silence is a fault. False: many do not, silence proves nothing.
    answers_status: bool = False
    # GS ( H function 48: answers once all data before it is printed.
    confirms_print: bool = False
    # GS k and GS ( k draw bar codes and QR codes in the printer; without them they are sent as pictures.
    draws_codes: bool = True


_ALL = (
    Profile(name="generic-80", title="Any 80 mm printer", width_chars=48, width_dots=576, code_page=19, codec="cp858"),
    Profile(
        name="generic-80-42",
        title="Any 80 mm printer with 42 characters a line",
        width_chars=42,
        width_dots=512,
        code_page=19,
        codec="cp858",
    ),
    # Small clones lack page 19 more often than page 16, and codes of their own; most have no cutter.
    Profile(
        name="generic-58",
        title="Any 58 mm printer",
        width_chars=32,
        width_dots=384,
        code_page=16,
        codec="cp1252",
        cutter="none",
        draws_codes=False,
    ),
    Profile(
        name="epson-tm-t20iii",
        title="Epson TM-T20III",
        width_chars=48,
        width_dots=576,
        code_page=19,
        codec="cp858",
        answers_status=True,
        confirms_print=True,
    ),
    Profile(
        name="epson-tm-m30iii",
        title="Epson TM-m30, TM-m30II, TM-m30III (80 mm)",
        width_chars=48,
        width_dots=576,
        code_page=19,
        codec="cp858",
        answers_status=True,
        confirms_print=True,
    ),
    Profile(
        name="epson-tm-t88vi",
        title="Epson TM-T88V, TM-T88VI, TM-T88VII",
        width_chars=42,
        width_dots=512,
        code_page=19,
        codec="cp858",
        answers_status=True,
        confirms_print=True,
    ),
    # The last models without page 19 and without process ids.
    Profile(
        name="epson-tm-t88ii",
        title="Epson TM-T88II",
        width_chars=42,
        width_dots=512,
        code_page=16,
        codec="cp1252",
        answers_status=True,
    ),
    Profile(
        name="citizen-ct-s651",
        title="Citizen CT-S651",
        width_chars=48,
        width_dots=576,
        code_page=19,
        codec="cp858",
        answers_status=True,
    ),
)
PROFILES: dict[str, Profile] = {profile.name: profile for profile in _ALL}
DEFAULT = "generic-80"


def profile_named(name: str) -> Profile:
    """Return a model's profile. Raises Refused("unknown_profile")."""
    if name not in PROFILES:
        known = ", ".join(PROFILES)
        raise Refused("unknown_profile", f"There is no printer profile “{name}”. Known are: {known}.")
    return PROFILES[name]
