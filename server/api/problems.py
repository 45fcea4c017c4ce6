"""Every refusal over HTTP is a `Problem` in JSON: one status per code, or per class of error where a code has none."""

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException

from schema.errors import CounterfoilError, Refused, Unready
from schema.messages import Problem

log = logging.getLogger("counterfoil.api")

STATUS_OF: dict[str, int] = {
    "fork": 409,
    "gap": 409,
    "stale_epoch": 409,
    "fenced": 409,
    "frozen": 409,
    "bad_event": 422,
    "bad_request": 400,
    "too_large": 413,
    "bad_token": 401,
    "bad_clock": 401,
    "revoked": 403,
    "not_signed_in": 401,
    "wrong_password": 401,
    "not_allowed": 403,
    "other_stream": 403,
    "bad_csrf": 403,
    "not_found": 404,
    "cursor_gone": 410,
    "bad_code": 403,
    "too_many_tries": 429,
}
RETRY_AFTER_S = 5
_CODE_OF_STATUS = {400: "bad_request", 401: "not_signed_in", 403: "not_allowed", 404: "not_found", 413: "too_large"}


def status_of(error: CounterfoilError) -> int:
    """Return the HTTP status of one of our errors."""
    if error.code in STATUS_OF:
        return STATUS_OF[error.code]
    if isinstance(error, Refused):
        return 409
    return 503 if isinstance(error, Unready) else 500


def problem_of(error: CounterfoilError) -> Problem:
    """Return an error as it is told to a program."""
    return Problem(code=error.code, message=error.message)


def problem_response(problem: Problem, status: int, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Write a problem as JSON."""
    return Response(
        content=msgspec.json.encode(problem), status_code=status, media_type=MediaType.JSON, headers=headers or {}
    )


def answer_ours(request: Request[Any, Any, Any], error: CounterfoilError) -> Response[bytes]:
    """Answer an error of ours."""
    status = status_of(error)
    if status >= 500:
        log.warning("%s %s: %s", request.method, request.url.path, error.message)
    return problem_response(problem_of(error), status, retry_headers(status))


def retry_headers(status: int) -> dict[str, str]:
    """Return when to come back, where the answer is "not now"."""
    return {"Retry-After": str(RETRY_AFTER_S)} if status in (429, 503) else {}


def answer_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer what the framework refused: no such path, a wrong parameter, a body that is too large."""
    status = error.status_code
    code = _CODE_OF_STATUS.get(status, "bad_request" if status < 500 else "internal")
    detail = error.detail if status < 500 else HTTPStatus(status).phrase
    extra = f" {error.extra}" if status == 400 and error.extra else ""
    return problem_response(Problem(code=code, message=f"{detail}.{extra}"[:1000]), status, error.headers)


def answer_unknown(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a mistake of ours: logged once with its trace, told without it."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    message = "Head office made a mistake; it is in the server's log. Nothing was stored. Try again, then report it."
    return problem_response(Problem(code="internal", message=message), 500)
