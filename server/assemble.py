"""Where head office is put together: settings in, a web application and its parts out. Nothing else knows everyone."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Response
from litestar.concurrency import set_asyncio_executor
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Message, Scope

from schema.clock import Clock, SystemClock
from schema.errors import CounterfoilError
from server.api.feed_reader import FeedReader, watch_feed
from server.api.problems import answer_http, answer_ours, answer_unknown
from server.api.replies import AnyRequest
from server.api.routes import api_routes
from server.auth.throttle import Throttle
from server.config import Config
from server.db import open_database
from server.migrate import migrate
from server.office.site import page_error
from server.office.site import routes as office_routes
from server.parts import Parts
from server.tills.identity import load_identity

BODY_BYTES_MAX = 8 * 1024 * 1024
# Nothing is loaded from anywhere but here, and nobody may frame us. A page may set a stricter one of its own.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


def open_parts(config: Config, clock: Clock | None = None) -> Parts:
    """Open head office's data, bring its structure up to date and load its identity.

    Raises Refused("no_head_office") where `init` has not been run, Unready where the database is away.
    """
    clock = clock or SystemClock()
    database = open_database(config.folder, config.database_url)
    try:
        migrate(database, clock)
        identity = load_identity(database, config.folder)
    except BaseException:
        database.close()
        raise
    return Parts(config=config, database=database, clock=clock, identity=identity)


def build_app(parts: Parts) -> Litestar:
    """Build the web application: the API for tills and programs, and the office's pages."""
    set_asyncio_executor(ThreadPoolExecutor(parts.config.handler_threads, "handler"))
    app = Litestar(
        route_handlers=[*api_routes(), *office_routes()],
        exception_handlers={
            CounterfoilError: answer_ours,
            HTTPException: _answer_http,
            Exception: answer_unknown,
        },
        before_send=[_add_security_headers],
        lifespan=[_watching],
        openapi_config=OpenAPIConfig(
            title="Counterfoil head office",
            version="1",
            path="/api/v1/schema",
            components=Components(
                security_schemes={
                    "session": SecurityScheme(type="http", scheme="bearer", description="A token of POST /session."),
                }
            ),
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        request_max_body_size=BODY_BYTES_MAX,
        logging_config=None,
    )
    give_parts(app, parts)
    return app


def give_parts(app: Litestar, parts: Parts) -> None:
    """Let an application that is not running answer from these parts: its routes know none by themselves."""
    app.state.update({"parts": parts, "feed_reader": FeedReader(parts), "throttle": Throttle()})


def _answer_http(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Answer what the framework refused: as a page where a browser asks for one, as a problem to a program."""
    return page_error(request, error) or answer_http(request, error)


@asynccontextmanager
async def _watching(app: Litestar) -> AsyncIterator[None]:
    async with watch_feed(app.state.parts):
        yield


async def _add_security_headers(message: Message, _: Scope) -> None:
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
