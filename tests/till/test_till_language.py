"""Languages: per till, per cashier, switched at sign-in; counting is right; devices and help speak all of them."""

import re
from decimal import Decimal
from typing import get_args

import pytest
import sample_till as shop
from msgspec.structs import replace
from sample_till import Port

from hardware.doctor import TRANSLATED
from schema.clock import SystemClock
from schema.errors import Unready, as_sentence
from till.help import HELP
from till.moment import clock_time, stamp
from till.permissions import lifted
from till.presenters.screen import ScreenName
from till.words import LANGUAGE_NAMES, LANGUAGES, Day, RefusedInWords, load_words

SENTENCE = re.compile(r"[.!?](?:\s|$)")


@pytest.mark.parametrize("language", ["de", "nl"])
def test_the_language_is_switched_before_anybody_signs_in(port, language):
    assert port.ok("speak", language=language)["language"] == language
    told = port.refused("wrong_pin", "sign_in", cashier="1", pin="0")["error"]["message"]
    assert {"de": "PIN stimmt nicht", "nl": "pincode"}[language] in told


@pytest.mark.parametrize(
    ("language", "begins"),
    [("en", "A discount needs"), ("de", "Ein Rabatt: Das erlaubt nur"), ("nl", "Een korting: daarvoor")],
)
def test_a_refusal_names_what_was_refused_in_its_own_language(language, begins):
    with pytest.raises(RefusedInWords) as refused:
        lifted(shop.CASHIERS[0], None, "discount")
    assert load_words(language).of_error(refused.value).startswith(begins)
    assert refused.value.message.startswith("A discount needs")


def test_a_language_that_is_not_there_is_english(port):
    assert port.ok("speak", language="xx")["language"] == "en"


def test_a_cashier_reads_the_own_language_and_the_paper_keeps_the_stores(folder):
    own = replace(shop.CASHIERS[0], language="nl")
    shop.change_row(folder, "UPDATE party SET body = ? WHERE kind = 'cashier' AND key = '1'", own)
    till = Port(folder, language="de")
    till.morning()
    desk = till.till.desk
    assert desk.words.language == "nl"
    assert desk.letterhead().words.language == "de"
    assert desk.amount(123456) == "€\u00a01.234,56"
    till.ok("sign_out")
    assert desk.words.language == "de"
    till.ok("sign_in", cashier="2", pin="2222")
    assert desk.words.language == "de"
    till.close()


def test_what_is_printed_under_a_line_is_the_papers_language_whoever_sells(folder):
    own = replace(shop.CASHIERS[0], language="nl")
    shop.change_row(folder, "UPDATE party SET body = ? WHERE kind = 'cashier' AND key = '1'", own)
    till = Port(folder, language="de")
    till.morning()
    till.ok("scan", code=f"]d201{shop.MILK.zfill(14)}1730123110B7")
    line = till.screens.sale.state.lines[0]
    assert line.note == "Charge B7, zu verbrauchen bis 31.12.2030"
    assert till.screens.sale.state.total_text.startswith("€\u00a0")
    till.close()


@pytest.mark.parametrize(
    ("language", "day", "number", "many"),
    [
        ("en", "Voucher V was valid until 1 Dec 2026.", "at most 12.5 percent", "12,345 events in the journal"),
        ("de", "Gutschein V war bis 01.12.2026 gültig.", "höchstens 12,5 Prozent", "12.345 Ereignisse im Journal"),
        ("nl", "geldig tot 01-12-2026.", "hoogstens 12,5 procent", "12.345 gebeurtenissen in het journaal"),
    ],
)
def test_days_and_numbers_in_a_sentence_are_the_languages_own(language, day, number, many):
    words = load_words(language)
    refused = RefusedInWords(
        "voucher_expired", "Voucher {code} was valid until {day}.", code="V", day=Day("2026-12-01")
    )
    assert words.of_error(refused).endswith(day)
    assert refused.message == "Voucher V was valid until 1 Dec 2026."
    assert number in words("A discount is at most {percent} percent here.", percent=Decimal("12.50"))
    assert words.count("{count} event in the journal", "{count} events in the journal", 12345) == many


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "The terminal refused. Declined by the card's bank (code 2A). Nothing was paid."),
        ("de", "Das Terminal hat abgelehnt. Von der Bank der Karte abgelehnt (Code 2A). Nichts wurde bezahlt."),
        ("nl", "De terminal heeft geweigerd. Geweigerd door de bank van de kaart (code 2A). Er is niets betaald."),
    ],
)
def test_a_cause_inside_an_error_is_said_in_the_language_with_its_code(language, said):
    why = as_sentence("Declined by the card's bank (code 2A).")
    error = Unready("terminal_refused", "The terminal refused. {why} Nothing was paid.", why=why)
    assert load_words(language).of_error(error) == said


def test_an_error_whose_values_were_left_behind_is_said_in_english():
    """Over a wire or from the disk come code and message alone."""
    kept = Unready("terminal_refused", "The terminal refused. Wrong PIN. Nothing was paid.")
    assert load_words("de").of_error(kept) == kept.message
    assert load_words("de").of_error(Unready("never_heard_of", "Strange.")) == "Strange."


@pytest.mark.parametrize(("language", "date"), [("de", "20.11.2026"), ("nl", "20-11-2026"), ("en", "20 Nov 2026")])
def test_instants_on_screen_and_paper_follow_the_language(language, date):
    clock = SystemClock()
    at_ms = 1_795_162_350_000 - clock.utc_offset_min() * 60_000
    assert stamp(at_ms, clock, language) == f"{date} 08:12:30"
    assert clock_time(at_ms, clock, language) == f"{date} 08:12"
    assert re.fullmatch(r"\d\d:\d\d", clock_time(clock.now_ms(), clock, language))


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [("en", "1 article", "2 articles"), ("de", "1 Zeile", "2 Zeilen"), ("nl", "1 regel", "2 regels")],
)
def test_one_is_not_said_as_many(language, one, many):
    words = load_words(language)
    name = ("{count} article", "{count} articles") if language == "en" else ("{count} line", "{count} lines")
    assert words.count(*name, 1) == one
    assert words.count(*name, 2) == many
    assert words.count(*name, 0).startswith("0 ")


def test_a_weighed_quantity_is_counted_as_it_is_written():
    words = load_words("en")
    assert words.count("{count} article", "{count} articles", Decimal("1")) == "1 article"
    assert words.count("{count} article", "{count} articles", Decimal("1.5")) == "1.5 articles"


def test_a_basket_of_one_says_one(port):
    port.morning()
    port.ok("scan", code=shop.MILK)
    assert port.screens.sale.state.count_text == "1 article"
    port.ok("scan", code=shop.BREAD)
    assert port.screens.sale.state.count_text == "2 articles"


def test_every_screen_has_help_of_two_to_four_sentences_in_every_language():
    assert set(HELP) == set(get_args(ScreenName))
    for language in LANGUAGES:
        words = load_words(language)
        for screen, text in HELP.items():
            said = words(text)
            assert 2 <= len(SENTENCE.findall(said)) <= 4, (language, screen)
            assert language == "en" or said != text, (language, screen)


def test_devices_speak_every_language_of_the_till():
    """The device check words its findings in hardware's own catalogues."""
    assert set(LANGUAGES) == {"en", *TRANSLATED} == set(LANGUAGE_NAMES)


def test_the_stores_language_is_the_tills_until_it_has_its_own(folder):
    shop.change_settings(folder, language="nl")
    till = Port(folder)
    assert till.till.desk.words.language == "nl"
    till.close()
    till = Port(folder, language="de")
    assert till.till.desk.words.language == "de"
    till.close()
