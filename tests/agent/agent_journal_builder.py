"""Builds journals as a till writes them: sealed events through the shared layout, with apsw, without the till."""

import itertools
import os
import uuid
from pathlib import Path

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schema.chain import Event, seal
from schema.device import JOURNAL, Device, load_device, load_key
from schema.events import VERSION, ShiftOpened, encode, money_of, type_of
from schema.journal_file import APPEND, LAYOUT, READ_HEAD, row_values
from schema.sqlite import WRITER_PRAGMAS

_NUMBERS = itertools.count(1)


class JournalBuilder:
    """A till's journal, open for writing."""

    def __init__(self, folder: Path, device: Device | None = None, key: Ed25519PrivateKey | None = None):
        self.path = folder / JOURNAL
        self.device = device or load_device(folder)
        self._key = key or load_key(folder)
        self.connection = apsw.Connection(str(self.path))
        for name, value in WRITER_PRAGMAS.items():
            self.connection.pragma(name, value)
        self.connection.execute(LAYOUT)
        self.connection.execute(
            "INSERT OR IGNORE INTO stream VALUES (?, ?, ?, ?)",
            (self.device.till_id, self.device.epoch, b"\0" * 32, self.device.genesis()),
        )

    def head(self):
        row = self.connection.execute(READ_HEAD, (self.device.till_id, self.device.epoch)).fetchone()
        return (row[0], row[1]) if row else (0, self.device.genesis())

    def append(self, count=1, padding=0):
        """Append shift openings (the smallest event with money), one transaction for all."""
        seq, prev = self.head()
        with self.connection:
            for _ in range(count):
                seq += 1
                row = seal(self._event(seq, padding), prev, self._key.sign)
                self.connection.execute(APPEND, row_values(row))
                prev = row.hash
        return seq

    def _event(self, seq, padding):
        body = ShiftOpened(
            shift_id=str(uuid.uuid4()),
            number=next(_NUMBERS),
            cashier="1" + "x" * padding,
            currency="EUR",
            float_minor=10000,
            expected_minor=10000 - seq,
            difference_minor=seq,
        )
        return Event(
            till_id=self.device.till_id,
            epoch=self.device.epoch,
            seq=seq,
            event_id=str(uuid.UUID(bytes=os.urandom(16), version=4)),
            type=type_of(body),
            version=VERSION,
            recorded_ms=1_700_000_000_000 + seq,
            utc_offset_min=60,
            boot_id="boot",
            monotonic_ms=seq,
            business_day="2024-01-02",
            money=money_of(body),
            body=encode(body),
        )

    def tamper(self, seq):
        """Change one byte of a body, past the triggers, as someone with a disk editor would."""
        self.connection.execute("DROP TRIGGER event_is_final")
        self.connection.execute(
            "UPDATE event SET body = CAST(replace(CAST(body AS TEXT), '10000', '10001') AS BLOB) WHERE seq = ?", (seq,)
        )

    def close(self):
        self.connection.close()
