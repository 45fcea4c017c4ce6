"""An emulator's loopback control port: GET paths show facts as JSON, POST paths change something and show the facts.

`curl http://127.0.0.1:PORT/` lists the paths. Requests are answered one at a time, so a handler needs no lock.
"""

import http.server
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from schema.errors import CounterfoilError

BODY_BYTES_MAX = 10_000
READ_TIMEOUT_S = 5
Facts = Mapping[str, Any] | list[Any]
Show = Callable[[], Facts]
Change = Callable[[dict[str, Any]], Facts]


class Control:
    """A small HTTP server on a thread of its own."""

    def __init__(self, port: int, show: Mapping[str, Show], change: Mapping[str, Change]) -> None:
        self._server = http.server.HTTPServer(("127.0.0.1", port), _handler(show, change))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="control", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


def _handler(show: Mapping[str, Show], change: Mapping[str, Change]) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = READ_TIMEOUT_S

        def do_GET(self) -> None:
            if self.path == "/":
                self._answer(200, {"GET": sorted(show), "POST": sorted(change)})
            elif self.path in show:
                self._answer(200, show[self.path]())
            else:
                self._answer(404, {"error": f"no such path; GET / lists them: {self.path[:80]}"})

        def do_POST(self) -> None:
            if self.path not in change:
                self._answer(404, {"error": f"no such path; GET / lists them: {self.path[:80]}"})
                return
            try:
                self._answer(200, change[self.path](self._body()))
            except CounterfoilError as error:
                self._answer(400, {"error": error.message, "code": error.code})
            except (ValueError, TypeError, KeyError) as error:
                self._answer(400, {"error": f"not understood: {error}", "code": "bad_request"})

        def _body(self) -> dict[str, Any]:
            length = int(self.headers.get("Content-Length") or 0)
            if length > BODY_BYTES_MAX:
                raise ValueError("too long")
            body = json.loads(self.rfile.read(length) or b"{}")
            if not isinstance(body, dict):
                raise ValueError("a JSON object is expected")
            return body

        def _answer(self, status: int, facts: Facts) -> None:
            data = json.dumps(facts, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the emulator's output to its one line."""

    return Handler
