"""Signing in and out. The page says neither whether a name exists nor how long a password is."""

import secrets
from typing import Any

from litestar import Controller, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from schema.errors import Refused
from server.api.problems import status_of
from server.auth.audit import audit
from server.auth.staff import LIFE_MS, sign_in, sign_out, who
from server.auth.throttle import Throttle
from server.office.visit import (
    FORM_COOKIE,
    FORM_FIELDS_MAX,
    SESSION_COOKIE,
    AnyRequest,
    Fields,
    Sent,
    check_form,
    csrf_input,
    form_key,
    go,
    html,
    one,
    query_of,
    read_fields,
    render,
    safe_next,
    stranger,
    words_of,
)
from server.parts import Parts


async def sent_fields(request: AnyRequest) -> Fields:
    """Return a sent form's fields, not yet checked: the visitor has no session."""
    return read_fields((await request.body()).decode("utf-8", "replace"), FORM_FIELDS_MAX)


class SignPages(Controller):
    """Signing in and out. Wrong tries count together with those over the API."""

    @get("/sign-in", sync_to_thread=True)
    def show(self, request: AnyRequest, parts: NamedDependency[Parts]) -> Response[Any]:
        """Show the sign-in form, or go on for someone who is signed in."""
        wanted = safe_next(one(query_of(request), "next") or "/")
        if who(parts.database, parts.clock, request.cookies.get(SESSION_COOKIE, "")):
            return go(wanted)
        return form_page(request, wanted=wanted)

    @post("/sign-in", sync_to_thread=True)
    def enter(self, request: AnyRequest, parts: NamedDependency[Parts], sent: Sent) -> Response[Any]:
        """Check name and password and begin a session."""
        return entered(parts, request.app.state.throttle, request, sent)

    @post("/sign-out", sync_to_thread=True)
    def leave(self, request: AnyRequest, parts: NamedDependency[Parts], sent: Sent) -> Response[Any]:
        """End the session."""
        return left(parts, request, sent)


def entered(parts: Parts, throttle: Throttle, request: AnyRequest, fields: Fields) -> Response[Any]:
    """Answer a sent sign-in form: on to where the visitor wanted, or the form again with what is wrong."""
    wanted = safe_next(one(fields, "next") or "/")
    name = one(fields, "name").strip().lower()
    address = request.client.host if request.client else ""
    try:
        check_form(fields, request.cookies.get(FORM_COOKIE, ""))
        token = sign_in(
            parts.database, parts.clock, throttle, name=name, password=one(fields, "password"), address=address
        )
    except Refused as error:
        return form_page(request, wanted=wanted, name=name, error=error)
    answer = go(wanted)
    answer.set_cookie(cookie(request, SESSION_COOKIE, token, LIFE_MS // 1000))
    answer.delete_cookie(FORM_COOKIE)
    return answer


def left(parts: Parts, request: AnyRequest, fields: Fields) -> Response[Any]:
    """Answer a sent sign-out form."""
    token = request.cookies.get(SESSION_COOKIE, "")
    check_form(fields, token)
    staff = who(parts.database, parts.clock, token)
    with parts.database.write() as connection:
        sign_out(connection, token)
        if staff:
            audit(connection, staff.name, "sign-out", staff.name, now_ms=parts.clock.now_ms())
    answer = go("/sign-in")
    answer.delete_cookie(SESSION_COOKIE)
    return answer


def form_page(request: AnyRequest, *, wanted: str, name: str = "", error: Refused | None = None) -> Response[str]:
    """Show the form; before sign-in its key comes from a cookie of its own."""
    reader = stranger(request)
    token = request.cookies.get(FORM_COOKIE, "") or secrets.token_urlsafe(24)
    texts = {
        "wrong_password": reader.words("Name or password is wrong. After five tries you have to wait a minute."),
        "too_many_tries": reader.words("Too many wrong tries. Wait a minute and try again."),
        "bad_csrf": reader.words("This form had become too old. Nothing happened; please sign in again."),
    }
    values = words_of(reader, "") | {
        "csrf": csrf_input(form_key(token)),
        "next": wanted,
        "name": name,
        "wrong": texts.get(error.code, error.message) if error else "",
    }
    answer = html(render("sign_in.html", values), status_of(error) if error else 200)
    answer.set_cookie(cookie(request, FORM_COOKIE, token, 3600))
    return answer


def cookie(request: AnyRequest, name: str, value: str, life_s: int) -> Cookie:
    """Make a cookie that no script reads and no other site sends; over TLS it never goes without."""
    return Cookie(
        key=name,
        value=value,
        max_age=life_s,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
