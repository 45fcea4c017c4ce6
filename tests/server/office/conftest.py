"""The office in this process on both engines, and once as a real server with trade in it for the browser."""

import contextlib
import re

import pytest
from lent_app import lent_app
from litestar.testing import TestClient
from office_forms import fill
from office_shop import OfficeShop, morning_trade
from pipeline_shop import Shop

from server.auth.staff import hash_password
from server.config import Config
from server.parts import Parts
from server.tills.identity import found_identity

PASSWORD = "sample-shop"
STAFF = (("admin", "admin"), ("books", "accountant"), ("office", "clerk"))


class Office:
    """The office over a test client: signs in like a browser and sends forms with their key."""

    def __init__(self, client, shop):
        self.client, self.shop = client, shop

    def sign_in(self, name="admin"):
        page = self.client.get("/sign-in")
        answer = self.post("/sign-in", page=page.text, name=name, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        return self

    def key(self, page):
        return re.search(r'name="form_key" value="(\w+)"', page)[1]

    def post(self, path, *, page=None, **fields):
        page = page or self.client.get("/settings").text
        return self.client.post(path, data={"form_key": self.key(page), **fields}, follow_redirects=False)

    def get(self, path, status=200):
        answer = self.client.get(path)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer.text

    def statements(self, path):
        """Return how many statements a page costs, its sign-in check included."""
        self.get(path)
        before = self.shop.database.statements
        self.get(path)
        return self.shop.database.statements - before


@pytest.fixture(scope="session")
def password_hash():
    """Hashing is slow on purpose: once is enough."""
    return hash_password(PASSWORD)


@pytest.fixture
def office_on(tmp_path, password_hash):
    """Make an office on a database: staff, two stores and two articles; nobody is signed in."""
    with contextlib.ExitStack() as stack:

        def make(database):
            shop = Shop(database)
            with database.write() as connection:
                connection.many(
                    "INSERT INTO staff (name, display, role, password_hash) VALUES (?, ?, ?, ?)",
                    [(name, f"Sample {role}", role, password_hash) for name, role in STAFF],
                )
            identity = found_identity(database, tmp_path)
            parts = Parts(config=Config(folder=tmp_path), database=database, clock=shop.clock, identity=identity)
            app = stack.enter_context(lent_app(parts))
            return Office(stack.enter_context(TestClient(app, base_url="http://office.test")), shop)

        yield make


@pytest.fixture
def signed(office_on, database):
    """The office with the administrator signed in, on each engine."""
    return office_on(database).sign_in()


@pytest.fixture
def office(office_on, sqlite_database):
    """The office on SQLite with nobody signed in: for what does not depend on the engine."""
    return office_on(sqlite_database)


@pytest.fixture
def local(office):
    """The same with the administrator signed in."""
    return office.sign_in()


@pytest.fixture
def filled(local):
    """The office on SQLite with the administrator signed in and something of everything."""
    return fill(local)


@pytest.fixture(scope="session")
def traded(tmp_path_factory):
    """A real server process with a morning's trade."""
    shop = OfficeShop(tmp_path_factory.mktemp("traded"))
    try:
        morning_trade(shop)
        yield shop
    finally:
        shop.stop()
