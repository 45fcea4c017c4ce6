"""The office's data for programs: the same lists that its pages show, and the few deeds that other systems need.

A program signs in like a person (`POST /api/v1/session`) and sends the token as `Authorization: Bearer …`; a browser's
cookie is not taken here, so no other site can act in a person's name. Lists are paged: `limit` up to `LIMIT_MAX`.
"""

from collections.abc import Callable
from typing import Any

from litestar import Controller, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from schema.catalogue import Article
from schema.errors import Refused
from server.accounting import lists as accounting_lists
from server.api.replies import AnyRequest, parts_of
from server.auth.audit import audit
from server.auth.staff import Role, Staff, require, sign_in, sign_out, who
from server.catalogue import lists as catalogue_lists
from server.catalogue.articles import get_article, put_articles
from server.catalogue.rules import check_article
from server.catalogue.store_rows import tax_codes
from server.db import Connection
from server.invoicing import lists as invoicing_lists
from server.jobs.worker import kick
from server.listing import Listing, ListRequest, Page, read_page
from server.mailing import lists as mailing_lists
from server.mailing.send import send_again
from server.orders import lists as order_lists
from server.orders.place import cancel, place
from server.orders.rules import OrderWish
from server.tills.tills import add_till, issue_code, revoke

LIMIT_MAX = 200
OFFSET_MAX = 1_000_000
SEARCH_LENGTH_MAX = 100
TOKEN_LENGTH_MAX = 200
TILLS = Listing(
    source="till",
    columns={
        name: name
        for name in (
            "id",
            "store",
            "number",
            "name",
            "epoch",
            "revoked_ms",
            "last_contact_ms",
            "clock_skew_ms",
            "software",
            "created_ms",
        )
    },
    key="id",
    search=("name", "store"),
    sort="created_ms",
)


class SignInRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs in."""

    name: str
    password: str


class Session(Struct, frozen=True, kw_only=True):
    """A session's token, to be sent as `Authorization: Bearer`."""

    token: str


class Rows(Struct, frozen=True, kw_only=True):
    """A page of a list: its rows, how many there are in all, and their sums per currency."""

    rows: list[dict[str, Any]]
    count: int
    sums: dict[str, dict[str, int]]


class TillWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A till to add."""

    store: str
    name: str


class NewTill(Struct, frozen=True, kw_only=True):
    """A till that was added, with its one-time code."""

    id: str
    store: str
    number: int
    name: str
    code: str
    expires_ms: int


class OrderRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order to place; `confirmed` offers it to the store's tills at once."""

    wish: OrderWish
    confirmed: bool = False


class Placed(Struct, frozen=True, kw_only=True):
    """The order's id."""

    id: str


class Office(Controller):
    """The office's lists and deeds under /api/v1."""

    path = "/api/v1"
    tags = ("office",)
    security = [{"session": []}]  # noqa: RUF012 - the framework reads it from the class

    @post("/session", sync_to_thread=True, status_code=201, security=[])
    def enter(self, request: AnyRequest, data: JSONBody[SignInRequest]) -> Session:
        """Sign in."""
        parts = parts_of(request)
        address = request.client.host if request.client else ""
        throttle = request.app.state.throttle
        token = sign_in(parts.database, parts.clock, throttle, name=data.name, password=data.password, address=address)
        return Session(token=token)

    @delete("/session", sync_to_thread=True)
    def leave(self, request: AnyRequest) -> None:
        """Sign out."""
        signed_in(request)
        with parts_of(request).database.write() as connection:
            sign_out(connection, bearer(request))

    @get("/orders", sync_to_thread=True)
    def orders(
        self, request: AnyRequest, search: FromQuery[str] = "", offset: FromQuery[int] = 0, limit: FromQuery[int] = 50
    ) -> Rows:
        """List orders and returns with their three statuses and their ID in OMS."""
        return listed(request, order_lists.page, wanted(search, offset, limit))

    @post("/orders", sync_to_thread=True, status_code=201)
    def place_order(self, request: AnyRequest, data: JSONBody[OrderRequest]) -> Placed:
        """Place a sales order."""
        staff, parts = signed_in(request), parts_of(request)
        with parts.database.write() as connection:
            order_id = place(connection, data.wish, parts.clock, confirmed=data.confirmed)
            audit(connection, staff.name, "place-order", order_id, now_ms=parts.clock.now_ms())
        return Placed(id=order_id)

    @delete("/orders/{order_id:str}", sync_to_thread=True)
    def cancel_order(self, request: AnyRequest, order_id: FromPath[str]) -> None:
        """Cancel an order whole."""
        staff, parts = signed_in(request), parts_of(request)
        with parts.database.write() as connection:
            cancel(connection, order_id, parts.clock)
            audit(connection, staff.name, "cancel-order", order_id, now_ms=parts.clock.now_ms())

    @get("/receipts", sync_to_thread=True)
    def receipts(
        self, request: AnyRequest, search: FromQuery[str] = "", offset: FromQuery[int] = 0, limit: FromQuery[int] = 50
    ) -> Rows:
        """List receipts in invoicing."""
        return listed(request, invoicing_lists.page, wanted(search, offset, limit))

    @get("/mails", sync_to_thread=True)
    def mails(
        self, request: AnyRequest, search: FromQuery[str] = "", offset: FromQuery[int] = 0, limit: FromQuery[int] = 50
    ) -> Rows:
        """List receipts by mail with their states; addresses are masked."""
        return listed(request, mailing_lists.page, wanted(search, offset, limit))

    @post("/mails/{mail_id:int}/again", sync_to_thread=True, status_code=202)
    def mail_again(self, request: AnyRequest, mail_id: FromPath[int]) -> None:
        """Send a mail again; it goes out with the next run."""
        staff, parts = signed_in(request, "accountant", "admin"), parts_of(request)
        with parts.database.write() as connection:
            if not 0 < mail_id < 2**63 or mailing_lists.detail(connection, mail_id) is None:
                raise Refused("not_found", "There is no such mail.")
            if not send_again(connection, mail_id, parts.clock.now_ms()):
                raise Refused(
                    "mail_under_way", "This mail is being sent just now, or it has no address. Nothing was done."
                )
            audit(connection, staff.name, "mail-again", str(mail_id), now_ms=parts.clock.now_ms())

    @get("/jobs", sync_to_thread=True)
    def jobs(
        self, request: AnyRequest, search: FromQuery[str] = "", offset: FromQuery[int] = 0, limit: FromQuery[int] = 50
    ) -> Rows:
        """List the jobs of the accounting sync."""
        return listed(request, accounting_lists.page, wanted(search, offset, limit))

    @post("/jobs/kick", sync_to_thread=True, status_code=200)
    def kick_jobs(self, request: AnyRequest) -> Any:
        """Run the accounting sync now and answer when it is idle."""
        staff, parts = signed_in(request, "accountant", "admin"), parts_of(request)
        with parts.database.write() as connection:
            audit(connection, staff.name, "kick", "jobs", now_ms=parts.clock.now_ms())
        return kick(parts.database, parts.clock)

    @get("/tills", sync_to_thread=True)
    def tills(
        self, request: AnyRequest, search: FromQuery[str] = "", offset: FromQuery[int] = 0, limit: FromQuery[int] = 50
    ) -> Rows:
        """List tills with their last contact."""
        return listed(request, read_tills, wanted(search, offset, limit))

    @post("/tills", sync_to_thread=True, status_code=201)
    def new_till(self, request: AnyRequest, data: JSONBody[TillWish]) -> NewTill:
        """Add a till and make its one-time code."""
        staff, parts = signed_in(request, "admin"), parts_of(request)
        with parts.database.write() as connection:
            till = add_till(connection, parts.clock, data.store, data.name)
            code = issue_code(connection, parts.clock, till.id)
            audit(connection, staff.name, "add-till", till.id, till.name, now_ms=parts.clock.now_ms())
        return NewTill(
            id=till.id,
            store=till.store,
            number=till.number,
            name=till.name,
            code=code.code,
            expires_ms=code.expires_ms,
        )

    @delete("/tills/{till_id:str}", sync_to_thread=True)
    def revoke_till(self, request: AnyRequest, till_id: FromPath[str]) -> None:
        """Withdraw a till's access at once."""
        staff, parts = signed_in(request, "admin"), parts_of(request)
        with parts.database.write() as connection:
            till = revoke(connection, parts.clock, till_id)
            audit(connection, staff.name, "revoke-till", till.id, till.name, now_ms=parts.clock.now_ms())

    @get("/articles", sync_to_thread=True)
    def articles(
        self, request: AnyRequest, search: FromQuery[str] = "", offset: FromQuery[int] = 0, limit: FromQuery[int] = 50
    ) -> Rows:
        """List articles."""
        return listed(request, catalogue_lists.articles, wanted(search, offset, limit))

    @get("/articles/{number:str}", sync_to_thread=True)
    def article(self, request: AnyRequest, number: FromPath[str]) -> Article:
        """Give one article with its barcodes."""
        signed_in(request)
        with parts_of(request).database.read() as connection:
            found = get_article(connection, number)
        if found is None:
            raise Refused("not_found", "There is no such article.")
        return found

    @post("/articles", sync_to_thread=True, status_code=200)
    def put_article(self, request: AnyRequest, data: JSONBody[Article]) -> Article:
        """Add or change an article; the tills see it within seconds. Barcodes are stored as lookup keys."""
        staff, parts = signed_in(request, "admin"), parts_of(request)
        with parts.database.write() as connection:
            article = check_article(data, tax_codes(connection))
            put_articles(connection, [article], parts.clock.now_ms())
            audit(connection, staff.name, "put-article", article.number, now_ms=parts.clock.now_ms())
        return article


def bearer(request: AnyRequest) -> str:
    """Return the session token that a program sent, or nothing."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and len(token) <= TOKEN_LENGTH_MAX else ""


def signed_in(request: AnyRequest, *roles: Role) -> Staff:
    """Return who asks. Raises Refused("not_signed_in") or Refused("not_allowed")."""
    parts = parts_of(request)
    return require(who(parts.database, parts.clock, bearer(request)), *roles)


def wanted(search: str, offset: int, limit: int) -> ListRequest:
    """Return which page is asked for. Raises Refused("bad_request") out of bounds."""
    if not (1 <= limit <= LIMIT_MAX and 0 <= offset <= OFFSET_MAX and len(search) <= SEARCH_LENGTH_MAX):
        raise Refused(
            "bad_request",
            f"A list takes a limit of 1 to {LIMIT_MAX}, an offset up to {OFFSET_MAX} and a search of up to "
            f"{SEARCH_LENGTH_MAX} characters.",
        )
    return ListRequest(search=search.replace("\0", ""), offset=offset, limit=limit)


def listed(request: AnyRequest, read: Callable[[Connection, ListRequest], Page], asked: ListRequest) -> Rows:
    """Answer with a page of a list."""
    signed_in(request)
    with parts_of(request).database.read() as connection:
        page = read(connection, asked)
    return Rows(rows=page.rows, count=page.count, sums=page.sums)


def read_tills(connection: Connection, asked: ListRequest) -> Page:
    return read_page(connection.rows, TILLS, asked)
