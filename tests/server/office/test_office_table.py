"""The shared table's state: the address and the memory say it, and nothing an address holds can break it."""

from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from server.office import specs
from server.office.table import (
    PAGE_ROWS_MAX,
    TableState,
    address,
    column_of,
    filtered_columns,
    first_state,
    pages_in,
    read_state,
    request_of,
    shown_columns,
    sort_address,
    to_remember,
    without_filter,
)

SPEC = specs.ORDERS
NAMES = [column.name for column in SPEC.columns]


def query(text):
    return parse_qs(urlsplit(text).query)


states = st.builds(
    TableState,
    search=st.text("abcÄ %&=+#", max_size=10).map(str.strip),
    sort=st.sampled_from(NAMES),
    descending=st.booleans(),
    columns=st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(tuple),
    filters=st.dictionaries(
        st.sampled_from(["f.store", "f.total_minor.from", "f.total_minor.to", "f.oms_status", "f.created_ms.from"]),
        st.text("0123456789abc.,&=% ", min_size=1, max_size=8).map(str.strip).filter(bool),
        max_size=4,
    ),
    size=st.integers(1, PAGE_ROWS_MAX),
)


@given(states)
def test_a_state_survives_the_address(state):
    assert read_state(SPEC, query(address(SPEC, state))) == state


@given(states)
def test_the_memory_holds_all_but_search_and_page(state):
    kept = read_state(SPEC, {}, to_remember(state))
    assert (kept.columns, kept.sort, kept.descending, kept.filters, kept.size) == (
        state.columns,
        state.sort,
        state.descending,
        state.filters,
        state.size,
    )
    assert (kept.search, kept.page) == ("", 1)


@given(
    st.dictionaries(
        st.sampled_from(
            ["q", "sort", "columns", "size", "page", "c", "p.store", "f.store", "f.x", "f.total_minor.from"]
        ),
        st.lists(st.text(max_size=12), min_size=1, max_size=3),
    )
)
def test_any_address_gives_a_list_that_can_be_shown(fields):
    state = read_state(SPEC, fields)
    request, _ = request_of(SPEC, state)
    assert shown_columns(SPEC, state)
    assert 1 <= request.limit <= PAGE_ROWS_MAX and request.offset >= 0
    assert request.sort in NAMES
    assert {one.column for one in request.filters} <= set(NAMES)


def test_columns_are_ordered_by_their_places():
    fields = {"c": ["number", "store", "total_minor"], "p.number": ["3"], "p.store": ["1"], "p.total_minor": ["2"]}
    assert read_state(SPEC, fields).columns == ("store", "total_minor", "number")


def test_sorting_again_turns_the_order_round():
    state = first_state(SPEC)
    once = read_state(SPEC, query(sort_address(SPEC, state, "store")))
    twice = read_state(SPEC, query(sort_address(SPEC, once, "store")))
    assert (once.sort, once.descending, twice.descending) == ("store", False, True)


def test_filters_are_read_in_their_columns_own_types_and_counted_per_column():
    fields = {
        "f.total_minor.from": ["1.234,50"],
        "f.total_minor.to": ["2000"],
        "f.ordered_day.from": ["21.11.2026"],
        "f.oms_status": ["error"],
        "f.customer_name": ["ann"],
    }
    state = read_state(SPEC, fields)
    request, wrong = request_of(SPEC, state)
    found = {(one.column, one.test): one.value for one in request.filters}
    assert found == {
        ("total_minor", "at_least"): 123450,
        ("total_minor", "at_most"): 200000,
        ("ordered_day", "at_least"): "2026-11-21",
        ("oms_status", "is"): "error",
        ("customer_name", "contains"): "ann",
    }
    assert not wrong and len(filtered_columns(state)) == 4


def test_a_filter_that_cannot_be_read_is_named_and_filters_nothing():
    request, wrong = request_of(SPEC, read_state(SPEC, {"f.total_minor.from": ["plenty"], "f.created_ms.to": ["soon"]}))
    assert request.filters == ()
    assert {one.parameter for one in wrong} == {"f.total_minor.from", "f.created_ms.to"}


def test_a_day_as_upper_bound_includes_the_whole_day():
    request, _ = request_of(
        SPEC, read_state(SPEC, {"f.created_ms.from": ["2026-11-21"], "f.created_ms.to": ["2026-11-21"]})
    )
    low, high = (one.value for one in request.filters)
    assert high - low == 86_400_000 - 1


def test_taking_a_filter_away_leaves_the_others():
    state = read_state(SPEC, {"f.total_minor.from": ["1"], "f.total_minor.to": ["2"], "f.store": ["0001"]})
    assert read_state(SPEC, query(without_filter(SPEC, state, "total_minor"))).filters == {"f.store": "0001"}


def test_pages_cover_all_rows_and_an_empty_list_has_one():
    assert [pages_in(count, 50) for count in (0, 1, 50, 51, 115_000)] == [1, 1, 1, 2, 2300]


def test_every_list_shows_columns_that_exist():
    for spec in specs.ALL:
        assert shown_columns(spec, first_state(spec))
        assert column_of(spec, spec.sort)
        assert len({column.name for column in spec.columns}) == len(spec.columns)
