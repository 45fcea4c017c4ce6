"""A store's own things: its settings (what tills do and print) and its pages of quick keys, fed to its tills."""

import base64
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec.structs import replace

from schema.catalogue import QuickKey, QuickKeyPage, ReceiptDesign, ReturnRules, StoreSettings
from schema.errors import Refused
from schema.events import Tender
from schema.scan import CardPattern, CodePatterns, EmbeddedPattern, check_card, check_embedded
from server.auth.audit import audit
from server.catalogue.articles import get_articles
from server.catalogue.lists import find_article
from server.catalogue.rules import shown_text
from server.catalogue.store_rows import put_quick_keys, put_store, quick_key_pages, store_settings
from server.db import Connection
from server.office.form import Form, Reading, typed, with_errors
from server.office.specs import TENDERS
from server.office.visit import Sent, Visit, Visiting, go, one
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
PAGES_MAX = 20
KEYS_MAX = 60
_KEY_FIELD = re.compile(r"key-(\d{1,3})-(article|label)", re.ASCII)
_CARD = re.compile(r"(customer|voucher|receipt|order)\s+(\S{1,20})(?:\s+(\d{1,2}))?", re.ASCII)
_EMBEDDED = re.compile(r"(?P<name>.{1,40}?)\s*[=:]\s*(?P<pattern>[0-9AVPWNC]{3,32})(?P<verifies>\s*!)?", re.ASCII)


class StorePages(Controller):
    path = "/stores/{code:str}"

    @get("/settings", sync_to_thread=True)
    def show_settings(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show a store's settings in their form."""
        with visit.parts.database.read() as connection:
            found = known(visit, connection, code)
        return settings_page(visit, found, settings_form(found, visit))

    @post("/settings", sync_to_thread=True)
    def change_settings(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:
        """Store the settings; the store's tills follow within seconds."""
        visit.require("admin")
        sent = typed({**form, "tenders": ["\n".join(form.get("tenders", ()))]})
        reading = Reading(sent, visit.reader)
        with visit.parts.database.write() as connection:
            present = known(visit, connection, code)
            wanted = read_settings(visit, reading, sent, present, one(form, "logo"))
            if not reading.errors:
                put_store(connection, wanted)
                audit(connection, visit.staff.name, "store settings saved", code, now_ms=visit.now_ms)
        if reading.errors:
            return settings_page(visit, present, with_errors(sent, reading.errors), 422)
        return go(f"/stores/{code}/settings?told=saved")

    @get("/keys", sync_to_thread=True)
    def show_keys(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show a store's pages of quick keys."""
        with visit.parts.database.read() as connection:
            settings = known(visit, connection, code)
            pages = quick_key_pages(connection, code)
            named = get_articles(connection, [key.article for page in pages for key in page.keys])
        may = visit.staff.role == "admin"
        return visit.page("quick_keys.html", store=settings, pages=pages, named=named, back="/tills", may_manage=may)

    @get("/keys/edit", sync_to_thread=True)
    def edit_keys(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show one page of quick keys in its form; without a name a new one."""
        visit.require("admin")
        with visit.parts.database.read() as connection:
            settings = known(visit, connection, code)
            pages = {page.name: page for page in quick_key_pages(connection, code)}
            found = pages.get(one(visit.query, "page"))
            return keys_page(visit, connection, settings, again(found))

    @post("/keys/edit", sync_to_thread=True)
    def change_keys(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:
        """Change a page of quick keys: add, move or remove a key, or store it."""
        visit.require("admin")
        sent, do = typed(form), one(form, "do")
        with visit.parts.database.write() as connection:
            settings = known(visit, connection, code)
            errors, keys = changed_keys(visit, connection, read_keys(sent), sent, do)
            if do == "save" and not errors:
                errors = save_keys(visit, connection, code, sent, keys)
                if not errors:
                    return go(f"/stores/{code}/keys?told=saved")
            shown = with_errors(with_keys(sent, keys, added=do == "add" and not errors), errors)
            return keys_page(visit, connection, settings, shown)

    @get("/keys/drop", sync_to_thread=True)
    def ask_drop_keys(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Ask once before a page of quick keys is taken away."""
        visit.require("admin")
        words, page = visit.words, one(visit.query, "page")[:80]
        back = f"/stores/{quote(code, safe='')}/keys"
        return visit.page(
            "confirm.html",
            heading=words("Take the page “{page}” away?", page=page),
            says=[words("The store's tills no longer show it within seconds. The articles stay.")],
            action=f"{back}/drop?page={quote(page, safe='')}",
            yes=words("Yes, take it away"),
            no=words("No, keep it"),
            back=back,
        )

    @post("/keys/drop", sync_to_thread=True)
    def drop_keys(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Take a page of quick keys away."""
        visit.require("admin")
        page = one(visit.query, "page")
        with visit.parts.database.write() as connection:
            known(visit, connection, code)
            put_quick_keys(connection, code, numbered(other_pages(connection, code, page)))
            audit(connection, visit.staff.name, "quick keys dropped", code, page, now_ms=visit.now_ms)
        return go(f"/stores/{quote(code, safe='')}/keys?told=saved")


def known(visit: Visit, connection: Connection, code: str) -> StoreSettings:
    """Return a store's settings. Raises Refused("not_found")."""
    found = store_settings(connection, code)
    if found is None:
        raise Refused("not_found", visit.words("There is no store {store}.", store=code[:20]))
    return found


# -- settings


def settings_form(settings: StoreSettings, visit: Visit) -> Form:
    """Return the form as it opens."""
    formats, currency, design, rules = visit.formats, settings.currency, settings.design, settings.returns
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


def read_settings(visit: Visit, reading: Reading, form: Form, present: StoreSettings, logo: str) -> StoreSettings:
    """Read the whole form; what it does not hold (code, country, currency) stays."""
    tenders = tuple(tender for tender in TENDERS_OFFERED if tender in form.text("tenders").split())
    if not tenders:
        reading.refuse("tenders", visit.words("A till needs at least one way to pay."))
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
        design=_design(visit, reading, form, present.design, logo),
        returns=ReturnRules(
            days_max=reading.whole("days_max"),
            reasons=reading.lines("reasons"),
            conditions=reading.lines("conditions"),
            same_tender=reading.ticked("same_tender"),
            allow_unknown_receipt=reading.ticked("allow_unknown_receipt"),
        ),
        code_patterns=read_patterns(visit.words, reading, present.currency),
    )


_ALL = Decimal(100)


def _design(visit: Visit, reading: Reading, form: Form, present: ReceiptDesign, logo: str) -> ReceiptDesign:
    picture = "" if form.ticked("no_logo") else present.logo_png
    if logo:
        picture = checked_logo(visit.words, reading, logo)
    link = reading.text("link")
    if link and not link.startswith("https://"):
        reading.refuse("link", visit.words("A link begins with https://."))
    width: dict[str, Any] = {"width_mm": int(reading.choice("width_mm", ("80", "58")))}
    return ReceiptDesign(
        header=reading.lines("header"),
        logo_png=picture,
        show_tax_table=reading.ticked("show_tax_table"),
        show_barcode=reading.ticked("show_barcode"),
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


def settings_page(visit: Visit, settings: StoreSettings, form: Form, status: int = 200) -> Response[str]:
    """Show a store's settings."""
    return visit.page(
        "store_settings.html",
        status=status,
        store=settings,
        form=form,
        languages=list(LANGUAGES.items()),
        tenders=[(tender, visit.words(TENDERS[tender])) for tender in TENDERS_OFFERED],
        steps=[(step, visit.formats.amount(int(step), settings.currency)) for step in CASH_STEPS],
        age_checks=_choices(visit, AGE_CHECKS),
        offline_orders=_choices(visit, OFFLINE_ORDERS),
        offers=_choices(visit, OFFERS),
        fiscal=_choices(visit, FISCAL),
        may_manage=visit.staff.role == "admin",
        back="/tills",
    )


def _choices(visit: Visit, labels: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(value, visit.words(label)) for value, label in labels.items()]


# -- quick keys


def again(page: QuickKeyPage | None) -> Form:
    """Return the form of a page as it opens."""
    if page is None:
        return Form()
    head = {"page": page.name, "name": page.name, "position": str(page.position)}
    return with_keys(Form(fields=head), page.keys, added=False)


def with_keys(form: Form, keys: tuple[QuickKey, ...], *, added: bool) -> Form:
    """Return the form with these keys; what was to be added is gone once it was."""
    kept = {name: form.text(name) for name in ("page", "name", "position", *(() if added else ("add",)))}
    rows = {
        f"key-{place}-{part}": getattr(key, part) for place, key in enumerate(keys) for part in ("article", "label")
    }
    return Form(fields={**kept, **rows})


def read_keys(form: Form) -> tuple[QuickKey, ...]:
    """Read the keys of a sent form in their order."""
    places: dict[int, dict[str, str]] = {}
    for name, text in form.fields.items():
        match = _KEY_FIELD.fullmatch(name)
        if match:
            places.setdefault(int(match[1]), {})[match[2]] = shown_text(text)[:40]
    found = [places[place] for place in sorted(places)]
    return tuple(QuickKey(**key) for key in found if key.get("article"))[:KEYS_MAX]


def changed_keys(
    visit: Visit, connection: Connection, keys: tuple[QuickKey, ...], form: Form, do: str
) -> tuple[dict[str, str], tuple[QuickKey, ...]]:
    """Do what a button asks with the keys; return what is wrong and the keys."""
    if do == "add" or (do == "save" and form.text("add").strip()):
        found = find_article(connection, form.text("add"))
        if found is None:
            return {"add": visit.words("There is no such article. Search by name, number or barcode.")}, keys
        return {}, (*keys, QuickKey(article=found.number))[:KEYS_MAX]
    action, _, place = do.partition("-")
    index = int(place) if place.isascii() and place.isdigit() and int(place) < len(keys) else -1
    if index < 0:
        return {}, keys
    rest = [*keys[:index], *keys[index + 1 :]]
    if action in {"up", "down"}:
        rest.insert(max(index + (-1 if action == "up" else 1), 0), keys[index])
    return {}, tuple(rest) if action in {"up", "down", "remove"} else keys


def save_keys(
    visit: Visit, connection: Connection, code: str, form: Form, keys: tuple[QuickKey, ...]
) -> dict[str, str]:
    """Store a page among the others; return what is wrong."""
    reading = Reading(form, visit.reader)
    name, position = reading.text("name", needed=True), reading.whole("position")
    others = other_pages(connection, code, form.text("page"))
    if any(page.name == name for page in others):
        reading.refuse("name", visit.words("There is a page with this name already."))
    if len(others) >= PAGES_MAX:
        reading.refuse("name", visit.words("A store has at most {count} pages.", count=PAGES_MAX))
    if not reading.errors:
        place = position if position else len(others) + 1
        pages = [*others[: place - 1], QuickKeyPage(name=name, position=place, keys=keys), *others[place - 1 :]]
        put_quick_keys(connection, code, numbered(pages))
        audit(connection, visit.staff.name, "quick keys saved", code, name, now_ms=visit.now_ms)
    return reading.errors


def other_pages(connection: Connection, code: str, name: str) -> list[QuickKeyPage]:
    """Return a store's pages but for one."""
    return [page for page in quick_key_pages(connection, code) if page.name != name]


def numbered(pages: list[QuickKeyPage]) -> list[QuickKeyPage]:
    """Return pages with their places counted from 1."""
    return [replace(page, position=place) for place, page in enumerate(pages, start=1)]


def keys_page(visit: Visit, connection: Connection, settings: StoreSettings, form: Form) -> Response[str]:
    """Show one page of quick keys in its form."""
    keys = read_keys(form)
    return visit.page(
        "quick_keys_form.html",
        status=422 if form.errors else 200,
        store=settings,
        form=form,
        name=form.text("page"),
        keys=keys,
        named=get_articles(connection, [key.article for key in keys]),
        back=f"/stores/{quote(settings.store, safe='')}/keys",
    )
