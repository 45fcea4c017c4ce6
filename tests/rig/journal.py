"""A journal that holds a day's sales, written at once: the backlog of a till that was offline."""

from pathlib import Path

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rig.sales import sale
from schema.chain import Event, seal
from schema.clock import SystemClock, iso_utc, new_id
from schema.device import JOURNAL, Device, load_device, load_key, unbase64
from schema.events import VERSION, Body, ShiftOpened, encode, money_of, type_of
from schema.journal_file import APPEND, LAYOUT, RowValues, row_values
from schema.sqlite import WRITER_PRAGMAS

FLOAT_MINOR = 10000


def fill_journal(folder: Path, sales: int) -> int:
    """Write a shift with so many sales into an enrolled folder; return the number of events."""
    device, key = load_device(folder), load_key(folder)
    rows = _rows(device, key, _bodies(device, sales))
    journal = apsw.Connection(str(folder / JOURNAL))
    for name, value in WRITER_PRAGMAS.items():
        journal.pragma(name, value)
    journal.execute(LAYOUT)
    with journal:
        stream = (device.till_id, device.epoch, unbase64(device.public_key), device.genesis())
        journal.execute("INSERT INTO stream VALUES (?, ?, ?, ?)", stream)
        journal.executemany(APPEND, rows)
    journal.close()
    return len(rows)


def _bodies(device: Device, sales: int) -> list[Body]:
    shift = f"shift-{device.till_id}"
    opened = ShiftOpened(
        shift_id=shift,
        number=1,
        cashier="1",
        currency="EUR",
        float_minor=FLOAT_MINOR,
        expected_minor=0,
        difference_minor=FLOAT_MINOR,
    )
    return [opened, *(sale(number, shift_id=shift, label=device.label()) for number in range(1, sales + 1))]


def _rows(device: Device, key: Ed25519PrivateKey, bodies: list[Body]) -> list[RowValues]:
    clock = SystemClock()
    prev, rows = device.genesis(), []
    for seq, body in enumerate(bodies, 1):
        event = Event(
            till_id=device.till_id,
            epoch=device.epoch,
            seq=seq,
            event_id=new_id(clock),
            type=type_of(body),
            version=VERSION,
            recorded_ms=clock.now_ms(),
            utc_offset_min=0,
            boot_id="rig",
            monotonic_ms=seq,
            business_day=iso_utc(clock.now_ms())[:10],
            money=money_of(body),
            body=encode(body),
        )
        sealed = seal(event, prev, key.sign)
        rows.append(row_values(sealed))
        prev = sealed.hash
    return rows
