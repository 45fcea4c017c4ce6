"""A journal of years: a million events in closed shifts, written at once, projections and all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from rig.sales import sale
from schema.chain import Event, Sealed, seal
from schema.clock import SystemClock, uuid7
from schema.device import JOURNAL, Device, load_device, load_key, signer, unbase64
from schema.events import VERSION, Body, SaleCompleted, ShiftClosed, ShiftOpened, encode, money_of, type_of
from schema.journal_file import APPEND, LAYOUT, row_values
from schema.receipt_numbers import receipt_number
from schema.sqlite import WRITER_PRAGMAS
from till.journal import tables

SALES_PER_SHIFT = 998
TEMPLATES = 1000
CHUNK = 20_000
DAY_MS = 24 * 3600 * 1000
FIRST_MS = 1_700_000_000_000
_Row = tuple[Any, ...]


def fill_long_journal(folder: Path, events: int) -> None:
    """Write so many events (rounded up to whole shifts) into an enrolled folder; all shifts are closed."""
    device, key = load_device(folder), load_key(folder)
    journal = apsw.Connection(str(folder / JOURNAL))
    for name, value in WRITER_PRAGMAS.items():
        journal.pragma(name, value)
    journal.execute(LAYOUT)
    journal.execute(tables.LAYOUT)
    stream = (device.till_id, device.epoch, unbase64(device.public_key), device.genesis())
    journal.execute("INSERT INTO stream VALUES (?, ?, ?, ?)", stream)
    chunk: list[Sealed] = []
    for sealed in _sealed(device, key, events):
        chunk.append(sealed)
        if len(chunk) >= CHUNK:
            _write(journal, device, chunk)
            chunk = []
    _write(journal, device, chunk)
    _write_shifts(journal, device, -(-events // (SALES_PER_SHIFT + 2)))
    journal.close()


def _write(journal: apsw.Connection, device: Device, rows: list[Sealed]) -> None:
    with journal:
        journal.executemany(APPEND, map(row_values, rows))
        journal.executemany(tables.ADD_RECEIPT, _receipts(device, rows))


def _receipts(device: Device, rows: list[Sealed]) -> Iterator[_Row]:
    """A receipt's number follows from its place: every shift is one event, its sales, one event."""
    for row in rows:
        shift, place = divmod(row.event.seq - 1, SALES_PER_SHIFT + 2)
        if 0 < place <= SALES_PER_SHIFT:
            number = shift * SALES_PER_SHIFT + place
            yield device.till_id, device.epoch, number, receipt_number(device.label(), number), row.event.seq


def _write_shifts(journal: apsw.Connection, device: Device, shifts: int) -> None:
    with journal:
        for number in range(1, shifts + 1):
            first = (number - 1) * (SALES_PER_SHIFT + 2) + 1
            opened_ms = FIRST_MS + number * DAY_MS
            start = (1, "1", "EUR", 10000, "2023-11-14")
            row = (f"shift-{number}", device.till_id, device.epoch, number, *start[1:], first, opened_ms)
            journal.execute(tables.OPEN_SHIFT, row)
            end = (first + SALES_PER_SHIFT + 1, opened_ms + DAY_MS // 3, number, 10000, f"shift-{number}")
            journal.execute(tables.CLOSE_SHIFT, end)


def _sealed(device: Device, key: Ed25519PrivateKey, events: int) -> Iterator[Sealed]:
    clock, sign, prev = SystemClock(), signer(key), device.genesis()
    boot = clock.boot_id()
    for seq, body in enumerate(_bodies(device, events), 1):
        recorded_ms = FIRST_MS + seq * 30_000
        event = Event(
            till_id=device.till_id,
            epoch=device.epoch,
            seq=seq,
            event_id=uuid7(recorded_ms, seq.to_bytes(10, "big")),
            type=type_of(body),
            version=VERSION,
            recorded_ms=recorded_ms,
            utc_offset_min=0,
            boot_id=boot,
            monotonic_ms=seq,
            business_day="2023-11-14",
            money=money_of(body),
            body=encode(body),
        )
        sealed = seal(event, prev, sign)
        prev = sealed.hash
        yield sealed


def _bodies(device: Device, events: int) -> Iterator[Body]:
    label = device.label()
    templates = [sale(number, shift_id="", label=label) for number in range(1, TEMPLATES + 1)]
    written = receipts = shift = 0
    while written < events:
        shift += 1
        yield _opened(f"shift-{shift}", shift)
        for _ in range(SALES_PER_SHIFT):
            receipts += 1
            yield _numbered(templates[receipts % TEMPLATES], f"shift-{shift}", label, receipts)
        yield _closed(f"shift-{shift}", shift)
        written += SALES_PER_SHIFT + 2


def _numbered(template: SaleCompleted, shift_id: str, label: str, number: int) -> SaleCompleted:
    return replace(
        template,
        sale_id=f"sale-{label}-{number}",
        receipt=receipt_number(label, number),
        receipt_seq=number,
        shift_id=shift_id,
    )


def _opened(shift_id: str, number: int) -> ShiftOpened:
    return ShiftOpened(
        shift_id=shift_id,
        number=number,
        cashier="1",
        currency="EUR",
        float_minor=10000,
        expected_minor=10000,
        difference_minor=0,
    )


def _closed(shift_id: str, number: int) -> ShiftClosed:
    return ShiftClosed(
        shift_id=shift_id,
        z_number=number,
        cashier="1",
        currency="EUR",
        expected_minor=10000,
        counted_minor=10000,
        difference_minor=0,
        sales_count=SALES_PER_SHIFT,
        sales_minor=0,
        tenders=(),
        taxes=(),
    )
