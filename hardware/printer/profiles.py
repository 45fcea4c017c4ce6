"""What each printer model can do: paper, type, code page, cutter, drawer, answers. Data, no code of ours decides more.

A text is written in one fixed code page per model, because choosing a page per character prints the Euro sign from
Greek, Baltic or Hebrew pages that many printers do not have. Page numbers are those of the ESC t command: 19 is PC858
(€ = D5) and 16 is WPC1252 (€ = 80), but for makers who number otherwise. A model is said to answer or to prove only
where that is documented: a wrong no costs a little certainty, a wrong yes costs receipts. All print pictures (GS v 0).

Sources: Epson's ESC/POS reference, the makers' command manuals, escpos-printer-db. What we could not see on paper is
only as right as they are: docs/hardware.md tells how to check a model with the test page.
"""

from typing import Any, Literal

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


def _model(name: str, title: str, width_chars: int, width_dots: int, **differs: Any) -> Profile:
    """Return a model that is as most are but for what `differs`."""
    usual: dict[str, Any] = {"code_page": 19, "codec": "cp858"}
    return Profile(name=name, title=title, width_chars=width_chars, width_dots=width_dots, **{**usual, **differs})


def _epson(name: str, title: str, width_chars: int, width_dots: int, **differs: Any) -> Profile:
    """Return a model that answers and proves as Epson's do."""
    return _model(name, title, width_chars, width_dots, **{"answers_status": True, "confirms_print": True, **differs})


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
    _epson("epson-tm-t20iii", "Epson TM-T20II, TM-T20III", 48, 576),
    _epson("epson-tm-m30iii", "Epson TM-m30, TM-m30II, TM-m30III (80 mm)", 48, 576),
    _epson("epson-tm-m10", "Epson TM-m10 (58 mm)", 35, 420),
    _epson("epson-tm-t88vi", "Epson TM-T88IV, TM-T88V, TM-T88VI, TM-T88VII", 42, 512),
    _epson("epson-tm-t88iii", "Epson TM-T88III", 42, 512, confirms_print=False),
    # The last model without page 19 and without process ids.
    _epson("epson-tm-t88ii", "Epson TM-T88II", 42, 512, code_page=16, codec="cp1252", confirms_print=False),
    _epson("epson-tm-l90", "Epson TM-L90", 48, 576, confirms_print=False),
    _model("bixolon-srp-330", "Bixolon SRP-330II, SRP-330III", 48, 576),
    _model("bixolon-srp-350", "Bixolon SRP-350III, SRP-350plusIII", 42, 512),
    _model("citizen-ct-s651", "Citizen CT-S651", 48, 576, answers_status=True),
    _model("citizen-ct-s310ii", "Citizen CT-S310II", 48, 576, answers_status=True),
    _model("metapace-t-1", "Metapace T-1", 42, 504),
    _model("seiko-rp-f10-80", "Seiko RP-F10 (80 mm)", 48, 576),
    _model("seiko-rp-f10-58", "Seiko RP-F10 (58 mm)", 36, 432),
    # Star's own modes use other commands; the printer must be switched to ESC/POS (its set-up program or DIP switch).
    _model("star-mc-print3", "Star mC-Print3 in ESC/POS mode", 48, 576),
    _model("star-mc-print2", "Star mC-Print2 in ESC/POS mode (58 mm)", 32, 384),
    _model("star-tsp100iv", "Star TSP100IV in ESC/POS mode", 48, 576),
    _model("sunmi-v2", "Sunmi V2 (58 mm)", 32, 384, cutter="none"),
    # Numbers its pages in its own way: 6 is PC858, 8 is WPC1252.
    _model("wincor-th230", "Wincor Nixdorf, Diebold TH230", 44, 576, code_page=6),
    _model(
        "zjiang-zj-5870",
        "Zjiang ZJ-5870, many nameless 58 mm printers",
        32,
        384,
        code_page=16,
        codec="cp1252",
        cutter="none",
        draws_codes=False,
    ),
)
PROFILES: dict[str, Profile] = {profile.name: profile for profile in _ALL}
DEFAULT = "generic-80"
# The pages with an Euro sign as most makers number them: what to try where a profile fits but for its characters.
EURO_PAGES = {19: "cp858", 16: "cp1252"}


def profile_named(name: str) -> Profile:
    """Return a model's profile. Raises Refused("unknown_profile")."""
    if name not in PROFILES:
        known = ", ".join(PROFILES)
        raise Refused(
            "unknown_profile", "There is no printer profile “{name}”. Known are: {known}.", name=name, known=known
        )
    return PROFILES[name]
