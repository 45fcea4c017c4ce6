"""A page for the customer on a second screen: basket, total, change and the receipt's QR code, in any browser.

A small HTTP server on this machine only. The page asks for the next state and is answered as soon as there is one
(long poll), so it needs nothing but this server and keeps up through everything else that is offline. States are
facts in JSON; the page writes them as text, never as markup, and may load nothing from anywhere else.
"""

import http.server
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from hardware.ports import DisplayState, ShownLine

PORT = 8090
POLL_S = 20.0
# Customers' screens are one or two; every open page holds a thread.
POLLS_MAX = 8
# What the page has room for; a longer basket is shown from its end.
LINES_MAX = 40
QR_BYTES_MAX = 2331
READ_TIMEOUT_S = 5
FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class PageDisplay:
    """The page and its server. The address is `url` once it is started."""

    def __init__(self, port: int = PORT, host: str = "127.0.0.1") -> None:
        self._address = (host, port)
        self._states = _States()
        self._server: http.server.ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2] if self._server else self._address
        return f"http://{host!s}:{port}/"

    def start(self, on_fault: Callable[[str], None]) -> None:
        """Begin to serve. A port that is taken is a fault, not an end: the till sells without a display."""
        self._states.reopen()
        try:
            self._server = _Server(self._address, _handler(self._states))
        except OSError as error:
            on_fault(f"The customer page cannot be shown at port {self._address[1]} ({error.strerror}).")
            return
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="display", daemon=True).start()

    def show(self, upper: str, lower: str) -> None:
        """Show two lines as a greeting."""
        self._states.put(DisplayState(title=upper, note=lower))

    def show_sale(self, state: DisplayState) -> None:
        """Show a sale."""
        self._states.put(state)

    def stop(self) -> None:
        """Show nothing any more, and let go of the port and of every page that waits."""
        self._states.close()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _States:
    """The newest state with its number, and who waits for the next one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number, self._state = 0, DisplayState()
        self._waiting, self._is_open = 0, True

    def put(self, state: DisplayState) -> None:
        with self._changed:
            if state == self._state:
                return
            self._number, self._state = self._number + 1, state
            self._changed.notify_all()

    def newest(self) -> tuple[int, DisplayState]:
        with self._changed:
            return self._number, self._state

    def after(self, number: int) -> tuple[int, DisplayState] | None:
        """Return the first state that is not this one, or this one after a while; None when too many wait already."""
        with self._changed:
            if self._waiting >= POLLS_MAX:
                return None
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: self._number != number or not self._is_open, POLL_S)
                return self._number, self._state
            finally:
                self._waiting -= 1

    def close(self) -> None:
        with self._changed:
            self._is_open, self._state, self._number = False, DisplayState(), self._number + 1
            self._changed.notify_all()

    def reopen(self) -> None:
        with self._changed:
            self._is_open = True


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # A page that waits must not keep the till from ending.
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let go of a page that was closed while it waited; anything else is an error of ours and is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _handler(states: _States) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = READ_TIMEOUT_S
        server_version = "till"
        sys_version = ""

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            # Another site's script that points its own name at this machine must not read a customer's basket.
            if (urlsplit(f"//{self.headers.get('Host', '')}").hostname or "") not in LOCAL_NAMES:
                self._answer(403, b"", "text/plain")
            elif parts.path in FILES:
                name, kind = FILES[parts.path]
                self._answer(200, _file(name), kind)
            elif parts.path == "/state":
                self._state(parse_qs(parts.query).get("after", ["-1"])[0])
            elif parts.path == "/qr.svg":
                self._answer(200, qr_svg(states.newest()[1].qr).encode(), "image/svg+xml")
            else:
                self._answer(404, b"", "text/plain")

        def _state(self, after: str) -> None:
            known = int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else -1
            found = states.after(known)
            if found is None:
                self._answer(503, b"", "text/plain")
            else:
                self._answer(200, as_json(*found), "application/json")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in HEADERS.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a page asks many times a minute."""

    return Handler


def as_json(number: int, state: DisplayState) -> bytes:
    """Return a state as the page takes it."""
    lines: tuple[ShownLine, ...] = state.lines[-LINES_MAX:]
    facts = msgspec.to_builtins(state)
    return msgspec.json.encode({**facts, "lines": msgspec.to_builtins(lines), "number": number, "qr": bool(state.qr)})


@lru_cache(maxsize=8)
def qr_svg(data: str) -> str:
    """Return a QR code as a picture of squares; an empty one for nothing."""
    import qrcode  # type: ignore[import-untyped]

    if not data or len(data.encode()) > QR_BYTES_MAX:
        return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
    code = qrcode.QRCode(border=4, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(data.encode())
    code.make(fit=True)
    rows = code.get_matrix()
    squares = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(rows)} {len(rows)}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{len(rows)}v{len(rows)}H0z"/><path d="{squares}"/></svg>'
    )


@lru_cache
def _file(name: str) -> bytes:
    return (resources.files("hardware.display") / "static" / name).read_bytes()
