"""A basket is tried as a till would price it."""

from decimal import Decimal

from msgspec.structs import replace
from office_forms import HALF

from server.catalogue.prices import (
    put_promotion,
)


def test_a_basket_is_priced_as_a_till_would(filled):
    plain = filled.get("/prices/preview?store=0001&basket=A1 2")
    assert "Half price" in plain
    assert "€2.19" in plain
    with filled.shop.database.write() as connection:
        put_promotion(connection, replace(HALF, percent=Decimal(1)), 2)
    assert "Friends &amp; more" in filled.get("/prices/preview?store=0001&basket=A1 2&customer=K1")
    assert (
        "Friends &amp; more" not in filled.get("/prices/preview?store=0001&basket=A1 2&customer=K2").split("<main")[1]
    )
    assert "Not found: xx" in filled.get("/prices/preview?store=0001&basket=xx 1%0AA1 1")
