"""Two people, one thing: who saves what somebody else has changed meanwhile is told so, and decides."""

import pytest
from msgspec.structs import replace
from office_forms import ALE, FRIENDS, KIM, fill, form_of, keys, png, read, settings

from schema.catalogue import QuickKey, QuickKeyPage
from schema.parties import Customer
from server.auth.audit import audit
from server.catalogue.articles import get_article, put_articles
from server.catalogue.people import get_customer, put_customers
from server.catalogue.prices import drop_price_list, end_promotion, get_price_list, get_promotion, has_ended
from server.catalogue.store_rows import put_quick_keys, put_store
from server.office.editing import Opening, as_opened, differences, opening, rebased
from server.office.form import OPENED_CHARS_MAX, Form, typed

SETTINGS, LIST, KEYS = "/stores/0001/settings", "/prices/Friends%20%26%20more", "/stores/0001/keys/edit?page=Bar"


def post(office, path, fields):
    return office.client.post(path, data=fields, follow_redirects=False)


# Each form: what one changes and what the other changes meanwhile (field, text), and how the thing reads afterwards.
FORMS = [
    (
        "/articles/A1/edit",
        ("name", "Pale ale"),
        ("short_name", "Ale!"),
        lambda c: _pick(get_article(c, "A1"), "name", "short_name"),
    ),
    ("/customers/K1/edit", ("city", "Bonn"), ("phone", "030"), lambda c: _pick(get_customer(c, "K1"), "city", "phone")),
    (
        LIST,
        ("group", "all"),
        ("valid_to", "2026-12-31"),
        lambda c: _pick(get_price_list(c, FRIENDS.name), "group", "valid_to"),
    ),
    (
        "/promotions/HALF",
        ("name", "Halved"),
        ("valid_to", "2026-12-31"),
        lambda c: _pick(get_promotion(c, "HALF"), "name", "valid_to"),
    ),
    (SETTINGS, ("name", "New name"), ("tax_number", "DE 1"), lambda c: _pick(_settings(c), "name", "tax_number")),
]


def _pick(thing, *names):
    return tuple(getattr(thing, name) for name in names)


def _settings(connection):
    from server.catalogue.store_rows import store_settings

    return store_settings(connection, "0001")


@pytest.mark.parametrize(("path", "mine", "theirs", "ask"), FORMS)
def test_the_second_to_save_is_told_and_may_save_over_without_losing_the_first(filled, path, mine, theirs, ask):
    """Every edit form has it: nothing is stored, what was typed stays, what changed is shown, a second save stores."""
    opened = form_of(filled, path)
    assert post(filled, path, {**opened, theirs[0]: theirs[1]}).status_code == 303
    before = read(filled, ask)
    told = post(filled, path, {**opened, mine[0]: mine[1]})
    assert told.status_code == 409
    assert read(filled, ask) == before
    assert "Nothing is stored yet." in told.text
    assert "Sample admin changed it at" in told.text
    assert "Save mine over it" in told.text
    assert "Take the other’s" in told.text
    assert told.text.count('class="meanwhile"') == 1
    shown = fields_of(told.text)
    assert shown[mine[0]] == [mine[1]]
    assert post(filled, path, shown).status_code == 303
    assert read(filled, ask) == (mine[1], theirs[1])


def fields_of(text):
    """Return the fields of a page that was answered, as a browser would send them."""

    class Answered:
        def get(self, path):
            return text

    return form_of(Answered(), "")


def test_an_address_that_told_of_the_last_save_does_not_say_so_again(filled):
    """A browser sends the form to the address that it was opened at."""
    path = f"{SETTINGS}?told=saved"
    opened = form_of(filled, path)
    assert "Saved." in filled.get(path)
    post(filled, SETTINGS, {**opened, "tax_number": "DE 1"})
    told = post(filled, path, opened)
    assert told.status_code == 409
    assert "Saved." not in told.text
    assert f'href="{SETTINGS}"' in told.text


def test_where_both_changed_one_field_the_typed_stays_and_the_other_stands_beside_it(signed):
    """On both engines."""
    filled = fill(signed)
    opened = form_of(filled, "/customers/K1/edit")
    post(filled, "/customers/K1/edit", {**opened, "city": "Köln <b>"})
    told = post(filled, "/customers/K1/edit", {**opened, "city": "Bonn"})
    assert "Now: Köln &lt;b&gt; (before: nothing)" in told.text
    assert fields_of(told.text)["city"] == ["Bonn"]
    assert post(filled, "/customers/K1/edit", fields_of(told.text)).status_code == 303
    assert read(filled, lambda c: get_customer(c, "K1")).city == "Bonn"


def test_who_takes_the_others_opens_the_form_anew(filled):
    opened = form_of(filled, KEYS)
    put_bar(filled, QuickKey(article="A2"))
    told = save_keys(filled, opened)
    assert told.status_code == 409
    assert f'href="{KEYS}"' in told.text
    assert "A2" in filled.get(KEYS)


def put_bar(office, *more):
    with office.shop.database.write() as connection:
        page = QuickKeyPage(name="Bar", position=1, keys=(QuickKey(article="A1"), *more))
        put_quick_keys(connection, "0001", [page])


def save_keys(office, fields):
    return post(office, "/stores/0001/keys/edit?page=Bar", {**fields, "do": "save"})


def test_a_page_of_keys_that_a_till_changed_is_not_stored_over(filled):
    """A cashier may edit quick keys at the till: nobody of the office did that."""
    opened = form_of(filled, KEYS)
    put_bar(filled, QuickKey(article="A2"))
    told = save_keys(filled, {**opened, "name": "The bar"})
    assert "by an import or at a till" in told.text
    assert "Changed meanwhile (before: Ale)" in told.text
    shown = fields_of(told.text)
    assert shown["name"] == ["The bar"]
    assert save_keys(filled, shown).status_code == 303
    assert [(page.name, len(page.keys)) for page in keys(filled)] == [("The bar", 2)]


def test_a_page_of_keys_goes_on_knowing_its_beginning_from_button_to_button(filled):
    opened = form_of(filled, KEYS)
    added = post(filled, "/stores/0001/keys/edit", {**opened, "add": "A2", "do": "add"})
    put_bar(filled, QuickKey(article="A1", label="Twice"))
    assert save_keys(filled, fields_of(added.text)).status_code == 409


def test_a_third_change_in_between_is_told_again(filled):
    path = "/articles/A1/edit"
    opened = form_of(filled, path)
    change(filled, replace(ALE, name="First"))
    told = post(filled, path, {**opened, "colour": "red"})
    change(filled, replace(ALE, name="Second"))
    again = post(filled, path, fields_of(told.text))
    assert again.status_code == 409
    assert "Changed meanwhile (before: First)" in again.text
    assert fields_of(again.text)["colour"] == ["red"]


def change(office, article):
    with office.shop.database.write() as connection:
        put_articles(connection, [article], 2)


def test_what_went_back_to_what_it_was_is_no_change(filled):
    opened = form_of(filled, "/articles/A1/edit")
    change(filled, replace(ALE, name="For a moment"))
    change(filled, ALE)
    assert post(filled, "/articles/A1/edit", {**opened, "name": "Pale ale"}).status_code == 303


def test_what_was_taken_away_is_said_so_and_may_be_made_anew(filled):
    opened = form_of(filled, LIST)
    with filled.shop.database.write() as connection:
        drop_price_list(connection, FRIENDS.name)
    told = post(filled, LIST, {**opened, "group": "staff"})
    assert told.status_code == 409
    assert "taken away or renamed" in told.text
    assert "Take the other’s" not in told.text
    assert read(filled, lambda c: get_price_list(c, FRIENDS.name)) is None
    assert post(filled, LIST, fields_of(told.text)).status_code == 303
    assert read(filled, lambda c: get_price_list(c, FRIENDS.name)).group == "staff"


def test_a_promotion_that_was_ended_meanwhile_does_not_begin_again_by_itself(filled):
    opened = form_of(filled, "/promotions/HALF")
    with filled.shop.database.write() as connection:
        end_promotion(connection, "HALF", filled.shop.clock.now_ms())
        audit(connection, "books", "promotion ended", "HALF", now_ms=filled.shop.clock.now_ms())
    told = post(filled, "/promotions/HALF", opened)
    assert told.status_code == 409
    assert "has ended this promotion meanwhile" in told.text
    assert "Sample accountant changed it" in told.text
    assert read(filled, lambda c: has_ended(c, "HALF"))


def test_another_logo_is_a_change_too(filled):
    opened = form_of(filled, SETTINGS)
    parts = [(name, (None, value)) for name, values in opened.items() for value in values]
    logo = ("logo", ("logo.png", png(20, 20), "image/png"))
    assert filled.client.post(SETTINGS, files=[*parts, logo], follow_redirects=False).status_code == 303
    told = post(filled, SETTINGS, opened)
    assert told.status_code == 409
    assert "another one now" in told.text
    assert settings(filled).design.logo_png


def test_choices_and_ticks_are_told_in_words(filled):
    opened = form_of(filled, SETTINGS)
    with filled.shop.database.write() as connection:
        put_store(
            connection, replace(_settings(connection), age_check="always", tips=True, tenders=("cash", "voucher"))
        )
    told = post(filled, SETTINGS, opened).text
    cash = "Cash; Card; Card by hand; On account; Voucher"
    for words in ("Changed meanwhile (before: once a sale)", "(before: nothing)", f"(before: {cash})"):
        assert words in told
    mine = {**opened, "age_check": "never", "tips": "", "tenders": ["cash"]}
    told = post(filled, SETTINGS, mine).text
    assert "Now: for each such article (before: once a sale)" in told
    assert "Now: Cash; Voucher" in told


def test_a_form_that_does_not_say_what_it_opened_with_stores_over_nothing(filled):
    """A page of an older head office, or a script: it is asked like anybody else."""
    for opened in ("", "{", "[]", "null", '{"fields": 3}', '"' * OPENED_CHARS_MAX + '"'):
        fields = {**form_of(filled, "/customers/K1/edit"), "opened": opened, "city": "Bonn"}
        assert post(filled, "/customers/K1/edit", fields).status_code == 409
    assert read(filled, lambda c: get_customer(c, "K1")) == replace(
        KIM, open_items=read(filled, lambda c: get_customer(c, "K1")).open_items
    )


def test_a_new_thing_clashes_with_nobody(filled):
    fields = {**form_of(filled, "/customers/new"), "number": "K7", "name": "New"}
    assert post(filled, "/customers/new", fields).status_code == 303
    assert "with this number already" in post(filled, "/customers/new", fields).text


def test_a_wrong_field_is_told_after_the_clash_and_forgets_nothing(filled):
    opened = form_of(filled, "/customers/K1/edit")
    with filled.shop.database.write() as connection:
        put_customers(connection, [replace(KIM, phone="030")], 3)
    told = post(filled, "/customers/K1/edit", {**opened, "email": "none"})
    assert told.status_code == 409
    wrong = post(filled, "/customers/K1/edit", fields_of(told.text))
    assert wrong.status_code == 422
    assert 'id="wrong-email"' in wrong.text
    assert fields_of(wrong.text)["phone"] == ["030"]
    fixed = {**fields_of(wrong.text), "email": "kim@example.org"}
    assert post(filled, "/customers/K1/edit", fixed).status_code == 303


# -- the pure part


def test_a_form_remembers_what_it_opened_with():
    form = as_opened(Form(fields={"a": "1\n2", "é": "<>"}), 5)
    sent = typed({"a": ["3"], "opened": [form.opened]})
    assert opening(sent) == Opening(at_ms=5, fields={"a": "1\n2", "é": "<>"})
    assert sent.fields == {"a": "3"}


def test_line_ends_of_a_browser_are_no_difference():
    assert differences({"a": "1\n2"}, {"a": "1\r\n2"}) == {}
    assert differences({"a": "1"}, {"b": "2"}) == {"a": ("1", ""), "b": ("", "2")}


def test_what_was_touched_stays_and_the_rest_follows():
    opened = {"kept": "1", "mine": "1", "both": "1", "tick": "1", "=told": "1"}
    now = Form(fields={"kept": "2", "mine": "1", "both": "2", "tick": "1", "=told": "2"})
    sent = Form(fields={"kept": "1", "mine": "3", "both": "3", "more": "x"})
    assert rebased(now, sent, opened).fields == {
        "kept": "2",
        "mine": "3",
        "both": "3",
        "tick": "",
        "=told": "2",
        "more": "x",
    }


def test_a_customer_like_another_is_not_touched_by_saving_one(filled):
    other = read(filled, lambda c: get_customer(c, "K2"))
    opened = form_of(filled, "/customers/K1/edit")
    assert post(filled, "/customers/K1/edit", {**opened, "city": "Bonn"}).status_code == 303
    assert (
        read(filled, lambda c: get_customer(c, "K2")) == other == Customer(number="K2", name="kim sample", phone="0123")
    )
