"""Two people at one order: who confirms what somebody else has changed meanwhile is told so, and decides."""

import pytest
from office_forms import form_of, read

from server.auth.audit import audit
from server.office.order_form import LineText, OrderText, onto, shown_fields
from server.orders.lists import order


@pytest.fixture
def placed(signed):
    """The office on each engine, and the path of a confirmed order's form."""
    return signed, f"/orders/{signed.shop.order()}/change"


def post(office, path, fields, do="confirm"):
    return office.client.post(path, data={**fields, "do": do}, follow_redirects=False)


def fields_of(text):
    """Return the fields of a page that was answered, as a browser would send them."""

    class Answered:
        def get(self, path):
            return text

    return form_of(Answered(), "")


def now(office, path):
    return read(office, lambda connection: order(connection, path.split("/")[2]))


def test_the_second_to_change_an_order_keeps_what_was_typed_and_takes_the_rest(placed):
    office, path = placed
    opened = form_of(office, path)
    assert post(office, path, {**opened, "subject": "For the garden", "line-0-quantity": "5"}).status_code == 303
    told = post(office, path, {**opened, "employee": "Sample Colleague"})
    assert told.status_code == 409
    assert "Sample admin changed it at" in told.text
    assert "Changed meanwhile (before: nothing)" in told.text
    assert "Changed meanwhile (before: 2 × Kettle, 29.95)" in told.text
    assert now(office, path).employee == ""
    shown = fields_of(told.text)
    assert (shown["subject"], shown["employee"], shown["line-0-quantity"]) == (
        ["For the garden"],
        ["Sample Colleague"],
        ["5"],
    )
    assert post(office, path, shown).status_code == 303
    found = now(office, path)
    assert (found.subject, found.employee, found.lines[0].quantity) == ("For the garden", "Sample Colleague", "5")


def test_lines_that_both_changed_are_the_typed_ones_and_the_others_stand_above(placed):
    office, path = placed
    opened = form_of(office, path)
    post(office, path, {**opened, "line-0-quantity": "5"})
    told = post(office, path, {**opened, "line-0-quantity": "7"})
    assert "Now: 5 × Kettle, 29.95 (before: 2 × Kettle, 29.95)" in told.text
    assert post(office, path, fields_of(told.text)).status_code == 303
    assert now(office, path).lines[0].quantity == "7"


def test_a_day_that_was_not_touched_is_no_change_in_any_language(placed):
    office, path = placed
    office.post("/settings", language="de", theme="")
    opened = form_of(office, path)
    post(office, path, {**opened, "expected_day": "09.03.2026"})
    told = post(office, path, {**opened, "subject": "Mein"})
    assert told.status_code == 409
    shown = fields_of(told.text)
    assert (shown["expected_day"], shown["ordered_day"]) == (["09.03.2026"], opened["ordered_day"])
    assert post(office, path, shown).status_code == 303
    assert (now(office, path).expected_day, now(office, path).subject) == ("2026-03-09", "Mein")


def test_the_form_goes_on_knowing_its_beginning_from_button_to_button(placed):
    office, path = placed
    opened = form_of(office, path)
    added = post(office, path, {**opened, "add": "100"}, do="add")
    post(office, path, {**opened, "subject": "Other"})
    told = post(office, path, fields_of(added.text))
    assert told.status_code == 409
    assert post(office, path, fields_of(told.text)).status_code == 303
    assert [line.article for line in now(office, path).lines] == ["200", "100"]


def test_who_did_it_is_told_only_of_what_came_after_the_form_was_opened(placed):
    office, path = placed
    with office.shop.database.write() as connection:
        audit(connection, "books", "order changed", path.split("/")[2], now_ms=1)
    opened = form_of(office, path)
    office.shop.change_order(path.split("/")[2], quantity=3, version=1)
    told = post(office, path, {**opened, "subject": "Mine"})
    assert told.status_code == 409
    assert "Sample accountant" not in told.text


def test_a_change_that_was_taken_back_is_said_to_have_come_to_nothing(placed):
    office, path = placed
    opened = form_of(office, path)
    for subject in ("For a moment", ""):
        assert post(office, path, {**form_of(office, path), "subject": subject}).status_code == 303
    told = post(office, path, {**opened, "subject": "Mine"})
    assert told.status_code == 409
    assert "what you had before you" in told.text
    assert 'class="meanwhile"' not in told.text
    assert post(office, path, fields_of(told.text)).status_code == 303
    assert now(office, path).subject == "Mine"


def test_lines_go_as_a_whole():
    coffee, kettle = LineText(article="1", name="Coffee"), LineText(article="2", name="Kettle", note="red")
    opened = OrderText(fields={"subject": "a"}, lines=(coffee,))
    mine, theirs = OrderText(fields={"subject": "a"}, lines=(coffee,)), OrderText(lines=(kettle,), version=4)
    assert onto(theirs, mine, shown_fields(opened)).lines == (kettle,)
    touched = OrderText(fields={"subject": "b"}, lines=(coffee, coffee))
    merged = onto(theirs, touched, shown_fields(opened))
    assert (merged.lines, merged.text("subject"), merged.version) == ((coffee, coffee), "b", 4)
    assert shown_fields(theirs)["lines"] == "1 × Kettle, red"
