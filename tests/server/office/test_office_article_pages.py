"""Articles in their form, and the matrix of colours and sizes."""

import pytest
from office_forms import ALE, CODE, read, send

from server.catalogue import feed
from server.catalogue.articles import get_article, variants
from server.office.article_pages import size_rank, variant_number


def test_an_article_saved_unchanged_is_the_same(filled):
    before = read(filled, feed.last_revision)
    assert send(filled, "/articles/A1/edit").status_code == 303
    assert read(filled, feed.last_revision) == before


def test_an_article_is_changed_in_everything(filled):
    change = {
        "name": "Pale ale",
        "price": "2.49",
        "age_min": "16",
        "bottle_deposit": "A2",
        "suggests": "A2",
        "options": "Glass 1-1: small, large +0.80",
        "barcodes": CODE,
        "blocked": "1",
    }
    sent = send(filled, "/articles/A1/edit", change)
    assert sent.status_code == 303, sent.text
    found = read(filled, lambda connection: get_article(connection, "A1"))
    assert (found.name, found.price_minor, found.age_min, found.blocked) == ("Pale ale", 249, 16, True)
    assert (found.bottle_deposit, found.suggests) == ("A2", ("A2",))
    assert found.options[0].choices[1].price_minor == 80
    assert found.barcodes == ALE.barcodes


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("price", "much", "Type an amount like"),
        ("price", "-1", "Type an amount like"),
        ("age_min", "old", "Type a whole number."),
        ("bottle_deposit", "A9", "There is no article A9."),
        ("suggests", "A9", "There is no article A9."),
        ("options", "Milk", "no option"),
        ("barcodes", "4006381333932", "check digit"),
        ("name", "", "This is needed."),
        ("tax_code", "none", "Only a voucher"),
        ("name", "n" * 201, "too long"),
    ],
)
def test_a_wrong_field_is_told_beside_it_and_what_was_typed_stays(filled, field, text, told):
    before = read(filled, lambda connection: get_article(connection, "A1"))
    sent = send(filled, "/articles/A1/edit", {field: text, "short_name": "kept as typed"})
    assert sent.status_code == 422
    assert told in sent.text
    assert f'id="wrong-{field}"' in sent.text
    assert "kept as typed" in sent.text
    assert read(filled, lambda connection: get_article(connection, "A1")) == before


def test_a_number_is_given_once(filled):
    fresh = {"number": "A1", "name": "Again", "price": "1", "tax_code": "standard"}
    assert "with this number already" in send(filled, "/articles/new", fresh).text
    assert send(filled, "/articles/new", fresh | {"number": "A9"}).headers["location"] == "/articles/A9?told=saved"


def test_a_matrix_is_made_and_completed(filled):
    page = filled.get("/articles/A1/variants?colours=red, blue&sizes=S,M")
    assert page.count('name="make"') == 4
    fields = {"colours": "red, blue", "sizes": "S, M", "make": ["A1-RED-S", "A1-RED-M", "A1-EVIL-X"]}
    filled.client.post("/articles/A1/variants", data={"form_key": filled.key(page), **fields}, follow_redirects=False)
    made = read(filled, lambda connection: variants(connection, "A1"))
    assert [(each.number, each.colour, each.size) for each in made] == [
        ("A1-RED-M", "red", "M"),
        ("A1-RED-S", "red", "S"),
    ]
    assert made[0].price_minor == 219
    assert read(filled, lambda connection: get_article(connection, "A1")).is_matrix
    again = filled.get("/articles/A1/variants?colours=blue")
    assert again.count('name="make"') == 2


def test_a_variants_number_says_what_it_is():
    assert variant_number("64", "Blé foncé", "XL / 42") == "64-BLEFONCE-XL42"
    assert variant_number("64", "", "S") == "64-S"


def test_sizes_stand_in_their_order():
    assert sorted(["M", "XL", "42", "s", "9.5", "one size"], key=size_rank) == ["s", "M", "XL", "9.5", "42", "one size"]
