"""What tills' agents call: enrolment, upload, head and feed. Thin: each asks its room and signs the answer."""

import re
from typing import TypeVar

import msgspec
from litestar import Controller, get, post
from litestar.concurrency import sync_to_thread
from litestar.exceptions import HTTPException
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Response

from schema.errors import CounterfoilError, Refused
from schema.messages import (
    BATCH_BYTES_MAX,
    FEED_PAGE_MAX,
    FEED_WAIT_S_MAX,
    SKEW_HEADER,
    EnrolRequest,
    Problem,
    UploadRequest,
)
from server.api.feed_reader import FeedReader
from server.api.problems import STATUS_OF
from server.api.replies import AnyRequest, parts_of, sign_http, sign_ours, sign_unknown, signed, signed_problem
from server.db import Connection
from server.ingest.accept import Refusal, accept, head_of
from server.ingest.inflate import inflate
from server.parts import Parts
from server.tills.tills import enrol, saw_till
from server.tills.tokens import Device, authenticate, refuse_revoked

ENROL_BYTES_MAX = 16 * 1024
CONTACT_EVERY_MS = 15_000
_SKEW = re.compile(r"-?\d{1,13}", re.ASCII)
Wanted = TypeVar("Wanted")


class Devices(Controller):
    """The protocol's endpoints under /api/v1."""

    path = "/api/v1"
    tags = ("devices",)
    exception_handlers = {CounterfoilError: sign_ours, HTTPException: sign_http, Exception: sign_unknown}  # noqa: RUF012 - the framework's way

    @post("/enrol", sync_to_thread=True, status_code=200)
    def enrol_till(self, request: AnyRequest, body: RawBody) -> Response[bytes]:
        """Turn a one-time code and a device's key into the next epoch of a till."""
        parts = parts_of(request)
        wish = _decoded(inflate(body, request.headers.get("Content-Encoding", ""), ENROL_BYTES_MAX), EnrolRequest)
        keys = [f"enrol:{request.client.host if request.client else ''}"]
        now_ms = parts.clock.now_ms()
        request.app.state.throttle.check(keys, now_ms)
        try:
            reply = parts.database.transact(lambda connection: enrol(connection, parts.clock, parts.identity, wish))
        except Refused as error:
            if error.code == "bad_code":
                request.app.state.throttle.wrong(keys, now_ms)
            raise
        return signed(request, reply)

    @post("/streams/{till_id:str}/{epoch:int}/events", sync_to_thread=True, status_code=200)
    def upload(
        self, request: AnyRequest, till_id: FromPath[str], epoch: FromPath[int], body: RawBody
    ) -> Response[bytes]:
        """Accept a batch of events (protocol §2). A revoked till's events are kept as evidence."""
        parts = parts_of(request)
        with parts.database.read() as connection:
            device = _device(request, parts, connection)
        _own_stream(device, till_id, epoch)
        plain = inflate(body, request.headers.get("Content-Encoding", ""), BATCH_BYTES_MAX)
        batch = _decoded(plain, UploadRequest)
        outcome = parts.database.transact(
            lambda connection: accept(
                connection,
                till_id,
                epoch,
                batch,
                timeline=parts.identity.timeline,
                now_ms=parts.clock.now_ms(),
            )
        )
        if isinstance(outcome, Refusal):
            return signed_problem(request, _problem(outcome), STATUS_OF[outcome.code])
        return signed(request, outcome)

    @get("/streams/{till_id:str}/{epoch:int}/head", sync_to_thread=True)
    def head(self, request: AnyRequest, till_id: FromPath[str], epoch: FromPath[int]) -> Response[bytes]:
        """Tell an agent how far head office has a stream."""
        parts = parts_of(request)
        with parts.database.read() as connection:
            _own_stream(_device(request, parts, connection), till_id, epoch)
            reply = head_of(connection, till_id, epoch, timeline=parts.identity.timeline, now_ms=parts.clock.now_ms())
        return signed(request, reply)

    @get("/feed")
    async def feed(
        self,
        request: AnyRequest,
        cursor: FromQuery[int] = 0,
        limit: FromQuery[int] = FEED_PAGE_MAX,
        wait: FromQuery[float] = 0,
        since: FromQuery[int] = 0,
    ) -> Response[bytes]:
        """Give the changes of the till's own store after a cursor; wait for some if there are none (protocol §4).

        `since` is the `newest` of a full fetch's first page: what had ended by then is left out.
        """
        device = await sync_to_thread(asking_device, request)
        reader: FeedReader = request.app.state.feed_reader
        page = await reader.page(device.store, cursor, limit, min(max(wait, 0), FEED_WAIT_S_MAX), since)
        return await sync_to_thread(signed, request, page)


def _decoded(plain: bytes, wanted: type[Wanted]) -> Wanted:
    try:
        return msgspec.json.decode(plain, type=wanted)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Refused("bad_request", f"The request is not in its form ({error}). Nothing was stored.") from None


def _device(request: AnyRequest, parts: Parts, connection: Connection) -> Device:
    return authenticate(connection, request.headers.get("Authorization", ""), parts.clock.now_ms())


def _own_stream(device: Device, till_id: str, epoch: int) -> None:
    """A till's newest key may still send its older streams; an older key may not touch the newer ones."""
    if device.till_id != till_id or (device.epoch != epoch and not device.is_current):
        raise Refused("other_stream", "A till may speak for its own streams only.")


def asking_device(request: AnyRequest) -> Device:
    """Return the enrolled till that asks, and note that it was heard of. Raises Refused for any other."""
    parts = parts_of(request)
    now_ms = parts.clock.now_ms()
    with parts.database.read() as connection:
        device = _device(request, parts, connection)
        refuse_revoked(device)
        seen_ms = connection.value("SELECT last_contact_ms FROM till WHERE id = ?", (device.till_id,))
    if seen_ms is None or now_ms - seen_ms > CONTACT_EVERY_MS:
        skew_ms = _skew_ms(request)
        parts.database.transact(lambda writing: saw_till(writing, device.till_id, now_ms, skew_ms))
    return device


def _skew_ms(request: AnyRequest) -> int | None:
    """Return what the agent says of its clock; anything else is none of our business."""
    text = request.headers.get(SKEW_HEADER, "")
    return int(text) if _SKEW.fullmatch(text) else None


def _problem(refusal: Refusal) -> Problem:
    return Problem(
        code=refusal.code,
        message=refusal.message,
        expected_seq=refusal.expected_seq,
        expected_hash=refusal.expected_hash,
    )
