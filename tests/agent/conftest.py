"""The agent's tests: a small head office, and a till that is enrolled at it."""

import pytest
from agent_room import Room
from agent_small_office import SmallOffice


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
