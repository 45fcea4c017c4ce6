"""The rarer pictures: a store manager's till with every tender, a terminal that leaves doubts, a unit that is silent.

`screenshots.py` takes these after a cashier's ordinary day. Every scene opens a till of its own in a fresh folder.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sample_till as shop
from msgspec.structs import replace
from pictures import Look, Pictures, lay_goods, open_till

from schema.catalogue import ReceiptDesign
from schema.parties import Cashier

MANAGER = Cashier(number="7", name="Kim Manager", role="store_manager", pin_hash=shop.HASHER.hash("7777"))
SETTINGS = replace(
    shop.SETTINGS,
    tips=True,
    order_fields=("engraving",),
    design=ReceiptDesign(offer="qr", link="https://receipts.example/{receipt}", mail=True),
)


@contextlib.contextmanager
def managed_till(folder: Path, look: Look, **devices: str) -> Iterator[Pictures]:
    """Open a till of a shop that uses everything."""
    from sample_shop import make_sample
    from test_till_paying import feed_customer, feed_voucher

    make_sample(folder, settings=SETTINGS)
    lay_goods(folder)
    feed_voucher(folder, balance_minor=2500)
    feed_customer(folder, credit_limit_minor=5000)
    shop.change_row(folder, "INSERT INTO party VALUES ('cashier', '7', 'kim manager', ?)", MANAGER)
    with open_till(folder, look, **devices) as pictures:
        yield pictures


@contextlib.contextmanager
def opened(folder: Path, look: Look, **devices: str) -> Iterator[Pictures]:
    """Open such a till with its manager signed in and a shift open."""
    with managed_till(folder, look, **devices) as pictures:
        begin(pictures)
        yield pictures


def begin(pictures: Pictures) -> None:
    """Sign the manager in and open a shift."""
    sign_in(pictures)
    pictures.wait_for("open_shift")
    for key in "150":
        pictures.driver.tap(f"key:{key}")
    pictures.driver.tap("open_shift")
    pictures.wait_for("sale")
    pictures.driver.app.hush()
    pictures.screens.bar.refresh()


def sign_in(pictures: Pictures) -> None:
    """Sign the manager in, wherever that leads."""
    pictures.screens.sign_in.sign_in("7", "7777")
    pictures.driver.wait_until(lambda: pictures.driver.screen != "sign_in", "signing in")


def sell(pictures: Pictures, *codes: str) -> str:
    """Sell something for cash and return the receipt's number."""
    driver = pictures.driver
    for code in codes:
        driver.app.scan(code)
    driver.press("f12")
    pictures.wait_for("pay")
    driver.press("enter")
    pictures.wait_for("done")
    receipt = str(pictures.screens.done.state.receipt)
    driver.press("enter")
    pictures.wait_for("sale")
    return receipt


@contextlib.contextmanager
def emulated(emulator: Any) -> Iterator[Any]:
    """Run a device's emulator on threads of this program."""
    emulator.start()
    try:
        yield emulator
    finally:
        emulator.stop()


# -- the scenes


def goods_back(folder: Path, look: Look) -> None:
    """Goods that come back: the receipts, one of them, a void's question, the money given back."""
    with opened(folder, look) as pictures:
        driver = pictures.driver
        driver.press("f6")
        driver.press("f3")
        pictures.wait_for("returns")
        pictures.shot("returns_empty")
        driver.press("escape")
        sell(pictures, shop.MILK)
        receipt = sell(pictures, shop.BOOK, shop.BREAD, shop.BREAD, shop.MILK)
        driver.press("f6")
        driver.press("f3")
        pictures.wait_for_text(f"receipt:{receipt}")
        pictures.shot("returns")
        driver.tap(f"receipt:{receipt}")
        pictures.wait_for_text("back_line:2")
        driver.tap("back_line:2")
        driver.tap("less")
        driver.tap("reason:defect")
        pictures.shot("returns_receipt")
        driver.tap("void")
        pictures.shot("returns_void")
        driver.tap("no")
        driver.frames(2)
        driver.tap("refund")
        pictures.wait_for("pay")
        pictures.shot("pay_back")
        driver.press("enter")
        pictures.wait_for("done")
        pictures.shot("done_paid_back")


def an_order(folder: Path, look: Look) -> None:
    """An order made from the basket, one handed over in part, a deposit."""
    with opened(folder, look) as pictures:
        driver = pictures.driver
        driver.app.scan(shop.BOOK)
        driver.app.scan(shop.BREAD)
        driver.press("f6")
        driver.press("f4")
        pictures.wait_for("make_order")
        driver.tap("delivery:delivery")
        driver.tap("name_text")
        driver.type("Kim")
        driver.tap("key:5")
        pictures.shot("make_order")
        driver.tap("place_and_pay")
        pictures.wait_for("pay")
        driver.press("enter")
        pictures.wait_for("done")
        driver.press("enter")
        driver.press("f3")
        pictures.wait_for_text("order:SO-1")
        driver.tap("order:SO-1")
        driver.tap("order_line:1")
        driver.tap("less")
        pictures.shot("orders_part")
        driver.press("f9")
        driver.tap("key:5")
        pictures.shot("orders_deposit")
        driver.press("escape")
        driver.tap("search_text")
        driver.type("nobody")
        pictures.wait_for_text("empty")
        pictures.shot("orders_empty")


def every_tender(folder: Path, look: Look) -> None:
    """What the pay screen opens, and the QR code after it."""
    from test_till_paying import CODE

    with opened(folder, look) as pictures:
        driver = pictures.driver
        driver.app.scan(shop.BOOK)
        desk = pictures.till.desk
        desk.take_sale(replace(desk.sale, basket=replace(desk.sale.basket, customer="C1")))
        driver.press("f12")
        pictures.wait_for("pay")
        pictures.shot("pay_empty")
        driver.app.scan(CODE)
        pictures.wait_for_text("voucher_balance")
        pictures.shot("pay_voucher")
        driver.press("escape")
        driver.press("f3")
        pictures.wait_for_text("account_left")
        pictures.shot("pay_account")
        driver.press("escape")
        driver.press("f4")
        pictures.shot("pay_card_manual")
        driver.press("escape")
        driver.press("f6")
        pictures.shot("pay_tip")
        driver.tap("tip:100")
        driver.frames(2)
        pictures.shot("pay_with_tip")
        driver.press("f1")
        pictures.shot("help")
        driver.press("escape")
        driver.press("enter")
        pictures.wait_for("done")
        pictures.shot("done_qr")
        driver.press("f8")
        pictures.wait_for_text("mail_address")
        driver.type_slowly("kim.sample@example.org")
        pictures.shot("done_by_mail")
        driver.press("enter")
        pictures.wait_for_text("mail_told")
        pictures.shot("done_mailed")


def all_panels(folder: Path, look: Look) -> None:
    """The sale's panels that the ordinary day does not open, and the frame's."""
    with opened(folder, look) as pictures:
        driver = pictures.driver
        driver.app.scan(shop.BOOK)
        driver.press("f6")
        driver.press("f7")
        pictures.shot("free_line")
        driver.press("escape")
        driver.press("escape")
        pictures.screens.sale.add("GC")
        driver.frames(3)
        pictures.shot("voucher_amount")
        driver.press("escape")
        driver.frames(2)
        driver.tap("line:1")
        for mode in ("price", "note"):
            driver.tap(f"change:{mode}")
            pictures.shot(f"line_{mode}")
        driver.press("escape")
        driver.press("f6")
        driver.press("f9")
        driver.tap("quick:K0001")
        pictures.shot("quick_key")
        driver.press("escape")
        pictures.shot("quick_keys_edited")
        driver.tap("page_rename")
        pictures.shot("quick_keys_name")
        driver.press("escape")
        driver.tap("keys_done")
        pictures.screens.sale.scan("nothing")
        pictures.screens.bar.refresh()
        driver.app.hush()
        driver.app._ask_supervisor()
        pictures.shot("supervisor")
        driver.press("escape")
        driver.press("f8")
        driver.type_slowly("nobody")
        pictures.wait_for_text("empty")
        pictures.shot("customer_empty")


def by_touch(folder: Path, look: Look) -> None:
    """The on-screen keyboard: a name, signs and accents, a mail address, figures, a code."""
    with opened(folder, look) as pictures:
        driver = pictures.driver
        driver.app.scan(shop.BOOK)
        for key in ("more", "more:free", "type:B", "type:r", "type:o", "type:t"):
            driver.tap(key)
        pictures.shot("keyboard")
        for key, name in (("type:signs", "keyboard_signs"), ("type:west", "keyboard_accents")):
            driver.tap(key)
            pictures.shot(name)
        driver.tap("back")
        driver.tap("customer")
        driver.frames(4)
        pictures.shot("keyboard_search")
        driver.tap("new_customer")
        driver.frames(4)
        for name in ("new_email", "new_phone"):
            while not driver.app.frame.panel.ids[name.removeprefix("new_")].focus:
                driver.tap("type:next")
                driver.frames(4)
            pictures.shot(f"keyboard_{name}")
        driver.tap("back")
        driver.app.go("returns")
        driver.frames(3)
        driver.tap("number_text")
        driver.frames(4)
        pictures.shot("keyboard_code")


def settings(folder: Path, look: Look) -> None:
    """The devices, what their check found, an address; messages without a word."""
    with opened(folder, look, printer="escpos+tcp://127.0.0.1:9?profile=generic-80") as pictures:
        driver = pictures.driver
        driver.press("f7")
        pictures.shot("messages_empty")
        driver.press("escape")
        driver.press("f10")
        driver.press("f2")
        pictures.wait_for("settings")
        pictures.shot("settings")
        driver.press("f2")
        driver.tap("device:printer")
        driver.wait_until(lambda: "127.0.0.1" in driver.texts()["finding"], "the check")
        pictures.shot("settings_checked")
        driver.press("f3")
        pictures.shot("settings_address")
        driver.press("escape")


def doubts(folder: Path, look: Look) -> None:
    """A card payment at work, one that nobody knows the end of, what the slip says."""
    from hardware.emulators.terminal import Options, TerminalEmulator
    from till.card.payments import CardOrder

    folder.mkdir(parents=True)
    options = Options(port=0, card_delay_s=1.0)
    with (
        emulated(TerminalEmulator(folder / "terminal.json", options)) as device,
        opened(folder / "till", look, terminal=f"zvt://127.0.0.1:{device.facts()['port']}") as pictures,
    ):
        driver, desk = pictures.driver, pictures.till.desk
        driver.app.scan(shop.BOOK)
        driver.press("f12")
        pictures.wait_for("pay")
        driver.press("f8")
        pictures.wait_for_text("terminal")
        pictures.shot("pay_terminal")
        pictures.wait_for("done")
        driver.press("enter")
        driver.app.scan(shop.BOOK)
        desk.parts.cards._intend(desk.sale, CardOrder(amount_minor=1999))
        driver.press("f7")
        pictures.wait_for_text("settle_paid")
        pictures.shot("messages_doubt")
        driver.press("f3")
        pictures.shot("messages_slip")


def silent_unit(folder: Path, look: Look) -> None:
    """A sale whose fiscal unit does not answer: the receipt, the messages, the close."""
    with opened(folder, look, fiscal="fiscal+tcp://127.0.0.1:9?deadline=1") as pictures:
        driver = pictures.driver
        driver.app.scan(shop.MILK)
        driver.press("f12")
        driver.press("enter")
        pictures.wait_for("done")
        time.sleep(0.3)
        pictures.shot("done_not_signed")
        driver.press("enter")
        pictures.screens.bar.refresh()
        driver.press("f7")
        pictures.wait_for("messages")
        pictures.shot("messages_fiscal")


def forgotten(folder: Path, look: Look) -> None:
    """Yesterday's shift was not closed."""
    with opened(folder, look) as pictures:
        sell(pictures, shop.BOOK)
        driver, journal = pictures.driver, pictures.till.desk.parts.journal
        day = {"business_day": "2026-11-20"}
        journal.position = replace(journal.position, shift=replace(journal.position.shift, **day))
        driver.press("f10")
        driver.press("f11")
        pictures.wait_for("sign_in")
        sign_in(pictures)
        pictures.wait_for("close_shift")
        pictures.shot("forgotten_shift")
        driver.app.hush()
        pictures.shot("forgotten_shift_hushed")


def practice(folder: Path, look: Look) -> None:
    """What says that a till practises."""
    with managed_till(folder, look) as pictures:
        pictures.driver.tap("practice_key")
        pictures.wait_for_text("practice")
        pictures.shot("practice_sign_in")
        begin(pictures)
        pictures.driver.app.scan(shop.BOOK)
        pictures.shot("practice_sale")


SCENES: tuple[Callable[[Path, Look], None], ...] = (
    goods_back,
    an_order,
    every_tender,
    all_panels,
    by_touch,
    settings,
    doubts,
    silent_unit,
    forgotten,
    practice,
)
