"""Power loss: every state that a disk can be left in by the journal's writes, opened anew (fault 7, 8, 14, 15, 19).

The recorder is an SQLite file layer that notes every write, truncation and fsync of a real session. A crash keeps all
that was synced before it, and any part of what was not: nothing, all, a random half, a torn last write.
"""

import random
import shutil
import time
from pathlib import Path

import apsw
import pytest
from sample_till import MILK, Port, make_folder

from schema import mirror_file
from schema.clock import SystemClock
from schema.device import JOURNAL, MIRROR, load_device, load_key
from schema.errors import Refused
from schema.events import DrawerOpened
from till.journal.journal import open_journal
from till.journal.reserve import Reserve
from till.journal.verify import check_folder

EVENTS = 14
STATES = 120
LOG = []
ACKED = [0]


class RecordingDisk(apsw.VFS):
    def __init__(self):
        super().__init__("recording-disk", "")

    def xOpen(self, name, flags):
        return RecordingFile("", name, flags)

    def xDelete(self, name, sync_folder):
        LOG.append(("delete", Path(name).name, 0, b"", ACKED[0]))
        super().xDelete(name, sync_folder)


class RecordingFile(apsw.VFSFile):
    def __init__(self, inherit, name, flags):
        super().__init__(inherit, name, flags)
        self._name = Path(name.filename() if isinstance(name, apsw.URIFilename) else name).name

    def xWrite(self, data, offset):
        LOG.append(("write", self._name, offset, bytes(data), ACKED[0]))
        super().xWrite(data, offset)

    def xTruncate(self, size):
        LOG.append(("truncate", self._name, size, b"", ACKED[0]))
        super().xTruncate(size)

    def xSync(self, flags):
        super().xSync(flags)
        LOG.append(("sync", self._name, 0, b"", ACKED[0]))


def apply(files, operation):
    kind, name, at, data, _ = operation
    if kind == "delete":
        files.pop(name, None)
        return
    content = files.setdefault(name, bytearray())
    if kind == "truncate":
        del content[at:]
    elif kind == "write":
        if len(content) < at:
            content.extend(bytes(at - len(content)))
        content[at : at + len(data)] = data


def crash_state(base, operations, chance):
    """Return the files after a crash: per file all up to its last sync, then a part of the rest, in order."""
    files = {name: bytearray(data) for name, data in base.items()}
    last_sync = {}
    for index, operation in enumerate(operations):
        if operation[0] in ("sync", "delete"):
            last_sync[operation[1]] = index
    manner = chance.choice(["nothing", "all", "half", "torn"])
    for index, operation in enumerate(operations):
        if index <= last_sync.get(operation[1], -1) or manner == "all":
            apply(files, operation)
        elif manner in ("half", "torn") and chance.random() < 0.5:
            kind, name, at, data, acked = operation
            torn = data[: chance.randrange(len(data) + 1)] if manner == "torn" else data
            apply(files, (kind, name, at, torn, acked))
    return files


def test_no_acknowledged_event_is_lost_in_any_crash_state(tmp_path):
    """I1, I2: what `append` had returned is there after the crash, and the chain holds."""
    folder = tmp_path / "till"
    make_folder(folder)
    device, key = load_device(folder), load_key(folder)
    open_journal(folder, device, key, SystemClock(), Reserve(folder, 0)).close()
    base = {JOURNAL: (folder / JOURNAL).read_bytes()}
    LOG.clear()
    ACKED[0] = 0
    disk = RecordingDisk()
    journal = open_journal(folder, device, key, SystemClock(), Reserve(folder, 0), vfs="recording-disk")
    # Written back every few pages, so that power fails within checkpoints and WAL resets too.
    journal.rows("PRAGMA wal_autocheckpoint = 6")
    for index in range(EVENTS):
        journal.append(DrawerOpened(cashier="1", reason="x" * (index * 300)))
        ACKED[0] = index + 1
    operations = list(LOG)
    journal.close()
    disk.unregister()
    assert any(operation[0] == "sync" and operation[1] == JOURNAL for operation in operations)
    assert sum(operation[0] == "sync" for operation in operations) >= EVENTS
    chance = random.Random(11)
    for _ in range(STATES):
        cut = chance.randrange(1, len(operations) + 1)
        acked = operations[cut - 1][4]
        crashed = tmp_path / "crashed"
        shutil.rmtree(crashed, ignore_errors=True)
        crashed.mkdir()
        for name in ("device.json", "device.key"):
            shutil.copy(folder / name, crashed / name)
        for name, content in crash_state(base, operations[:cut], chance).items():
            if not name.endswith("-shm"):
                (crashed / name).write_bytes(content)
        again = open_journal(crashed, device, key, SystemClock(), Reserve(crashed, 0))
        assert again.fault is None
        assert again.position.seq >= acked
        again.append(DrawerOpened(cashier="1", reason="after"))
        again.close()
        report = check_folder(crashed)
        assert report.holds, report
        assert report.streams[0].rows >= acked + 1


@pytest.mark.parametrize("where", [0, 100, 4096, 8192, -4096])
def test_garbage_in_the_file_is_told_never_sold_on(folder, where):
    """Fault 14: a torn or garbage page: the till says so in words, or the row did not change."""
    port = Port(folder).morning()
    for _ in range(3):
        port.ok("scan", code=MILK)
        port.ok("pay")
    head = port.till.desk.parts.journal.position
    port.close()
    path = folder / JOURNAL
    data = bytearray(path.read_bytes())
    at = where % len(data)
    data[at : at + 64] = random.Random(where).randbytes(64)
    path.write_bytes(data)
    try:
        holds = check_folder(folder).holds
    except Refused as error:
        assert error.code == "journal_broken"
        holds = False
    port = Port(folder)
    trouble = port.till.desk.trouble
    if trouble is None:
        assert port.till.desk.parts.journal.position == head
    else:
        assert trouble.code in ("journal_broken", "journal_tampered")
        assert not holds or trouble.code == "journal_broken"
    port.close()


def test_a_journal_older_than_what_head_office_has_is_not_continued(folder):
    """Fault 14, 15, 34: a lost WAL or an old copy of the disk would give the same receipt numbers twice."""
    port = Port(folder).morning()
    port.close()
    mirror = apsw.Connection(str(folder / MIRROR))
    mirror.execute("INSERT INTO upload VALUES ('till-1', 1, 7, zeroblob(32), 7)")
    mirror.close()
    assert mirror_file.ACKED
    port = Port(folder)
    assert port.till.desk.trouble.code == "journal_rolled_back"
    assert port.stage.screen == "setup"
    port.refused("not_signed_in", "scan", code=MILK)
    port.close()


class SetClock(SystemClock):
    """A clock that a test sets."""

    ahead_ms = 0

    def now_ms(self):
        return super().now_ms() + self.ahead_ms


def test_a_wrong_clock_changes_neither_order_nor_business_day(folder):
    """Fault 19: ten years ahead, a day back: seq decides, the shift names the day, `monotonic_ms` never goes back."""
    clock = SetClock()
    port = Port(folder, clock=clock).morning()
    day = time.strftime("%Y-%m-%d")
    for days in (3650, -1, 0):
        clock.ahead_ms = days * 86_400_000
        port.ok("scan", code=MILK)
        port.ok("pay")
    rows = port.till.desk.parts.journal.rows("SELECT seq, business_day, monotonic_ms FROM event ORDER BY seq")
    assert [seq for seq, _, _ in rows] == list(range(1, 6))
    assert {found for _, found, _ in rows[1:]} == {day}
    assert [at for _, _, at in rows] == sorted(at for _, _, at in rows)
    assert [body.receipt[-1] for body in port.bodies()[-3:]] == ["1", "2", "3"]
    port.close()
    assert check_folder(folder).holds
