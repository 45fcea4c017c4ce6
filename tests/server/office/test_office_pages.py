"""The office's pages on both engines: who may, what is stored, what is escaped, and what a page costs."""

import csv
import io

import pytest
from markupsafe import escape
from msgspec.structs import replace
from pipeline_shop import COFFEE, KETTLE, order_ref

from schema.catalogue import Article
from schema.parties import Customer
from server.catalogue.articles import put_articles
from server.catalogue.people import put_customers

PAGES = (
    "/",
    "/worklist",
    "/orders",
    "/orders/new",
    "/invoicing",
    "/accounting",
    "/accounting/balance",
    "/accounting/entries",
    "/articles",
    "/articles/100",
    "/customers",
    "/customers/C1",
    "/tills",
    "/reports",
    "/settings",
)
XSS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</textarea><script>alert(1)</script>",
    "{{ 7*7 }}{% for x in () %}",
    "javascript:alert(1)//",
)


def trade(shop):
    till = shop.till()
    till.send(till.opened(difference=100))
    for number in range(1, 4):
        till.send(till.sale(COFFEE, KETTLE, tenders=("cash", "card"), customer="C1" if number == 1 else ""))
    till.send(till.moved("cash_out", 500))
    shop.kick()
    return till


def audited(shop):
    return shop.rows("SELECT actor, action FROM audit ORDER BY id")


def test_nobody_sees_a_page_without_signing_in(office):
    for path in PAGES:
        answer = office.client.get(path, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
    assert office.client.post("/accounting/kick", follow_redirects=False).headers["location"] == "/sign-in"


def test_signing_in_leads_to_where_one_wanted_and_out_ends_it(office):
    page = office.client.get("/orders").text
    answer = office.post("/sign-in", page=page, name="office", password="sample-shop", next="/orders")
    assert answer.headers["location"] == "/orders"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert office.post("/sign-out").headers["location"] == "/sign-in"
    assert office.client.get("/orders", follow_redirects=False).status_code == 303
    assert [action for _, action in audited(office.shop)] == ["sign-in", "sign-out"]


@pytest.mark.parametrize("wanted", ["https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)"])
def test_sign_in_never_leads_to_another_site(office, wanted):
    page = office.client.get("/sign-in").text
    answer = office.post("/sign-in", page=page, name="office", password="sample-shop", next=wanted)
    assert answer.headers["location"] == "/"


def test_a_wrong_password_keeps_the_name_and_five_of_them_wait(office):
    for expected in (401, 401, 401, 401, 401, 429):
        page = office.client.get("/sign-in").text
        answer = office.post("/sign-in", page=page, name="office", password="wrong")
        assert answer.status_code == expected
        assert 'value="office"' in answer.text and "wrong" not in answer.text.split("<form")[1]


def test_a_form_from_another_site_changes_nothing(local):
    for path in ("/accounting/kick", "/orders/new", "/tills/add", "/settings", "/settings/forget", "/sign-out"):
        for key in ("", "0" * 64):
            answer = local.client.post(path, data={"form_key": key, "do": "confirm"}, follow_redirects=False)
            assert answer.status_code == 403, path
    assert [action for _, action in audited(local.shop)] == ["sign-in"]


def test_every_page_shows_empty_and_full_in_every_language(signed):
    for language in ("en", "de", "nl"):
        assert signed.post("/settings", language=language, theme="dark").status_code == 303
        for path in PAGES:
            page = signed.get(path)
            assert f'<html lang="{language}" data-theme="dark">' in page
    trade(signed.shop)
    for path in PAGES:
        signed.get(path)


def test_pages_carry_a_strict_policy_and_nothing_inline(local):
    trade(local.shop)
    for path in PAGES:
        answer = local.client.get(path)
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert " style=" not in answer.text and " onclick=" not in answer.text and "<style" not in answer.text
        assert answer.text.count("<script") == answer.text.count('<script type="module" src="/static/')
        assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")


def test_lists_cost_a_constant_number_of_statements(signed):
    """One for who asks, and a few for the page, however much there is to show."""
    costs = {path: signed.statements(path) for path in ("/", "/orders", "/invoicing", "/accounting", "/tills")}
    trade(signed.shop)
    for number in range(1, 4):
        signed.shop.till(f"t{number + 1}")
    assert {path: signed.statements(path) for path in costs} == costs
    assert costs == {"/": 10, "/orders": 5, "/invoicing": 3, "/accounting": 6, "/tills": 3}


def test_names_are_shown_and_never_run(local):
    """Fault 58."""
    shop = local.shop
    till = shop.till()
    till.send(till.sale(COFFEE, customer="CX"))
    shop.kick()
    order = shop.value("SELECT id FROM orders")
    receipt = shop.value("SELECT number FROM receipt")
    for text in XSS:
        with shop.database.write() as connection:
            put_articles(
                connection, [Article(number="X1", name=text, group=text, price_minor=1, tax_code="reduced")], 1
            )
            put_customers(connection, [Customer(number="CX", name=text, company=text, street=text, city=text)], 1)
            connection.run("UPDATE till SET name = ?, software = ?", (text, text))
            connection.run("UPDATE store SET name = ?", (text,))
            connection.run("UPDATE orders SET customer_name = ?, subject = ?, oms_error = ?", (text, text, text))
            connection.run("UPDATE receipt SET customer_name = ?, cashier = ?, billing_address = ?", (text, text, text))
            connection.run("UPDATE receipt_line SET name = ?, note = ?, withdrawn_from = ?", (text, text, text))
            connection.run("UPDATE job SET message = ?", (text,))
        form = {"customer": text, "subject": text, "line-0-article": text, "line-0-name": text, "line-0-note": text}
        job = shop.value("SELECT id FROM job WHERE queue = 'accounting'")
        lists = ("/", "/orders?sort=number&columns=customer_name,subject,oms_error", "/invoicing", "/accounting")
        details = (
            f"/orders/{order}",
            f"/invoicing/{receipt}",
            f"/accounting/jobs/{job}",
            "/articles/X1",
            "/customers/CX",
        )
        pages = [
            *(local.get(path) for path in (*lists, *details, "/articles", "/customers", "/tills", "/reports")),
            local.get("/find/articles?q=X1"),
            local.get("/find/customers?q=CX"),
            local.client.get("/orders", params={"q": text}).text,
            local.client.get("/orders", params={"f.store": text, "sort": text, "columns": text}).text,
            local.client.get("/orders", params={"f.total_minor.from": text}).text,
            local.client.get("/reports", params={"day": text, "store": text}).text,
            local.client.get(f"/customers/{text.replace('/', '')}").text,
            local.client.get("/sign-in", params={"next": text}).text,
            local.post("/orders/new", do="confirm", **form).text,
            local.post("/orders/new", do="add", add=text, many=text).text,
        ]
        shown = 0
        for page in pages:
            rest = page.replace('<script type="module" src="/static/', "").replace('<img src="/static/', "")
            assert "<script" not in rest and "<img" not in rest, text
            assert "' onmouseover='" not in page and 'href="javascript:' not in page, text
            assert "{{ 7*7 }}" in page or "49{%" not in page
            shown += str(escape(text)) in page
        assert shown >= len(pages) - 6, text


def test_an_order_is_made_line_by_line_confirmed_changed_and_cancelled(signed):
    shop = signed.shop
    page = signed.post("/orders/new", do="add", add="100", add_quantity="2", store="0001", customer="C1").text
    assert "Coffee" in page and 'name="line-0-quantity" value="2"' in page and "€9.98" in page
    fields = {
        "store": "0001",
        "kind": "order",
        "customer": "C1",
        "ordered_day": "2026-03-02",
        "subject": "Sample subject",
        "delivery": "pickup",
        "includes_tax": "1",
        "line-0-article": "100",
        "line-0-quantity": "2",
        "line-1-article": "200",
        "line-1-quantity": "1",
        "line-1-discount": "10%",
    }
    answer = signed.post("/orders/new", do="confirm", **fields)
    assert answer.status_code == 303
    order_id = answer.headers["location"].split("/")[2].split("?")[0]
    shown = signed.get(f"/orders/{order_id}")
    assert "Sample Customer" in shown and "Confirmed" in shown and "€36.93" in shown
    assert shop.value("SELECT status FROM orders WHERE id = ?", order_id) == "confirmed"

    change = fields | {"version": str(shop.value("SELECT version FROM orders")), "line-0-quantity": "3"}
    assert signed.post(f"/orders/{order_id}/change", do="confirm", **change).status_code == 303
    assert shop.value("SELECT quantity FROM order_line WHERE order_id = ? AND line = 1", order_id) == "3"
    late = signed.post(f"/orders/{order_id}/change", do="confirm", **change)
    assert late.status_code == 409 and "Nothing is stored yet." in late.text

    asked = signed.get(f"/orders/{order_id}/cancel")
    assert "fully cancelled" in asked and shop.value("SELECT status FROM orders") == "confirmed"
    assert signed.post(f"/orders/{order_id}/cancel").status_code == 303
    assert "Fully cancelled" in signed.get(f"/orders/{order_id}")
    assert [action for _, action in audited(shop)][1:] == ["order placed", "order changed", "order cancelled"]


def test_a_form_with_mistakes_keeps_everything_and_stores_nothing(local):
    fields = {
        "store": "0001",
        "subject": "Keep <me>",
        "ordered_day": "soon",
        "line-0-article": "100",
        "line-0-quantity": "lots",
        "line-0-note": "a note",
    }
    answer = local.post("/orders/new", do="confirm", **fields)
    assert answer.status_code == 422
    for kept in ("Keep &lt;me&gt;", 'value="soon"', 'value="lots"', 'value="a note"'):
        assert kept in answer.text
    for field in ("ordered_day", "customer", "line-0-quantity"):
        assert f'id="wrong-{field}"' in answer.text
    assert local.shop.value("SELECT COUNT(*) FROM orders") == 0


def test_what_the_orders_room_refuses_stands_beside_its_field(local):
    fields = {
        "store": "0001",
        "customer": "C9",
        "ordered_day": "2026-03-02",
        "line-0-article": "100",
        "line-0-quantity": "1",
    }
    answer = local.post("/orders/new", do="confirm", kind="order", **fields)
    assert answer.status_code == 422 and 'id="wrong-customer"' in answer.text


def test_many_lines_at_once_and_what_was_not_found_stays_in_the_box(signed):
    page = signed.post("/orders/new", do="many", many="100; 2\n200\nnothing-here; 4", store="0001").text
    assert 'name="line-0-quantity" value="2"' in page and "Kettle" in page
    assert "nothing-here; 4</textarea>" in page and 'id="wrong-many"' in page


def test_an_order_without_vat_shows_net_prices_and_the_tax(signed):
    fields = {"store": "0001", "ordered_day": "2026-03-02", "line-0-article": "200", "line-0-quantity": "1"}
    page = signed.post("/orders/new", do="update", includes_tax="0", **fields).text
    assert "€25.17" in page and "€29.95" in page and "€4.78" in page


def test_a_list_remembers_columns_and_filters_for_its_user_only(signed):
    trade(signed.shop)
    answer = signed.client.get(
        "/orders?c=number&c=total_minor&p.number=2&p.total_minor=1&f.store=0001&set=1", follow_redirects=False
    )
    assert answer.status_code == 303 and "columns=total_minor%2Cnumber" in answer.headers["location"]
    again = signed.client.get("/orders", follow_redirects=False)
    assert again.status_code == 303 and again.headers["location"] == answer.headers["location"]
    page = signed.get("/orders")
    assert '<span class="badge">1</span>' in page and '<span class="badge">2</span>' in page
    signed.client.cookies.clear()
    signed.sign_in("books")
    assert signed.client.get("/orders", follow_redirects=False).status_code == 200
    signed.client.cookies.clear()
    signed.sign_in("admin")
    assert signed.client.get("/orders?reset=1", follow_redirects=False).headers["location"] == "/orders"
    assert signed.client.get("/orders", follow_redirects=False).status_code == 200


def test_lists_page_and_sum_everything_and_the_marked(signed):
    trade(signed.shop)
    total = signed.shop.value("SELECT SUM(total_minor) FROM orders")
    page = signed.get("/orders?size=2&sort=number")
    assert "Page 1 of 2" in page and f"€{total // 100}.{total % 100:02}" in page
    keys = [key for (key,) in signed.shop.rows("SELECT id FROM orders ORDER BY number LIMIT 2")]
    marked = signed.client.get("/orders", params={"sort": "number", "mark": keys}).text
    assert "2 marked: €69.88" in marked
    assert "Page 2 of 2" in signed.get("/orders?size=2&sort=number&page=2")
    assert signed.get("/orders?size=2&sort=number&page=99").count("data-href") == 1


def test_the_export_holds_all_that_fits_and_runs_no_formula(signed):
    """Fault 59."""
    shop = signed.shop
    with shop.database.write() as connection:
        put_articles(
            connection,
            [Article(number=f"F{n}", name=f"=cmd|{n}", price_minor=n, tax_code="reduced") for n in range(80)],
            1,
        )
    answer = signed.client.get("/articles?format=csv&q=cmd&columns=number,name,price_minor&sort=number")
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert answer.headers["content-type"].startswith("text/csv")
    assert rows[0] == ["Number", "Name", "Price"] and len(rows) == 81
    assert all(row[1].startswith("'=cmd") for row in rows[1:])
    assert {row[2] for row in rows[1:3]} == {"0.00", "0.01"}


def test_a_failed_job_shows_its_reason_and_kick_runs_it(signed):
    shop = signed.shop
    with shop.database.write() as connection:
        connection.run("DELETE FROM account_map WHERE purpose = 'tender:card'")
    till = shop.till()
    till.send(till.sale(COFFEE, tenders=("card",)))
    shop.kick()
    page = signed.get("/accounting")
    assert "Error" in page and "NOT synced" in page
    job = shop.value("SELECT id FROM job WHERE queue = 'accounting' AND state = 'error'")
    assert "NOT synced" in signed.get(f"/accounting/jobs/{job}")
    from server.accounting.chart import install

    with shop.database.write() as connection:
        install(connection, "DE")
    answer = signed.post("/accounting/kick")
    assert answer.headers["location"] == "/accounting?told=kicked"
    assert "Sync successful" in signed.get(f"/accounting/jobs/{job}")
    assert ("admin", "job kicked") in audited(shop)


def test_the_light_tells_in_words_whether_the_runner_is_well(local):
    assert "The job runner has never run" in local.get("/accounting")
    local.shop.kick()
    assert "The job runner is well" in local.get("/accounting")
    local.shop.clock.now += 10 * 60_000
    assert "The job runner is not running" in local.get("/accounting")


def test_an_export_that_waits_for_half_an_hour_shows(signed):
    till = signed.shop.till()
    till.send(till.sale(COFFEE))
    signed.shop.kick()
    with signed.shop.database.write() as connection:
        connection.run("UPDATE orders SET oms_status = 'being exported', oms_id = ''")
    assert "pending for" not in signed.get("/orders")
    signed.shop.clock.now += 47 * 60_000
    page = signed.get("/orders")
    assert "pending for 47 minutes" in page and "1 exports pending for more than 30 minutes" in page


def test_a_tills_code_is_shown_once_and_only_to_an_administrator(office):
    office.sign_in("office")
    assert office.post("/tills/add", store="0001", name="Sample").status_code == 403
    office.client.cookies.clear()
    office.sign_in()
    wrong = office.post("/tills/add", store="0001", name=" ")
    assert wrong.status_code == 422 and "A till needs a name" in wrong.text
    answer = office.post("/tills/add", store="0001", name="Sample till")
    code = answer.text.split("data-code>")[1].split("<")[0]
    assert f"python -m agent enrol --server http://office.test --code {code}" in answer.text
    assert code not in office.get("/tills")
    assert office.shop.value("SELECT COUNT(*) FROM audit WHERE detail LIKE ?", f"%{code}%") == 0

    till = office.shop.value("SELECT id FROM till")
    assert "loses its access" in office.get(f"/tills/{till}/revoke")
    assert office.shop.value("SELECT revoked_ms FROM till") is None
    assert office.post(f"/tills/{till}/revoke").status_code == 303
    assert office.shop.value("SELECT revoked_ms FROM till") is not None
    assert "Revoked" in office.get("/tills")
    assert [action for _, action in audited(office.shop)][-2:] == ["till added", "till revoked"]


def overpaid_order(shop):
    """Let two tills take the money of one order; return its reference."""
    ref = order_ref(shop, shop.order())
    for name in ("t1", "t2"):
        till = shop.till(name)
        till.send(till.sale(KETTLE, KETTLE, order=ref))
    shop.kick()
    return ref


def test_the_worklist_shows_what_to_decide_and_closes_it_after_a_question(signed):
    shop = signed.shop
    overpaid_order(shop)
    assert "Overpaid: refund due" in signed.get("/") and "Overpaid: refund due" in signed.get("/worklist")
    matter = shop.value("SELECT id FROM worklist WHERE kind = 'overpaid'")
    assert "Close “Overpaid" in signed.get(f"/worklist/{matter}/close")
    assert signed.post(f"/worklist/{matter}/close").status_code == 303
    assert shop.value("SELECT done_ms FROM worklist WHERE id = ?", matter) is not None


def test_a_matter_and_a_parked_event_are_told_in_the_readers_language(signed):
    shop = signed.shop
    ref = overpaid_order(shop)
    sale = shop.till("t3").sale(KETTLE)
    shop.till("t3").send(replace(sale, payments=(replace(sale.payments[0], currency="USD"),)))
    shop.kick()
    signed.post("/settings", language="de", theme="")
    page = signed.get("/worklist")
    assert f"Auf Auftrag {ref.number} wurden" in page and "zu viel gezahlt" in page
    assert '<td class="number">59,90\xa0€</td>' in page, "the amount, as the reader writes it"
    assert f"Beleg {sale.receipt} wurde in einer anderen Währung bezahlt." in page
    matter = shop.value("SELECT id FROM worklist WHERE kind = 'overpaid'")
    assert "zu viel gezahlt" in signed.get(f"/worklist/{matter}/close")
    assert "too much" in shop.value("SELECT detail FROM worklist WHERE kind = 'overpaid'")


@pytest.mark.parametrize("kind", ["fork", "bad_event", "frozen", "revoked", "stale_epoch"])
def test_evidence_is_told_in_the_readers_language_with_what_support_needs(local, kind):
    """The ingest's own refusal stays English: the agent's log says the same."""
    with local.shop.database.write() as connection:
        connection.run(
            "INSERT INTO worklist (kind, subject, detail, source_event, created_ms) VALUES (?, 't1/1', ?, 'digest', 1)",
            (kind, "Event 7 was changed."),
        )
    local.post("/settings", language="nl", theme="")
    page = local.get("/worklist")
    assert "kassa" in page and kind not in page and '<td class="number"></td>' in page
    assert ("Event 7 was changed." in page) == (kind in {"fork", "bad_event"})


def test_the_books_say_in_words_whether_they_agree(signed):
    trade(signed.shop)
    assert "The books agree." in signed.get("/reports?day=2026-03-02")
    with signed.shop.database.write() as connection:
        connection.run("UPDATE stream SET head_seq = head_seq + 2")
    page = signed.get("/reports?day=02.03.2026")
    assert "The books do not agree." in page and "have not arrived" in page
    assert 'aria-invalid="true"' in signed.get("/reports?day=soon", 422)


def test_the_trial_balance_leads_to_accounts_and_entries(signed):
    trade(signed.shop)
    balance = signed.get("/accounting/balance")
    assert "In balance (EUR)" in balance
    account = signed.shop.value("SELECT account FROM posting ORDER BY account LIMIT 1")
    assert f"/accounting/accounts/{account}" in balance
    entry = signed.shop.value("SELECT entry_id FROM posting WHERE account = ? ORDER BY entry_id DESC LIMIT 1", account)
    assert f"/accounting/entries/{entry}" in signed.get(f"/accounting/accounts/{account}")
    assert account in signed.get(f"/accounting/entries/{entry}")


def test_a_receipt_shows_its_addresses_items_and_withdrawal_and_the_list_leads_back(signed):
    trade(signed.shop)
    number = signed.shop.value("SELECT number FROM receipt WHERE customer = 'C1'")
    answer = signed.client.get(
        f"/invoicing/{number}?item=2", headers={"referer": "http://office.test/invoicing?sort=paid&page=2"}
    )
    assert "Sample Street 1" in answer.text and "never flow back" in answer.text
    assert "<h3>Kettle</h3>" in answer.text and "Taken from" in answer.text
    assert 'href="/invoicing?sort=paid&amp;page=2"' in answer.text


MISSING = (
    "/nope",
    "/orders/none",
    "/orders/none/change",
    "/invoicing/none",
    "/accounting/jobs/none",
    "/accounting/jobs/99",
    "/accounting/entries/9999999999999999999999",
    "/accounting/accounts/none",
    "/articles/none",
    "/customers/none",
    "/static/none.css",
    "/tills/none/revoke",
    "/worklist/99/close",
    "/a/b/c/d",
)


def test_what_is_not_there_is_said_in_the_same_look(local):
    for path in MISSING:
        page = local.get(path, 404)
        assert "<html" in page and "office.css" in page and "Go to Today" in page


def test_a_program_gets_a_problem_and_no_page(local):
    answer = local.client.get("/api/v1/orders")
    assert answer.headers["content-type"].startswith("application/json")


def test_a_mistake_of_ours_is_told_without_its_trace(local, monkeypatch):
    monkeypatch.setattr("server.office.settings_pages.health", lambda *_: 1 / 0)
    page = local.get("/settings", 500)
    assert "Reference for support" in page and "ZeroDivision" not in page and "Traceback" not in page


def test_files_have_an_address_that_changes_with_them_and_are_kept(local):
    page = local.get("/")
    address = page.split('href="/static/office.css')[1].split('"')[0]
    answer = local.client.get(f"/static/office.css{address}")
    assert answer.headers["cache-control"].startswith("public") and "--accent" in answer.text


def test_what_a_room_refuses_is_told_in_the_users_language(local):
    assert local.post("/settings", language="de").status_code == 303
    fields = {"store": "0001", "customer": "C9", "ordered_day": "02.03.2026", "kind": "order"}
    page = local.post("/orders/new", do="confirm", **fields, **{"line-0-article": "100", "line-0-quantity": "1"}).text
    assert "Es gibt keinen Kunden mit dieser Nummer" in page and 'value="02.03.2026"' in page


def test_a_draft_is_kept_from_the_tills_until_it_is_confirmed(signed):
    fields = {"store": "0001", "customer": "C1", "ordered_day": "2026-03-02", "kind": "order", "line-0-article": "100"}
    answer = signed.post("/orders/new", do="draft", **fields, **{"line-0-quantity": "1"})
    order_id = answer.headers["location"].split("/")[2].split("?")[0]
    fed = "SELECT COUNT(*) FROM feed WHERE kind = 'order' AND deleted = 0"
    assert signed.shop.value(fed) == 0 and "Confirm sales order" in signed.get(f"/orders/{order_id}")
    assert signed.post(f"/orders/{order_id}/confirm").status_code == 303
    assert signed.shop.value(fed) == 1 and "Confirmed" in signed.get(f"/orders/{order_id}")
