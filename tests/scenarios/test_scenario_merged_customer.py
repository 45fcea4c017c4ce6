"""Two customers become one at head office while a till is offline, sells to the one that goes, and comes back."""

import pytest

from rig.head_office import HeadOffice
from rig.office_pages import OfficePages
from rig.programs import Play, call

pytestmark = pytest.mark.timeout(120)
# Of the sample shop: who stays, and who is the same once more.
STAYS, GOES = "C1002", "C1003"


@pytest.fixture
def shop(tmp_path):
    office = HeadOffice(tmp_path / "office")
    program = office.start()
    till = tmp_path / "till"
    office.enrol(till)
    call("agent", "sync-once", "--data", str(till))
    play = Play(till, tmp_path / "till.log")
    yield office, till, play
    play.close()
    program.stop()


def sync(office, till):
    """Send, let head office do its work, and fetch what came of it."""
    call("agent", "sync-once", "--data", str(till))
    office.call("sync", "kick")
    call("agent", "sync-once", "--data", str(till))


def on_account(play, customer, article):
    """Sell an article on account; return the receipt's number and what is owed for it."""
    play.do("customer", number=customer)
    owed = play.do("add", article=article, quantity="2")["basket"]["total"]
    return play.do("pay", tender="account")["receipt"], owed


def open_items(play, customer):
    detail = play.do("customer_detail", number=customer)
    return sorted((item["reference"], item["open"]) for item in detail["items"])


def test_what_the_till_did_for_the_one_who_goes_is_the_ones_who_stays(shop):
    office, till, play = shop
    play.do("sign_in", cashier="3", pin="3333")
    play.do("open_shift", float=0)
    article = play.do("search", text="bread")["articles"][0]["article"]
    paid, _ = on_account(play, GOES, article)
    kept, kept_owed = on_account(play, STAYS, article)
    play.do("add", article=article, quantity="1")
    ordered = play.do("make_order", customer=GOES, date="2030-01-04")["order"]
    sync(office, till)

    # From here on the till hears nothing until it sends again.
    OfficePages(office.url).post(f"/customers/{STAYS}/merge", **{"with": GOES})
    late, late_owed = on_account(play, GOES, article)
    play.do("pay_open_item", customer=GOES, reference=paid)
    play.do("pay", tender="cash")
    play.do("add", article=article, quantity="1")
    ordered_late = play.do("make_order", customer=GOES, date="2030-01-05")["order"]
    sync(office, till)

    assert open_items(play, STAYS) == sorted([(kept, kept_owed), (late, late_owed)])
    assert [row["number"] for row in play.do("customer", search="Jo Sample")["customers"]] == []
    companies = {row["order"]: row["company"] for row in play.do("open_orders", search="")["orders"]}
    assert (companies[ordered], companies[ordered_late]) == ("Example Café", "Example Café")
    play.do("take_order", order=ordered)
    play.do("pay", tender="account")
    play.do("sign_out")
    sync(office, till)
    office.call("rebuild", "--check")
    page = OfficePages(office.url).get(f"/customers/{STAYS}")
    assert late in page
    assert f'href="/invoicing?q={GOES}"' in page
