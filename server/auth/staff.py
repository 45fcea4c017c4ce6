"""People who sign in to the office: their passwords (Argon2id), roles and sessions.

A session is a random token in the browser and its hash in the database, so any number of processes share it and a
copy of the database opens nothing. It ends after `IDLE_MS` without use and after `LIFE_MS` in any case.
Roles: a clerk sells and looks, an accountant also keeps the books, an admin also manages people and tills.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from msgspec import Struct

from schema.clock import Clock
from schema.errors import Refused
from schema.text import without_controls
from server.auth.audit import audit
from server.auth.throttle import Throttle
from server.db import Connection, Database

Role = Literal["clerk", "accountant", "admin"]
ROLES: tuple[Role, ...] = ("clerk", "accountant", "admin")
PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 200
IDLE_MS = 60 * 60_000
LIFE_MS = 12 * 60 * 60_000
SEEN_EVERY_MS = 60_000
# OWASP's password storage recommendation for Argon2id: 19 MiB, two passes, one lane.
HASH_MEMORY_KIB = 19_456
HASH_PASSES = 2
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_WHO = (
    "SELECT staff.name, staff.display, staff.role, staff.language, staff.preferences, session.seen_ms FROM session "
    "JOIN staff ON staff.name = session.staff WHERE session.token_hash = ? AND session.expires_ms > ? "
    "AND session.seen_ms > ? AND staff.active = 1"
)


class Staff(Struct, frozen=True, kw_only=True):
    """Who is signed in."""

    name: str
    display: str
    role: Role
    language: str = "en"
    preferences: Mapping[str, Any] = {}


def add_staff(
    connection: Connection, *, name: str, display: str, role: Role, password: str, language: str = "en"
) -> Staff:
    """Add someone, or give them a new password, role and name.

    Raises Refused("bad_name"), Refused("bad_role") or Refused("weak_password").
    """
    if not _NAME.fullmatch(name):
        raise Refused("bad_name", "A sign-in name has 1 to 40 small letters, digits, dots or dashes.")
    if role not in ROLES:
        raise Refused("bad_role", f"The roles are: {', '.join(ROLES)}.")
    display = without_controls(display).strip()[:80] or name
    connection.run(
        "INSERT INTO staff (name, display, role, password_hash, language) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET display = excluded.display, role = excluded.role, "
        "password_hash = excluded.password_hash, language = excluded.language, active = 1",
        (name, display, role, hash_password(password), language),
    )
    return Staff(name=name, display=display, role=role, language=language)


@cache
def hasher() -> PasswordHasher:
    """Return what makes and checks passwords' hashes."""
    return PasswordHasher(time_cost=HASH_PASSES, memory_cost=HASH_MEMORY_KIB, parallelism=1)


def hash_password(password: str) -> str:
    """Return a password's Argon2id hash. Raises Refused("weak_password")."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise Refused("weak_password", f"A password needs at least {PASSWORD_LENGTH_MIN} characters.")
    return hasher().hash(password)


def sign_in(
    database: Database, clock: Clock, throttle: Throttle, *, name: str, password: str, address: str = ""
) -> str:
    """Check a name and password and return a new session's token.

    Raises Refused("wrong_password") or, after several of those, Refused("too_many_tries").
    """
    now_ms = clock.now_ms()
    keys = [f"name:{name[:40]}", *([f"address:{address}"] if address else [])]
    throttle.check(keys, now_ms)
    with database.read() as connection:
        known = connection.row("SELECT password_hash FROM staff WHERE name = ? AND active = 1", (_text(name),))
    if not _is_password(known[0] if known else _nobody(), password) or known is None:
        throttle.wrong(keys, now_ms)
        raise Refused("wrong_password", "Name or password is wrong. After five tries you have to wait a minute.")
    throttle.right(keys)
    token = secrets.token_urlsafe(32)
    with database.write() as connection:
        connection.run("DELETE FROM session WHERE expires_ms <= ? OR seen_ms <= ?", (now_ms, now_ms - IDLE_MS))
        connection.run(
            "INSERT INTO session (token_hash, staff, created_ms, seen_ms, expires_ms) VALUES (?, ?, ?, ?, ?)",
            (_token_hash(token), name, now_ms, now_ms, now_ms + LIFE_MS),
        )
        audit(connection, name, "sign-in", name, now_ms=now_ms)
    return token


def who(database: Database, clock: Clock, token: str) -> Staff | None:
    """Return who a session's token belongs to, or None for none or an ended one."""
    if not token:
        return None
    now_ms = clock.now_ms()
    with database.read() as connection:
        row = connection.row(_WHO, (_token_hash(token), now_ms, now_ms - IDLE_MS))
    if row is None:
        return None
    if now_ms - row[5] > SEEN_EVERY_MS:
        with database.write() as connection:
            connection.run("UPDATE session SET seen_ms = ? WHERE token_hash = ?", (now_ms, _token_hash(token)))
    preferences = msgspec.json.decode(row[4], type=dict[str, Any])
    return Staff(name=row[0], display=row[1], role=row[2], language=row[3], preferences=preferences)


def require(staff: Staff | None, *roles: Role) -> Staff:
    """Return who it is if they have one of these roles (any role if none is named).

    Raises Refused("not_signed_in") or Refused("not_allowed").
    """
    if staff is None:
        raise Refused("not_signed_in", "Sign in first.")
    if roles and staff.role not in roles:
        raise Refused("not_allowed", f"This needs the role {' or '.join(roles)}; you are {staff.role}.")
    return staff


def sign_out(connection: Connection, token: str) -> None:
    """End a session; ending none is no mistake."""
    connection.run("DELETE FROM session WHERE token_hash = ?", (_token_hash(token),))


def keep_preferences(connection: Connection, name: str, preferences: Mapping[str, Any]) -> None:
    """Remember how someone likes their lists."""
    text = msgspec.json.encode(preferences).decode()
    connection.run("UPDATE staff SET preferences = ? WHERE name = ?", (text, name))


def keep_language(connection: Connection, name: str, language: str) -> None:
    """Remember in which language someone reads the office."""
    connection.run("UPDATE staff SET language = ? WHERE name = ?", (language, name))


def _is_password(password_hash: str, password: str) -> bool:
    try:
        return hasher().verify(password_hash, password[:PASSWORD_LENGTH_MAX])
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """An unknown name must take as long as a wrong password."""
    return hasher().hash(secrets.token_urlsafe(16))


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _text(text: str) -> str:
    """PostgreSQL takes no NUL in text."""
    return text.replace("\0", "")
