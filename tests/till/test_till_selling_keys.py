"""Quick keys edited at the till, and the colour and size matrix."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_goods import GOODS, RULES, lay, stock
from sample_till import BOOK, PAGES, Port, make_folder

from schema.catalogue import QuickKey, QuickKeyPage
from schema.events import QuickKeysChanged
from schema.parties import RIGHTS, Cashier
from till.selling.quick_keys import edit, key_pages, moved, with_edits


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "till"
    make_folder(folder)
    from sample_till import HASHER

    manager = Cashier(number="7", name="Manager Example", role="store_manager", pin_hash=HASHER.hash("7777"))
    lay(folder, *GOODS, *RULES, manager, QuickKeyPage(name="Daily", position=1, keys=keys("A1", "A2")))
    return folder


def keys(*numbers):
    return tuple(QuickKey(article=number) for number in numbers)


@pytest.fixture
def managed(port):
    port.ok("sign_in", cashier="7", pin="7777")
    port.ok("open_shift", float=0)
    return port


def shown(port):
    return [key.article for key in port.screens.sale.state.keys]


def test_editing_needs_its_right(port):
    port.morning("9")
    assert "quick_keys" not in RIGHTS["supervisor"]
    port.refused("needs_supervisor", "quick_keys", action="add", article="A3")
    port.screens.sale.edit_keys()
    assert not port.screens.sale.state.editing


def test_an_edit_shows_at_once_and_is_written_down(managed):
    answer = managed.ok("quick_keys", action="add", article="A3", label="Book")
    assert [(key["article"], key["label"]) for key in answer["keys"]][-1] == ("A3", "Book")
    managed.ok("quick_keys", action="move", key=3, by=-2)
    managed.ok("quick_keys", action="remove", key=2)
    assert shown(managed) == ["A3", "A2"]
    events = [body for body in managed.bodies() if isinstance(body, QuickKeysChanged)]
    assert events[-1].keys == (("A3", "Book"), ("A2", ""))
    assert {(body.name, body.position, body.cashier) for body in events} == {("Daily", 1, "7")}
    managed.refused("key_there", "quick_keys", action="add", article="A3")
    managed.refused("unknown_article", "quick_keys", action="add", article="NONE")


def test_the_last_or_selected_line_goes_on_a_key(managed):
    managed.refused("no_article", "quick_keys", action="add")
    managed.ok("scan", code=BOOK)
    managed.ok("quick_keys", action="add")
    assert shown(managed)[-1] == "A3"


def test_pages_are_made_named_and_emptied(managed):
    managed.ok("quick_keys", action="new", name="Shirts", article="SH")
    assert managed.screens.sale.state.pages == ("Daily", "Shirts")
    assert managed.ok("quick_keys", page="Daily", action="rename", name="Every day")["pages"] == ["Every day", "Shirts"]
    managed.refused("page_there", "quick_keys", page="Shirts", action="rename", name="Every day")
    managed.refused("bad_text", "quick_keys", page="Shirts", action="rename", name=" ")
    managed.ok("quick_keys", page="Shirts", action="remove", key=1)
    assert managed.screens.sale.state.pages == ("Every day",)
    gone = [body.name for body in managed.bodies() if isinstance(body, QuickKeysChanged) and not body.keys]
    assert gone == ["Daily", "Shirts"]


def test_an_edit_holds_until_head_office_speaks_again(managed, folder):
    """Also over a restart; when the page comes back changed, head office's counts, whatever it is."""
    managed.ok("quick_keys", action="add", article="A3")
    managed.close()
    again = Port(folder)
    again.ok("sign_in", cashier="7", pin="7777")
    assert shown(again) == ["A1", "A2", "A3"]
    lay(folder, QuickKeyPage(name="Daily", position=1, keys=keys("A2")))
    again.ok("quick_keys")
    assert shown(again) == ["A2"]
    again.close()


@given(st.lists(st.sampled_from("ABCDEFGH"), min_size=1, unique=True), st.integers(0, 7), st.integers(-9, 9))
def test_moving_a_key_loses_none(numbers, place, step):
    page = QuickKeyPage(name="p", position=0, keys=keys(*numbers))
    place %= len(numbers)
    after = moved(page, place, step)
    assert sorted(key.article for key in after.keys) == sorted(numbers)
    assert after.keys[min(max(place + step, 0), len(numbers) - 1)] == page.keys[place]


def test_an_edit_of_a_page_that_is_gone_is_gone():
    body, (_, (_, page, before)) = edit(replace(PAGES[0], keys=keys("A2")), PAGES[0], "7")
    assert body.name == PAGES[0].name
    assert with_edits([], [(page, before)]) == []
    assert with_edits(PAGES, [(page, before)])[0].keys == keys("A2")


def test_parts_of_a_cut_page_know_their_place():
    page = QuickKeyPage(name="Long", position=0, keys=keys(*map(str, range(45))))
    assert [(part.name, part.first, len(part.keys)) for part in key_pages([page])] == [
        ("Long", 0, 20),
        ("Long 2", 20, 20),
        ("Long 3", 40, 5),
    ]


# -- colours and sizes


def test_a_matrix_article_opens_its_variants_with_stock(port, folder):
    now_ms = port.till.desk.clock.now_ms()
    lay(
        folder,
        stock("0007", "SH-1", "3", now_ms - 5 * 60_000),
        stock("0008", "SH-1", "7", now_ms - 3 * 3_600_000),
        stock("0008", "SH-3", "1", now_ms - 5 * 86_400_000),
    )
    port.morning()
    assert port.ok("add", article="SH")["matrix"] == "SH"
    matrix = port.screens.matrix
    assert (port.stage.screen, matrix.state.sizes) == ("matrix", ("S", "M"))
    assert [(row.colour, [cell.article for cell in row.cells]) for row in matrix.state.rows] == [
        ("red", ["SH-1", "SH-2"]),
        ("blue", ["", "SH-3"]),
    ]
    red = matrix.state.rows[0].cells
    assert (red[0].here_text, red[0].elsewhere_text, red[1].here_text) == ("3 here", "7 elsewhere", "stock unknown")
    matrix.more("SH-1")
    assert [(each.store, each.quantity_text, each.age_text) for each in matrix.state.stock] == [
        ("This store", "3", "as of 5 minutes ago"),
        ("Store 0008", "7", "as of 3 hours ago"),
    ]
    matrix.more("SH-3")
    assert matrix.state.stock[0].age_text == "as of 5 days ago"


def test_the_stock_of_any_article_is_told_with_its_age(port, folder):
    now_ms = port.till.desk.clock.now_ms()
    lay(folder, stock("0007", "A3", "2", now_ms - 60_000), stock("0008", "A3", "4.5", now_ms - 26 * 3_600_000))
    port.morning()
    assert port.screens.sale.stock_text("A3") == "2 here  ·  4.5 elsewhere  ·  as of 26 hours ago"
    assert port.screens.sale.stock_text("A1") == ""
    assert [(row["store"], row["quantity"]) for row in port.ok("stock", article="A3")["stock"]] == [
        ("0007", "2"),
        ("0008", "4.5"),
    ]


def test_one_or_many_variants_are_taken(port):
    port.morning()
    matrix = port.screens.matrix
    matrix.open("SH")
    matrix.take()
    assert port.stage.said[-1].code == "nothing_chosen"
    matrix.more("SH-1")
    matrix.more("SH-1")
    matrix.less("SH-1")
    matrix.set("SH-3", "2")
    assert matrix.state.chosen_count == 3
    matrix.take()
    assert port.stage.screen == "sale"
    assert [(line.article, line.quantity) for line in port.till.desk.sale.basket.lines] == [
        ("SH-1", Decimal(1)),
        ("SH-3", Decimal(2)),
    ]


def test_the_port_takes_variants(port):
    port.morning()
    answer = port.ok("matrix", article="SH")
    assert [each["article"] for each in answer["variants"]] == ["SH-1", "SH-2", "SH-3"]
    answer = port.ok("matrix", article="SH", quantities={"SH-2": "2"})
    assert [(line["article"], line["quantity"]) for line in answer["basket"]["lines"]] == [("SH-2", "2")]
    port.refused("bad_quantity", "matrix", article="SH", quantities={"SH-2": "0.5"})


def test_an_article_without_variants_says_so(port, folder):
    lay(folder, replace(GOODS[9], number="SX"))
    port.morning()
    port.ok("add", article="SX")
    assert port.screens.matrix.state.empty_text
