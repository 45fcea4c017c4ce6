"""The clerk at head office: takes an order in the office's pages and leaves pictures of them, in a real browser."""

from pathlib import Path

from playwright.sync_api import Page

from rig.browser import browser_page, chromium, sign_in
from rig.programs import ProgramError

PAGES = {
    "today": "/",
    "orders": "/orders",
    "invoicing": "/invoicing",
    "accounting-sync": "/accounting",
    "trial-balance": "/accounting/balance",
    "articles": "/articles",
    "tills": "/tills",
    "control-figures": "/reports",
}


def take_order(url: str, *, customer: str, lines: dict[str, int], picture: Path) -> str:
    """Write a sales order for pickup and confirm it; return its number."""
    with chromium() as browser, browser_page(browser) as page:
        sign_in(page, url, name="office")
        page.goto(f"{url}/orders/new")
        page.fill("#customer", customer)
        for article, quantity in lines.items():
            page.fill("#add_quantity", str(quantity))
            page.fill("#add", article)
            with page.expect_navigation():
                page.click("#add-line")
        picture.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=picture, full_page=True)
        with page.expect_navigation():
            page.get_by_role("button", name="Confirm sales order").click()
        return _number_on(page)


def _number_on(page: Page) -> str:
    heading = page.inner_text("h1")
    number = next((word for word in heading.split() if word.startswith("SO-")), "")
    if not number:
        said = " ".join(page.locator(".wrong, [role=alert]").all_inner_texts())
        raise ProgramError(f"the order was not confirmed; the page says: {heading} {said}")
    return number


def take_pictures(url: str, folder: Path) -> list[Path]:
    """Photograph the office's pages, and the last receipt and order in detail."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    with chromium() as browser, browser_page(browser) as page:
        sign_in(page, url, name="admin")
        for number, (name, path) in enumerate(PAGES.items(), 1):
            page.goto(url + path)
            taken.append(folder / f"{number:02d}-{name}.png")
            page.screenshot(path=taken[-1], full_page=True)
        page.goto(f"{url}/invoicing")
        page.click("table tbody tr a")
        taken.append(folder / "09-receipt.png")
        page.screenshot(path=taken[-1], full_page=True)
    return taken
