"""Articles: the list, one of them with all that tills know of it, the form that changes it, and its variants."""

import re
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec import Struct
from msgspec.structs import replace

from schema.catalogue import Article
from schema.money import format_plain
from schema.text import fold
from server.auth.audit import audit
from server.catalogue.articles import get_article, get_articles, put_articles, variants
from server.catalogue.lists import article_groups, articles, stock_of
from server.catalogue.options import options_text, parse_options
from server.catalogue.prices import prices_of_article, running_promotions
from server.catalogue.rules import UNITS, UNTAXED, check_article
from server.catalogue.store_rows import tax_codes
from server.db import Connection
from server.office import specs
from server.office.editing import Editing, Stored
from server.office.form import Form, Reading, typed
from server.office.list_page import Shown, list_answer
from server.office.views import Told
from server.office.visit import Sent, Visit, Visiting, go, one, there
from server.office.words import say

TOLD = Told(
    title=say("Articles"),
    search_hint=say("Name or number"),
    empty_heading=say("No articles yet"),
    empty_text=say("Import them from a CSV file: python -m server import-articles FILE.csv"),
)
VARIANTS_AT_ONCE_MAX = 200
SIZES = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "2XL", "3XL", "XXXL", "4XL", "5XL")
_SIZE_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_NOT_IN_NUMBERS = re.compile(r"[^0-9A-Z]+")
# Beside which field the catalogue's refusals are told.
FIELD_OF_CODE = {
    "bad_amount": "price",
    "unknown_unit": "unit",
    "unknown_tax": "tax_code",
    "bad_age": "age_min",
    "bad_option": "options",
    "bad_barcode": "barcodes",
    "wrong_check_digit": "barcodes",
}


class Place(Struct, frozen=True, kw_only=True):
    """A cell of the matrix: the variant's number, and the article that is there already."""

    number: str
    colour: str
    size: str
    article: Article | None = None


class ArticlePages(Controller):
    path = "/articles"

    @get("/", sync_to_thread=True)
    def show_list(self, visit: Visiting) -> Response[Any]:
        """Show the list of articles."""
        return list_answer(visit, specs.ARTICLES, articles, Shown(told=TOLD, template="articles.html"))

    @get("/{number:str}", sync_to_thread=True)
    def show(self, visit: Visiting, number: FromPath[str]) -> Response[Any]:
        """Show one article with its barcodes, prices, stock and variants."""
        with visit.parts.database.read() as connection:
            found = known(visit, connection, number)
            values: dict[str, Any] = {
                "article": found,
                "variants": sorted(variants(connection, number), key=lambda each: (each.colour, size_rank(each.size))),
                "prices": prices_of_article(connection, number),
                "promotions": [
                    each
                    for each in running_promotions(connection)
                    if number in each.articles or (found.group and found.group in each.groups)
                ],
                "stock": stock_of(connection, number),
                "named": get_articles(connection, [found.bottle_deposit, found.variant_of, *found.suggests]),
            }
        back, may = visit.back_to("/articles"), may_manage(visit)
        return visit.page("article.html", back=back, may_manage=may, currency=visit.currency, **values)

    @get("/new", sync_to_thread=True)
    def new(self, visit: Visiting) -> Response[Any]:
        """Show the form for a new article."""
        visit.require("admin")
        return form_page(visit, Form(fields={"unit": "piece", "tax_code": "standard"}), "")

    @post("/new", sync_to_thread=True)
    def add(self, visit: Visiting, form: Sent) -> Response[Any]:
        """Add an article."""
        visit.require("admin")
        return ArticleEditing(visit).save(typed(form))

    @get("/{number:str}/edit", sync_to_thread=True)
    def edit(self, visit: Visiting, number: FromPath[str]) -> Response[Any]:
        """Show the form that changes an article."""
        visit.require("admin")
        return ArticleEditing(visit, number).open()

    @post("/{number:str}/edit", sync_to_thread=True)
    def change(self, visit: Visiting, number: FromPath[str], form: Sent) -> Response[Any]:
        """Change an article; the tills see it within seconds."""
        visit.require("admin")
        return ArticleEditing(visit, number).save(typed(form))

    @get("/{number:str}/variants", sync_to_thread=True)
    def plan_variants(self, visit: Visiting, number: FromPath[str]) -> Response[Any]:
        """Show the matrix of colours and sizes: what is there, and what can be made."""
        visit.require("admin")
        form = Form(fields={name: one(visit.query, name) for name in ("colours", "sizes")})
        with visit.parts.database.read() as connection:
            return matrix_page(visit, connection, known(visit, connection, number), form)

    @post("/{number:str}/variants", sync_to_thread=True)
    def make_variants(self, visit: Visiting, number: FromPath[str], form: Sent) -> Response[Any]:
        """Make the ticked variants with the article's price, tax and group."""
        visit.require("admin")
        wanted = set(form.get("make", ()))
        with visit.parts.database.write() as connection:
            parent = known(visit, connection, number)
            present = variants(connection, number)
            places = matrix(parent, present, words_in(one(form, "colours")), words_in(one(form, "sizes")))
            made = [variant_of(parent, place) for place in places if place.number in wanted and place.article is None]
            free = [each for each in made if each.number not in get_articles(connection, [one.number for one in made])]
            codes = tax_codes(connection)
            checked = [check_article(each, codes) for each in free]
            put_articles(connection, [replace(parent, is_matrix=True), *checked], visit.now_ms)
            audit(connection, visit.staff.name, "variants made", number, f"{len(checked)}", now_ms=visit.now_ms)
        return go(f"/articles/{quote(number, safe='')}?told=saved")


class ArticleEditing(Editing[Article]):
    """An article in its form."""

    deed = "article saved"
    other_deeds = ("variants made",)
    field_of_code = FIELD_OF_CODE

    def present(self, connection: Connection) -> Form | None:
        found = get_article(connection, self.key)
        return form_of(found, self.visit) if found else None

    def read(self, connection: Connection, reading: Reading, form: Form) -> Article:
        article = read_article(reading, form, self.key)
        options = parse_options(form.text("options"), self.visit.currency)
        check_names(self.visit, connection, reading, article, is_new=not self.key)
        return article if reading.errors else check_article(replace(article, options=options), tax_codes(connection))

    def store(self, connection: Connection, thing: Article) -> Stored:
        put_articles(connection, [thing], self.visit.now_ms)
        detail = f"{thing.name}, {format_plain(thing.price_minor, self.visit.currency)}"
        there = f"/articles/{quote(thing.number, safe='')}?told=saved"
        return Stored(subject=thing.number, detail=detail, address=there)

    def page(self, form: Form, status: int = 200) -> Response[Any]:
        return form_page(self.visit, form, self.key, status)

    def missing(self) -> str:
        return no_article(self.visit, self.key)


def no_article(visit: Visit, number: str) -> str:
    """Return the words for an article that is not there."""
    return visit.words("There is no article {number}.", number=number)


def may_manage(visit: Visit) -> bool:
    """Tell whether the user may change what the shops sell."""
    return visit.staff.role == "admin"


def known(visit: Visit, connection: Connection, number: str) -> Article:
    """Return an article. Raises Refused("not_found")."""
    return there(get_article(connection, number), no_article(visit, number))


def form_of(article: Article, visit: Visit) -> Form:
    """Return the form as it opens to change an article."""
    formats, ticks = visit.formats, ("blocked", "is_matrix", "is_voucher")
    texts = ("number", "name", "short_name", "group", "unit", "tax_code", "bottle_deposit", "variant_of")
    return Form(
        fields={
            **{name: getattr(article, name) for name in (*texts, "colour", "size")},
            **{name: "1" for name in ticks if getattr(article, name)},
            "price": formats.plain(article.price_minor),
            "age_min": str(article.age_min or ""),
            "barcodes": "\n".join(article.barcodes),
            "suggests": "\n".join(article.suggests),
            "options": options_text(article.options, visit.currency),
        }
    )


def read_article(reading: Reading, form: Form, number: str) -> Article:
    """Read the form's fields but for the options, which are parsed by the catalogue."""
    return Article(
        number=number or reading.text("number", needed=True),
        name=reading.text("name", needed=True),
        short_name=reading.text("short_name"),
        group=reading.text("group"),
        unit=reading.choice("unit", sorted(UNITS)),
        price_minor=reading.amount("price", "EUR"),
        tax_code=reading.text("tax_code", needed=True),
        barcodes=tuple(form.text("barcodes").split()),
        blocked=reading.ticked("blocked"),
        age_min=reading.whole("age_min"),
        bottle_deposit=reading.text("bottle_deposit"),
        suggests=tuple(form.text("suggests").replace(",", " ").split()),
        variant_of=reading.text("variant_of"),
        colour=reading.text("colour"),
        size=reading.text("size"),
        is_matrix=reading.ticked("is_matrix"),
        is_voucher=reading.ticked("is_voucher"),
    )


def check_names(visit: Visit, connection: Connection, reading: Reading, article: Article, *, is_new: bool) -> None:
    """Say where an article names others that do not exist, or takes a number that is in use."""
    words = visit.words
    named = {"bottle_deposit": (article.bottle_deposit,), "variant_of": (article.variant_of,)}
    for field, numbers in {**named, "suggests": article.suggests}.items():
        wanted = [number for number in numbers if number]
        missing = [number for number in wanted if number not in get_articles(connection, wanted)]
        if missing:
            reading.refuse(field, words("There is no article {number}.", number=missing[0]))
    if is_new and article.number and get_article(connection, article.number):
        reading.refuse("number", words("There is an article with this number already."))
    if "/" in article.number:
        reading.refuse("number", words("A slash cannot stand here."))


def form_page(visit: Visit, form: Form, number: str, status: int = 200) -> Response[str]:
    """Show the form of an article; `number` is empty for a new one."""
    with visit.parts.database.read() as connection:
        codes = [*sorted(tax_codes(connection)), UNTAXED]
        groups = article_groups(connection)
    back = f"/articles/{quote(number, safe='')}" if number else "/articles"
    values: dict[str, Any] = {"form": form, "number": number, "back": back, "tax_codes": codes, "groups": groups}
    return visit.page("article_form.html", status=status, units=sorted(UNITS), **values)


# -- variants


def words_in(text: str) -> tuple[str, ...]:
    """Return what stands between commas or on lines of its own, each once."""
    parts = [" ".join(part.split()) for part in re.split(r"[,;\n]", text)]
    return tuple(dict.fromkeys(part[:40] for part in parts if part))


def matrix(
    parent: Article, present: list[Article], colours: tuple[str, ...], sizes: tuple[str, ...]
) -> tuple[Place, ...]:
    """Return every place of the matrix: colours times sizes, one of which may be left out."""
    there = {(fold(each.colour), fold(each.size)): each for each in present}
    wanted = [(colour, size) for colour in colours or ("",) for size in sizes or ("",) if colour or size]
    return tuple(
        Place(
            number=variant_number(parent.number, colour, size),
            colour=colour,
            size=size,
            article=there.get((fold(colour), fold(size))),
        )
        for colour, size in wanted[:VARIANTS_AT_ONCE_MAX]
    )


def variant_number(parent: str, colour: str, size: str) -> str:
    """Return a number that says what it is: 0064-RED-M."""
    parts = (_NOT_IN_NUMBERS.sub("", fold(text).upper())[:8] for text in (colour, size))
    return "-".join([parent, *(part for part in parts if part)])


def size_rank(size: str) -> tuple[int, Decimal, str]:
    """Return where a size stands among others: letters from XXS on, then numbers, then words."""
    if size.upper() in SIZES:
        return (0, Decimal(SIZES.index(size.upper())), "")
    number = _SIZE_NUMBER.match(size.replace(",", "."))
    return (1, Decimal(number[0]), size) if number else (2, Decimal(0), size)


def variant_of(parent: Article, place: Place) -> Article:
    """Return a new variant with what its parent has."""
    return replace(
        parent,
        number=place.number,
        name=" ".join(part for part in (parent.name, place.colour, place.size) if part),
        short_name="",
        barcodes=(),
        is_matrix=False,
        variant_of=parent.number,
        colour=place.colour,
        size=place.size,
    )


def matrix_page(visit: Visit, connection: Connection, parent: Article, form: Form) -> Response[str]:
    """Show the matrix as it would be; colours and sizes that are there already are always in it."""
    present = variants(connection, parent.number)
    colours = tuple(dict.fromkeys([*(each.colour for each in present if each.colour), *words_in(form.text("colours"))]))
    sizes = tuple(dict.fromkeys([*(each.size for each in present if each.size), *words_in(form.text("sizes"))]))
    sizes = tuple(sorted(sizes, key=size_rank))
    places = {(place.colour, place.size): place for place in matrix(parent, present, colours, sizes)}
    back = f"/articles/{quote(parent.number, safe='')}"
    asked = Form(fields={"colours": ", ".join(colours), "sizes": ", ".join(sizes)})
    values: dict[str, Any] = {"colours": colours or ("",), "sizes": sizes or ("",), "places": places}
    return visit.page("variants.html", article=parent, form=asked, back=back, **values)
