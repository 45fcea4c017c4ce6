"""The till's view of the mirror: exact look-ups, type-ahead, a file that is replaced under it, and words about it."""

import http.server
import os
import threading
import time
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace
from sample_till import ARTICLES, MILK, SETTINGS, Port, make_folder, make_mirror

from schema.barcode import lookup_key
from schema.catalogue import Article
from schema.device import AGENT, MIRROR, AgentAddress, write_whole
from schema.errors import Refused, Unready
from till.config import load_config
from till.link import AgentLink
from till.mirror import Mirror
from till.selling.scanning import find
from till.words import RefusedInWords, Words, load_words


@pytest.fixture
def mirror(folder):
    view = Mirror(folder)
    yield view
    view.close()


def test_an_ean_is_found_however_it_is_read(folder, mirror):
    upc = Article(number="U1", name="Soap", price_minor=199, tax_code="standard", barcodes=("012345678905",))
    make_mirror(folder / "new.db", articles=(*ARTICLES, upc))
    (folder / "new.db").replace(folder / MIRROR)
    for read in ("012345678905", "0012345678905", "00012345678905", " 012345678905\n"):
        assert find(read, mirror, SETTINGS).articles[0].number == "U1"


def test_a_replaced_file_is_seen_at_once(folder, mirror):
    """A snapshot is swapped in while the till is open: the next scan reads the new one."""
    assert mirror.articles_by_key(lookup_key(MILK))[0].price_minor == 129
    dearer = (replace(ARTICLES[0], price_minor=139), *ARTICLES[1:])
    make_mirror(folder / "new.db", articles=dearer)
    (folder / "new.db").replace(folder / MIRROR)
    assert mirror.articles_by_key(lookup_key(MILK))[0].price_minor == 139


def test_a_missing_or_broken_file_is_told(folder, mirror):
    (folder / MIRROR).unlink()
    with pytest.raises(Unready) as caught:
        mirror.settings()
    assert caught.value.code == "no_mirror"
    (folder / MIRROR).write_bytes(os.urandom(8192))
    with pytest.raises(Unready):
        mirror.articles_by_key(lookup_key(MILK))
    assert not mirror.sync_facts("till-1", 1).known


@pytest.mark.parametrize(
    ("text", "number"), [("milk", "A1"), ("MIL", "A1"), ("kase", "A3"), ("käse bo", "A3"), ("A4", "A4"), (MILK, "A1")]
)
def test_type_ahead_finds_words_numbers_and_barcodes(mirror, text, number):
    assert [article.number for article in mirror.search(text, 10)] == [number]


@pytest.mark.parametrize("text", ["", "  ", '"', "*", "NEAR(", "a AND", "'; --", "Recalled", "\x00", "🧀"])
def test_odd_searches_find_nothing_and_break_nothing(mirror, text):
    """Fault 57: what is typed never becomes part of a query's syntax; blocked articles are not offered."""
    assert mirror.search(text, 10) == []


@pytest.mark.parametrize(("text", "count"), [("sample", 1), ("KAFER", 1), ("%", 0), ("_", 0), ("", 0), ("nobody", 0)])
def test_customers_are_found_by_words(mirror, text, count):
    assert len(mirror.customers(text, 10)) == count


def test_several_articles_of_one_barcode_are_offered(tmp_path):
    twin = replace(ARTICLES[1], barcodes=(MILK,))
    make_folder(tmp_path / "till", articles=(ARTICLES[0], twin))
    port = Port(tmp_path / "till").morning()
    port.screens.sale.scan(MILK)
    assert {hit.article for hit in port.screens.sale.state.hits} == {"A1", "A2"}
    port.screens.sale.pick(0)
    assert port.screens.sale.state.hits == ()
    assert len(port.ok("status")["basket"]["lines"]) == 1
    port.close()


@pytest.mark.parametrize(
    ("state", "age_ms", "said"),
    [
        ("online", 0, "Online · 2 waiting"),
        ("online", 600_000, "Offline · 2 waiting since"),
        ("offline", 0, "Offline · 2 waiting since"),
        ("portal", 0, "Internet login needed · 2 waiting since"),
        ("frozen", 0, "Head office has stopped"),
    ],
)
def test_the_connection_in_words(tmp_path, state, age_ms, said):
    """Screens: the state is said in words; an agent that has been silent for minutes is not believed."""
    now_ms = int(time.time() * 1000)
    make_folder(tmp_path / "till", state=state, contact_ms=now_ms - age_ms)
    port = Port(tmp_path / "till").morning()
    status = port.ok("status")
    assert status["connection_text"].startswith(said)
    port.screens.bar.refresh()
    assert port.screens.bar.state.connection_text.startswith(said)
    assert port.screens.bar.state.waiting == status["waiting"] == 2
    port.close()


class LoopbackAgent(http.server.BaseHTTPRequestHandler):
    """What the agent's endpoint looks like from here: one token, small JSON."""

    def do_POST(self):
        good = self.headers["Authorization"] == "Bearer sample-token"
        self.send_response(200 if good else 403)
        self.end_headers()
        self.wfile.write(b'{"accepted": true}')

    def log_message(self, *_):
        pass


def test_the_agent_is_asked_on_loopback_with_its_token(tmp_path):
    server = http.server.HTTPServer(("127.0.0.1", 0), LoopbackAgent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        for token, fails in (("sample-token", False), ("other", True)):
            address = AgentAddress(port=server.server_port, token=token)
            write_whole(tmp_path / AGENT, msgspec.json.encode(address))
            if fails:
                with pytest.raises(Unready):
                    AgentLink(tmp_path).sync_now()
            else:
                assert AgentLink(tmp_path).sync_now() == {"accepted": True}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_agent_that_does_not_answer_costs_two_seconds_at_most(tmp_path):
    """Fault 29, I18: no file, a dead port, a mute port: offline, and soon."""
    link = AgentLink(tmp_path)
    with pytest.raises(Unready):
        link.status()
    with http.server.HTTPServer(("127.0.0.1", 0), LoopbackAgent) as mute:  # listens, never answers
        write_whole(tmp_path / AGENT, msgspec.json.encode(AgentAddress(port=mute.server_port, token="x")))
        began = time.monotonic()
        with pytest.raises(Unready) as caught:
            link.status()
        assert time.monotonic() - began < 3
        assert caught.value.code == "agent_silent"


def test_settings_come_from_file_and_environment(tmp_path):
    (tmp_path / "till.toml").write_text('printer = "none:"\nlanguage = "de"\nballast_mb = 1\n')
    config = load_config(tmp_path, {"COUNTERFOIL_LANGUAGE": "nl"})
    assert (config.printer, config.language, config.ballast_mb) == ("none:", "nl", 1)
    for text in ("printer = 5\nprinter = 6", 'prnter = "x"', "ballast_mb = 'much'"):
        (tmp_path / "till.toml").write_text(text)
        with pytest.raises(Refused) as caught:
            load_config(tmp_path, {})
        assert caught.value.code == "bad_config"


def test_words_translate_and_fill_in():
    words = Words("de", {"{count} waiting": "{count} warten", "error.old": "Alt."})
    assert words("{count} waiting", count=3) == "3 warten"
    assert words("unknown {x}", x=1) == "unknown 1"
    assert words.of_error(RefusedInWords("c", "{count} waiting", count=2)) == "2 warten"
    assert words.of_error(Refused("old", "Old.")) == "Alt."
    assert load_words("xx").language == "en"


def test_the_store_limits_discounts(tmp_path):
    make_folder(tmp_path / "till", settings=replace(SETTINGS, discount_percent_max=Decimal(20)))
    port = Port(tmp_path / "till").morning()
    port.ok("scan", code=MILK)
    port.refused("bad_discount", "change", line=1, discount_percent="20.5")
    port.refused("bad_discount", "change", line=1, discount_amount=26)
    port.ok("change", line=1, discount_amount=25)
    port.refused("bad_discount", "bill_discount", amount=21)
    port.ok("bill_discount", percent="20")
    port.close()
