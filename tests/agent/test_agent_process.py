"""The agent as a program of its own: commands, kill -9 at the worst moments, one per folder, the loopback endpoint."""

import json
import os
import signal
import stat
import time
from pathlib import Path

import apsw
import msgspec
import pytest
import requests
from agent_fault_proxy import PORTAL
from agent_small_office import CODE, STORE, TILL, SmallOffice
from msgspec.structs import replace

from agent.report import read_status
from agent.service import pause_first
from schema.catalogue import Article, StoreSettings
from schema.clock import SystemClock
from schema.device import AGENT, AgentAddress, fingerprint, load_device, load_key, public_bytes, save_device, unbase64
from schema.mirror_file import SYNC_VALUES
from schema.sqlite import open_reader


def until(condition, seconds=15.0):
    """Wait until something holds; the deadline is the test's failure."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def stored(office, epoch=1):
    return [row.event.seq for row in office.streams[TILL, epoch].rows]


def sync_values(room):
    try:
        reader = open_reader(room.folder / "mirror.db")
    except apsw.CantOpenError:
        return {}
    try:
        return dict(reader.execute(SYNC_VALUES).fetchall())
    except apsw.SQLError:
        return {}
    finally:
        reader.close()


def ask(room, method, path, token=None, **settings):
    address = msgspec.json.decode((room.folder / AGENT).read_bytes(), type=AgentAddress)
    headers = {"Authorization": f"Bearer {token or address.token}"}
    return requests.request(method, f"http://127.0.0.1:{address.port}{path}", headers=headers, timeout=3, **settings)


def acked(room):
    """What the running agent says that head office has; None while there is no agent that could say it."""
    try:
        return ask(room, "GET", "/status").json()["acked_seq"]
    except (requests.ConnectionError, FileNotFoundError):
        return None


def test_enrol_writes_a_private_key_and_shows_both_fingerprints(room, office, tmp_path):
    room.folder = tmp_path / "fresh"
    done = room.run("enrol", "--server", office.url, "--code", CODE, check=0)
    device = load_device(room.folder)
    assert stat.S_IMODE((room.folder / "device.key").stat().st_mode) == 0o600
    assert unbase64(device.public_key) == public_bytes(load_key(room.folder))
    assert fingerprint(unbase64(device.public_key)) in done.stdout
    assert fingerprint(unbase64(device.server_public_key)) in done.stdout


def test_enrol_with_a_wrong_code_leaves_no_identity(room, office, tmp_path):
    room.folder = tmp_path / "fresh"
    done = room.run("enrol", "--server", office.url, "--code", "WRONG", check=1)
    assert "wrong or used up" in done.stderr
    assert not (room.folder / "device.json").exists()


def test_enrol_refuses_plain_http_to_another_machine(room, tmp_path):
    """Row 27: no key, no sale ever crosses a network without TLS."""
    room.folder = tmp_path / "fresh"
    done = room.run("enrol", "--server", "http://192.0.2.1", "--code", CODE, check=1)
    assert "https://" in done.stderr


def test_enrolling_anew_first_sends_what_waits_under_the_old_identity(room, office):
    """Row 36: the old epoch drains first."""
    builder = room.journal()
    builder.append(3)
    room.run("enrol", "--server", office.url, "--code", CODE, check=0)
    assert stored(office, 1) == [1, 2, 3]
    assert office.streams[TILL, 1].evidence == []
    assert load_device(room.folder).epoch == 2


def test_a_till_that_is_not_enrolled_is_told_what_to_do(room, tmp_path):
    room.folder = tmp_path / "nothing"
    for command in ("run", "sync-once", "status"):
        assert "enrol" in room.run(command, check=1).stderr


def test_wrong_usage_exits_2(room):
    assert room.run("run", "--interval", "soon").returncode == 2
    assert room.run("dance").returncode == 2


def test_sync_once_sends_and_fetches_all_and_status_tells(room, office):
    office.put(StoreSettings(store=STORE, name="Sample Shop"))
    room.journal().append(7)
    done = room.run("sync-once", "--json", check=0)
    assert json.loads(done.stdout) == {"sent": 7, "fetched": 1, "hold": None}
    facts = json.loads(room.run("status", "--json", check=0).stdout)
    assert (facts["state"], facts["waiting"], facts["acked_seq"], facts["feed_cursor"]) == ("online", 0, 7, 1)
    assert "7 are at head office" in room.run("status", check=0).stdout


def test_sync_once_tells_a_portal_and_a_hold_in_plain_words(room, office):
    """Rows 28, 53."""
    builder = room.journal()
    builder.append(2)
    builder.tamper(2)
    proxy = room.proxy()
    proxy.faults.extend([PORTAL] * 3)
    assert "Internet login needed" in room.run("sync-once", check=1).stderr
    assert sync_values(room)["state"] == "portal"
    assert "Event 2" in room.run("sync-once", check=1).stderr
    assert sync_values(room)["state"] == "frozen"
    assert read_status(room.folder).waiting == 2


def test_run_forwards_a_new_event_and_fetches_a_new_row_within_about_a_second(room, office):
    builder = room.journal()
    room.start()
    until(lambda: sync_values(room).get("state") == "online")
    for count in (1, 2):
        began = time.monotonic()
        builder.append(1)
        until(lambda wanted=count: len(stored(office)) == wanted, 3)
        assert time.monotonic() - began < 2.5
    office.put(StoreSettings(store=STORE, name="Renamed Shop"))
    until(lambda: sync_values(room).get("feed_cursor") == str(office.rev), 3)


def test_run_starts_before_the_till_has_a_journal(room, office):
    room.start()
    until(lambda: sync_values(room).get("state") == "online")
    room.journal().append(2)
    until(lambda: stored(office) == [1, 2])


@pytest.mark.parametrize("moment", ["before send", "after send", "after reply"])
def test_kill_9_around_a_batch_loses_nothing_and_doubles_nothing(room, office, moment):
    """Row 4: a real process, killed while the batch is on its way."""
    room.journal().append(40)
    proxy = room.proxy("events")
    agents = []

    def kill(request, forward, line):
        if moment != "before send":
            reply = forward(request)
        if moment == "after reply":
            line.sendall(reply)
        agents[0].kill()

    proxy.faults.append(kill)
    agents.append(room.start())
    assert agents[0].wait(20) == -signal.SIGKILL
    room.start()
    until(lambda: len(stored(office)) == 40)
    assert stored(office) == list(range(1, 41))
    until(lambda: acked(room) == 40)


def test_kill_9_before_the_acknowledgement_is_remembered(room, office):
    """Row 4: head office has it, the agent could not write that down."""
    room.journal().append(5)
    proxy = room.proxy("events")
    mirror = apsw.Connection(str(room.folder / "mirror.db"))

    def lock_then_answer(request, forward, line):
        reply = forward(request)
        mirror.set_busy_timeout(5000)
        mirror.execute("BEGIN IMMEDIATE")
        line.sendall(reply)
        time.sleep(0.3)
        agent.kill()
        agent.wait(10)
        mirror.execute("ROLLBACK")

    proxy.faults.append(lock_then_answer)
    agent = room.start()
    assert agent.wait(20) == -signal.SIGKILL
    until(lambda: not mirror.in_transaction)
    assert mirror.execute("SELECT acked_seq FROM upload").fetchall() == [(0,)]
    mirror.close()
    room.start()
    until(lambda: acked(room) == 5)
    assert stored(office) == [1, 2, 3, 4, 5]


def test_a_second_agent_in_the_same_folder_is_refused(room):
    """Row 18."""
    room.start()
    until((room.folder / AGENT).exists)
    assert "already works" in room.run("run", check=1).stderr


def test_sync_once_beside_a_running_agent_is_done_by_that_one(room, office):
    """Row 18: two would fence each other."""
    room.start()
    until(lambda: sync_values(room).get("state") == "online")
    assert "0 events sent" in room.run("sync-once", check=0).stdout


def test_the_lock_of_a_killed_agent_does_not_stay(room, office):
    agent = room.start()
    until((room.folder / AGENT).exists)
    agent.kill()
    agent.wait(10)
    room.run("sync-once", check=0)


def test_sigterm_ends_within_seconds_even_in_a_long_poll_and_tells_so(room, office):
    agent = room.start()
    until(lambda: sync_values(room).get("state") == "online")
    time.sleep(0.2)
    began = time.monotonic()
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(10) == 0
    assert time.monotonic() - began < 5
    assert sync_values(room)["state"] == "offline"
    assert "stopped" in sync_values(room)["state_text"]
    assert not (room.folder / AGENT).exists()


def test_head_office_down_and_up_again(room, office):
    """Rows 25, 31: the state is told, and a person's *sync now* ends the pause."""
    builder = room.journal()
    proxy = room.proxy()
    room.start()
    until(lambda: sync_values(room).get("state") == "online")
    proxy.port_behind = 9
    builder.append(3)
    until(lambda: sync_values(room).get("state") == "offline")
    assert "Sales go on" in sync_values(room)["state_text"]
    assert json.loads(ask(room, "GET", "/status").text)["waiting"] == 3
    proxy.port_behind = office.port

    def pressed():
        ask(room, "POST", "/sync")
        time.sleep(0.1)
        return len(stored(office)) == 3

    until(pressed)
    until(lambda: sync_values(room).get("state") == "online")


def test_a_refused_feed_is_told_and_sales_still_go_up(room, office):
    """Row 42: alarm, and the other direction does not care."""
    office.put_raw("article", "A1", msgspec.json.encode(Article(number="A1", name="x", price_minor=-5, tax_code="f")))
    builder = room.journal()
    room.start()
    until(lambda: sync_values(room).get("state") == "refused")
    assert "negative price" in sync_values(room)["state_text"]
    builder.append(2)
    until(lambda: stored(office) == [1, 2])


def test_the_loopback_endpoint_wants_its_token(room):
    room.start()
    until((room.folder / AGENT).exists)
    assert stat.S_IMODE((room.folder / AGENT).stat().st_mode) == 0o600
    refused = ask(room, "GET", "/status", token="guess")
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")
    assert ask(room, "GET", "/status").json()["till_id"] == TILL
    assert ask(room, "GET", "/nothing").status_code == 404
    assert ask(room, "GET", "/sync").status_code == 404
    assert ask(room, "POST", "/sync").status_code == 202
    assert ask(room, "POST", "/sync", data=b"x" * 100_000).status_code == 413


def test_the_loopback_endpoint_is_closed_to_the_network(room):
    room.start()
    until((room.folder / AGENT).exists)
    address = msgspec.json.decode((room.folder / AGENT).read_bytes(), type=AgentAddress)
    addresses = [f"{address.port:04X}"]
    with Path("/proc/net/tcp").open() as table:
        listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
    assert [entry for entry in listening if entry.endswith(addresses[0])] == [f"0100007F:{addresses[0]}"]


def test_another_head_office_under_the_same_address_is_not_believed(room, office):
    """Rows 27, 54: the pinned key decides, not the address."""
    impostor = SmallOffice()
    impostor.streams, impostor.epoch = office.streams, office.epoch
    device, key = load_device(room.folder), load_key(room.folder)
    save_device(room.folder, replace(device, server_url=impostor.url), key)
    room.journal().append(1)
    try:
        done = room.run("sync-once", check=1)
    finally:
        impostor.close()
    assert "not signed by head office" in done.stderr


def test_no_process_is_left_behind(room):
    agent = room.start()
    until((room.folder / AGENT).exists)
    agent.send_signal(signal.SIGINT)
    assert agent.wait(10) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(agent.pid, 0)


def test_only_the_first_call_of_a_boot_is_spread(room, office):
    """Protocol §2: power comes back to a town. A restart of the agent alone does not wait."""
    office.put(StoreSettings(store=STORE, name="Sample Shop"))

    class JustBooted(SystemClock):
        boot = "boot-1"

        def monotonic_ms(self):
            return 5_000 + super().monotonic_ms() % 1_000

        def boot_id(self):
            return self.boot

    def paused(clock):
        parts = room.parts(clock=clock, spread_ms=400)
        began = time.monotonic()
        pause_first(parts, parts.hurry_forward)
        return time.monotonic() - began > 0.05

    clock = JustBooted()
    assert not paused(clock)
    parts = room.parts(clock=clock)
    while parts.fetcher.once(0).more:
        pass
    assert not paused(clock)
    clock.boot = "boot-2"
    assert paused(clock)
