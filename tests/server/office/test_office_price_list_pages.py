"""Price lists: made, filled, taken away; what cannot be is told."""

from decimal import Decimal

import pytest
from office_forms import CODE, read, send

from schema.pricing import ListPrice
from server.catalogue.prices import (
    get_price_list,
    prices_of_article,
)


def test_a_price_list_is_made_filled_and_taken_away(filled):
    made = send(filled, "/prices/new", {"name": "Staff", "group": "staff", "valid_to": "2026-12-31"})
    assert made.headers["location"] == "/prices/Staff?told=saved"
    added = filled.post("/prices/Staff", do="add", article=CODE, min_quantity="2,5", price="1.50")
    assert added.status_code == 303, added.text
    price = ListPrice(price_list="Staff", article="A1", price_minor=150, min_quantity=Decimal("2.5"))
    assert price in read(filled, lambda connection: prices_of_article(connection, "A1"))
    for wrong, told in (
        ({"article": "A9"}, "no such article"),
        ({"price": ""}, "needed"),
        ({"min_quantity": "0"}, "2 or 0.5"),
    ):
        sent = filled.post("/prices/Staff", do="add", **{"article": "A1", "price": "1", "min_quantity": "", **wrong})
        assert sent.status_code == 422
        assert told in sent.text
    filled.post("/prices/Staff", do="remove", of_article="A1", of_quantity="2.50")
    assert price not in read(filled, lambda connection: prices_of_article(connection, "A1"))
    assert filled.post("/prices/Staff/drop").headers["location"] == "/prices?told=dropped"
    assert read(filled, lambda connection: get_price_list(connection, "Staff")) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "Friends & more"}, "with this name already"),
        ({"name": "a/b"}, "slash"),
        ({"name": "X", "valid_from": "soon"}, "This is not a day"),
        ({"name": "X", "valid_from": "2026-02-01", "valid_to": "2026-01-01"}, "lies before the first"),
    ],
)
def test_a_price_list_that_cannot_be_is_told(filled, change, told):
    sent = send(filled, "/prices/new", change)
    assert sent.status_code == 422
    assert told in sent.text
