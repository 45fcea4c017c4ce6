"""The agent's tests: a small head office, and a till that is enrolled at it."""

import time

import pytest
from agent_real_office import RealOffice, import_articles
from agent_room import Room
from agent_small_office import SmallOffice

from server.tills.tills import add_till, issue_code


@pytest.fixture
def office():
    office = SmallOffice()
    yield office
    office.close()


@pytest.fixture
def room(tmp_path, office):
    room = Room(tmp_path / "till", office)
    room.folder.mkdir()
    room.enrol()
    yield room
    room.close()


@pytest.fixture(scope="module")
def real_office(tmp_path_factory):
    office = RealOffice(tmp_path_factory.mktemp("office") / "data")
    office.run("init", "--country", "DE")
    office.run("add-store", "--code", "0001", "--name", "Sample Shop")
    import_articles(office, [(f"A{index:04d}", f"Käse {index}") for index in range(1, 1501)])
    office.start()
    yield office
    office.kill()


@pytest.fixture
def till(real_office, tmp_path):
    """A till of its own, newly enrolled."""
    made = real_office.change(lambda connection, clock: add_till(connection, clock, "0001", f"Till {time.time_ns()}"))
    code = real_office.change(lambda connection, clock: issue_code(connection, clock, made.id))
    room = Room(tmp_path / "till", real_office)
    room.enrol(code.code)
    room.till_id = made.id
    yield room
    room.close()
