"""Lists on both engines: a page, its count and its sums agree with what plain Python makes of the same rows."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.errors import Refused
from server.listing import Filter, Listing, ListRequest, read_page

LISTING = Listing(
    source="sample",
    columns={"id": "id", "name": "name", "currency": "currency", "amount": "amount_minor", "done": "done_ms"},
    key="id",
    search=("name",),
    sums=("amount",),
    currency="currency",
    sort="amount",
)
ROWS = [
    (number, name, "EUR" if number % 3 else "CHF", number * 7 % 11 - 3, None if number % 4 else number)
    for number, name in enumerate(["Ann", "ben%", "c_d", "Dora!", "ann b", "", "o'neil", "x\\y", "Zoë", "50%"], start=1)
]


@pytest.fixture
def connection(database):
    with database.write() as connection:
        integer = "INTEGER" if database.engine == "sqlite" else "BIGINT"
        connection.script(
            f"CREATE TABLE sample (id {integer}, name TEXT, currency TEXT, amount_minor {integer}, done_ms {integer})"
        )
        connection.many("INSERT INTO sample VALUES (?, ?, ?, ?, ?)", ROWS)
        yield connection


def fits(row, request):
    number, name, currency, amount, done = row
    values = {"id": number, "name": name, "currency": currency, "amount": amount, "done": done}
    tests = {
        "is": lambda value, wanted: value == wanted,
        "contains": lambda value, wanted: wanted.lower() in str(value).lower(),
        "at_least": lambda value, wanted: value >= wanted,
        "at_most": lambda value, wanted: value <= wanted,
        "empty": lambda value, _: value in (None, ""),
        "filled": lambda value, _: value not in (None, ""),
    }
    return (
        all(tests[one.test](values[one.column], one.value) for one in request.filters)
        and request.search.lower() in name.lower()
        and (not request.keys or str(number) in request.keys)
    )


filters = st.one_of(
    st.builds(
        Filter, column=st.just("amount"), test=st.sampled_from(["is", "at_least", "at_most"]), value=st.integers(-4, 9)
    ),
    st.builds(
        Filter, column=st.just("name"), test=st.just("contains"), value=st.sampled_from(["n", "%", "_", "!", "'", "\\"])
    ),
    st.builds(Filter, column=st.sampled_from(["done", "name"]), test=st.sampled_from(["empty", "filled"])),
)
requests = st.builds(
    ListRequest,
    filters=st.lists(filters, max_size=3).map(tuple),
    search=st.sampled_from(["", "a", "N", "%", "50%", "ann"]),
    sort=st.sampled_from(["", "id", "amount", "name"]),
    descending=st.booleans(),
    offset=st.integers(0, 12),
    limit=st.integers(1, 12),
    keys=st.lists(st.sampled_from("123456789"), max_size=4).map(tuple),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(request=requests)
def test_page_count_and_sums_are_those_of_the_rows_that_fit(connection, request):
    fitting = [row for row in ROWS if fits(row, request)]
    page = read_page(connection.rows, LISTING, request)
    assert page.count == len(fitting)
    wanted = {}
    for row in fitting:
        wanted.setdefault(row[2], {"amount": 0})["amount"] += row[3]
    assert page.sums == wanted
    shown = [row["id"] for row in page.rows]
    assert set(shown) <= {row[0] for row in fitting}
    assert len(shown) == max(min(len(fitting) - request.offset, request.limit), 0)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(request=requests, size=st.integers(1, 4))
def test_pages_one_after_another_show_every_row_once(connection, request, size):
    from msgspec.structs import replace

    seen = []
    for offset in range(0, len(ROWS) + size, size):
        asked = replace(request, offset=offset, limit=size)
        seen += [row["id"] for row in read_page(connection.rows, LISTING, asked).rows]
    assert sorted(seen) == sorted(row[0] for row in ROWS if fits(row, request))


@pytest.mark.parametrize("name", ["nope", "id; DROP TABLE sample", "amount_minor"])
def test_only_the_lists_own_columns_can_be_named(connection, name):
    """Fault 57."""
    for request in (ListRequest(sort=name), ListRequest(filters=(Filter(column=name, value="1"),))):
        with pytest.raises(Refused, match="no column"):
            read_page(connection.rows, LISTING, request)
