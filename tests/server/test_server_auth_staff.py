"""Signing in to the office: passwords, sessions, roles, and the price of guessing."""

import pytest

from schema.errors import Refused
from server.auth.audit import audit
from server.auth.staff import (
    IDLE_MS,
    LIFE_MS,
    add_staff,
    hash_password,
    keep_preferences,
    require,
    sign_in,
    sign_out,
    who,
)
from server.auth.throttle import TRIES_MAX, WAIT_MS, Throttle

PASSWORD = "sample-password"


class SetClock:
    """A clock that a test moves."""

    def __init__(self):
        self.at_ms = 1_000_000_000

    def now_ms(self):
        return self.at_ms

    def utc_offset_min(self):
        return 0

    def monotonic_ms(self):
        return self.at_ms

    def boot_id(self):
        return "boot"


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def staffed(database):
    with database.write() as connection:
        add_staff(connection, name="kim", display="Kim Sample", role="clerk", password=PASSWORD, language="de")
    return database


def entered(database, clock, password=PASSWORD, name="kim", throttle=None):
    return sign_in(database, clock, throttle or Throttle(), name=name, password=password, address="127.0.0.1")


def test_a_session_is_known_by_its_token_until_it_is_signed_out(staffed, clock):
    token = entered(staffed, clock)
    staff = who(staffed, clock, token)
    assert (staff.name, staff.display, staff.role, staff.language) == ("kim", "Kim Sample", "clerk", "de")
    with staffed.write() as connection:
        assert token not in str(connection.rows("SELECT * FROM session"))
        sign_out(connection, token)
    assert who(staffed, clock, token) is None
    assert who(staffed, clock, "") is None


def test_a_session_ends_when_idle_and_in_any_case(staffed, clock):
    idle = entered(staffed, clock)
    clock.at_ms += IDLE_MS + 1
    assert who(staffed, clock, idle) is None
    busy = entered(staffed, clock)
    for _ in range(LIFE_MS // (IDLE_MS // 2) - 1):
        clock.at_ms += IDLE_MS // 2
        assert who(staffed, clock, busy) is not None
    clock.at_ms += IDLE_MS // 2
    assert who(staffed, clock, busy) is None


def test_wrong_name_and_wrong_password_are_told_apart_by_nobody(staffed, clock):
    messages = []
    for name, password in (("kim", "wrong-password"), ("nobody", PASSWORD), ("k\0m", PASSWORD)):
        with pytest.raises(Refused) as caught:
            entered(staffed, clock, password, name)
        messages.append((caught.value.code, caught.value.message))
    assert len(set(messages)) == 1


def test_guessing_has_to_wait_even_with_the_right_password(staffed, clock):
    throttle = Throttle()
    for _ in range(TRIES_MAX):
        with pytest.raises(Refused, match="wrong"):
            entered(staffed, clock, "wrong-password", throttle=throttle)
    with pytest.raises(Refused) as caught:
        entered(staffed, clock, throttle=throttle)
    assert caught.value.code == "too_many_tries"
    clock.at_ms += WAIT_MS
    assert entered(staffed, clock, throttle=throttle)


def test_someone_who_left_is_out_at_once(staffed, clock):
    token = entered(staffed, clock)
    with staffed.write() as connection:
        connection.run("UPDATE staff SET active = 0")
    assert who(staffed, clock, token) is None
    with pytest.raises(Refused):
        entered(staffed, clock)


def test_roles_are_asked_for_by_name(staffed, clock):
    staff = who(staffed, clock, entered(staffed, clock))
    assert require(staff) is staff
    assert require(staff, "clerk", "admin") is staff
    for roles, someone, code in ((("admin",), staff, "not_allowed"), ((), None, "not_signed_in")):
        with pytest.raises(Refused) as caught:
            require(someone, *roles)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "Kim Sample"}, "bad_name"),
        ({"role": "owner"}, "bad_role"),
        ({"password": "short"}, "weak_password"),
        ({"password": "x" * 201}, "weak_password"),
    ],
)
def test_who_cannot_be_added_is_told_why(database, changes, code):
    wish = {"name": "kim", "display": "Kim", "role": "clerk", "password": PASSWORD, **changes}
    with pytest.raises(Refused) as caught, database.write() as connection:
        add_staff(connection, **wish)
    assert caught.value.code == code


def test_passwords_are_kept_as_argon2id():
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first.startswith("$argon2id$")
    assert first != second


def test_preferences_are_kept(staffed, clock):
    with staffed.write() as connection:
        keep_preferences(connection, "kim", {"columns": ["id", "<b>"]})
    assert who(staffed, clock, entered(staffed, clock)).preferences == {"columns": ["id", "<b>"]}


def test_deeds_are_written_down(staffed, clock):
    entered(staffed, clock)
    with staffed.write() as connection:
        audit(connection, "kim", "try", "thing", "x" * 5000, now_ms=5)
        rows = connection.rows("SELECT actor, action, subject, length(detail) FROM audit ORDER BY id")
    assert rows == [("kim", "sign-in", "kim", 0), ("kim", "try", "thing", 2000)]


def test_the_throttle_forgets_the_oldest_keys_first(monkeypatch):
    monkeypatch.setattr("server.auth.throttle.KEYS_MAX", 3)
    throttle = Throttle(tries_max=1)
    for index in range(5):
        throttle.wrong([f"key{index}"], 0)
    throttle.check(["key0", "key1"], 0)
    with pytest.raises(Refused):
        throttle.check(["key4"], 0)
