"""The journal on a real disk: one commit per event, its numbers, and what a bad disk or a second program costs."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from msgspec.structs import replace
from sample_till import BOOK, MILK, ROOT, Port, Process, make_folder

from schema.clock import SystemClock
from schema.device import JOURNAL, load_device, load_key
from schema.errors import Refused
from schema.events import DrawerOpened
from schema.sqlite import check_library
from till.journal.journal import open_journal
from till.journal.reserve import BALLAST, Reserve
from till.journal.verify import check_folder


def opened(folder, ballast_bytes=1024 * 1024):
    reserve = Reserve(folder, ballast_bytes)
    return open_journal(folder, load_device(folder), load_key(folder), SystemClock(), reserve)


def raw(folder):
    connection = apsw.Connection(str(folder / JOURNAL))
    connection.execute("DROP TRIGGER event_is_final; DROP TRIGGER event_stays")
    return connection


def sell(port, *codes):
    for code in codes:
        port.ok("scan", code=code)
    return port.ok("pay")["receipt"]


def test_what_was_appended_is_there_after_a_new_start(folder):
    journal = opened(folder)
    sealed = [journal.append(DrawerOpened(cashier="1", reason=str(index))) for index in range(3)]
    journal.close()
    again = opened(folder)
    assert again.position.seq == 3
    assert again.position.hash == sealed[-1].hash
    assert [body.reason for body in again.bodies_after(1, 0)] == ["0", "1", "2"]
    assert again.append(DrawerOpened(cashier="1", reason="3")).event.seq == 4
    again.close()
    assert check_folder(folder).holds


def test_every_commit_is_full_and_the_file_is_wal(folder):
    journal = opened(folder)
    assert journal.rows("PRAGMA synchronous") == [(2,)]
    assert journal.rows("PRAGMA journal_mode") == [("wal",)]
    journal.close()


def test_receipt_numbers_are_gapless_across_starts_and_refusals(folder):
    """Invariant I12: no gap, no double, whatever happened in between."""
    port = Port(folder).morning()
    numbers = [sell(port, MILK), sell(port, BOOK)]
    port.ok("scan", code=MILK)
    port.refused("change_too_large", "pay", amount=900_000)
    port.ok("cancel")
    port.close()
    port = Port(folder)
    port.ok("sign_in", cashier="1", pin="1111")
    numbers.append(sell(port, MILK))
    port.close()
    assert numbers == ["0007-2-000001", "0007-2-000002", "0007-2-000003"]


def test_sale_projection_and_event_are_one_commit(port):
    """A failing projection takes its event with it: neither without the other."""
    port.morning()
    journal = port.till.desk.parts.journal
    before = journal.position
    with pytest.raises(apsw.ConstraintError):
        journal.append(DrawerOpened(cashier="1", reason="x"), ("INSERT INTO draft VALUES (NULL, '', x'', 0)", ()))
    assert journal.position == before
    assert journal.rows("SELECT max(seq) FROM event") == [(before.seq,)]
    assert journal.append(DrawerOpened(cashier="1", reason="y")).event.seq == before.seq + 1


def test_second_till_on_the_same_folder_is_refused_in_words(folder):
    """Fault 17: two till processes on one journal."""
    first = Process(folder)
    first.ok("status")
    second = Process(folder)
    status, errors = second.wait()
    assert status == 1
    assert "already running" in errors
    first.ok("status")
    assert first.finish() == 0
    third = Process(folder)
    third.ok("status")
    assert third.finish() == 0


def test_an_old_sqlite_library_is_refused():
    """Fault 16."""
    with pytest.raises(Refused) as caught:
        check_library("3.40.1")
    assert caught.value.code == "old_sqlite"


def test_a_forked_process_cannot_write(folder):
    """Fault 63: an inherited connection is refused, not used."""
    journal = opened(folder)
    child = os.fork()
    if child == 0:
        try:
            journal.append(DrawerOpened(cashier="1", reason="child"))
        except Refused as error:
            os._exit(7 if error.code == "forked" else 1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    journal.append(DrawerOpened(cashier="1", reason="parent"))
    journal.close()


@pytest.mark.parametrize(
    ("sql", "seq"),
    [
        ("UPDATE event SET body = CAST(replace(CAST(body AS TEXT), '129', '128') AS BLOB) WHERE seq = 3", 3),
        ("UPDATE event SET money = 'cash EUR 1' WHERE seq = 3", 3),
        ("UPDATE event SET money = 'nonsense' WHERE seq = 3", 3),
        ("UPDATE event SET recorded_ms = recorded_ms + 1 WHERE seq = 4", 4),
        ("UPDATE event SET business_day = '2020-01-01' WHERE seq = 2", 2),
        ("UPDATE event SET signature = zeroblob(64) WHERE seq = 1", 1),
        ("UPDATE event SET hash = zeroblob(32) WHERE seq = 4", 4),
        ("DELETE FROM event WHERE seq = 3", 3),
        ("DELETE FROM event WHERE seq >= 4", 4),
        ("UPDATE stream SET genesis = zeroblob(32)", 1),
    ],
)
def test_verify_names_the_first_changed_row(folder, sql, seq):
    """Fault 13, 53: whatever is changed behind our back, the row is named and the command exits 1."""
    port = Port(folder).morning()
    sell(port, MILK)
    sell(port, MILK)
    port.close()
    assert check_folder(folder).holds
    connection = raw(folder)
    connection.execute(sql)
    connection.close()
    flaw = check_folder(folder).first_flaw
    assert flaw is not None
    assert flaw.seq == seq


def run_verify(folder, *arguments):
    command = [sys.executable, "-m", "till", "verify", "--data", str(folder), *arguments]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=30)


def test_bytes_changed_in_the_file_are_found(folder):
    """Fault 13: a flipped bit in the stored body, under SQLite's own feet."""
    port = Port(folder).morning()
    sell(port, BOOK)
    port.close()
    path = folder / JOURNAL
    data = path.read_bytes()
    assert run_verify(folder).returncode == 0
    # Everywhere it stands: the same words may also lie in a page that nobody uses any more.
    # The beginning of the body, because a page's end may run through any later words.
    changed = data.replace(b'{"event":"sale.completed"', b'{"event":"sale.completeD"')
    assert changed != data
    path.write_bytes(changed)
    done = run_verify(folder, "--json")
    assert done.returncode == 1
    assert "event 3 was changed" in done.stderr
    assert '"holds":false' in done.stdout


def test_a_till_with_a_changed_journal_does_not_sell(folder):
    port = Port(folder).morning()
    sell(port, MILK)
    port.close()
    connection = raw(folder)
    connection.execute("UPDATE event SET business_day = '2020-01-01' WHERE seq = 3")
    connection.close()
    process = Process(folder)
    status, errors = process.wait()
    assert status == 1
    assert "event 3" in errors


def test_rows_cannot_be_changed_through_sql(port):
    port.morning()
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        port.till.desk.parts.journal.change(("UPDATE event SET type = 'x'", ()))


def test_verify_reads_beside_a_running_till(folder):
    process = Process(folder)
    process.ok("sign_in", cashier="1", pin="1111")
    assert check_folder(folder).streams[0].rows == 1
    process.ok("open_shift", float=0)
    assert check_folder(folder).streams[0].rows == 2
    assert process.finish() == 0


def test_verify_without_a_journal_is_refused(tmp_path):
    done = run_verify(tmp_path)
    assert done.returncode == 1
    assert "no journal.db" in done.stderr


def fill(folder: Path) -> Path:
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return filler


def test_full_disk_refuses_the_sale_before_money_is_taken(small_disk):
    """Fault 11: refused in words, nothing lost, and it goes on when there is room again."""
    folder = small_disk / "till"
    make_folder(folder)
    port = Port(folder).morning()
    first = sell(port, MILK)
    port.ok("scan", code=BOOK)
    filler = fill(folder)
    answer = port.refused("disk_full", "pay", amount=2000)
    assert answer["basket"]["paid"] == 0
    assert port.types().count("SaleCompleted") == 1
    filler.unlink()
    second = port.ok("pay", amount=2000)["receipt"]
    assert [first, second] == ["0007-2-000001", "0007-2-000002"]
    port.close()
    assert check_folder(folder).holds


def test_money_already_taken_may_use_the_reserve(small_disk):
    """Fault 11: the answer of a card terminal is written even when the disk has become full meanwhile."""
    folder = small_disk / "till"
    make_folder(folder)
    journal = opened(folder, 1024 * 1024)
    assert (folder / BALLAST).stat().st_size == 1024 * 1024
    fill(folder)
    big = DrawerOpened(cashier="1", reason="x" * 100_000)
    with pytest.raises(Refused) as caught:
        for _ in range(100):
            journal.append(big)
    assert caught.value.code == "disk_full"
    before = journal.position.seq
    journal.append(big, urgent=True)
    assert journal.position.seq == before + 1
    journal.close()
    assert check_folder(folder).holds


class FailingDisk(apsw.VFS):
    """A disk whose fsync fails from the moment it is told to."""

    broken = False

    def __init__(self):
        super().__init__("failing-disk", "")

    def xOpen(self, name, flags):
        return FailingFile("", name, flags)


class FailingFile(apsw.VFSFile):
    def xSync(self, flags):
        if FailingDisk.broken:
            raise apsw.IOError("fsync failed")
        super().xSync(flags)


def test_io_error_closes_the_journal(folder):
    """Fault 10: after a failed fsync this process writes nothing more; a new start finds a valid chain."""
    disk = FailingDisk()
    FailingDisk.broken = False
    reserve = Reserve(folder, 0)
    journal = open_journal(folder, load_device(folder), load_key(folder), SystemClock(), reserve, vfs="failing-disk")
    journal.append(DrawerOpened(cashier="1", reason="before"))
    FailingDisk.broken = True
    for attempt in (lambda: journal.append(DrawerOpened(cashier="1", reason="lost")), journal.preflight):
        with pytest.raises(Refused) as caught:
            attempt()
        assert caught.value.code == "journal_broken"
    assert journal.position.seq == 1
    FailingDisk.broken = False
    with pytest.raises(Refused):
        journal.append(DrawerOpened(cashier="1", reason="after"))
    journal.close()
    disk.unregister()
    again = opened(folder)
    # The failed commit may have reached the disk or not; it is there whole or not at all.
    assert again.append(DrawerOpened(cashier="1", reason="fresh start")).event.seq in (2, 3)
    again.close()
    assert check_folder(folder).holds


def test_copied_journal_of_another_device_is_refused(folder, tmp_path):
    """A journal that does not belong to this enrolment is not continued as if it did."""
    port = Port(folder).morning()
    port.close()
    other = tmp_path / "other"
    make_folder(other)
    shutil.copy(folder / JOURNAL, other / JOURNAL)
    report = check_folder(other)
    assert report.first_flaw is not None
    port = Port(other)
    assert port.till.desk.trouble.code == "journal_tampered"
    port.close()


def test_position_carries_no_shift_after_closing(folder):
    port = Port(folder).morning(float_minor=5000)
    port.ok("close_shift", counted=4900)
    position = port.till.desk.parts.journal.position
    assert (position.shift, position.drawer_minor, position.z_number) == (None, 4900, 1)
    port.close()
    port = Port(folder)
    assert port.till.desk.parts.journal.position == replace(position)
    port.close()


def test_a_read_only_disk_is_told(tmp_path):
    """Fault 12: the till says so instead of selling or dying."""
    folder = tmp_path / "till"
    make_folder(folder)
    Port(folder).close()
    bind = ["mount", "--bind", str(folder), str(folder)]
    if (done := subprocess.run(bind, check=False, capture_output=True, text=True, timeout=10)).returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True, timeout=10)
        port = Port(folder)
        assert port.till.desk.trouble.code == "disk_read_only"
        assert port.stage.screen == "setup"
        assert "disk" in port.screens.setup.state.title
        port.close()
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, timeout=10)


def test_a_flaw_deep_in_the_chain_stops_selling_also_after_a_retry(folder):
    """The background check reads the whole chain; trying again does not make the flaw go away."""
    port = Port(folder).morning()
    journal = port.till.desk.parts.journal
    for index in range(250):
        journal.append(DrawerOpened(cashier="1", reason=str(index)))
    port.close()
    connection = raw(folder)
    connection.execute("UPDATE event SET business_day = '2020-01-01' WHERE seq = 5")
    connection.close()
    port = Port(folder)
    port.ok("sign_in", cashier="1", pin="1111")
    port.till._check(port.till.desk.parts.journal)
    port.refused("journal_tampered", "scan", code=MILK)
    assert port.stage.screen == "setup"
    assert "event 5" in port.screens.setup.state.text
    port.screens.setup.retry()
    assert port.stage.screen == "setup"
    port.close()
