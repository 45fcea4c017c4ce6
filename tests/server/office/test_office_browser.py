"""The main flows in a real browser against a real server process: with script, without script, without a mouse."""

import pytest
from playwright.sync_api import expect

from rig.browser import browser_page, chromium, sign_in

pytestmark = pytest.mark.browser

# WCAG 2.2, relative luminance and contrast ratio; returns the elements whose text does not reach 4.5:1.
CONTRAST = """() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.a > 0.99) return colour;
    }
    return { r: 255, g: 255, b: 255 };
  };
  const linear = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ({ r, g, b }) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const speaks = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  const bad = new Set();
  for (const one of document.querySelectorAll('main *, nav *, h1')) {
    if (!one.checkVisibility() || one.closest('svg') || !speaks(one)) continue;
    const colour = getComputedStyle(one).color;
    const [high, low] = [light(parse(colour)), light(ground(one))].sort((x, y) => y - x);
    if ((high + 0.05) / (low + 0.05) < 4.5) bad.add(`${one.tagName}.${one.className} ${colour}`);
  }
  return [...bad];
}"""


# What the full range of selling added, with the sample shop's own things.
RANGE = (
    "/articles/0062",
    "/articles/0062/edit",
    "/articles/0064/variants?colours=green&sizes=XXL",
    "/prices",
    "/prices/Friends",
    "/prices/preview?store=0001&basket=0050 3%0A0062 1&customer=C1001",
    "/promotions",
    "/promotions/CANDLES",
    "/promotions/CANDLES/end",
    "/customers/C1002",
    "/customers/C1002/edit",
    "/customers/C1001/merge?with=C1002",
    "/vouchers",
    "/open-items",
    "/stores/new",
    "/stores/0001/edit",
    "/stores/0001/cashiers",
    "/stores/0001/cashiers/new",
    "/stores/0001/cashiers/2/edit",
    "/stores/0001/cashiers/2/pin",
    "/stores/0001/cashiers/2/lock",
    "/stores/0001/settings",
    "/stores/0001/keys",
    "/stores/0001/keys/edit?page=Bakery",
)


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(traded, browser):
    with browser_page(browser) as page:
        sign_in(page, traded.url)
        yield page
        assert page.complaints == []


def test_an_order_is_made_with_the_keyboard_and_reaches_the_list(traded, page):
    page.goto(f"{traded.url}/orders/new")
    page.fill("#customer", "Sample")
    page.wait_for_selector(".found li[role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("#customer").startswith("C")
    page.fill("input[name=subject]", "Browser subject")
    page.focus("#add")
    page.keyboard.type("choc")
    page.wait_for_selector(".suggest:has(#add) li[role=option]")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "add"
    page.keyboard.type(traded.articles[0]["number"])
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("table.lines tbody tr").count() == 2
    assert page.input_value("input[name=subject]") == "Browser subject"
    page.fill("input[name=line-0-quantity]", "3")
    page.get_by_role("button", name="Confirm sales order").click()
    page.wait_for_url("**/orders/*told=confirmed")
    assert "The order is confirmed" in page.inner_text("main")
    page.goto(f"{traded.url}/orders")
    page.keyboard.press("/")
    page.keyboard.type("Browser subject")
    expect(page.locator("tr[data-href]")).to_have_count(1)
    assert "q=Browser" in page.url
    assert page.input_value("[data-search]") == "Browser subject"
    page.locator("tr[data-href] td").nth(3).click()
    page.wait_for_url("**/orders/*-*")
    page.locator("a.back").click()
    assert "q=Browser" in page.url


def test_columns_filters_and_marks_work_by_hand(traded, page):
    page.goto(f"{traded.url}/invoicing")
    page.locator("[data-mark]").nth(0).check()
    page.locator("[data-mark]").nth(1).check()
    cells = page.locator("td:has(+ td .state)").all_inner_texts()[:2]
    told = page.inner_text("[data-marked]")
    total = sum(round(float(text.strip("€").replace(",", "")) * 100) for text in cells)
    amount = f"€{total // 100}.{total % 100:02}"
    assert told == f"2 marked: Amount {amount} · Paid amount {amount}"
    page.locator("details[data-pop=columns] > summary").click()
    page.locator(".columns li", has_text="Store").get_by_label("forward").click()
    page.get_by_role("checkbox", name="Cashier").check()
    page.get_by_role("button", name="Show these").click()
    page.wait_for_url("**columns=**")
    heads = page.locator("thead th").all_inner_texts()
    assert heads.index("Store") < heads.index("Customer") and "Cashier" in heads
    page.locator("details[data-pop=filter] > summary").click()
    page.locator("select[name='f.paid']").select_option("no")
    page.get_by_role("button", name="Apply filter").click()
    page.wait_for_url("**f.paid=no**")
    assert page.inner_text("details[data-pop=filter] .badge") == "1"
    page.goto(f"{traded.url}/invoicing")
    assert "f.paid=no" in page.url
    page.keyboard.press("Escape")
    page.goto(f"{traded.url}/invoicing?reset=1")
    assert page.inner_text("details[data-pop=filter] .badge") == "0"


def test_kick_job_runs_and_says_so(traded, page):
    page.goto(f"{traded.url}/accounting")
    assert "The job runner is well" in page.inner_text("main")
    page.get_by_role("button", name="Kick job").click()
    page.wait_for_url("**/accounting?**told=kicked**")
    assert "Everything that waited was run" in page.inner_text("[role=status]")
    page.locator("tr[data-href] td a").first.click()
    assert "Entries in the ledger" in page.inner_text("main")


def test_today_refreshes_in_place_and_shows_the_trade(traded, page):
    page.goto(f"{traded.url}/")
    assert "Payment for an unknown order" in page.inner_text("main")
    assert page.locator("svg.chart").count() == 3
    page.locator("a[data-refresh]").click()
    expect(page.locator(".busy")).to_have_count(0)
    assert "Sales by hour" in page.inner_text("main")


def test_the_look_follows_the_user_over_the_system(traded, page):
    page.goto(f"{traded.url}/settings")
    page.get_by_label("Dark", exact=True).check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**told=saved")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 22, 32)"
    page.get_by_label("As the system").check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_load_state()


def test_the_essentials_work_without_a_script(traded, browser):
    with browser_page(browser, javascript=False) as page:
        sign_in(page, traded.url, name="office")
        page.goto(f"{traded.url}/orders/new")
        page.fill("input[name=customer_name]", "Robin Sample")
        page.fill("#add", traded.articles[1]["number"])
        page.click("#add-line")
        page.locator("summary", has_text="Add many at once").click()
        page.fill("textarea[name=many]", f"{traded.articles[2]['number']}; 2")
        page.click("button[value=many]")
        assert page.locator("table.lines tbody tr").count() == 2
        page.click("button[value=confirm]")
        page.wait_for_url("**told=confirmed")
        page.goto(f"{traded.url}/orders")
        page.fill("[data-search]", "Robin Sample")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.locator("tr[data-href]").count() == 1
        page.locator("details[data-pop=columns] > summary").click()
        assert page.locator(".columns .place").first.is_visible()


def test_every_field_and_button_has_a_name_and_no_page_is_wider_than_a_tablet(traded, browser):
    """A stand-in for an accessibility checker: names, one h1, landmarks, no sideways scrolling at 768."""
    script = """() => {
      const named = (one) => one.labels?.length || one.getAttribute('aria-label') || one.title || one.innerText?.trim();
      return {
        nameless: [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')]
          .filter((one) => one.checkVisibility() && !named(one)).map((one) => one.outerHTML.slice(0, 120)),
        headings: document.querySelectorAll('h1').length,
        wide: document.documentElement.scrollWidth > innerWidth + 1,
      };
    }"""
    with browser_page(browser, 768, 1024) as page:
        sign_in(page, traded.url)
        for path in (
            "/",
            "/worklist",
            "/orders",
            "/orders/new",
            "/invoicing",
            "/accounting",
            "/accounting/balance",
            "/articles",
            "/customers",
            "/tills",
            "/reports",
            "/settings",
            *RANGE,
        ):
            page.goto(traded.url + path)
            found = page.evaluate(script)
            assert found == {"nameless": [], "headings": 1, "wide": False}, path
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"


def test_text_stands_out_from_its_ground_in_both_looks(traded, browser):
    """Contrast of at least 4.5:1 for every visible text (WCAG 2.2, 1.4.3)."""
    for theme in ("light", "dark"):
        with browser_page(browser, theme=theme) as page:
            sign_in(page, traded.url)
            paths = ("/", "/orders", "/orders/new", "/accounting", "/tills", "/reports", "/settings", "/nope")
            for path in (*paths, *RANGE):
                page.goto(traded.url + path)
                assert page.evaluate(CONTRAST) == [], (theme, path)


def test_a_price_is_put_into_a_list_with_the_keyboard(traded, page):
    page.goto(f"{traded.url}/prices/Friends")
    page.focus("#article")
    page.keyboard.type("spaghetti")
    page.wait_for_selector(".suggest:has(#article) li[role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("#article") == "0027"
    page.focus("input[name=price]")
    page.keyboard.type("1.29")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("tr", has_text="Spaghetti")).to_contain_text("€1.29")


def test_a_key_is_added_with_the_keyboard_and_without_a_script(traded, browser, page):
    page.goto(f"{traded.url}/stores/0002/keys/edit?page=Bakery")
    page.focus("#add")
    page.keyboard.type("choc")
    page.wait_for_selector(".suggest:has(#add) li[role=option]")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("table.lines tbody tr").count() == 9
    with page.expect_navigation():
        page.locator("button[value=save]").press("Enter")
    with browser_page(browser, javascript=False) as bare:
        sign_in(bare, traded.url)
        bare.goto(f"{traded.url}/stores/0002/keys/edit?page=Bakery")
        assert bare.locator("table.lines tbody tr").count() == 9
        bare.locator("button[value=remove-8]").click()
        assert bare.locator("table.lines tbody tr").count() == 8


def test_a_logo_is_uploaded_and_shown(traded, page, tmp_path):
    from PIL import Image

    picture = tmp_path / "logo.png"
    Image.new("1", (200, 60), 1).save(picture)
    page.goto(f"{traded.url}/stores/0002/settings")
    page.set_input_files("input[name=logo]", picture)
    with page.expect_navigation():
        page.locator("main button.primary").click()
    assert page.locator("img.logo").evaluate("image => image.naturalWidth") == 200


def told_by_status(page, status):
    """The browser's own note of an answer that is no page of success is no complaint; anything else is."""
    assert [text for text in page.complaints if status not in text] == []
    page.complaints.clear()


def test_two_browsers_save_one_store_and_the_second_decides(traded, browser, page):
    """With the keyboard, and once more without a script: the notice's button sends the form below it."""
    address = f"{traded.url}/stores/0002/edit"
    with browser_page(browser, javascript=False) as bare:
        sign_in(bare, traded.url)
        page.goto(address)
        bare.goto(address)
        page.fill("textarea[name=address]", "Sample Lane 7")
        with page.expect_navigation():
            page.locator("main button.primary").press("Enter")
        bare.fill("input[name=name]", "Sample Kiosk")
        bare.locator("main button.primary").click()
        expect(bare.locator("[role=alert]")).to_contain_text("Nothing is stored yet.")
        assert bare.input_value("input[name=name]") == "Sample Kiosk"
        assert bare.input_value("textarea[name=address]") == "Sample Lane 7"
        expect(bare.locator(".meanwhile")).to_have_count(1)
        bare.locator("[role=alert] button").click()
        expect(bare.locator("[role=status]")).to_contain_text("Saved.")
    page.goto(address)
    assert page.input_value("input[name=name]") == "Sample Kiosk"
    page.fill("input[name=name]", "Mine")
    page.locator("input[name=opened]").evaluate("field => { field.value = '{}'; }")
    with page.expect_navigation():
        page.locator("main button.primary").click()
    told_by_status(page, "409")
    assert page.evaluate(CONTRAST) == []
    with page.expect_navigation():
        page.get_by_text("Take the other’s").first.click()
    assert page.input_value("input[name=name]") == "Sample Kiosk"


def test_a_cashier_is_added_and_locked_and_the_pin_is_never_shown(traded, page):
    cashiers = f"{traded.url}/stores/0002/cashiers"
    page.goto(f"{cashiers}/new")
    page.fill("input[name=number]", "42")
    page.fill("input[name=name]", "Sample Newcomer")
    page.fill("input[name=pin]", "8642")
    page.fill("input[name=pin_again]", "8643")
    page.locator("main button.primary").click()
    expect(page.locator("#wrong-pin_again")).to_be_visible()
    told_by_status(page, "422")
    assert (page.input_value("input[name=pin]"), page.input_value("input[name=name]")) == ("", "Sample Newcomer")
    page.fill("input[name=pin]", "8642")
    page.fill("input[name=pin_again]", "8642")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "8642" not in page.content()
    row = page.locator("tr", has_text="Sample Newcomer")
    row.get_by_role("link", name="Lock Sample Newcomer").click()
    page.locator("button.sure").click()
    expect(row).to_contain_text("locked")
    row.get_by_role("button", name="Unlock Sample Newcomer").click()
    expect(row).to_contain_text("may sign in")
