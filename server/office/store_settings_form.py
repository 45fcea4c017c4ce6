"""A store's settings as a form's texts, and back: what tills do and print. Values in, values out."""

import base64
import hashlib
import re
from decimal import Decimal
from typing import Any, get_args

from msgspec.structs import replace

from schema.catalogue import ReceiptDesign, ReturnRules, StoreSettings
from schema.errors import Refused
from schema.events import Tender
from schema.scan import CardPattern, CodePatterns, EmbeddedPattern, check_card, check_embedded
from server.office.form import TOLD_MARK, Form, Reading
from server.office.formats import Formats
from server.office.words import LANGUAGES, Words, say

TENDERS_OFFERED = tuple(tender for tender in get_args(Tender) if tender != "deposit")
AGE_CHECKS = {"always": say("for each such article"), "once": say("once a sale"), "never": say("never")}
OFFLINE_ORDERS = {"allow": say("allowed"), "warn": say("allowed with a warning"), "deny": say("not allowed")}
OFFERS = {"print": say("print it"), "ask": say("ask"), "qr": say("show a QR code"), "none": say("nothing")}
FISCAL = {"none": say("none"), "software": say("software unit, not certified")}
LINE_SETS = ("address", "receipt_footer", "card_types", "cash_in_reasons", "cash_out_reasons", "drawer_reasons")
LOGO_BYTES_MAX = 100_000
LOGO_PIXELS_MAX = 1200
PNG = b"\x89PNG\r\n\x1a\n"
# ISO 4217 cash roundings that exist: not at all, 0.05, 0.10, 0.50 and whole.
CASH_STEPS = ("1", "5", "10", "50", "100")
# Which picture stands on the receipt, so that another one is a change.
LOGO = f"{TOLD_MARK}logo"
_CARD = re.compile(r"(customer|voucher|receipt|order)\s+(\S{1,20})(?:\s+(\d{1,2}))?", re.ASCII)
_EMBEDDED = re.compile(r"(?P<name>.{1,40}?)\s*[=:]\s*(?P<pattern>[0-9AVPWNC]{3,32})(?P<verifies>\s*!)?", re.ASCII)


def settings_form(settings: StoreSettings, formats: Formats) -> Form:
    """Return the form as it opens."""
    currency, design, rules = settings.currency, settings.design, settings.returns
    amounts = {
        "cash_difference_warn": settings.cash_difference_warn_minor,
        "voucher_offline": settings.voucher_offline_minor_max,
        "offline_order": settings.offline_order_minor_max,
    }
    ticks = {
        "separate_lines": settings.separate_lines,
        "blind_count": settings.blind_count,
        "tips": settings.tips,
        "show_tax_table": design.show_tax_table,
        "show_barcode": design.show_barcode,
        "mail": design.mail,
        "same_tender": rules.same_tender,
        "allow_unknown_receipt": rules.allow_unknown_receipt,
    }
    return Form(
        fields={
            "name": settings.name,
            "language": settings.language,
            "tax_number": settings.tax_number,
            "cash_step": str(settings.cash_step_minor),
            "lock_after_s": str(settings.lock_after_s),
            "discount_percent_max": formats.quantity(settings.discount_percent_max),
            "offline_orders": settings.offline_orders,
            "age_check": settings.age_check,
            "fiscal": settings.fiscal,
            "tenders": "\n".join(settings.tenders),
            "order_fields": "\n".join(settings.order_fields),
            **{name: "\n".join(getattr(settings, name)) for name in LINE_SETS},
            **{name: formats.plain(amount, currency) for name, amount in amounts.items()},
            **{name: "1" for name, is_set in ticks.items() if is_set},
            LOGO: hashlib.sha256(design.logo_png.encode()).hexdigest()[:12] if design.logo_png else "",
            "header": "\n".join(design.header),
            "link": design.link,
            "width_mm": str(design.width_mm),
            "offer": design.offer,
            "days_max": str(rules.days_max),
            "reasons": "\n".join(rules.reasons),
            "conditions": "\n".join(rules.conditions),
            **patterns_text(settings.code_patterns),
        }
    )


def read_settings(words: Words, reading: Reading, form: Form, present: StoreSettings, logo: str) -> StoreSettings:
    """Read the whole form; what it does not hold (code, country, currency) stays."""
    tenders = tuple(tender for tender in TENDERS_OFFERED if tender in form.text("tenders").split())
    if not tenders:
        reading.refuse("tenders", words("A till needs at least one way to pay."))
    lines: dict[str, Any] = {name: reading.lines(name) for name in (*LINE_SETS, "order_fields")}
    return replace(
        present,
        name=reading.text("name", needed=True),
        language=reading.choice("language", tuple(LANGUAGES)),
        tax_number=reading.text("tax_number"),
        cash_step_minor=int(reading.choice("cash_step", CASH_STEPS)),
        lock_after_s=reading.whole("lock_after_s"),
        discount_percent_max=reading.percent("discount_percent_max") if form.text("discount_percent_max") else _ALL,
        offline_orders=reading.choice("offline_orders", tuple(OFFLINE_ORDERS)),
        age_check=reading.choice("age_check", tuple(AGE_CHECKS)),
        fiscal=reading.choice("fiscal", tuple(FISCAL)),
        tenders=tenders,
        **lines,
        cash_difference_warn_minor=reading.amount("cash_difference_warn", present.currency),
        voucher_offline_minor_max=reading.amount("voucher_offline", present.currency),
        offline_order_minor_max=reading.amount("offline_order", present.currency),
        separate_lines=reading.ticked("separate_lines"),
        blind_count=reading.ticked("blind_count"),
        tips=reading.ticked("tips"),
        design=_design(words, reading, form, present.design, logo),
        returns=ReturnRules(
            days_max=reading.whole("days_max"),
            reasons=reading.lines("reasons"),
            conditions=reading.lines("conditions"),
            same_tender=reading.ticked("same_tender"),
            allow_unknown_receipt=reading.ticked("allow_unknown_receipt"),
        ),
        code_patterns=read_patterns(words, reading, present.currency),
    )


_ALL = Decimal(100)


def _design(words: Words, reading: Reading, form: Form, present: ReceiptDesign, logo: str) -> ReceiptDesign:
    picture = "" if form.ticked("no_logo") else present.logo_png
    if logo:
        picture = checked_logo(words, reading, logo)
    link = reading.text("link")
    if link and not link.startswith("https://"):
        reading.refuse("link", words("A link begins with https://."))
    width: dict[str, Any] = {"width_mm": int(reading.choice("width_mm", ("80", "58")))}
    return ReceiptDesign(
        header=reading.lines("header"),
        logo_png=picture,
        show_tax_table=reading.ticked("show_tax_table"),
        show_barcode=reading.ticked("show_barcode"),
        mail=reading.ticked("mail"),
        link=link,
        offer=reading.choice("offer", tuple(OFFERS)),  # type: ignore[arg-type]  # one of OFFERS
        **width,
    )


def checked_logo(words: Words, reading: Reading, logo: str) -> str:
    """Return an uploaded picture as it is kept, if a receipt printer can take it."""
    try:
        data = base64.b64decode(logo, validate=True)
    except ValueError:
        data = b""
    if not data.startswith(PNG) or len(data) < 24 or data[12:16] != b"IHDR":
        reading.refuse("logo", words("This is no PNG picture."))
        return ""
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if len(data) > LOGO_BYTES_MAX or not 0 < width <= LOGO_PIXELS_MAX or not 0 < height <= LOGO_PIXELS_MAX:
        told = words(
            "The picture is too large: at most {pixels} × {pixels} dots and {kb} kB.",
            pixels=LOGO_PIXELS_MAX,
            kb=LOGO_BYTES_MAX // 1000,
        )
        reading.refuse("logo", told)
        return ""
    return logo


def patterns_text(patterns: CodePatterns | None) -> dict[str, str]:
    """Write code patterns as the form shows them, one a line."""
    if patterns is None:
        return {}
    embedded = (f"{each.name} = {each.pattern}{' !' if each.verifies else ''}" for each in patterns.embedded)
    cards = (f"{each.kind} {each.prefix} {each.length or ''}".strip() for each in patterns.cards)
    return {"embedded": "\n".join(embedded), "cards": "\n".join(cards)}


def read_patterns(words: Words, reading: Reading, currency: str) -> CodePatterns | None:
    """Read code patterns; nothing at all leaves the country's usual ones."""
    embedded = [_embedded(words, reading, line) for line in reading.lines("embedded")]
    cards = [_card(words, reading, line) for line in reading.lines("cards")]
    if not embedded and not cards:
        return None
    return CodePatterns(
        embedded=tuple(each for each in embedded if each),
        cards=tuple(each for each in cards if each),
        currency=currency,
    )


def _embedded(words: Words, reading: Reading, line: str) -> EmbeddedPattern | None:
    match = _EMBEDDED.fullmatch(line)
    try:
        if match:
            pattern = EmbeddedPattern(name=match["name"], pattern=match["pattern"], verifies=bool(match["verifies"]))
            return check_embedded(pattern)
    except Refused:
        pass
    reading.refuse("embedded", words("“{line}” cannot be read. Write it like: price 22 = 22AAAAVPPPPPC !", line=line))
    return None


def _card(words: Words, reading: Reading, line: str) -> CardPattern | None:
    match = _CARD.fullmatch(line)
    try:
        if match:
            kind: Any = match[1]
            return check_card(CardPattern(kind=kind, prefix=match[2], length=int(match[3] or 0)))
    except Refused:
        pass
    reading.refuse("cards", words("“{line}” cannot be read. Write it like: customer CARD- 10", line=line))
    return None
