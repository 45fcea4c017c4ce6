"""Cashiers in the office: added, changed, locked and given a PIN that nobody sees again; each deed is written down."""

import re

import pytest
from argon2 import PasswordHasher
from office_forms import form_of, read, send

from schema.parties import RIGHTS
from server.catalogue.cashiers import cashier
from server.office.role_words import RIGHT_WORDS, ROLES

BASE = "/stores/0001/cashiers"
BOSS = {"number": "1", "name": "Sample Manager", "role": "store_manager", "pin": "246810", "pin_again": "246810"}
HAND = {
    "number": "2",
    "name": "Sample <b>Hand</b>",
    "role": "cashier",
    "language": "nl",
    "pin": "1357",
    "pin_again": "1357",
}


@pytest.fixture
def staffed(local):
    return staff(local)


def staff(office):
    for fields in (BOSS, HAND):
        assert send(office, f"{BASE}/new", fields).headers["location"] == f"{BASE}?told=saved"
    return office


def one(office, number):
    return read(office, lambda connection: cashier(connection, "0001", number))


def fits(office, number, pin):
    return PasswordHasher().verify(one(office, number).pin_hash, pin)


def deeds(office):
    sql = "SELECT actor, action, subject, detail FROM audit WHERE action LIKE 'cashier%' ORDER BY id"
    return read(office, lambda connection: connection.rows(sql))


def test_a_store_without_cashiers_says_so_and_proposes_a_manager_first(local):
    page = local.get(BASE)
    assert "No cashiers yet" in page
    assert "Nobody can sign in" in page
    assert form_of(local, f"{BASE}/new")["role"] == ["store_manager"]


def test_cashiers_are_added_and_shown_with_role_and_state(signed):
    """On both engines."""
    office = staff(signed)
    page = office.get(BASE)
    for words in ("Sample Manager", "Store manager", "Sample &lt;b&gt;Hand&lt;/b&gt;", "Nederlands", "may sign in"):
        assert words in page
    assert (one(office, "2").role, one(office, "2").language, one(office, "2").active) == ("cashier", "nl", True)
    assert one(office, "2").pin_hash.startswith("$argon2id$")
    assert fits(office, "2", "1357")
    assert deeds(office) == [
        ("admin", "cashier saved", "0001/1", "Sample Manager, store_manager"),
        ("admin", "cashier saved", "0001/2", "Sample <b>Hand</b>, cashier"),
    ]


def test_what_each_role_may_do_stands_in_words_for_every_right(staffed):
    assert set(RIGHT_WORDS) == set().union(*RIGHTS.values())
    assert set(ROLES) == set(RIGHTS)
    page = staffed.get(BASE)
    row = re.search(r"<tr><td class=\"wide\">Void a receipt</td>(.*?)</tr>", page)[1]
    assert re.findall(r">(yes|no)<", row) == ["no", "yes", "yes"]


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"pin": "12", "pin_again": "12"}, "pin", "4 to 8 digits"),
        ({"pin": "12345678901", "pin_again": "12345678901"}, "pin", "4 to 8 digits"),
        ({"pin": "abcd", "pin_again": "abcd"}, "pin", "4 to 8 digits"),
        ({"pin": "9753", "pin_again": "9754"}, "pin_again", "not the same PIN"),
        ({"number": "1"}, "number", "with this number already"),
        ({"number": "a b"}, "number", "1 to 10 digits or letters"),
        ({"number": ""}, "number", "This is needed."),
        ({"name": ""}, "name", "This is needed."),
        ({"name": "n" * 81}, "name", "longer than 80"),
    ],
)
def test_a_wrong_field_is_told_beside_it_and_the_pin_is_not_shown(staffed, change, field, told):
    sent = send(staffed, f"{BASE}/new", {**BOSS, "number": "7", "pin": "9753", "pin_again": "9753", **change})
    assert sent.status_code == 422
    assert f'id="wrong-{field}"' in sent.text
    assert told in sent.text
    assert "9753" not in sent.text
    assert one(staffed, "7") is None


def test_name_role_and_language_change_and_pin_and_state_stay(staffed):
    before = one(staffed, "2")
    assert send(staffed, f"{BASE}/2/edit", {"name": "Other", "role": "supervisor", "language": ""}).status_code == 303
    after = one(staffed, "2")
    assert (after.name, after.role, after.language) == ("Other", "supervisor", "")
    assert (after.pin_hash, after.active) == (before.pin_hash, True)


def test_who_changes_a_cashier_whom_somebody_else_changed_is_told(staffed):
    opened = form_of(staffed, f"{BASE}/2/edit")
    send(staffed, f"{BASE}/2/edit", {"role": "supervisor"})
    told = staffed.client.post(f"{BASE}/2/edit", data={**opened, "name": "Other"}, follow_redirects=False)
    assert told.status_code == 409
    assert "Changed meanwhile (before: Cashier)" in told.text
    assert one(staffed, "2").name == "Sample <b>Hand</b>"


def test_a_new_pin_ends_the_old_one_and_stands_in_no_page_and_no_log(staffed):
    page = staffed.get(f"{BASE}/2/pin")
    assert "argon2" not in page
    assert 'type="password"' in page
    wrong = staffed.post(f"{BASE}/2/pin", pin="8642", pin_again="8643")
    assert wrong.status_code == 422
    assert "8642" not in wrong.text
    assert fits(staffed, "2", "1357")
    assert staffed.post(f"{BASE}/2/pin", pin="8642", pin_again="8642").headers["location"] == f"{BASE}?told=pin"
    assert fits(staffed, "2", "8642")
    assert ("admin", "cashier PIN changed", "0001/2", "") in deeds(staffed)
    everything = repr(read(staffed, lambda connection: connection.rows("SELECT * FROM audit")))
    assert "8642" not in everything
    assert "8642" not in staffed.get(f"{BASE}?told=pin")


def test_a_cashier_is_locked_after_one_question_and_unlocked_with_the_pin_of_before(staffed):
    assert "Lock Sample &lt;b&gt;Hand&lt;/b&gt;, number 2?" in staffed.get(f"{BASE}/2/lock")
    assert staffed.post(f"{BASE}/2/lock").headers["location"] == f"{BASE}?told=locked"
    assert not one(staffed, "2").active
    assert "locked" in staffed.get(BASE)
    send(staffed, f"{BASE}/2/edit", {"name": "Still locked"})
    assert not one(staffed, "2").active
    assert staffed.post(f"{BASE}/2/unlock").headers["location"] == f"{BASE}?told=unlocked"
    assert one(staffed, "2").active
    assert fits(staffed, "2", "1357")
    assert [action for _, action, _, _ in deeds(staffed)][2:] == ["cashier locked", "cashier saved", "cashier unlocked"]


def test_the_last_store_manager_is_not_locked_out(staffed):
    assert f'href="{BASE}/1/lock"' not in staffed.get(BASE)
    assert "the only one who can sign in" in staffed.get(BASE)
    assert "last store manager" in staffed.get(f"{BASE}/1/lock", 409)
    assert staffed.post(f"{BASE}/1/lock").status_code == 409
    sent = send(staffed, f"{BASE}/1/edit", {"role": "cashier"})
    assert sent.status_code == 422
    assert 'id="wrong-role"' in sent.text
    assert one(staffed, "1").active
    send(staffed, f"{BASE}/2/edit", {"role": "store_manager"})
    assert f'href="{BASE}/1/lock"' in staffed.get(BASE)
    assert staffed.post(f"{BASE}/1/lock").status_code == 303


@pytest.mark.parametrize("path", ["new", "2/edit", "2/pin", "2/lock", "2/unlock"])
def test_only_an_administrator_changes_cashiers(staffed, path):
    staffed.post("/sign-out")
    staffed.sign_in("office")
    assert staffed.post(f"{BASE}/{path}", **HAND).status_code == 403
    page = staffed.get(BASE)
    assert "Sample Manager" in page
    assert f"{BASE}/2/edit" not in page


@pytest.mark.parametrize(
    "path", [f"{BASE}/9/edit", f"{BASE}/9/pin", f"{BASE}/9/lock", "/stores/0009/cashiers", "/stores/0009/cashiers/new"]
)
def test_who_is_not_there_is_said_so(staffed, path):
    staffed.get(path, 404)


@pytest.mark.parametrize("language", ["de", "nl"])
def test_the_pages_speak_the_users_language(staffed, language):
    staffed.post("/settings", language=language, theme="")
    for path in ("", "/new", "/2/edit", "/2/pin", "/2/lock"):
        assert "Cashier" not in staffed.get(BASE + path).split("<main")[1]
