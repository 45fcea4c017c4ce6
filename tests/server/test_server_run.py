"""Head office as real processes: its commands, kill -9, several of it on one PostgreSQL, backup and restore."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import requests
from sending_device import Line

from server.__main__ import main
from server.db import FILE, open_sqlite

START_S_MAX = 60
END_S_MAX = 40


class Done:
    """How a command ended and what it printed."""

    def __init__(self, returncode, stdout, stderr):
        self.returncode, self.stdout, self.stderr = returncode, stdout, stderr


def command(*words, data=None, url=None, check=True):
    """Run one of head office's commands to its end, in this process: starting Python costs more than most of them."""
    folder = ["--data", str(data)] if data else []
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setenv("DATABASE_URL", url or "")
        patch.setattr(sys, "argv", ["counterfoil-server", *words, *folder])
        with pytest.raises(SystemExit) as ended:
            main()
    done = Done(ended.value.code or 0, out.getvalue(), err.getvalue())
    if check:
        assert done.returncode == 0, done.stderr
    return done


@contextlib.contextmanager
def running(*words, data, url=None):
    """Run a serving command; gives (process, the address it says)."""
    environment = {**os.environ, "DATABASE_URL": url or "", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "server", *words, "--data", str(data)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    killer = threading.Timer(START_S_MAX * 2, process.kill)
    killer.start()
    try:
        said = process.stdout.readline()
        yield process, said.removeprefix("Head office: ").strip().rstrip("/")
    finally:
        killer.cancel()
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(END_S_MAX)
        finally:
            process.kill()
            process.wait(END_S_MAX)
            process.stdout.close()


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    """A sample shop to copy."""
    folder = tmp_path_factory.mktemp("founded")
    command("init", "--demo", "--country", "DE", data=folder)
    return folder


@pytest.fixture
def shop(founded, tmp_path):
    import shutil

    return shutil.copytree(founded, tmp_path / "shop")


def new_code(shop, url=None):
    made = command("add-till", "--store", "0001", "--name", "Front", "--json", data=shop, url=url)
    return json.loads(made.stdout)["code"]


def test_the_program_starts_as_a_module_without_a_warning(tmp_path):
    words = ["init", "--demo", "--data", str(tmp_path / "shop")]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "server", *words],
        env={**os.environ, "DATABASE_URL": ""},
        capture_output=True,
        text=True,
        timeout=START_S_MAX,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "PIN 1111" in done.stdout


def test_init_makes_the_sample_shop_once_and_says_how_to_sign_in(tmp_path):
    made = json.loads(command("init", "--demo", "--json", data=tmp_path / "shop").stdout)
    assert made["stores"] == ["0001", "0002"]
    assert made["articles"] >= 60
    assert {each["role"] for each in made["sign_ins"]} == {"clerk", "accountant", "admin"}
    assert [each["password"] for each in made["cashiers"]] == ["1111", "2222", "3333"]
    again = command("init", data=tmp_path / "shop", check=False)
    assert again.returncode == 1
    assert "already" in again.stderr


def test_an_empty_head_office_has_one_admin_with_a_password_of_its_own(tmp_path):
    first, second = (
        json.loads(command("init", "--country", country, "--json", data=tmp_path / country).stdout)
        for country in ("DE", "NL")
    )
    assert first["sign_ins"][0]["password"] != second["sign_ins"][0]["password"]
    assert (second["articles"], second["country"]) == (0, "NL")
    command("add-store", "--code", "0001", "--name", "Sample", "--country", "NL", data=tmp_path / "NL")
    assert new_code(tmp_path / "NL")


@pytest.mark.parametrize(("country", "chart", "named"), [("NL", [], "RGS"), ("CH", ["--chart", "SKR04"], "SKR04")])
def test_the_sample_shop_stands_in_any_country_with_its_rates(tmp_path, country, chart, named):
    made = json.loads(command("init", "--demo", "--country", country, *chart, "--json", data=tmp_path).stdout)
    assert (made["country"], made["chart"]) == (country, named)
    database = open_sqlite(tmp_path / FILE)
    with database.read() as connection:
        codes = connection.rows("SELECT DISTINCT key FROM feed WHERE kind = 'tax_rate' AND store = '0001' ORDER BY key")
        orders = connection.value("SELECT count(*) FROM feed WHERE kind = 'order' AND store = '0001'")
    database.close()
    assert {key.split("/")[0] for (key,) in codes} == {country}
    assert {key.split("/")[1] for (key,) in codes} >= {"standard", "reduced", "zero"}
    assert orders == 3


def test_commands_used_wrongly_or_too_early_say_so(tmp_path, shop):
    assert command("init", "--country", "XX", data=tmp_path / "x", check=False).returncode == 1
    chartless = command("init", "--country", "BE", data=tmp_path / "x", check=False)
    assert (chartless.returncode, "SKR03" in chartless.stderr) == (1, True)
    assert command("nonsense", check=False).returncode == 2
    assert command("import-articles", check=False).returncode == 2
    early = command("add-till", "--store", "1", "--name", "x", data=tmp_path / "none", check=False)
    assert (early.returncode, "init" in early.stderr) == (1, True)
    unknown = command("add-till", "--store", "0009", "--name", "x", data=shop, check=False)
    assert (unknown.returncode, "0001" in unknown.stderr) == (1, True)
    assert command("books", "--date", "yesterday", data=shop, check=False).returncode == 2
    other = command("init", data=tmp_path / "y", url="mysql://x", check=False)
    assert (other.returncode, "postgresql://" in other.stderr) == (1, True)


def test_an_open_network_without_tls_is_refused(shop):
    """Protocol §6: TLS except on loopback."""
    done = command("serve", "--host", "0.0.0.0", "--port", "0", data=shop, check=False)
    assert done.returncode == 1
    assert "unprotected" in done.stderr


def test_a_taken_port_is_told(shop):
    with running("serve", "--port", "0", data=shop) as (_, url):
        done = command("serve", "--port", url.rpartition(":")[2], data=shop, check=False)
    assert done.returncode == 1
    assert "--port" in done.stderr


def test_a_signal_at_once_ends_it_in_order(shop):
    """A stop right after the start is not lost."""
    with running("serve", "--port", "0", data=shop) as (process, _):
        process.terminate()
        assert process.wait(END_S_MAX) == 0


def test_kill_9_at_any_moment_loses_and_doubles_nothing(shop):
    """Fault 5, I1, I3: head office dies before or after a commit; the till sends again."""
    code = new_code(shop)
    device = None
    for round_number in range(3):
        with running("serve", "--port", "0", data=shop) as (process, url):
            line = Line(url)
            device = device or line.enrol(code)
            device.record(150)
            killer = threading.Timer(0.05 + 0.1 * round_number, process.send_signal, (signal.SIGKILL,))
            killer.start()
            send_until_it_dies(line, device)
            process.wait(END_S_MAX)
    with running("serve", "--port", "0", data=shop) as (process, url):
        line = Line(url)
        send_all(line, device)
        status, head = line.ask("GET", f"/api/v1/streams/{device.till_id}/1/head", device=device)
        assert (status, head["seq"], head["hash"]) == (200, len(device.rows), device.rows[-1].hash.hex())
        process.terminate()
        assert process.wait(END_S_MAX) == 0
    assert "hold" in command("verify", data=shop).stdout
    command("sync", "kick", data=shop)
    books = command("books", "--date", "2026-11-21", "--till", "0001-1", "--json", data=shop)
    assert json.loads(books.stdout)["figures"][0]["ledger_minor"] == 100 * len(device.rows)


def send_until_it_dies(line, device):
    with contextlib.suppress(requests.RequestException, AssertionError, KeyError):
        while True:
            send_all(line, device)


def send_all(line, device):
    head = line.ask("GET", f"/api/v1/streams/{device.till_id}/1/head", device=device)[1]["seq"]
    for start in range(head, len(device.rows), 10):
        status, reply = line.upload(device, device.batch(device.rows[start : start + 10]))
        assert status == 200, reply


@pytest.mark.postgres
def test_several_programs_share_one_postgres(postgres_url, tmp_path):
    """Two API processes and a worker: a till may meet either, and its sale is in the ledger."""
    command("init", "--demo", data=tmp_path, url=postgres_url)
    code = new_code(tmp_path, postgres_url)
    with (
        running("api", "--port", "0", data=tmp_path / "one", url=postgres_url) as (_, one),
        running("api", "--port", "0", data=tmp_path / "two", url=postgres_url) as (_, two),
        running("work", data=tmp_path, url=postgres_url) as (worker, _),
    ):
        first = Line(one)
        device = first.enrol(code)
        second = Line(two, first.server_key)
        device.record(40)
        for start, line in ((0, first), (20, second), (10, first)):
            status, reply = line.upload(device, device.batch(device.rows[start : start + 20]))
            assert status == 200, reply
        wait_for_books(tmp_path, postgres_url, 40 * 100)
        worker.terminate()
        assert worker.wait(END_S_MAX) == 0
    refused = command("backup", str(tmp_path / "b.tar"), data=tmp_path, url=postgres_url, check=False)
    assert (refused.returncode, "pg_dump" in refused.stderr) == (1, True)


def wait_for_books(folder, url, wanted_minor):
    deadline = time.monotonic() + START_S_MAX
    while time.monotonic() < deadline:
        books = command("books", "--date", "2026-11-21", "--json", data=folder, url=url, check=False)
        figures = json.loads(books.stdout)["figures"]
        if figures and figures[0]["ledger_minor"] == wanted_minor:
            return
        time.sleep(0.3)
    pytest.fail(f"the worker did not come to {wanted_minor}: {books.stdout}")


def test_a_restored_backup_is_a_new_history_and_tills_send_the_rest_again(shop, tmp_path):
    """Faults 32, 33: acknowledged events are lost with the restore, but nothing that was called durable."""
    code = new_code(shop)
    backup = tmp_path / "head-office.tar"
    with running("serve", "--port", "0", data=shop) as (_, url):
        line = Line(url)
        device = line.enrol(code)
        device.record(30)
        send_all(line, device)
        command("backup", str(backup), data=shop)
        device.record(10)
        status, reply = line.upload(device, device.batch(device.rows[30:]))
        assert (status, reply["acked_seq"], reply["durable_seq"]) == (200, 40, 30)
        old_timeline = reply["timeline"]
    assert command("backup", str(backup), data=shop, check=False).returncode == 1
    assert command("restore", str(backup), data=shop, check=False).returncode == 1
    assert backup.stat().st_mode & 0o077 == 0
    command("restore", str(backup), data=tmp_path / "new")
    with running("serve", "--port", "0", data=tmp_path / "new") as (_, url):
        again = Line(url, line.server_key)
        head = again.ask("GET", f"/api/v1/streams/{device.till_id}/1/head", device=device)[1]
        assert (head["seq"], head["durable_seq"]) == (30, 30)
        assert head["timeline"] != old_timeline
        send_all(again, device)
    (tmp_path / "no.tar").write_bytes(b"nothing")
    assert command("restore", str(tmp_path / "no.tar"), data=tmp_path / "other", check=False).returncode == 1
    assert not (tmp_path / "other" / FILE).exists()


def test_the_office_of_the_sample_shop_answers(shop):
    with running("serve", "--port", "0", data=shop) as (_, url):
        page = requests.get(url + "/", timeout=20)
        assert page.status_code == 200
        assert page.headers["Content-Type"].startswith("text/html")
        token = requests.post(
            f"{url}/api/v1/session", json={"name": "office", "password": "sample-shop"}, timeout=20
        ).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        orders = requests.get(f"{url}/api/v1/orders", headers=headers, timeout=20).json()
    assert orders["count"] == 3
    assert {order["status"] for order in orders["rows"]} == {"confirmed"}
