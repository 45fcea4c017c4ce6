"""A till in German says nothing past its catalogue: on no screen, in no message, on no paper (a day with its troubles).

Every German text is marked in the catalogue. What is shown outside of the marks must be data: names, numbers, codes,
the days and amounts that the language writes. So a sentence that some room makes up in English is found.
"""

import re

import msgspec
import pytest
import sample_till as shop
from sample_till import Port

from till.paper import printing
from till.presenters.screen import Screen
from till.words import Words, load_words

# What a person reads, by the names of the states' fields; the others are names for programs.
READ = re.compile(
    r".*(text|title|about|detail|hint|question|warning|label|shift|reason|note|quantity)s?$|notices|message"
)
DATA = (
    *(each.name for each in (*shop.ARTICLES, *shop.CASHIERS)),
    *(
        "Sample Shop",
        "Till 2",
        "Sample & Co",
        "Kim Käfer",
        "Kim",
        "kim",
        "Lamp",
        "Dairy",
        "Bakery",
        "Books",
        "Mine",
        "Friday",
    ),
    *("girocard", "Visa", "Mastercard", "1 Example Street", "12345 Sampletown", "Thank you.", "kg", "changed by hand"),
    *("Deutsch", "English", "Nederlands", "smoke", "tomorrow", "generic-80"),
)
MARKED = re.compile(r"⟦[^⟦⟧]*⟧")


def marked(language):
    """Return the words of a language with a mark around each text."""
    texts = load_words(language)._catalogue
    return Words(language, {text: f"⟦{said}⟧" for text, said in texts.items()})


def past_the_catalogue(text):
    """Return what is left of a text that is neither marked nor data; empty where nothing speaks."""
    while text != (text := MARKED.sub("", text)):
        pass
    for name in sorted(DATA, key=len, reverse=True):
        text = text.replace(name, "")
    return text if re.search(r"[^\W\d_]{3,}", text) else ""


def read_by_people(value, name=""):
    """Yield the texts of a state or a paper that a person reads."""
    if isinstance(value, str):
        if READ.fullmatch(name):
            yield value
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from read_by_people(getattr(value, field), field)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from read_by_people(each, name)


@pytest.fixture
def heard(monkeypatch):
    """Collect what a German till shows, says and prints."""
    found = set()

    def collect(value, name=""):
        found.update(filter(None, map(past_the_catalogue, read_by_people(value, name))))

    for module in ("till.assemble", "till.desk"):
        monkeypatch.setattr(f"{module}.load_words", marked)
    shows, says, prints = Screen.show, Screen.say, printing.encode

    def show(self, state):
        collect(state)
        shows(self, state)

    def say(self, kind, text, **more):
        collect(text, "message")
        says(self, kind, text, **more)

    def encode(document, profile):
        collect(document)
        # What is on paper stands in blocks of other names.
        collect([getattr(block, each, "") for block in document.blocks for each in ("text", "left", "right")], "text")
        return prints(document, profile)

    monkeypatch.setattr(Screen, "show", show)
    monkeypatch.setattr(Screen, "say", say)
    monkeypatch.setattr(printing, "encode", encode)
    return found


DAY = (
    ("scan", {"code": shop.MILK}),
    ("scan", {"code": "96385074"}),
    ("scan", {"code": "]d2garbled"}),
    ("scan", {"code": shop.GONE}),
    ("change", {"line": 1, "quantity": "x"}),
    ("change", {"line": 1, "quantity": "2", "discount_percent": "10"}),
    ("change", {"line": 1, "price": 5}),
    ("bill_discount", {"percent": "500"}),
    ("add", {"article": "A4", "quantity": "0.350"}),
    ("unknown", {"text": "Lamp", "price": 250, "tax_code": "standard"}),
    ("pay", {"tender": "card"}),
    ("pay", {"tender": "voucher", "code": "VABCDEFGH2345671"}),
    ("pay", {"tender": "account"}),
    ("voucher", {"code": "nothing"}),
    ("pay", {"tender": "card_manual", "card": "other", "amount": 100}),
    ("pay", {"tender": "cash", "amount": 5000}),
    ("receipt", {"as": "print"}),
    ("receipt", {"as": "smoke"}),
    ("mail_receipt", {"address": "nobody"}),
    ("scan", {"code": shop.BOOK}),
    ("park", {"title": "Mine"}),
    ("parked", {}),
    ("resume", {"parked": "Mine"}),
    ("customer", {"search": "kim"}),
    ("customer", {"search": "kim", "head_office": True}),
    ("customer", {"number": "C1"}),
    ("customer_detail", {"number": "C1"}),
    ("make_order", {"name": "Kim", "date": "tomorrow"}),
    ("make_order", {"name": "Kim", "date": "24.12.2099", "pay": 500}),
    ("pay", {"tender": "cash"}),
    ("open_orders", {}),
    ("order", {"order": "SO-1"}),
    ("take_order", {"order": "SO-1"}),
    ("cancel", {}),
    ("find_receipt", {"receipt": "1"}),
    ("find_receipt", {"receipt": "9999-1-000001"}),
    ("return", {"receipt": "1", "reason": "defect", "condition": "opened", "refund": "cash"}),
    ("void", {"receipt": "2", "reason": "wrong article"}),
    ("supervisor", {"pin": "0"}),
    ("supervisor", {"pin": "9999"}),
    ("return", {"receipt": "1", "lines": [{"line": 2, "quantity": "0.1"}], "reason": "defect", "refund": "cash"}),
    ("cash_in", {"amount": 100, "reason": "change"}),
    ("cash_out", {"amount": 100}),
    ("skim", {"amount": 1000, "reason": "To the safe"}),
    ("open_drawer", {"reason": "count"}),
    ("x_report", {}),
    ("count", {"total": 1}),
    ("settings", {}),
    ("set_device", {"device": "printer", "address": "lpt1"}),
    ("messages", {}),
    ("terminal_day", {}),
    ("sync", {}),
    ("lock", {}),
    ("unlock", {"pin": "0"}),
    ("unlock", {"pin": "1111"}),
    ("close_shift", {"counted": 12345}),
    ("z_report", {}),
    ("reports", {}),
    ("test_print", {}),
    ("sign_out", {}),
)


@pytest.mark.parametrize("fault", ["none", "paper-out"])
def test_a_german_day_says_nothing_in_english(folder, printer, heard, fault):
    till = Port(folder, printer=printer.url, language="de")
    printer.control("/fault", fault=fault)
    till.morning()
    for command, fields in DAY:
        till.do(command, **fields)
    for each in till.screens.__struct_fields__[1:]:
        till.do("status")
        getattr(till.screens, each).enter()
    till.close()
    assert heard == set()


def test_what_is_made_up_on_the_way_would_be_found(folder, heard):
    till = Port(folder, language="de")
    till.screens.sale.say("warn", "The printer is on fire.")
    till.screens.sale.say("warn", till.till.desk.words("Count the drawer first."))
    till.close()
    assert heard == {"The printer is on fire."}
