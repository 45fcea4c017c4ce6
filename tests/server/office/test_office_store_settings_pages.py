"""A store's settings: stored, fed to its tills, checked, with their logo."""

import pytest
from office_forms import png, read, settings, upload

from schema.scan import CardPattern, EmbeddedPattern
from server.catalogue import feed


def test_settings_saved_unchanged_are_the_same(filled):
    before = settings(filled)
    sent = upload(filled)
    assert sent.status_code == 303, sent.text
    assert settings(filled) == before


def test_settings_reach_the_feed_with_logo_and_patterns(filled):
    change = {
        "name": "New name",
        "tenders": ["cash", "voucher"],
        "age_check": "always",
        "tips": "1",
        "cash_step": "5",
        "voucher_offline": "25.00",
        "reasons": "broken\n\nwrong size",
        "order_fields": "Gift wrap",
        "header": "Fresh since 1900",
        "link": "https://example.org/r/{receipt}",
        "width_mm": "58",
        "embedded": "price 22 = 22AAAAVPPPPPC !",
        "cards": "customer CARD- 10\nvoucher V 17",
        "fiscal": "software",
    }
    sent = upload(filled, change, png(200, 80))
    assert sent.status_code == 303, sent.text
    found = settings(filled)
    assert (found.name, found.tenders, found.age_check, found.tips) == ("New name", ("cash", "voucher"), "always", True)
    assert (found.cash_step_minor, found.voucher_offline_minor_max, found.fiscal) == (5, 2500, "software")
    assert found.returns.reasons == ("broken", "wrong size")
    assert (found.design.header, found.design.width_mm) == (("Fresh since 1900",), 58)
    assert found.design.logo_png
    assert found.code_patterns.embedded == (EmbeddedPattern(name="price 22", pattern="22AAAAVPPPPPC", verifies=True),)
    assert found.code_patterns.cards[0] == CardPattern(kind="customer", prefix="CARD-", length=10)
    body = read(filled, lambda connection: feed.bodies_of(connection, "0001", "settings", ["0001"]))["0001"]
    assert "Fresh since 1900" in body
    assert upload(filled).status_code == 303
    assert settings(filled) == found
    upload(filled, {"no_logo": "1"})
    assert settings(filled).design.logo_png == ""


@pytest.mark.parametrize(
    ("change", "logo", "told"),
    [
        ({"tenders": []}, None, "at least one way to pay"),
        ({"link": "javascript:x"}, None, "https://"),
        ({"embedded": "22AAAA"}, None, "cannot be read"),
        ({"cards": "customer"}, None, "cannot be read"),
        ({"name": ""}, None, "This is needed."),
        ({"discount_percent_max": "300"}, None, "between 0 and 100"),
        ({"reasons": "\n".join(f"r{index}" for index in range(60))}, None, "too many lines"),
        ({}, b"GIF89a not a png at all.....", "no PNG"),
        ({}, b"\x89PNG\r\n\x1a\n", "no PNG"),
        ({}, png(1300, 10), "too large"),
    ],
)
def test_settings_that_cannot_be_are_told_and_nothing_is_stored(filled, change, logo, told):
    before = settings(filled)
    sent = upload(filled, change, logo)
    assert sent.status_code == 422
    assert told in sent.text
    assert settings(filled) == before


def test_an_upload_from_elsewhere_is_refused(filled):
    files = [("name", (None, "x")), ("logo", ("l.png", png(9, 9), "image/png"))]
    assert filled.client.post("/stores/0001/settings", files=files).status_code == 403
