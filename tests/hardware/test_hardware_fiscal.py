"""The fiscal units: counted without gaps, durable, and out in bounded time (fault 52)."""

import itertools
import subprocess
import sys
import threading
import time

import apsw
import pytest
from emulated_device import Device
from hypothesis import given
from hypothesis import strategies as st

from hardware.fiscal import wire
from hardware.fiscal.bounded import BoundedUnit
from hardware.fiscal.network import NetworkUnit, _decoded
from hardware.fiscal.signing import Signed, load_key, verify
from hardware.fiscal.software import SoftwareUnit
from rig.programs import ROOT
from schema.clock import SystemClock
from schema.errors import CounterfoilError, Refused, Unready, Unsure
from schema.fiscal import RECEIPT_PROCESS, FiscalFinish, FiscalSignature, FiscalStart, FiscalStatus

TILL = "0001-1"
TEXT = "Beleg^7.50_0.00_0.00_0.00_0.00^7.50:Bar"
DEADLINE_S = 0.5


def finish_of(started, text=TEXT, client_id=TILL):
    return FiscalFinish(
        client_id=client_id, transaction=started.transaction, process_type=RECEIPT_PROCESS, process_data=text
    )


def start(unit):
    return unit.start(FiscalStart(client_id=TILL))


def sell(unit) -> FiscalSignature:
    return unit.finish(finish_of(start(unit)))


@pytest.fixture
def unit(tmp_path):
    opened = SoftwareUnit(tmp_path / "unit", SystemClock())
    yield opened
    opened.close()


class SetClock(SystemClock):
    """The system's clock with the wall clock set by the test."""

    def __init__(self, at_ms):
        super().__init__()
        self.at_ms = at_ms

    def now_ms(self):
        return self.at_ms


# --- the software unit ---------------------------------------------------------------------------------------------


def test_a_receipt_is_signed_and_says_that_nobody_certified_it(unit):
    signed = sell(unit)
    status = unit.status()
    assert (signed.transaction, signed.signature_counter, signed.certified) == (1, 2, False)
    assert signed.process_data == TEXT
    assert signed.unit_serial == status.unit_serial
    assert signed.qr.startswith(f"V0;{TILL};{RECEIPT_PROCESS};{TEXT};1;2;")
    assert signed.qr.endswith(f"{signed.signature};{status.public_key}")
    assert (status.certified, status.signatures, status.trouble) == (False, 2, "")


@pytest.mark.parametrize(
    "change",
    [
        {"process_data": TEXT.replace("7", "8")},
        {"signature_counter": 3},
        {"transaction": 2},
        {"at_ms": 0},
        {"client_id": "0001-2"},
        {"unit_serial": "other"},
        {"operation": "start"},
        {"process_type": RECEIPT_PROCESS + TEXT[:1], "process_data": TEXT[1:]},
    ],
)
def test_a_signature_holds_for_what_was_signed_and_nothing_else(unit, change):
    signed = sell(unit)
    fields = {
        "operation": "finish",
        "unit_serial": signed.unit_serial,
        "client_id": TILL,
        "transaction": 1,
        "signature_counter": 2,
        "at_ms": signed.finished_ms,
        "process_type": RECEIPT_PROCESS,
        "process_data": TEXT,
    }
    key = unit.status().public_key
    assert verify(Signed(**fields), signed.signature, key)
    assert not verify(Signed(**(fields | change)), signed.signature, key)


def test_counters_have_no_gaps(unit):
    """Starts and finishes share one counter; transactions that overlap keep their own numbers."""
    first, second = start(unit), start(unit)
    signed = [unit.finish(finish_of(second)), unit.finish(finish_of(first)), sell(unit)]
    assert [first.signature_counter, second.signature_counter] == [1, 2]
    assert [each.signature_counter for each in signed] == [3, 4, 6]
    assert [each.transaction for each in signed] == [2, 1, 3]


def test_the_same_text_again_is_the_same_signature(unit):
    """Whoever did not hear the answer asks again: nothing is counted twice."""
    started = start(unit)
    once = unit.finish(finish_of(started))
    assert unit.finish(finish_of(started)) == once
    assert unit.status().signatures == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"text": "Beleg^0.00_0.00_0.00_0.00_0.00^"}, "finished_otherwise"),
        ({"client_id": "0001-2"}, "unknown_transaction"),
    ],
)
def test_what_was_finished_stays(unit, change, code):
    started = start(unit)
    unit.finish(finish_of(started))
    with pytest.raises(Refused) as refused:
        unit.finish(finish_of(started, **change))
    assert refused.value.code == code
    assert unit.status().signatures == 2


def test_a_transaction_that_was_never_started_is_refused(unit):
    with pytest.raises(Refused):
        unit.finish(FiscalFinish(client_id=TILL, transaction=1, process_type="x", process_data="y"))


def test_its_own_time_never_goes_back(tmp_path):
    """Fault 19: a till's clock is set back between two sales."""
    clock = SetClock(2_000_000)
    unit = SoftwareUnit(tmp_path, clock)
    started = start(unit)
    clock.at_ms = 1_000_000
    assert unit.finish(finish_of(started)).finished_ms == started.started_ms == 2_000_000
    unit.close()


def test_the_key_is_its_owners_alone(unit, tmp_path):
    sell(unit)
    assert (tmp_path / "unit" / "key.pem").stat().st_mode & 0o777 == 0o600


def test_signatures_are_never_changed_or_deleted(unit, tmp_path):
    sell(unit)
    connection = apsw.Connection(str(tmp_path / "unit" / "unit.db"))
    for statement in ("UPDATE signatures SET at_ms = 1", "DELETE FROM signatures"):
        with pytest.raises(apsw.ConstraintError):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("harm", ["key gone", "key broken", "another unit's key", "folder is a file", "file broken"])
def test_a_unit_that_is_not_whole_is_out_and_says_so(tmp_path, harm):
    """Fault 52: a sale learns it at once; a new key would break the count in silence, so none is made."""
    folder = tmp_path / "unit"
    first = SoftwareUnit(folder, SystemClock())
    sell(first)
    first.close()
    match harm:
        case "key gone":
            (folder / "key.pem").unlink()
        case "key broken":
            (folder / "key.pem").write_text("-----BEGIN NOTHING-----")
        case "another unit's key":
            other = SoftwareUnit(tmp_path / "other", SystemClock())
            sell(other)
            other.close()
            (tmp_path / "other" / "key.pem").replace(folder / "key.pem")
        case "folder is a file":
            folder = tmp_path / "file"
            folder.write_text("")
        case "file broken":
            (folder / "unit.db").write_bytes(b"no database" * 1000)
    unit = SoftwareUnit(folder, SystemClock())
    with pytest.raises(Unready):
        start(unit)
    assert unit.status().trouble
    unit.close()


def test_a_locked_file_is_out_in_bounded_time(unit, tmp_path):
    sell(unit)
    blocker = apsw.Connection(str(tmp_path / "unit" / "unit.db"))
    blocker.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(Unready):
        start(unit)
    assert time.monotonic() - started < 5
    blocker.execute("ROLLBACK")
    blocker.close()
    assert sell(unit).transaction == 2


SELLER = """
import sys
from pathlib import Path
from hardware.fiscal.software import SoftwareUnit
from schema.clock import SystemClock
from schema.fiscal import FiscalFinish, FiscalStart
unit = SoftwareUnit(Path(sys.argv[1]), SystemClock())
while True:
    begun = unit.start(FiscalStart(client_id="0001-1"))
    print("started", begun.transaction, begun.signature_counter, flush=True)
    done = unit.finish(
        FiscalFinish(client_id="0001-1", transaction=begun.transaction, process_type="x", process_data="y")
    )
    print("signed", done.transaction, done.signature_counter, flush=True)
"""


def test_kills_leave_no_gap_and_lose_nothing_that_was_told(tmp_path):
    """Fault 52 with a power cut: killed at any moment, all told ones are there, the count goes on without a gap."""
    folder, told = tmp_path / "unit", []
    for turn in range(6):
        command = [sys.executable, "-c", SELLER, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as program:
            told += itertools.islice(program.stdout, 3 + turn)
            program.kill()
            told += program.stdout
    connection = apsw.Connection(str(folder / "unit.db"), flags=apsw.SQLITE_OPEN_READONLY)
    kept = connection.execute("SELECT counter, transaction_number, operation FROM signatures ORDER BY counter").get
    connection.close()
    assert [counter for counter, _, _ in kept] == list(range(1, len(kept) + 1))
    assert len(told) <= len(kept)
    words = {"start": "started", "finish": "signed"}
    assert {line.strip() for line in told if line.strip()} <= {f"{words[o]} {t} {c}" for c, t, o in kept}
    unit = SoftwareUnit(folder, SystemClock())
    open_ = unit.status().open_transactions
    finished = {number for _, number, operation in kept if operation == "finish"}
    assert {each.transaction for each in open_} == {number for _, number, _ in kept} - finished
    for each in open_:
        assert unit.finish(finish_of(each)).certified is False
    assert unit.status().open_transactions == ()
    assert verify_all(unit, folder)
    unit.close()


def verify_all(unit, folder):
    status, signer = unit.status(), load_key(folder / "key.pem")
    assert signer.serial == status.unit_serial
    connection = apsw.Connection(str(folder / "unit.db"), flags=apsw.SQLITE_OPEN_READONLY)
    rows = connection.execute(
        "SELECT operation, client_id, transaction_number, counter, at_ms, process_type, process_data, signature"
        " FROM signatures"
    ).get
    connection.close()
    names = Signed.__struct_fields__
    return all(
        verify(Signed(**dict(zip(names, (row[0], signer.serial, *row[1:7]), strict=True))), row[7], status.public_key)
        for row in rows
    )


# --- behind a deadline ---------------------------------------------------------------------------------------------


class HangingUnit(SoftwareUnit):
    """A unit whose disk hangs until it is let go."""

    def __init__(self, folder):
        super().__init__(folder, SystemClock())
        self.let_go = threading.Event()
        self.let_go.set()

    def start(self, transaction):
        self.let_go.wait()
        return super().start(transaction)


def test_a_hanging_unit_costs_one_deadline_and_then_nothing(tmp_path):
    """Fault 52: the first sale waits for the deadline, the next ones are told at once, and it comes back by itself."""
    hanging = HangingUnit(tmp_path)
    unit = BoundedUnit(hanging, 0.3)
    assert sell(unit).transaction == 1
    hanging.let_go.clear()
    started = time.monotonic()
    with pytest.raises(Unsure) as slow:
        start(unit)
    with pytest.raises(Unready) as busy:
        start(unit)
    assert (slow.value.code, busy.value.code) == ("fiscal_slow", "fiscal_busy")
    assert unit.status().trouble
    assert time.monotonic() - started < 1
    hanging.let_go.set()
    time.sleep(0.2)
    assert sell(unit).transaction == 3
    assert [each.transaction for each in unit.status().open_transactions] == [2]
    hanging.close()


def test_errors_come_through_the_deadline(unit):
    with pytest.raises(Refused):
        BoundedUnit(unit, 1).finish(FiscalFinish(client_id=TILL, transaction=9, process_type="x", process_data="y"))


# --- on the network ------------------------------------------------------------------------------------------------


@pytest.fixture
def device(emulate, tmp_path) -> Device:
    return emulate("fiscal", "--folder", str(tmp_path / "unit"))


def at(device) -> NetworkUnit:
    return NetworkUnit(device.host, device.port, DEADLINE_S)


def test_a_unit_on_the_network_signs(device):
    signed = sell(at(device))
    status = at(device).status()
    assert (signed.transaction, signed.signature_counter, signed.certified) == (1, 2, False)
    assert (status.signatures, status.unit_serial, status.trouble) == (2, signed.unit_serial, "")
    with pytest.raises(Refused) as refused:
        at(device).finish(FiscalFinish(client_id=TILL, transaction=5, process_type="x", process_data="y"))
    assert refused.value.code == "unknown_transaction"


@pytest.mark.parametrize(
    ("mode", "error", "signatures"),
    [
        ("fail", Unready, 0),
        ("mute", Unsure, 0),
        ("mute-after", Unsure, 1),
        ("slow", Unsure, 1),
        ("drop", Unsure, 0),
        ("drop-after", Unsure, 1),
        ("garbage", Unsure, 0),
    ],
)
def test_a_failing_unit_is_out_in_bounded_time(device, mode, error, signatures):
    """Fault 52: whatever the unit does, the sale knows within the deadline, and goes on; nothing is told as signed."""
    unit = at(device)
    device.post("/mode", mode=mode)
    started = time.monotonic()
    with pytest.raises(error) as out:
        start(unit)
    assert time.monotonic() - started < DEADLINE_S + 1
    assert type(out.value) is error
    if mode != "slow":
        assert bool(unit.status().trouble)
    device.post("/mode", mode="ok")
    signed = sell(unit)
    assert signed.signature_counter == signatures + 2
    assert len(unit.status().open_transactions) == signatures


def test_a_finish_that_was_not_heard_is_asked_again(device):
    """Fault 52: the signature was made, the answer lost; asked again, the same one comes."""
    unit = at(device)
    begun = start(unit)
    device.post("/mode", mode="drop-after")
    with pytest.raises(Unsure):
        unit.finish(finish_of(begun))
    device.post("/mode", mode="ok")
    assert unit.finish(finish_of(begun)).signature_counter == 2
    assert unit.status().signatures == 2


def test_a_counter_that_goes_back_is_not_trusted(device):
    """Fault 52: another unit at the same address, or an old copy of it."""
    unit = at(device)
    sell(unit)
    device.post("/mode", mode="counter-back")
    with pytest.raises(Unsure) as out:
        start(unit)
    assert out.value.code == "fiscal_untrustworthy"


def test_a_unit_that_is_off_is_unready(device):
    unit = at(device)
    begun = start(unit)
    device.program.kill()
    for call in (lambda: start(unit), lambda: unit.finish(finish_of(begun))):
        with pytest.raises(Unready) as out:
            call()
        assert out.value.code == "fiscal_unreachable"
    assert unit.status().trouble


def test_what_was_open_at_a_kill_is_finished_after_it(emulate, tmp_path):
    """Fault 52: the unit's program is killed between start and finish; both the sale and the count go on."""
    folder = str(tmp_path / "unit")
    device = emulate("fiscal", "--folder", folder)
    begun = start(at(device))
    device.program.kill()
    again = at(emulate("fiscal", "--folder", folder))
    assert [each.transaction for each in again.status().open_transactions] == [begun.transaction]
    assert again.finish(finish_of(begun)).signature_counter == begun.signature_counter + 1


def test_tills_at_once_share_one_count(device):
    signed: list[FiscalSignature] = []

    def till():
        unit = NetworkUnit(device.host, device.port, 10)
        signed.extend(sell(unit) for _ in range(5))

    tills = [threading.Thread(target=till) for _ in range(4)]
    for each in tills:
        each.start()
    for each in tills:
        each.join()
    assert sorted(each.transaction for each in signed) == list(range(1, 21))
    assert at(device).status().signatures == 40


@given(st.binary(max_size=300))
def test_any_line_is_an_answer_or_unreadable(line):
    try:
        _decoded(line)
    except CounterfoilError as error:
        assert error.code == "fiscal_untrustworthy"


@given(st.text(max_size=60), st.integers(0, 2**53), st.text(max_size=200))
def test_calls_round_trip(client_id, transaction, text):
    call = wire.Finish(client_id=client_id, transaction=transaction, process_type="x", process_data=text)
    line = wire.encode(call)
    assert line.count(b"\n") == 1
    assert wire.decode_call(line) == call
    assert isinstance(wire.decode_answer(wire.encode(wire.Health())), FiscalStatus)
