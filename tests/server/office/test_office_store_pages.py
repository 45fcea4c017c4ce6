"""Stores in the office: added with the VAT rates of their country, changed, and fixed where tills depend on it."""

import re

import pytest
from office_forms import form_of, read, send

from server.catalogue import feed
from server.catalogue.countries import COUNTRIES
from server.catalogue.store_rows import store_settings
from server.office.store_pages import COUNTRY_NAMES

NEW = {"code": "0042", "name": "Sample Garden", "country": "NL", "currency": "EUR", "language": "nl"}


def form_value(text, name):
    return re.search(rf'name="{name}"[^>]* value="([^"]*)"', text)[1]


def settings(office, code="0042"):
    return read(office, lambda connection: store_settings(connection, code))


def rates(office, code="0042"):
    keys = [f"{country}/standard/{day}" for country, day in (("NL", "2012-10-01"), ("CH", "2024-01-01"))]
    return set(read(office, lambda connection: feed.bodies_of(connection, code, "tax_rate", keys)))


def deeds(office):
    sql = "SELECT actor, action, subject, detail FROM audit WHERE action = 'store saved' ORDER BY id"
    return read(office, lambda connection: connection.rows(sql))


def test_a_store_is_added_and_leads_to_its_cashiers(signed):
    """On both engines."""
    assert 'href="/stores/new"' in signed.get("/tills")
    sent = send(signed, "/stores/new", {**NEW, "address": "Sample Lane 1\n\n1011 AB Amsterdam"})
    assert sent.headers["location"] == "/stores/0042/cashiers?told=store_added"
    found = settings(signed)
    assert (found.name, found.country, found.currency, found.language) == ("Sample Garden", "NL", "EUR", "nl")
    assert found.address == ("Sample Lane 1", "1011 AB Amsterdam")
    assert rates(signed) == {"NL/standard/2012-10-01"}
    assert "Sample Garden" in signed.get("/tills")
    assert deeds(signed) == [("admin", "store saved", "0042", "Sample Garden, NL, EUR, nl")]


def test_every_country_has_a_name():
    assert set(COUNTRY_NAMES) == set(COUNTRIES)


def test_a_new_store_opens_with_head_offices_country(local):
    form = form_of(local, "/stores/new")
    assert (form["country"], form["currency"], form["language"]) == (["DE"], ["EUR"], ["en"])


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"code": ""}, "code", "This is needed."),
        ({"code": "0001"}, "code", "There is a store 0001 already."),
        ({"code": "a-b"}, "code", "1 to 8 digits or capital letters"),
        ({"code": "123456789"}, "code", "1 to 8 digits or capital letters"),
        ({"name": ""}, "name", "This is needed."),
        ({"name": "n" * 81}, "name", "too long"),
    ],
)
def test_a_wrong_field_is_told_beside_it_and_what_was_typed_stays(local, change, field, told):
    sent = send(local, "/stores/new", {**NEW, "address": "kept as typed", **change})
    assert sent.status_code == 422
    assert f'id="wrong-{field}"' in sent.text
    assert told in sent.text
    assert "kept as typed" in sent.text
    assert settings(local) is None


def test_a_store_is_changed_and_its_other_settings_stay(local):
    send(local, "/stores/new", NEW)
    before = settings(local)
    assert send(local, "/stores/0042/edit", {"name": "Garden two", "language": "de"}).status_code == 303
    after = settings(local)
    assert (after.name, after.language, after.tenders) == ("Garden two", "de", before.tenders)
    assert send(local, "/stores/0042/edit").status_code == 303
    assert settings(local) == after


def test_another_country_brings_its_own_rates_until_a_till_is_enrolled(signed):
    """On both engines."""
    send(signed, "/stores/new", NEW)
    assert send(signed, "/stores/0042/edit", {"country": "CH", "currency": "CHF"}).status_code == 303
    assert rates(signed) == {"CH/standard/2024-01-01"}
    assert (settings(signed).country, settings(signed).currency) == ("CH", "CHF")
    signed.shop.till("t9", store="0042")
    page = signed.get("/stores/0042/edit")
    assert 'name="country"' not in page
    assert "country and currency stay" in page
    assert send(signed, "/stores/0042/edit", {"name": "Still", "country": "NL", "currency": "EUR"}).status_code == 303
    assert (settings(signed).name, settings(signed).country, settings(signed).currency) == ("Still", "CH", "CHF")


def test_the_settings_page_and_the_stores_page_do_not_store_over_each_other(local):
    opened = form_of(local, "/stores/0001/edit")
    send(local, "/stores/0001/settings", {"name": "From the settings"})
    told = local.client.post("/stores/0001/edit", data={**opened, "language": "nl"}, follow_redirects=False)
    assert told.status_code == 409
    assert form_value(told.text, "name") == "From the settings"
    assert "Changed meanwhile (before: Sample Shop 0001)" in told.text
    assert "Sample admin changed it" in told.text


def test_only_an_administrator_adds_and_changes_stores(local):
    local.post("/sign-out")
    local.sign_in("office")
    local.get("/stores/new", 403)
    local.get("/stores/0001/edit", 403)
    assert local.post("/stores/new", **NEW).status_code == 403
    page = local.get("/tills")
    assert "/stores/new" not in page
    assert "/stores/0001/cashiers" in page


def test_what_is_not_there_is_said_so(local):
    local.get("/stores/0009/edit", 404)


@pytest.mark.parametrize("language", ["en", "de", "nl"])
def test_the_pages_open_in_every_language(local, language):
    local.post("/settings", language=language, theme="")
    for path in ("/stores/new", "/stores/0001/edit", "/stores/0001/settings", "/stores/0001/keys"):
        assert "Counterfoil" in local.get(path)
