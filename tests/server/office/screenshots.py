"""Pictures of every page of the office from a real server: `screenshots.py OUTDIR [PART [LANGUAGE]]`.

1280x800 light and dark, 768x1024 light. PART keeps only the pages whose name contains it, LANGUAGE is en, de or nl.
"""

import sys
import tempfile
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve()
# As pytest puts them: the checkout, tests/, tests/server/ and this folder.
sys.path[:0] = [str(HERE.parents[place]) for place in (0, 1, 2, 3)]

from msgspec.structs import replace  # noqa: E402  # after the paths
from office_shop import CLOCK, OfficeShop, basket_line, morning_trade  # noqa: E402  # after the paths

from rig.browser import browser_page, chromium, sign_in  # noqa: E402  # after the paths
from rig.mail_server import MailServer  # noqa: E402  # after the paths
from schema.basket import Line, ReturnRef  # noqa: E402  # after the paths
from schema.events import ReceiptMailWanted  # noqa: E402  # after the paths
from schema.receipt_numbers import receipt_number  # noqa: E402  # after the paths

VOUCHER = "SAMPLE-VOUCHER-1"
# Width, height, theme. Narrow and dark change nothing of each other.
LOOKS = ((1280, 800, "light"), (1280, 800, "dark"), (768, 1024, "light"))


def pages(shop, back, returned):
    """Return each page's name and path, details with real numbers. `back` came back with `returned`."""
    order = shop.get("orders", search="SO-", limit=1)["rows"][0]
    sale = next(row for row in shop.get("orders", limit=200)["rows"] if row["oms_status"] == "exported")
    receipt = shop.get("receipts", limit=1)["rows"][0]
    job = shop.get("jobs", limit=1)["rows"][0]
    till = shop.get("tills", limit=10)["rows"][0]
    mailed = {row["state"]: row["id"] for row in shop.get("mails", limit=10)["rows"]}
    numbers = {row["till_receipt"]: row["number"] for row in shop.get("receipts", limit=200)["rows"]}
    return [
        ("sign_in", "/sign-in"),
        ("today", "/"),
        ("worklist", "/worklist"),
        ("orders", "/orders"),
        ("orders_filter", "/orders"),
        ("orders_columns", "/orders"),
        ("order", f"/orders/{order['id']}"),
        ("order_sale", f"/orders/{sale['id']}"),
        ("order_new", "/orders/new"),
        ("order_lines", "/orders/new"),
        ("order_wrong", "/orders/new"),
        ("order_clash", f"/orders/{order['id']}/change"),
        ("order_cancel", f"/orders/{order['id']}/cancel"),
        ("invoicing", "/invoicing"),
        ("receipt", f"/invoicing/{receipt['number']}"),
        ("receipt_came_back", f"/invoicing/{numbers[back]}"),
        ("receipt_return", f"/invoicing/{numbers[returned]}"),
        ("receipt_mailed", f"/invoicing/{numbers[back]}"),
        ("mails", "/mails"),
        ("mail_refused", f"/mails/{mailed['refused']}"),
        ("mail_again", f"/mails/{mailed['sent']}/again"),
        ("accounting", "/accounting"),
        ("job", f"/accounting/jobs/{job['id']}"),
        ("balance", "/accounting/balance"),
        ("account", "/accounting/accounts/1000"),
        ("entries", "/accounting/entries"),
        ("articles", "/articles"),
        ("article", f"/articles/{shop.articles[0]['number']}"),
        ("articles_empty", "/articles?q=nothing-like-this"),
        ("article_new", "/articles/new"),
        ("article_edit", f"/articles/{shop.articles[0]['number']}/edit"),
        ("article_variants", f"/articles/{shop.articles[0]['number']}/variants"),
        ("prices", "/prices"),
        ("price_new", "/prices/new"),
        ("price_list", "/prices/Friends"),
        ("promotions", "/promotions"),
        ("promotion_new", "/promotions/new"),
        ("promotion", "/promotions/CANDLES"),
        ("preview", "/prices/preview"),
        ("customers", "/customers"),
        ("customer_new", "/customers/new"),
        ("customer", "/customers/C1001"),
        ("customer_merge", "/customers/C1001/merge"),
        ("customer_merge_question", "/customers/C1001/merge?with=C1002"),
        ("vouchers", "/vouchers"),
        ("voucher", f"/vouchers/{VOUCHER}"),
        ("open_items", "/open-items"),
        ("store_new", "/stores/new"),
        ("store_edit", "/stores/0001/edit"),
        ("store_settings", "/stores/0001/settings"),
        ("store_settings_clash", "/stores/0001/settings"),
        ("cashiers", "/stores/0001/cashiers"),
        ("cashiers_none", "/stores/0077/cashiers"),
        ("cashier_new", "/stores/0001/cashiers/new"),
        ("cashier_wrong", "/stores/0001/cashiers/new"),
        ("cashier_edit", "/stores/0001/cashiers/2/edit"),
        ("cashier_pin", "/stores/0001/cashiers/2/pin"),
        ("cashier_lock", "/stores/0001/cashiers/1/lock"),
        ("quick_keys", "/stores/0001/keys"),
        ("quick_keys_new", "/stores/0001/keys/edit"),
        ("quick_keys_edit", "/stores/0001/keys/edit?page=Often"),
        ("tills", "/tills"),
        ("till_code", "/tills"),
        ("till_revoke", f"/tills/{till['id']}/revoke"),
        ("reports", "/reports"),
        ("settings", "/settings"),
        ("missing", "/orders/none"),
    ]


def afternoon_trade(shop, till):
    """Sell a voucher, and take back a part of a sale; return the receipts of the sale and of what came back."""
    now_ms, today = CLOCK.now_ms(), date.today()
    voucher = Line(
        article="",
        name="Gift voucher",
        quantity=Decimal(1),
        unit_price_minor=2500,
        tax_code="none",
        tax_percent=Decimal(0),
        kind="voucher",
        reference=VOUCHER,
    )
    till.sell([voucher], now_ms, today)
    sold = basket_line(shop.articles[4], 2)
    till.sell([sold], now_ms, today)
    back = receipt_number(till.label, till.receipts)
    event = till.device.rows[-1].event.event_id
    for address in ("kim.sample@example.org", "no-such-person@example.org"):
        wish = ReceiptMailWanted(receipt=back, sale_event=event, address=address, cashier="1")
        till.record(wish, now_ms, today)
    why = ReturnRef(receipt=back, line=1, reason="defect", condition="opened")
    till.sell([replace(sold, quantity=Decimal(-1), returns=why, price_reason="return")], now_ms, today)
    till.send()
    shop.settled()
    mails_settled(shop)
    return back, receipt_number(till.label, till.receipts)


def mails_settled(shop, seconds=30):
    """Wait until the mail server has answered for every mail."""
    deadline = time.monotonic() + seconds
    while any(row["state"] in {"waiting", "sending"} for row in shop.get("mails", limit=10)["rows"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def arrange(page, name):
    """Bring a page into the state that its picture shows."""
    if name in {"orders_filter", "orders_columns"}:
        page.locator(f"details[data-pop={name.split('_')[1]}] > summary").first.click()
    if name == "cashier_wrong":
        page.fill("input[name=number]", "1")
        page.fill("input[name=pin]", "12")
        page.locator("main button.primary").click()
    if name == "store_settings_clash":
        save_twice(page)
    if name == "order_clash":
        confirm_twice(page)
    if name == "till_code":
        page.locator("form[action='/tills/add'] input[name=name]").fill("Till 4, flowers")
        page.locator("form[action='/tills/add'] button").click()
    if name in {"order_lines", "order_wrong"}:
        page.fill("#customer", "C1001")
        for text in ("co", "app"):
            page.fill("#add", text)
            page.wait_for_selector(".suggest:has(#add) li[role=option]")
            page.keyboard.press("ArrowDown")
            with page.expect_navigation():
                page.keyboard.press("Enter")
        if name == "order_wrong":
            page.locator("input[name='line-0-quantity']").fill("many")
            page.fill("input[name=customer]", "")
            page.click("button[value=confirm]")
        else:
            page.fill("#add", "ca")
            page.wait_for_selector(".suggest:has(#add) li[role=option]")


def save_twice(page):
    """Save a store's settings, then save what was opened before that."""
    old = page.input_value("input[name=opened]")
    page.fill("input[name=name]", f"{page.input_value('input[name=name]')} & Sons")
    page.select_option("select[name=age_check]", "never")
    page.locator("main button.primary").click()
    page.locator("input[name=opened]").evaluate("(field, text) => { field.value = text; }", old)
    page.fill("input[name=discount_percent_max]", "25")
    page.locator("main button.primary").click()


def confirm_twice(page):
    """Confirm a changed order, then confirm what was opened before that."""
    address, names = page.url, ("opened", "version")
    old = {name: page.input_value(f"input[name={name}]") for name in names}
    page.fill("input[name=line-0-quantity]", "7")
    page.fill("input[name=subject]", "For the garden")
    page.locator("button[value=confirm]").click()
    page.goto(address)
    for name in names:
        page.locator(f"input[name={name}]").evaluate("(field, text) => { field.value = text; }", old[name])
    page.fill("input[name=line-0-quantity]", "9")
    page.locator("button[value=confirm]").click()


def main(folder, part="", language="en"):
    """Start a shop, trade, and take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    server = MailServer()
    server.refuse("no-such-person@example.org", "550 5.1.1 <no-such-person@example.org>: there is nobody of this name")
    sends = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(server.port), "SMTP_SECURITY": "none"}
    with tempfile.TemporaryDirectory() as data:
        shop = OfficeShop(Path(data), extra={**sends, "MAIL_FROM": "till@example.com"})
        try:
            tills = morning_trade(shop)
            shop.office.call("add-store", "--code", "0077", "--name", "Sample Kiosk")
            wanted = [page for page in pages(shop, *afternoon_trade(shop, tills[0])) if part in page[0]]
            with chromium() as browser:
                for width, height, theme in LOOKS:
                    with browser_page(browser, width, height, theme) as page:
                        take(shop, page, wanted, folder, f"{width}_{theme}", language)
        finally:
            shop.stop()
            server.off()


def take(shop, page, wanted, folder, suffix, language):
    """Take one picture of each page, whole."""
    if any(name == "sign_in" for name, _ in wanted):
        page.goto(f"{shop.url}/sign-in")
        page.screenshot(path=folder / f"sign_in_{suffix}.png")
    sign_in(page, shop.url)
    if language != "en":
        page.goto(f"{shop.url}/settings")
        page.select_option("select[name=language]", language)
        page.locator("form[action='/settings'] button").click()
    for name, path in wanted:
        if name == "sign_in":
            continue
        page.goto(shop.url + path)
        arrange(page, name)
        page.screenshot(path=folder / f"{name}_{suffix}.png", full_page=name not in {"orders_filter", "orders_columns"})
        print(f"{name}_{suffix}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4])
