"""Promotions: made, changed, ended."""

import re
from typing import Any, get_args
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec.structs import replace

from schema.pricing import Promotion, PromotionKind
from server.auth.audit import audit
from server.catalogue.articles import get_articles
from server.catalogue.lists import article_groups, customer_groups, promotions
from server.catalogue.prices import end_promotion, get_promotion, has_ended, put_promotion
from server.db import Connection
from server.office import specs
from server.office.editing import Editing, Stored
from server.office.form import TOLD_MARK, Form, Reading, check_days, typed
from server.office.list_page import Shown, list_answer
from server.office.views import Told
from server.office.visit import Sent, Visit, Visiting, go
from server.office.words import say
from server.tills.lists import stores

TOLD = Told(
    title=say("Promotions"),
    note=say("They do not add up: each line gets the best for the customer, and says why."),
    search_hint=say("Code, name or group"),
    empty_heading=say("No promotions yet"),
    empty_text=say("Make one above; the tills give it from its first day on."),
)
KINDS: tuple[PromotionKind, ...] = get_args(PromotionKind)
WEEKDAYS = (say("Mon"), say("Tue"), say("Wed"), say("Thu"), say("Fri"), say("Sat"), say("Sun"))
# Whether somebody has ended it: who saves it lets it run again, and must know that.
ENDED = f"{TOLD_MARK}ended"
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}", re.ASCII)


class PromotionPages(Controller):
    path = "/promotions"

    @get("/", sync_to_thread=True)
    def show_promotions(self, visit: Visiting) -> Response[Any]:
        """Show the promotions."""
        return list_answer(visit, specs.PROMOTIONS, promotions, Shown(told=TOLD, template="promotions.html"))

    @get("/new", sync_to_thread=True)
    def new(self, visit: Visiting) -> Response[Any]:
        """Show the form for a new promotion."""
        visit.require("admin")
        return promotion_page(visit, Form(fields={"kind": "percent"}), "")

    @post("/new", sync_to_thread=True)
    def add(self, visit: Visiting, form: Sent) -> Response[Any]:
        """Add a promotion."""
        visit.require("admin")
        return PromotionEditing(visit).save(with_lists(typed(form), form))

    @get("/{code:str}", sync_to_thread=True)
    def show(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show a promotion in its form."""
        return PromotionEditing(visit, code).open()

    @post("/{code:str}", sync_to_thread=True)
    def change(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:
        """Change a promotion; one that was ended runs again."""
        visit.require("admin")
        return PromotionEditing(visit, code).save(with_lists(typed(form), form))

    @get("/{code:str}/end", sync_to_thread=True)
    def ask_end(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Ask once before a promotion is ended."""
        visit.require("admin")
        words, back = visit.words, address(code)
        return visit.ask(
            words("End promotion {code} now?", code=code),
            [words("Tills no longer give it within seconds. It stays here, and saving it starts it again.")],
            action=f"{back}/end",
            yes=words("Yes, end it"),
            no=words("No, keep it"),
            back=back,
        )

    @post("/{code:str}/end", sync_to_thread=True)
    def end(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """End a promotion at once."""
        visit.require("admin")
        with visit.parts.database.write() as connection:
            end_promotion(connection, code, visit.now_ms)
            audit(connection, visit.staff.name, "promotion ended", code, now_ms=visit.now_ms)
        return go("/promotions?told=ended")


class PromotionEditing(Editing[Promotion]):
    """A promotion in its form."""

    deed = "promotion saved"
    other_deeds = ("promotion ended",)

    def present(self, connection: Connection) -> Form | None:
        found = get_promotion(connection, self.key)
        return form_of(found, self.visit, ended=has_ended(connection, self.key)) if found else None

    def read(self, connection: Connection, reading: Reading, form: Form) -> Promotion:
        promotion = read_promotion(self.visit, reading, form, self.key)
        check_names(self.visit, connection, reading, promotion, is_new=not self.key)
        return promotion

    def store(self, connection: Connection, thing: Promotion) -> Stored:
        put_promotion(connection, thing, self.visit.now_ms)
        return Stored(subject=thing.code, address=f"{address(thing.code)}?told=saved")

    def page(self, form: Form, status: int = 200) -> Response[Any]:
        return promotion_page(self.visit, form, self.key, status)

    def missing(self) -> str:
        return self.visit.words("There is no promotion {code}.", code=self.key)


def address(code: str) -> str:
    """Return a promotion's page."""
    return f"/promotions/{quote(code, safe='')}"


def with_lists(form: Form, sent: dict[str, list[str]]) -> Form:
    """Keep the fields that were sent several times: ticked weekdays, stores and article groups."""
    joined = {name: "\n".join(sent.get(name, ())) for name in ("weekdays", "stores", "groups")}
    return replace(form, fields={**form.fields, **joined})


def form_of(promotion: Promotion, visit: Visit, *, ended: bool) -> Form:
    """Return the form as it opens to change a promotion."""
    formats, currency = visit.formats, visit.currency
    hours = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in promotion.hours or ()]
    numbers = {
        "x": str(promotion.x or ""),
        "y": str(promotion.y or ""),
        "percent": formats.quantity(promotion.percent) if promotion.percent else "",
        "amount": formats.plain(promotion.amount_minor, currency) if promotion.amount_minor else "",
        "threshold": formats.plain(promotion.threshold_minor, currency) if promotion.threshold_minor else "",
    }
    return Form(
        fields={
            "code": promotion.code,
            "name": promotion.name,
            "kind": promotion.kind,
            "articles": "\n".join(promotion.articles),
            "groups": "\n".join(promotion.groups),
            "customer_group": promotion.customer_group,
            "valid_from": formats.day(promotion.valid_from),
            "valid_to": formats.day(promotion.valid_to),
            "weekdays": "\n".join(str(day) for day in promotion.weekdays),
            "hour_from": hours[0] if hours else "",
            "hour_to": hours[1] if hours else "",
            "stores": "\n".join(promotion.stores),
            "stacks": "1" if promotion.stacks else "",
            ENDED: "1" if ended else "",
            **numbers,
        }
    )


def read_promotion(visit: Visit, reading: Reading, form: Form, code: str) -> Promotion:
    """Read the form's fields; the engine's own check says what does not fit together."""
    first, last = reading.minute("hour_from"), reading.minute("hour_to")
    promotion = Promotion(
        code=code or reading.text("code", needed=True),
        name=reading.text("name", needed=True),
        kind=reading.choice("kind", KINDS),  # type: ignore[arg-type]  # one of KINDS
        articles=tuple(form.text("articles").replace(",", " ").split()),
        groups=reading.lines("groups"),
        customer_group=reading.text("customer_group"),
        valid_from=reading.day("valid_from"),
        valid_to=reading.day("valid_to"),
        weekdays=tuple(int(day) for day in form.text("weekdays").split() if day in "1234567"),
        hours=(first or 0, last if last is not None else 24 * 60) if (first, last) != (None, None) else None,
        stores=tuple(form.text("stores").split()),
        x=reading.whole("x"),
        y=reading.whole("y"),
        percent=reading.percent("percent"),
        amount_minor=reading.amount("amount", visit.currency),
        threshold_minor=reading.amount("threshold", visit.currency),
        stacks=reading.ticked("stacks"),
    )
    check_days(reading, visit.words, promotion.valid_from, promotion.valid_to)
    if not code and promotion.code and not _CODE.fullmatch(promotion.code):
        reading.refuse("code", visit.words("A code has up to 20 letters, digits, dots or dashes."))
    return promotion


def check_names(visit: Visit, connection: Connection, reading: Reading, promotion: Promotion, *, is_new: bool) -> None:
    words = visit.words
    there = get_articles(connection, promotion.articles)
    missing = [number for number in promotion.articles if number not in there]
    if missing:
        reading.refuse("articles", words("There is no article {number}.", number=missing[0]))
    if is_new and get_promotion(connection, promotion.code):
        reading.refuse("code", words("There is a promotion with this code already."))


def promotion_page(visit: Visit, form: Form, code: str, status: int = 200) -> Response[str]:
    """Show the form of a promotion; `code` is empty for a new one."""
    with visit.parts.database.read() as connection:
        values = {
            "groups": [(group, group) for group in article_groups(connection)],
            "customer_groups": customer_groups(connection),
            "stores": [(store.code, f"{store.code} · {store.name}") for store in stores(connection)],
            "ended": bool(code) and has_ended(connection, code),
        }
    return visit.page(
        "promotion.html",
        status=status,
        form=form,
        code=code,
        kinds=[(kind, visit.words(specs.PROMOTION_LABELS[kind])) for kind in KINDS],
        weekdays=[(str(place), visit.words(name)) for place, name in enumerate(WEEKDAYS, start=1)],
        may_manage=visit.staff.role == "admin",
        back="/promotions",
        **values,
    )
