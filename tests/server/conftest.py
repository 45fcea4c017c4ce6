"""Both engines for every test of head office: a SQLite folder, and a PostgreSQL cluster of the session's own.

The cluster is made with initdb in a temporary folder, listens on a unix socket there and nowhere else, and ends with
the session. A test gets its own database, copied from a migrated template.
"""

import contextlib
import os
import shutil
import threading
import time

import psycopg
import pytest
import uvicorn
from lent_app import lent_app

from rig.postgres import PostgresMissingError, running_postgres
from schema.clock import SystemClock
from server.config import Config
from server.db import FILE, open_postgres, open_sqlite
from server.migrate import migrate
from server.parts import Parts
from server.tills.identity import found_identity

START_S_MAX = 60
TEMPLATE = "template_counterfoil"


@pytest.fixture(scope="session")
def postgres_cluster():
    """A running PostgreSQL; gives the URL of one of its databases by name."""
    try:
        with running_postgres() as url_of:
            yield url_of
    except PostgresMissingError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster):
    """A migrated database to copy from."""
    administer(postgres_cluster, f"CREATE DATABASE {TEMPLATE}")
    template = open_postgres(postgres_cluster(TEMPLATE))
    migrate(template, SystemClock())
    template.close()
    return postgres_cluster


def administer(cluster, statement):
    with psycopg.connect(cluster("postgres"), autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template")
    template = open_sqlite(folder / FILE)
    migrate(template, SystemClock())
    template.close()
    return folder / FILE


@pytest.fixture
def sqlite_database(sqlite_template, tmp_path):
    """A migrated SQLite database of the test's own in tmp_path."""
    shutil.copy(sqlite_template, tmp_path / FILE)
    database = open_sqlite(tmp_path / FILE)
    yield database
    database.close()


@pytest.fixture
def postgres_url(postgres_template):
    """The URL of a migrated PostgreSQL database of the test's own."""
    name = f"test_{os.urandom(6).hex()}"
    administer(postgres_template, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield postgres_template(name)
    administer(postgres_template, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_database(postgres_url):
    """A migrated PostgreSQL database of the test's own."""
    database = open_postgres(postgres_url)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request):
    """A migrated, empty database, once on each engine."""
    return request.getfixturevalue(f"{request.param}_database")


class RunningOffice:
    """Head office's application on a loopback port."""

    def __init__(self, parts, url):
        self.parts, self.url = parts, url
        self.database = parts.database


@contextlib.contextmanager
def running_office(database, folder):
    """Run the real application over a database until the block ends."""
    identity = found_identity(database, folder)
    parts = Parts(config=Config(folder=folder), database=database, clock=SystemClock(), identity=identity)
    with lent_app(parts) as app:
        settings = uvicorn.Config(app, port=0, log_level="error", lifespan="on", timeout_graceful_shutdown=1, ws="none")
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run)
        thread.start()
        deadline = time.monotonic() + START_S_MAX
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield RunningOffice(parts, f"http://127.0.0.1:{port}")
        finally:
            server.should_exit = True
            thread.join(START_S_MAX)


@pytest.fixture
def head_office(database, tmp_path):
    """The real application on loopback, once on each engine."""
    with running_office(database, tmp_path) as office:
        yield office


@pytest.fixture
def sqlite_office(sqlite_database, tmp_path):
    """The real application on loopback over SQLite, for tests that are not about the database."""
    with running_office(sqlite_database, tmp_path) as office:
        yield office
