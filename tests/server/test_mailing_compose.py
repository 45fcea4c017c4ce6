"""Mails of receipts: they say what the paper says, figure for figure, and nobody can write into them."""

import re
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace
from sample_mails import SALES, SETTINGS, golden, letter, written
from sample_papers import LANGUAGES, PRINTED_AT, letterhead

from hardware.printer.layout import text_lines
from hardware.printer.profiles import profile_named
from schema.catalogue import ReturnRules
from server.mailing.compose import Envelope, compose, html_of, text_of
from server.mailing.letter import USUAL
from server.mailing.settings import MailSettings, Secret
from server.words import words_of_room
from till.paper.receipts import sale_document
from till.words import load_words

SENT = MailSettings(host="h", port=25, security="none", sender="till@example.com", password=Secret())
ENVELOPE = Envelope(address="kim@example.org", message_id="<event-1.1@example.com>", at_ms=1_795_162_350_000)
# An amount, no part of a day.
FIGURE = re.compile(r"(?<![\d.])\d+[.,]\d\d(?![\d.])")
HOSTILE = "<script>alert(1)</script>\r\nBcc: lou@example.org\x1b[2J\x00"


def composed(made, settings=SENT, envelope=ENVELOPE):
    return message_from_bytes(compose(made, envelope, settings), policy=policy.SMTP)


class Words(HTMLParser):
    """The words of a page, as a person sees them."""

    def __init__(self, text):
        super().__init__()
        self.words = []
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def figures(text):
    return sorted(set(FIGURE.findall(text)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_mails_read_as_the_golden_ones(language):
    assert written(language) == golden(language).read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["de", "nl"])
def test_a_mail_says_what_the_paper_says_in_the_same_words(language):
    paper, mail = load_words(language), words_of_room("server.mailing", language)
    shared = {text for text in mail.texts if paper(text) != text}
    assert len(shared) > 30
    assert {text: mail(text) for text in shared} == {text: paper(text) for text in shared}


@pytest.mark.parametrize("language", ["de", "nl"])
def test_what_a_store_never_set_is_mailed_in_the_language(language):
    rules, words = ReturnRules(), words_of_room("server.mailing", language)
    assert {*rules.reasons, *rules.conditions, "other"} <= set(USUAL) == set(USUAL) & set(words.texts)
    returned = text_of(letter(SALES["return"], language))
    assert {"de": "defekt · geöffnet", "nl": "defect · geopend"}[language] in returned


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SALES)
def test_a_mail_says_the_figures_of_the_paper(name, language):
    sale = SALES[name]
    paper = "\n".join(text_lines(sale_document(sale, letterhead(language), PRINTED_AT), profile_named("generic-80")))
    made = letter(sale, language)
    text = text_of(made)
    assert figures(paper) == figures(text)
    assert figures(" ".join(Words(html_of(made)).words)) == figures(text)
    for needed in (sale.receipt, "09:12:30", SETTINGS.tax_number, *SETTINGS.address, SETTINGS.name):
        assert needed in paper
        assert needed in text


@pytest.mark.parametrize("name", SALES)
def test_text_and_html_say_the_same(name):
    made = letter(SALES[name], "de")
    seen = " ".join(" ".join(Words(html_of(made)).words).split())
    for part in (*made.head, *made.about, *made.fiscal, *made.foot, *made.banners):
        assert " ".join(part.split()) in seen
        assert part in text_of(made)


def test_what_the_fiscal_unit_signed_is_in_the_mail():
    signed = next(sale for sale in SALES.values() if sale.fiscal and sale.fiscal.signature)
    text = text_of(letter(signed, "de"))
    for needed in (signed.fiscal.signature, signed.fiscal.unit_serial, "4711", "9422", "Kasse till-1"):
        assert needed in text
    out = next(sale for sale in SALES.values() if sale.fiscal and sale.fiscal.outage)
    assert "ausgefallen" in text_of(letter(out, "de"))


def test_a_vouchers_code_is_not_mailed():
    for name, sale in SALES.items():
        for line in sale.lines:
            if line.kind == "voucher":
                text = text_of(letter(sale)) + html_of(letter(sale))
                assert line.reference not in text, name
                assert f"…{line.reference[-4:]}" in text, name


def test_the_headers_are_those_of_a_mail_that_a_machine_sends():
    mail = composed(letter(SALES["sale"], "de"), replace(SENT, reply_to="shop@example.com"))
    assert mail["From"].addresses[0].display_name == SETTINGS.name
    assert mail["From"].addresses[0].addr_spec == "till@example.com"
    assert (mail["To"], mail["Reply-To"]) == ("kim@example.org", "shop@example.com")
    assert mail["Subject"] == "Ihr Bon 0007-2-000123 von Käsehaus am Markt"
    assert mail["Message-ID"] == ENVELOPE.message_id
    assert mail["Date"].datetime.isoformat() == "2026-11-20T08:12:30+00:00"
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "de")
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_every_line_of_a_mail_is_short_and_plain():
    """RFC 5321 section 4.5.3.1.6; no server has to know more than ASCII."""
    data = compose(letter(SALES["sale"], "de"), ENVELOPE, SENT)
    assert data.isascii()
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")


def test_names_are_escaped_and_write_no_header():
    """Faults 58 and 61."""
    sale = SALES["sale"]
    lines = tuple(replace(line, name=HOSTILE, note=HOSTILE, discount_reason=HOSTILE) for line in sale.lines)
    hostile = replace(sale, lines=lines, cashier_name=HOSTILE, note=HOSTILE, receipt=HOSTILE)
    store = replace(SETTINGS, name=HOSTILE, address=(HOSTILE,), tax_number=HOSTILE, receipt_footer=(HOSTILE,))
    made = letter(hostile, settings=store, customer_name=HOSTILE, till_name=HOSTILE)
    mail = composed(made)
    assert mail["Bcc"] is None
    assert sorted(set(mail.keys())) == sorted(set(composed(letter(sale)).keys()))
    tags = {tag for tag, _ in Words(mail.get_body(("html",)).get_content()).tags}
    assert "script" not in tags
    assert "\x1b" not in mail.get_body(("plain",)).get_content()


def test_nothing_in_a_mail_is_loaded_from_anywhere():
    made = Words(html_of(letter(SALES["sale"])))
    assert not any({"src", "href", "background"} & attributes.keys() for _, attributes in made.tags)
    assert not any(tag in ("img", "link", "script", "style", "iframe") for tag, _ in made.tags)


def test_an_address_that_is_none_cannot_be_written():
    with pytest.raises(ValueError):
        composed(letter(SALES["sale"]), envelope=replace(ENVELOPE, address="kim@example.org\r\nBcc: lou@example.org"))
