"""The office's routes, put together for `server.assemble`: pages, the files they need, and the errors in their look."""

import base64
import logging
import secrets
from typing import Any
from urllib.parse import quote

from litestar import Response, Router, get
from litestar.datastructures import State, UploadFile
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from schema.errors import CounterfoilError
from server.api.problems import status_of
from server.auth.staff import who
from server.office.accounting_pages import AccountingPages
from server.office.article_pages import ArticlePages
from server.office.cashier_pages import CashierPages
from server.office.customer_pages import CustomerPages
from server.office.find_pages import FindPages
from server.office.invoicing_pages import InvoicingPages
from server.office.mail_pages import MailPages
from server.office.order_form_pages import OrderFormPages
from server.office.order_pages import OrderPages
from server.office.preview_page import PreviewPage
from server.office.price_list_pages import PriceListPages
from server.office.promotion_pages import PromotionPages
from server.office.quick_key_pages import QuickKeyPages
from server.office.refusals import told
from server.office.report_pages import ReportPages
from server.office.settings_pages import SettingsPages
from server.office.sign_pages import SignPages, sent_fields
from server.office.store_pages import StorePages
from server.office.store_settings_pages import StoreSettingsPages
from server.office.till_pages import TillPages
from server.office.today_page import TodayPage
from server.office.visit import (
    FORM_FIELDS_MAX,
    SESSION_COOKIE,
    AnyRequest,
    Fields,
    NotSignedInError,
    Visit,
    check_form,
    go,
    html,
    query_of,
    read_fields,
    render,
    static_bytes,
    stranger,
    words_of,
)
from server.office.voucher_pages import VoucherPages
from server.parts import Parts

log = logging.getLogger("counterfoil.office")

STATIC_TYPES = {
    "office.css": "text/css",
    "office.js": "text/javascript",
    "mark.svg": "image/svg+xml",
}
UPLOAD_BYTES_MAX = 1024 * 1024
FOR_EVER = "public, max-age=31536000, immutable"


def routes() -> list[ControllerRouterHandler]:
    """Return everything the office answers."""
    office = Router(
        path="/",
        route_handlers=[
            TodayPage,
            OrderPages,
            OrderFormPages,
            InvoicingPages,
            MailPages,
            AccountingPages,
            ArticlePages,
            PriceListPages,
            PreviewPage,
            PromotionPages,
            CustomerPages,
            VoucherPages,
            StorePages,
            StoreSettingsPages,
            QuickKeyPages,
            CashierPages,
            FindPages,
            TillPages,
            ReportPages,
            SettingsPages,
            SignPages,
            static_file,
        ],
        dependencies={
            "parts": Provide(provide_parts, sync_to_thread=False),
            "visit": Provide(provide_visit, sync_to_thread=True),
            "form": Provide(provide_form),
            "sent": Provide(sent_fields),
        },
        exception_handlers={
            NotSignedInError: to_sign_in,
            CounterfoilError: answer_refusal,
            HTTPException: answer_http_page,
            Exception: answer_mistake,
        },
        include_in_schema=False,
    )
    return [office]


def provide_parts(state: State) -> Parts:
    """Return head office's parts, as the application was given them."""
    parts: Parts = state.parts
    return parts


def provide_visit(request: AnyRequest, parts: NamedDependency[Parts]) -> Visit:
    """Return who asks. Raises NotSignedInError."""
    token = request.cookies.get(SESSION_COOKIE, "")
    staff = who(parts.database, parts.clock, token)
    if staff is None:
        raise NotSignedInError
    return Visit(
        parts=parts,
        staff=staff,
        token=token,
        path=request.url.path,
        origin=f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}",
        query=query_of(request),
        referrer=request.headers.get("referer", ""),
    )


async def provide_form(request: AnyRequest, visit: NamedDependency[Visit]) -> Fields:
    """Return a sent form's fields, once it is certain that our own page sent it. Raises Refused("bad_csrf")."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        fields = await uploaded_fields(request)
    else:
        fields = read_fields((await request.body()).decode("utf-8", "replace"), FORM_FIELDS_MAX)
    check_form(fields, visit.token)
    return fields


async def uploaded_fields(request: AnyRequest) -> Fields:
    """Return a form that may carry files; a file's content stands in its field as base64."""
    fields: Fields = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, UploadFile):
            text = base64.b64encode(await value.read(UPLOAD_BYTES_MAX)).decode()
        else:
            text = str(value).replace("\0", "")
        fields.setdefault(name, []).append(text)
    return fields


@get("/static/{name:str}", sync_to_thread=False)
def static_file(name: FromPath[str]) -> Response[bytes]:
    """Answer with one of our own files; its address changes with its content."""
    if name not in STATIC_TYPES:
        raise NotFoundException
    return Response(content=static_bytes(name), media_type=STATIC_TYPES[name], headers={"cache-control": FOR_EVER})


def to_sign_in(request: AnyRequest, _: NotSignedInError) -> Response[Any]:
    """Send a visitor without a session to the sign-in page, and back afterwards."""
    came = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    wanted = came if request.method == "GET" else "/"
    return go("/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='')}")


def answer_refusal(request: AnyRequest, error: CounterfoilError) -> Response[str]:
    """Answer an error of ours as a page."""
    status = status_of(error)
    if status >= 500:
        log.warning("%s %s: %s", request.method, request.url.path, error.message)
    return error_page(request, status, told(error, stranger(request).words))


def answer_http_page(request: AnyRequest, error: HTTPException) -> Response[str]:
    """Answer what the framework refused as a page."""
    return error_page(request, error.status_code, "")


def answer_mistake(request: AnyRequest, error: Exception) -> Response[str]:
    """Answer a mistake of ours: logged once with its trace under a reference, told without it."""
    reference = secrets.token_hex(4)
    log.error("%s %s failed (%s)", request.method, request.url.path, reference, exc_info=error)
    return error_page(request, 500, "", reference)


def error_page(request: AnyRequest, status: int, message: str, reference: str = "") -> Response[str]:
    """Answer with the one page for all errors, in the browser's language."""
    reader = stranger(request)
    words = reader.words
    headings = {
        400: words("This request cannot be understood"),
        403: words("You may not do this"),
        404: words("There is nothing here"),
        409: words("This cannot be done"),
        413: words("This is too much at once"),
        429: words("Too many tries"),
        503: words("Head office is busy"),
    }
    texts = {
        404: words("The page or the thing was not found. It may have another number, or the address is wrong."),
        405: words("This address does not do what was asked. Go back and try again."),
        500: words("Head office made a mistake. Nothing was stored. Try again, or tell support the reference."),
    }
    values = words_of(reader, "") | {
        "heading": headings.get(status, words("Something went wrong")),
        "message": message or texts.get(status, texts[405 if status < 500 else 500]),
        "reference": reference,
    }
    return html(render("error.html", values), status)


def page_error(request: AnyRequest, error: HTTPException) -> Response[str] | None:
    """Answer an unknown address as a page where a browser asks outside the API; None where a program asks."""
    if request.url.path.startswith("/api/") or request.method not in {"GET", "HEAD"}:
        return None
    return answer_http_page(request, error)
