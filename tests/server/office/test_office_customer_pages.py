"""Customers: made, changed, what they owe, merged after one question."""

from office_forms import OWED, read, send

from server.catalogue.people import get_customer


def test_a_customer_is_made_changed_and_kept_from_nonsense(filled):
    assert send(filled, "/customers/K1/edit", {"credit_limit": "750.50", "payment_days": "30"}).status_code == 303
    kim = read(filled, lambda connection: get_customer(connection, "K1"))
    assert (kim.credit_limit_minor, kim.payment_days, kim.open_items) == (75050, 30, (OWED,))
    for change, told in (
        ({"email": "x"}, "no e-mail"),
        ({"name": "", "company": ""}, "no name"),
        ({"credit_limit": "lots"}, "Type an amount"),
    ):
        sent = send(filled, "/customers/K1/edit", change)
        assert sent.status_code == 422
        assert told in sent.text
    assert send(filled, "/customers/new", {"number": "K9", "company": "New & Co"}).status_code == 303
    assert "with this number already" in send(filled, "/customers/new", {"number": "K9", "name": "x"}).text


def test_what_a_customer_owes_is_shown_with_its_age(filled):
    page = filled.get("/customers/K1")
    assert "€12.00" in page
    assert "days late" in page
    assert "over the limit" in page
    assert "Perhaps the same" in page


def test_a_duplicate_is_merged_after_one_question(filled):
    assert "0123" in filled.get("/customers/K1/merge?with=K2")
    sent = filled.post("/customers/K1/merge", **{"with": "K2"})
    assert sent.headers["location"] == "/customers/K1?told=merged"
    assert read(filled, lambda connection: get_customer(connection, "K1")).phone == "0123"
    assert "merged into" in filled.get("/customers/K2")
    assert 'href="/invoicing?q=K2"' in filled.get("/customers/K1")
    assert "merged into K1" in send(filled, "/customers/K2/edit", {"city": "X"}).text
    assert filled.post("/customers/K1/merge", **{"with": "K2"}).status_code == 409
