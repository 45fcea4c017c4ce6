"""One request to the office: who asks, in which language, and the page that answers.

Sign-in is a cookie that holds a session's token; the database holds its hash (server.auth). A form carries a value
derived from that token, so that no other site can send one in a user's name; before sign-in the value comes from a
cookie of its own. Texts go through Jinja with escaping always on; nothing is marked safe but our own SVG.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, TypeAlias, TypeVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.response import Redirect
from markupsafe import Markup
from msgspec import Struct

from schema.errors import Refused
from server import kept
from server.auth.staff import Role, Staff
from server.office.formats import Formats
from server.office.specs import TENDERS
from server.office.views import Reader
from server.office.words import Words, preferred, say, words_in
from server.parts import Parts
from server.tills.identity import read_meta

HTML = "text/html"
SESSION_COOKIE = "counterfoil_session"
FORM_COOKIE = "counterfoil_form"
FORM_FIELDS_MAX = 6000
QUERY_FIELDS_MAX = 300
CSRF_FIELD = "form_key"
THEMES = ("light", "dark")

Found = TypeVar("Found")
AnyRequest = Request[Any, Any, Any]
Fields = dict[str, list[str]]


class Place(Struct, frozen=True, kw_only=True):
    """An entry of the main menu; `also` are other addresses that belong to it."""

    path: str
    label: str
    icon: str
    also: tuple[str, ...] = ()


NAVIGATION = (
    Place(path="/", label=say("Today"), icon="today"),
    Place(path="/orders", label=say("Orders"), icon="orders"),
    Place(path="/invoicing", label=say("Invoicing"), icon="invoicing", also=("/mails",)),
    Place(path="/accounting", label=say("Accounting"), icon="accounting"),
    Place(path="/articles", label=say("Articles"), icon="articles", also=("/prices", "/promotions")),
    Place(path="/customers", label=say("Customers"), icon="customers", also=("/vouchers", "/open-items")),
    Place(path="/tills", label=say("Stores and tills"), icon="tills", also=("/stores",)),
    Place(path="/reports", label=say("Reports"), icon="reports"),
    Place(path="/settings", label=say("Settings"), icon="settings"),
)
ROLE_LABELS = {"clerk": say("Clerk"), "accountant": say("Accountant"), "admin": say("Administrator")}

# What a page says after something was done; the address carries only the name (`told=`).
NOTICES: Mapping[str, tuple[str, str]] = {
    "confirmed": ("go", say("The order is confirmed. The tills of its store see it within seconds.")),
    "saved": ("go", say("Saved.")),
    "cancelled": ("go", say("The order is fully cancelled. The tills no longer offer it.")),
    "kicked": ("go", say("Everything that waited was run. What failed again is tried later by itself.")),
    "kicking": ("", say("The run goes on in the background. The list refreshes by itself.")),
    "closed": ("go", say("The matter is closed.")),
    "revoked": ("go", say("The till is revoked. What it still sends is kept as late evidence.")),
    "merged": ("go", say("The duplicate was merged. Tills see one customer from now on.")),
    "ended": ("go", say("The promotion has ended. Tills no longer give it.")),
    "dropped": ("go", say("The price list was taken away. Tills use the articles' own prices.")),
    "store_added": ("go", say("The store is there. Add its cashiers here, and a till under Stores and tills.")),
    "locked": ("go", say("The cashier is locked. Tills refuse the sign-in as soon as they have heard of it.")),
    "unlocked": ("go", say("The cashier may sign in again, with the PIN of before.")),
    "pin": ("go", say("The new PIN holds at the tills within seconds. It is shown nowhere.")),
    "mailing": ("go", say("The mail goes out with the next run. This page follows it.")),
    "forgotten": ("go", say("All your lists are as they were at first.")),
}


class NotSignedInError(Exception):
    """No session, or one that has ended: the visitor is sent to the sign-in page."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A signed-in user's request. A dataclass, since the web framework copies Structs."""

    parts: Parts
    staff: Staff
    token: str
    path: str
    query: Fields
    origin: str
    referrer: str = ""
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reader", reader_for(self.staff.language))

    @property
    def words(self) -> Words:
        return self.reader.words

    @property
    def formats(self) -> Formats:
        return self.reader.formats

    @property
    def now_ms(self) -> int:
        return self.parts.clock.now_ms()

    def said(self, english: str, worded: str) -> str:
        """Return a stored sentence in the user's language."""
        return kept.said(english, worded, self.words, self.formats.amount)

    @cached_property
    def currency(self) -> str:
        """Return the currency in which articles and price lists are kept. Ask before a transaction begins."""
        with self.parts.database.read() as connection:
            return read_meta(connection, "currency") or "EUR"

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response[str]:
        """Answer with a page."""
        # A form is sent to the address that it was opened at: what that told is over when the form comes back.
        told = NOTICES.get(one(self.query, "told")) if status < 400 else None
        notice = {"tone": told[0], "text": self.words(told[1])} if told else None
        theme = str(self.staff.preferences.get("theme", ""))
        shared = self._shared(theme) | {"notice": notice}
        return html(render(template, shared | values), status)

    def ask(self, heading: str, says: Sequence[str], *, action: str, yes: str, no: str, back: str) -> Response[str]:
        """Ask once before something that cannot be taken back; `action` is where a yes is sent to."""
        return self.page("confirm.html", heading=heading, says=says, action=action, yes=yes, no=no, back=back)

    @property
    def here(self) -> str:
        """Return this page's own address, as a link that loads it anew."""
        asked = [(name, value) for name, values in self.query.items() for value in values if name != "told"]
        path = quote(self.path)
        return f"{path}?{urlencode(asked)}" if asked else path

    def _shared(self, theme: str) -> dict[str, Any]:
        here = max((place.path for place in NAVIGATION if _belongs(self.path, place)), key=len, default="")
        return {
            **words_of(self.reader, theme),
            "navigation": NAVIGATION,
            "here": here,
            "staff": self.staff,
            "role_labels": ROLE_LABELS,
            "tender": self.tender,
            "here_anew": self.here,
            "csrf": csrf_input(form_key(self.token)),
        }

    def tender(self, name: str) -> str:
        """Return a tender's name in the user's words."""
        return self.words(TENDERS.get(name, name))

    def back_to(self, path: str) -> str:
        """Return the list this page was opened from, as the user had it, or its plain address."""
        came = urlsplit(self.referrer)
        return f"{came.path}?{came.query}" if came.path == path and came.query else path

    def require(self, *roles: Role) -> None:
        """Raise Refused("not_allowed") unless the user has one of these roles."""
        if self.staff.role not in roles:
            needed = ", ".join(self.words(ROLE_LABELS[role]) for role in roles)
            raise Refused(
                "not_allowed",
                self.words(
                    "This needs the role {roles}. Ask an administrator to do it, or to change your role."
                ).format(roles=needed),
            )


# How a page's handler asks for who visits, and for the form that was sent and found to be our own.
Visiting: TypeAlias = NamedDependency[Visit]
Sent: TypeAlias = NamedDependency[Fields]


def reader_for(language: str) -> Reader:
    """Return the words and formats of a language."""
    return Reader(words=words_in(language), formats=Formats(language))


def words_of(reader: Reader, theme: str) -> dict[str, Any]:
    """Return what every template needs, signed in or not."""
    return {
        "_": reader.words,
        "words": reader.words,
        "formats": reader.formats,
        "static": static_address,
        "theme": theme if theme in THEMES else "",
    }


def stranger(request: AnyRequest) -> Reader:
    """Return the language for someone who is not signed in."""
    return reader_for(preferred(request.headers.get("accept-language", "")))


def html(text: str, status: int = 200) -> Response[str]:
    """Answer with HTML."""
    return Response(content=text, status_code=status, media_type=HTML)


def render(template: str, values: Mapping[str, Any]) -> str:
    """Fill a template."""
    return environment().get_template(template).render(values)


@cache
def environment() -> Environment:
    """Return the templates, read once. Escaping is on for all of them; an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("server.office", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # Choices that are called what they are.
    made.filters["zip_same"] = lambda values: [(value, value) for value in values]
    made.filters["said"] = said
    return made


def said(text: str, labels: Mapping[str, str]) -> str:
    """Return what a field holds in one line, choices by their labels."""
    return "; ".join(labels.get(line, line) for line in text.splitlines())


@cache
def static_bytes(name: str) -> bytes:
    """Return a file of the office's own, read once. Raises FileNotFoundError."""
    return files("server.office").joinpath("static", name).read_bytes()


@cache
def static_address(name: str) -> str:
    """Return a file's address; it changes with its content, so browsers may keep it for ever."""
    return f"/static/{name}?v={hashlib.sha256(static_bytes(name)).hexdigest()[:12]}"


def form_key(token: str) -> str:
    """Return what a form must carry for this session: nobody can make it who does not have the token."""
    return hashlib.sha256(b"counterfoil form\x00" + token.encode()).hexdigest()


def csrf_input(key: str) -> Markup:
    """Return the hidden field that holds the form's key."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, key)


def check_form(fields: Fields, token: str) -> None:
    """Raise Refused("bad_csrf") unless a form comes from our own page in this session."""
    if not token or not hmac.compare_digest(one(fields, CSRF_FIELD).encode(), form_key(token).encode()):
        raise Refused(
            "bad_csrf",
            "This form does not belong to your present sign-in, so nothing was changed. "
            "Go back, load the page again and send it once more.",
        )


def one(fields: Mapping[str, Sequence[str]], name: str) -> str:
    """Return a field's first value, or nothing."""
    values = fields.get(name) or ("",)
    return values[0]


def read_fields(text: str, fields_max: int) -> Fields:
    """Read an address's or a form's fields. Raises Refused("bad_request") for too many of them."""
    try:
        # PostgreSQL takes no NUL in a text, and nobody types one.
        bare = text.replace("%00", "").replace("\0", "")
        return parse_qs(bare, keep_blank_values=True, max_num_fields=fields_max, errors="replace")
    except ValueError as error:
        raise Refused("bad_request", f"The form holds more than {fields_max} fields.") from error


def query_of(request: AnyRequest) -> Fields:
    """Return the address's fields."""
    return read_fields(request.scope["query_string"].decode("latin-1"), QUERY_FIELDS_MAX)


def there(found: Found | None, missing: str) -> Found:
    """Return what a page is about. Raises Refused("not_found") with the words for one that is not there."""
    if found is None:
        raise Refused("not_found", missing)
    return found


def go(path: str) -> Redirect:
    """Send the browser on with GET after something was done."""
    return Redirect(path, status_code=303)


def safe_next(path: str) -> str:
    """Return where to go after sign-in: a path of ours, never another site."""
    good = path.startswith("/") and not path.startswith(("//", "/\\")) and not any(ord(char) < 32 for char in path)
    return path if good else "/"


def _belongs(path: str, place: Place) -> bool:
    return any(_is_under(path, each) for each in (place.path, *place.also))


def _is_under(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))
