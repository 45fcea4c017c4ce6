"""Customers: imported, merged by hand, and what they owe kept through all of it."""

import pytest
from msgspec.structs import replace

from schema.clock import SystemClock
from schema.errors import Refused
from schema.parties import Customer, OpenItem
from server.catalogue import feed
from server.catalogue.csv_file import report_text
from server.catalogue.import_customers import import_customers
from server.catalogue.lists import customers_named
from server.catalogue.merge import alike, plan_merge, write_merge
from server.catalogue.people import get_customer, put_customers, put_open_items

KIM = Customer(number="C1", name="Kim Sample", email="kim@example.org", group="friends", credit_limit_minor=5000)
AGAIN = Customer(number="T-C-1", name="kim sample", phone="0123", card_code="CARD-1", credit_limit_minor=9000)
OTHER = Customer(number="C2", name="Toni Sample", company="Example Café")
OWED = OpenItem(reference="0001-1-000001", day="2026-11-01", due_day="2026-11-15", open_minor=1200)


@pytest.fixture
def shop(database):
    with database.write() as connection:
        put_customers(connection, [KIM, AGAIN, OTHER], 1)
    return database


def merge(connection, stays, goes, now_ms):
    write_merge(connection, plan_merge(connection, stays, goes), now_ms)


def live(connection):
    part = feed.read_slice(connection, "0001", 0, 1000)
    return {change.key for change in part.changes if change.kind == "customer" and not change.deleted}


def test_what_a_customer_owes_stays_when_the_rest_is_changed(shop):
    with shop.write() as connection:
        put_open_items(connection, "C1", [OWED])
        assert put_customers(connection, [replace(KIM, city="Sampletown")], 2) == 1
        assert put_customers(connection, [replace(KIM, city="Sampletown")], 3) == 0
        assert get_customer(connection, "C1") == replace(KIM, city="Sampletown", open_items=(OWED,))


def test_the_alike_are_named_with_what_they_share(shop):
    with shop.read() as connection:
        assert [(each.number, each.shared) for each in alike(connection, KIM)] == [("T-C-1", ("name",))]
        assert alike(connection, OTHER) == []


def test_a_merge_leaves_one_customer_with_all_that_both_had(shop):
    with shop.write() as connection:
        put_open_items(connection, "C1", [OWED])
        merge(connection, "C1", "T-C-1", 2)
    with shop.read() as connection:
        kept = get_customer(connection, "C1")
        assert (kept.name, kept.email, kept.phone, kept.card_code) == ("Kim Sample", KIM.email, "0123", "CARD-1")
        assert (kept.group, kept.credit_limit_minor, kept.open_items) == ("friends", 9000, (OWED,))
        assert live(connection) == {"C1", "C2"}
        assert [row["number"] for row in customers_named(connection, "kim", 9)] == ["C1"]
        assert get_customer(connection, "T-C-1").name == "kim sample"


@pytest.mark.parametrize(("stays", "goes"), [("C1", "C1"), ("C1", "C9"), ("T-C-1", "C2"), ("C2", "T-C-1")])
def test_a_merge_that_makes_no_sense_is_refused_and_changes_nothing(shop, stays, goes):
    with shop.write() as connection:
        merge(connection, "C1", "T-C-1", 2)
        before = feed.last_revision(connection)
    with pytest.raises(Refused), shop.write() as connection:
        merge(connection, stays, goes, 3)
    with shop.read() as connection:
        assert feed.last_revision(connection) == before
        assert live(connection) == {"C1", "C2"}


def run(database, path, text, **options):
    path.write_text(text, encoding="utf-8")
    return import_customers(database, SystemClock(), path, **options)


def test_an_import_changes_what_it_names_and_nothing_else(shop, tmp_path):
    path = tmp_path / "customers.csv"
    text = "number;name;city;credit_limit\nC1;Kim Sample;Köln;75,50\nN1;New Sample;Bonn;\n"
    report = run(shop, path, text)
    assert (report.rows, report.changed, report.bad) == (2, 2, 0)
    with shop.read() as connection:
        assert get_customer(connection, "C1") == replace(KIM, city="Köln", credit_limit_minor=7550)
        assert get_customer(connection, "N1").payment_days == 14
    again = run(shop, path, text)
    assert (again.changed, again.unchanged) == (0, 2)


def test_bad_rows_are_named_and_a_merged_customer_is_not_brought_back(shop, tmp_path):
    with shop.write() as connection:
        merge(connection, "C1", "T-C-1", 2)
    text = (
        "number,name,email,credit_limit,payment_days\n"
        "T-C-1,Kim,,,\n"
        "B2,,,,\n"
        "B3,Name,no address,,\n"
        "B4,Name,,-1,\n"
        "B5,Name,,,soon\n"
        "OK,Name,a@example.org,1,30\n"
        "OK,Name,,,\n"
    )
    report = run(shop, tmp_path / "c.csv", text)
    told = report_text(report)
    assert (report.changed, [problem.line for problem in report.problems]) == (1, [2, 3, 4, 5, 6, 8])
    for reason in ("merged into C1", "no name", "no e-mail", "negative", "number of days", "line 7"):
        assert reason in told


def test_a_dry_run_stores_nothing(shop, tmp_path):
    report = run(shop, tmp_path / "c.csv", "number,name\nN1,New\n", dry_run=True)
    assert (report.rows, report.changed, report.dry_run) == (1, 0, True)
    with shop.read() as connection:
        assert get_customer(connection, "N1") is None
