"""Run head office: the web server and, in the same process or alone, the worker.

Beyond this machine it speaks TLS only (protocol §6): with a certificate of its own, or behind a proxy that has one.
"""

import ipaddress
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from msgspec import Struct

from schema.ending import Ending
from schema.errors import Refused
from server.assemble import build_app, open_parts
from server.config import Config
from server.jobs.worker import Worker
from server.mailing.send import Postman
from server.parts import Parts

# A long poll must not hold up the end of the program.
SHUTDOWN_S = 3
KEEP_ALIVE_S = 30
CONNECTIONS_MAX = 20_000
BACKLOG = 2048


class Tls(Struct, frozen=True, kw_only=True):
    """How a line beyond this machine is protected."""

    cert: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False


def run_api(config: Config, tls: Tls, *, with_worker: bool, say: Callable[[str], None]) -> None:
    """Serve until the process is told to stop. Raises Refused("no_tls") or Refused("port_taken")."""
    check_line(config.host, tls)
    parts = open_parts(config)
    try:
        server = uvicorn.Server(_settings(parts, tls))
        _end_with(server)
        with _listening(config) as line, _working(parts, with_worker):
            scheme = "https" if tls.cert else "http"
            host, port = line.getsockname()[:2]
            say(f"Head office: {scheme}://{f'[{host}]' if ':' in host else host}:{port}/")
            server.run(sockets=[line])
    finally:
        parts.database.close()


def _end_with(server: uvicorn.Server) -> None:
    """Let a signal end the server in order, also before it listens to signals itself and when it raises them again."""

    def end(_number: int, _frame: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def check_line(host: str, tls: Tls) -> None:
    """Raise Refused("no_tls") where sales would cross a network unprotected."""
    if bool(tls.cert) != bool(tls.key):
        raise Refused("no_tls", "TLS needs both --tls-cert and --tls-key.")
    if not (tls.cert or tls.behind_proxy or _is_loopback(host)):
        raise Refused(
            "no_tls",
            f"{host} can be reached from other machines, so sales would cross the network unprotected. "
            "Give --tls-cert and --tls-key, or --behind-proxy where a proxy on this machine does TLS.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _listening(config: Config) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    line = socket.socket(family, socket.SOCK_STREAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        line.bind((config.host, config.port))
        line.listen(BACKLOG)
        yield line
    except OSError as error:
        raise Refused(
            "port_taken", f"Head office cannot listen on {config.host}:{config.port} ({error}). Choose another --port."
        ) from error
    finally:
        line.close()


def _settings(parts: Parts, tls: Tls) -> uvicorn.Config:
    return uvicorn.Config(
        build_app(parts),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="on",
        ssl_certfile=tls.cert,
        ssl_keyfile=tls.key,
        proxy_headers=tls.behind_proxy,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )


@contextmanager
def _working(parts: Parts, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    worker, postman = Worker(parts.database, parts.clock), _postman(parts)
    worker.start()
    postman.start()
    try:
        yield
    finally:
        postman.stop()
        worker.stop()


def _postman(parts: Parts) -> Postman:
    return Postman(parts.database, parts.clock, parts.config.mail)


def run_worker(config: Config, say: Callable[[str], None]) -> None:
    """Work events and jobs, and send mails, until the process is told to stop (SIGTERM, SIGINT)."""
    parts = open_parts(config)
    ending = Ending()
    try:
        with _working(parts, True):
            say("Worker started.")
            ending.wait()
    finally:
        parts.database.close()
