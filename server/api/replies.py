"""Replies to devices: every one is signed over its exact body and the request's nonce (schema.messages).

The signature covers the body before any content encoding, as a client sees it.
"""

import gzip
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException

from schema.errors import CounterfoilError
from schema.messages import NONCE_HEADER, SIGNATURE_HEADER, Problem
from server.api.problems import answer_http, answer_ours, answer_unknown, problem_of, retry_headers, status_of
from server.parts import Parts
from server.tills.tokens import BadClock

AnyRequest = Request[Any, Any, Any]
COMPRESS_FROM_BYTES = 2048
GZIP_LEVEL = 1
_NONCE_LENGTH_MAX = 200


def parts_of(request: AnyRequest) -> Parts:
    """Return what the application is made of."""
    parts: Parts = request.app.state.parts
    return parts


def signed(
    request: AnyRequest, reply: Any, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """Answer a device with a Struct as JSON."""
    return signed_bytes(request, msgspec.json.encode(reply), status, headers)


def signed_bytes(
    request: AnyRequest, body: bytes, status: int, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """Answer a device with these bytes."""
    nonce = request.headers.get(NONCE_HEADER, "")[:_NONCE_LENGTH_MAX]
    signature = parts_of(request).identity.signature_text(nonce, body)
    own = {SIGNATURE_HEADER: signature, "Vary": "Accept-Encoding", **(headers or {})}
    if len(body) > COMPRESS_FROM_BYTES and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, GZIP_LEVEL, mtime=0)
        own["Content-Encoding"] = "gzip"
    return Response(content=body, status_code=status, media_type=MediaType.JSON, headers=own)


def sign_ours(request: AnyRequest, error: CounterfoilError) -> Response[bytes]:
    """Sign an error of ours; a wrong clock brings the right time."""
    answer_ours(request, error)
    problem = problem_of(error)
    if isinstance(error, BadClock):
        problem = msgspec.structs.replace(problem, server_ms=error.server_ms)
    return signed(request, problem, status_of(error), retry_headers(status_of(error)))


def sign_http(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Sign what the framework refused."""
    return signed_bytes(request, answer_http(request, error).content, error.status_code)


def sign_unknown(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Sign the admission of a mistake."""
    return signed_bytes(request, answer_unknown(request, error).content, 500)


def signed_problem(request: AnyRequest, problem: Problem, status: int) -> Response[bytes]:
    """Answer a device with a refusal."""
    return signed(request, problem, status)
