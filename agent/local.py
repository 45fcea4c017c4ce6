"""The agent's loopback endpoint: the few questions of the till that need an answer now (protocol §7).

    GET  /status             how the sync stands (agent.report.Status)
    POST /sync               send and fetch now; answers at once with 202
    GET  /receipt/{number}   a receipt beyond the mirror (schema PastReceipt)
    GET  /voucher/{code}     a voucher as head office has it now (schema Voucher)
    POST /claim-voucher/{code}    the same with the lease on it (schema VoucherClaim)
    POST /release-voucher/{code}  give it back
    GET  /customers?text=    customers beyond the mirror (a list of schema Customer)
    POST /claim/{order_id}   take or renew the lease on an order (schema Claim)
    POST /release/{order_id} give it back

Only on 127.0.0.1, on a port of the system's choice. Port and token stand in `agent.json` (mode 0600): who may read the
till's folder may ask. Errors are JSON as everywhere (schema.messages.Problem): 404 is head office's own "unknown", 503
says that it could not be asked. At most `WORKERS` questions at a time; one that dawdles loses its connection.
"""

import hmac
import logging
import secrets
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec
from msgspec import Struct

from agent.link import Answer
from agent.questions import Questions
from agent.report import Status
from schema.device import AGENT, AgentAddress, write_whole
from schema.errors import CounterfoilError
from schema.messages import Problem

WORKERS = 4
QUESTION_TIMEOUT_S = 2.0
BODY_BYTES_MAX = 64 * 1024
# Questions about one thing, which their path names.
KEYED = frozenset({"receipt", "voucher", "claim-voucher", "release-voucher", "claim", "release"})
log = logging.getLogger("counterfoil.agent")


class Asked(Struct, frozen=True, kw_only=True):
    """A question's path in parts: its name, what it is about, and the text of its query."""

    name: str
    key: str
    text: str


Answers = dict[tuple[str, str], Callable[[Asked], tuple[int, bytes]]]


class LocalEndpoint:
    """The endpoint on threads of its own."""

    def __init__(
        self, folder: Path, *, status: Callable[[], Status], sync_now: Callable[[], None], questions: Questions
    ) -> None:
        self._file = folder / AGENT
        self._token = secrets.token_urlsafe(32)
        answers: Answers = {
            ("GET", "status"): lambda _: (200, msgspec.json.encode(status())),
            ("POST", "sync"): lambda _: _started(sync_now),
            ("GET", "receipt"): lambda asked: (200, questions.receipt(asked.key)),
            ("GET", "voucher"): lambda asked: (200, questions.voucher(asked.key)),
            ("POST", "claim-voucher"): lambda asked: (200, questions.claim_voucher(asked.key)),
            ("POST", "release-voucher"): lambda asked: (200, questions.release_voucher(asked.key)),
            ("GET", "customers"): lambda asked: (200, questions.customers(asked.text)),
            ("POST", "claim"): lambda asked: (200, questions.claim(asked.key)),
            ("POST", "release"): lambda asked: (200, questions.release(asked.key)),
        }
        self._server = _PooledServer(("127.0.0.1", 0), _handler(self._token, answers))
        self._thread = threading.Thread(target=self._server.serve_forever, name="local", daemon=True)

    def start(self) -> AgentAddress:
        """Listen, and say in `agent.json` where."""
        self._thread.start()
        address = AgentAddress(port=self._server.server_address[1], token=self._token)
        write_whole(self._file, msgspec.json.encode(address))
        return address

    def stop(self) -> None:
        """Stop listening and take the address away."""
        self._file.unlink(missing_ok=True)
        self._server.shutdown()
        self._thread.join(QUESTION_TIMEOUT_S)
        self._server.server_close()


def _started(sync_now: Callable[[], None]) -> tuple[int, bytes]:
    sync_now()
    return 202, b'{"accepted":true}'


class _PooledServer(HTTPServer):
    """Answers on a few threads; who comes when all are busy waits in the system's queue."""

    request_queue_size = 16

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="local")

    def process_request(self, request: Any, client_address: Any) -> None:
        self._pool.submit(self._answer, request, client_address)

    def _answer(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            # The till did not wait for the answer; that is its right after two seconds.
            log.debug("a local question was given up")
        finally:
            self.shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        self._pool.shutdown(wait=False, cancel_futures=True)


def _asked(target: str) -> Asked:
    path, _, query = target.partition("?")
    name, _, key = path.removeprefix("/").partition("/")
    text = parse_qs(query, max_num_fields=10).get("text", [""])[0]
    return Asked(name=name, key=unquote(key), text=text)


def _handler(token: str, answers: Answers) -> type[BaseHTTPRequestHandler]:
    expected = f"Bearer {token}".encode()

    class Handler(BaseHTTPRequestHandler):
        timeout = QUESTION_TIMEOUT_S
        server_version = "counterfoil-agent"
        sys_version = ""

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            status, body = self._find(method)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _find(self, method: str) -> tuple[int, bytes]:
            given = self.headers.get("Authorization", "").encode("utf-8", "replace")
            if not hmac.compare_digest(given, expected):
                return _problem(401, "bad_token", "The token does not match. Read agent.json again.")
            if not self._body_is_bounded():
                return _problem(413, "too_large", f"A question may carry at most {BODY_BYTES_MAX} bytes.")
            return _answered(answers, method, self.path)

        def _body_is_bounded(self) -> bool:
            length = self.headers.get("Content-Length", "0")
            if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
                return False
            self.rfile.read(int(length))
            return True

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent: a till asks every few seconds."""

    return Handler


def _may_be_key(text: str) -> bool:
    """Nothing has a slash or a control character in its number; such a path would mean something else there."""
    return "/" not in text and text.isprintable()


def _answered(answers: Answers, method: str, target: str) -> tuple[int, bytes]:
    try:
        asked = _asked(target)
        answer = answers.get((method, asked.name))
        if answer is None or bool(asked.key) != (asked.name in KEYED) or not _may_be_key(asked.key):
            return _problem(404, "not_found", f"The agent does not know {method} {target[:100]}.")
        return answer(asked)
    except ValueError:
        return _problem(400, "bad_request", "The question cannot be read.")
    except Answer as error:
        return _problem(404 if error.status == 404 else 503, error.code, error.message)
    except CounterfoilError as error:
        return _problem(503, error.code, error.message)


def _problem(status: int, code: str, message: str) -> tuple[int, bytes]:
    return status, msgspec.json.encode(Problem(code=code, message=message))
