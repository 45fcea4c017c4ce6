"""Every page of the full range opens, in every language, on both engines; nonsense in any form is told in words."""

import pytest
from office_forms import fill, form_of, read, send, settings, upload

from server.catalogue.prices import (
    get_promotion,
)

PAGES = (
    "/articles",
    "/articles/A1",
    "/articles/new",
    "/articles/A1/edit",
    "/articles/A1/variants?colours=red&sizes=S,M",
    "/prices",
    "/prices/new",
    "/prices/Friends%20%26%20more",
    "/prices/Friends%20%26%20more/drop",
    "/prices/preview",
    "/prices/preview?store=0001&basket=A1%203%0Axx&customer=K1&day=2026-11-20&time=10:00",
    "/promotions",
    "/promotions/new",
    "/promotions/HALF",
    "/promotions/HALF/end",
    "/customers",
    "/customers/K1",
    "/customers/new",
    "/customers/K1/edit",
    "/customers/K1/merge",
    "/customers/K1/merge?q=kim",
    "/customers/K1/merge?with=K2",
    "/vouchers",
    "/vouchers/V1",
    "/open-items",
    "/stores/new",
    "/stores/0001/edit",
    "/stores/0001/cashiers",
    "/stores/0001/cashiers/new",
    "/stores/0001/settings",
    "/stores/0001/keys",
    "/stores/0001/keys/edit",
    "/stores/0001/keys/edit?page=Bar",
    "/stores/0001/keys/drop?page=Bar",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_in_every_language(filled, path):
    for language in ("en", "de", "nl"):
        filled.post("/settings", language=language, theme="")
        assert "Counterfoil" in filled.get(path)


def test_every_page_opens_on_both_engines(signed):
    filled = fill(signed)
    for path in PAGES:
        assert "Counterfoil" in filled.get(path)


@pytest.mark.parametrize("path", PAGES)
def test_a_clerk_sees_what_is_there_and_changes_no_prices(filled, path):
    filled.post("/sign-out")
    filled.sign_in("office")
    status = filled.client.get(path).status_code
    admins = ("/new", "/edit", "/drop", "/end", "variants")
    expected = 403 if any(part in path for part in admins) and not path.startswith("/customers") else 200
    assert status == expected


@pytest.mark.parametrize(
    "path",
    ["/articles/nope", "/prices/nope", "/promotions/NO", "/vouchers/V9", "/customers/K9", "/stores/0009/settings"],
)
def test_what_is_not_there_is_said_so(filled, path):
    filled.get(path, 404)


FORMS = (
    "/articles/new",
    "/articles/A1/edit",
    "/articles/A1/variants",
    "/prices/new",
    "/prices/Friends%20%26%20more",
    "/promotions/new",
    "/promotions/HALF",
    "/customers/new",
    "/customers/K1/edit",
    "/customers/K1/merge",
    "/vouchers/V1/block",
    "/stores/new",
    "/stores/0001/edit",
    "/stores/0001/cashiers/new",
    "/stores/0001/settings",
    "/stores/0001/keys/edit",
)
NASTY = (
    "",
    "\0",
    "\x1b[2J",
    "é" * 5000,
    "-1",
    "1e999",
    "NaN",
    "٣",
    "<b>",
    "'; --",
    "9" * 400,
    "0x10",
    "\u202e",
    "a\nb\nc",
    "%",
)
BUTTONS = ("", "add", "remove", "save", "up-0", "down-9", "remove-99999999999", "remove-x", "block")


@pytest.mark.parametrize("path", FORMS)
def test_nonsense_is_refused_in_words_and_never_a_mistake_of_ours(filled, path):
    """Bad input: every field of every form, each kind of nonsense, each button."""
    page = filled.get("/settings")
    names = set(form_of(filled, "/stores/0001/settings")) if "settings" in path else set()
    if path.endswith("/new"):
        names = set(form_of(filled, path))
    elif not names:
        names = {
            "name",
            "number",
            "price",
            "article",
            "min_quantity",
            "of_article",
            "of_quantity",
            "with",
            "percent",
            "x",
        }
        names |= {"valid_from", "hour_from", "weekdays", "options", "make", "colours", "sizes", "page", "position"}
        names |= {"key-0-article", "key-0-label", "key-999-article", "add", "credit_limit", "email"}
    names -= {"form_key"}
    for index, text in enumerate(NASTY):
        fields = dict.fromkeys(sorted(names | {"logo"}), text)
        data = {"form_key": filled.key(page), **fields, "do": BUTTONS[index % len(BUTTONS)]}
        answer = filled.client.post(path, data=data, follow_redirects=False)
        assert answer.status_code < 500, (path, text[:20], answer.text[:500])
        shown = filled.client.get(path if path.endswith(("new", "edit")) else "/articles")
        assert shown.status_code < 500


def test_what_a_printer_might_obey_is_not_kept(filled):
    send(filled, "/promotions/HALF", {"name": "Half\x1b[2J  price\x07"})
    assert read(filled, lambda connection: get_promotion(connection, "HALF")).name == "Half[2J price"
    upload(filled, {"header": "Fresh\x1bm bread"})
    assert settings(filled).design.header == ("Freshm bread",)
