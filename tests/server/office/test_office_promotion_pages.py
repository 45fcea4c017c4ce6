"""Promotions: kept as they are, ended and begun again; what cannot work is told."""

import pytest
from office_forms import HALF, read, send

from schema.pricing import Promotion
from server.catalogue import feed
from server.catalogue.prices import (
    get_promotion,
    has_ended,
    put_promotion,
)


def test_a_promotion_saved_unchanged_is_the_same(filled):
    for promotion in (
        HALF,
        Promotion(
            code="P2", name="3 for 2", kind="x_for_y", articles=("A1", "A2"), x=3, y=2, weekdays=(1, 7), hours=(0, 90)
        ),
        Promotion(
            code="P3",
            name="Off",
            kind="threshold_amount",
            amount_minor=500,
            threshold_minor=8000,
            stores=("0002",),
            customer_group="friends",
            valid_from="2026-01-01",
            valid_to="2026-12-31",
            stacks=True,
        ),
    ):
        with filled.shop.database.write() as connection:
            put_promotion(connection, promotion, 1)
            before = feed.last_revision(connection)
        sent = send(filled, f"/promotions/{promotion.code}")
        assert sent.status_code == 303, sent.text
        assert read(filled, lambda connection, code=promotion.code: get_promotion(connection, code)) == promotion
        assert read(filled, feed.last_revision) == before


def test_a_promotion_ends_and_begins_again(filled):
    assert "End promotion HALF now?" in filled.get("/promotions/HALF/end")
    assert filled.post("/promotions/HALF/end").headers["location"] == "/promotions?told=ended"
    assert read(filled, lambda connection: has_ended(connection, "HALF"))
    assert "has ended" in filled.get("/promotions/HALF")
    send(filled, "/promotions/HALF")
    assert not read(filled, lambda connection: has_ended(connection, "HALF"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "x_for_y", "x": "2", "y": "2"}, "fewer paid"),
        ({"percent": "120"}, "between 0 and 100"),
        ({"percent": ""}, "Nothing would be off"),
        ({"hour_from": "noon"}, "Type a time"),
        ({"articles": "A9"}, "There is no article A9."),
        ({"code": "HALF"}, "with this code already"),
        ({"code": "a b"}, "A code has up to"),
    ],
)
def test_a_promotion_that_cannot_work_is_told(filled, change, told):
    good = {"code": "NEW", "name": "New", "kind": "percent", "percent": "10"}
    sent = send(filled, "/promotions/new", good | change)
    assert sent.status_code == 422
    assert told in sent.text
