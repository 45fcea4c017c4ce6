"""What a till asks beyond its mirror while somebody waits at the counter: one row each, signed like all replies.

A device is answered about its own store only, except for receipts: goods may come back in another store of the company.
"""

from collections.abc import Callable

import msgspec
from litestar import Controller, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath, FromQuery
from litestar.response import Response
from msgspec import Struct

from schema.errors import CounterfoilError, Refused
from schema.messages import CUSTOMERS_FOUND_MAX
from schema.parties import Customer
from server.api.devices import asking_device
from server.api.replies import AnyRequest, parts_of, sign_http, sign_ours, sign_unknown, signed, signed_bytes
from server.catalogue import feed
from server.catalogue.lists import customers_named
from server.catalogue.people import get_customers
from server.db import Connection
from server.invoicing.past import past_receipt
from server.tills.claims import claim_order, release_order
from server.tills.tokens import Device
from server.vouchers.claims import claim_voucher, release_voucher

TEXT_LENGTH_MAX = 100
KEY_LENGTH_MAX = 80
# By store, since the feed's key leads with it; there are few stores.
_RECEIPT = (
    "SELECT body FROM feed WHERE store IN (SELECT code FROM store) AND kind = 'receipt' AND key = ? AND deleted = 0"
)


class Questions(Controller):
    """The questions of tills, under /api/v1/store."""

    path = "/api/v1/store"
    tags = ("devices",)
    exception_handlers = {CounterfoilError: sign_ours, HTTPException: sign_http, Exception: sign_unknown}  # noqa: RUF012 - the framework's way

    @get("/receipts/{number:str}", sync_to_thread=True)
    def receipt(self, request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
        """Give a receipt that goods may come back on, with what has come back of it so far."""
        asking_device(request)
        with parts_of(request).database.read() as connection:
            body = _receipt(connection, _key(number))
        if body is None:
            raise Refused("not_found", "Head office knows no such receipt.")
        return signed_bytes(request, body, 200, None)

    @get("/vouchers/{code:str}", sync_to_thread=True)
    def voucher(self, request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
        """Give a voucher with its balance."""
        asking_device(request)
        with parts_of(request).database.read() as connection:
            body = feed.bodies_of(connection, feed.EVERY_STORE, "voucher", [_key(code)]).get(_key(code))
        if body is None:
            raise Refused("not_found", "Head office knows no such voucher.")
        return signed_bytes(request, body.encode(), 200, None)

    @post("/vouchers/{code:str}/claim", sync_to_thread=True, status_code=200)
    def claim_voucher(self, request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
        """Give a voucher with its balance, and take or renew the lease on it, or tell which till has it."""
        return _leased(request, code, claim_voucher)

    @post("/vouchers/{code:str}/release", sync_to_thread=True, status_code=200)
    def release_voucher(self, request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
        """Give the lease on a voucher back."""
        return _leased(request, code, release_voucher)

    @get("/customers", sync_to_thread=True)
    def customers(self, request: AnyRequest, text: FromQuery[str] = "") -> Response[bytes]:
        """Find customers by part of their name, company, town, number, phone or card."""
        asking_device(request)
        with parts_of(request).database.read() as connection:
            found = _found(connection, text.replace("\0", "").strip()[:TEXT_LENGTH_MAX])
        return signed_bytes(request, msgspec.json.encode(found), 200, None)

    @post("/orders/{order_id:str}/claim", sync_to_thread=True, status_code=200)
    def claim(self, request: AnyRequest, order_id: FromPath[str]) -> Response[bytes]:
        """Take or renew the lease on an order, or learn which till has it."""
        return _leased(request, order_id, claim_order)

    @post("/orders/{order_id:str}/release", sync_to_thread=True, status_code=200)
    def release(self, request: AnyRequest, order_id: FromPath[str]) -> Response[bytes]:
        """Give the lease on an order back."""
        return _leased(request, order_id, release_order)


def _leased(request: AnyRequest, key: str, ask: Callable[[Connection, Device, str, int], Struct]) -> Response[bytes]:
    """Take, renew or end a lease for the asking device."""
    device, parts = asking_device(request), parts_of(request)
    wanted = _key(key)
    answer = parts.database.transact(lambda connection: ask(connection, device, wanted, parts.clock.now_ms()))
    return signed(request, answer)


def _key(text: str) -> str:
    """Return what is looked up. Raises Refused for what can be no key at all."""
    if len(text) > KEY_LENGTH_MAX or "\0" in text:
        raise Refused("not_found", "Head office knows no such thing.")
    return text


def _receipt(connection: Connection, number: str) -> bytes | None:
    """Return a receipt as the tills of its store have it, or as invoicing has it where it is too old for them."""
    body = connection.value(_RECEIPT, (number,))
    if body is not None:
        return str(body).encode()
    found = past_receipt(connection, number)
    return None if found is None else msgspec.json.encode(found)


def _found(connection: Connection, text: str) -> list[Customer]:
    if not text:
        return []
    numbers = [row["number"] for row in customers_named(connection, text, CUSTOMERS_FOUND_MAX)]
    found = get_customers(connection, numbers)
    return [found[number] for number in numbers if number in found]
