"""The terminal driver against the emulator: every mode in bounded time, and charged = booked in the end (47, 48)."""

import logging
import socket
import threading
import time

import pytest
from emulated_device import eventually
from msgspec.structs import replace
from terminal_till import QUICK, SECONDS_MAX, Till

from hardware.ports import CardRequest
from hardware.terminal.zvt import ZvtTerminal
from hardware.terminal.zvt_commands import Settings
from schema.errors import Refused, Unready, Unsure


def test_an_approved_payment_is_written_down_before_it_is_acknowledged(till):
    """The result is durable first: while `on_result` runs, the terminal has had no acknowledgement."""
    shop = till()
    seen = []

    def write_down(result):
        seen.append(result)
        assert shop.device.get("/state")["last"]["result"] == 0
        assert len(seen) == 1

    result = shop.terminal.pay(shop.request(), on_text=shop.texts.append, on_result=write_down)
    assert seen == [result]
    assert (result.outcome, result.approved_minor) == ("approved", 1234)
    assert (result.facts.terminal_id, result.facts.card_name) == ("12345678", "girocard")
    assert result.baseline == "12345678/0001/000001"
    assert shop.texts == ["Insert or hold the card to the terminal."]
    assert shop.charged() == 1234


def test_a_result_that_cannot_be_written_down_is_not_acknowledged(till):
    """Fault 47: the till's disk is full at the worst moment; the terminal takes its payment back."""
    shop = till(policy="reverse")

    def fail(_):
        raise OSError("disk full")

    request = shop.request()
    with pytest.raises(OSError, match="disk full"):
        shop.terminal.pay(request, on_text=shop.texts.append, on_result=fail)
    assert eventually(lambda: shop.charged() == 0)
    assert shop.terminal.recover(request).outcome == "cancelled"


@pytest.mark.parametrize("policy", ["keep", "reverse"])
@pytest.mark.parametrize(
    "mode",
    [
        "ok",
        "decline",
        "never-card",
        "mute",
        "mute-payment",
        "busy",
        "slow",
        "drop-before-status",
        "drop-after-status",
        "drop-after-ack",
        "duplicate-result",
        "unknown-bmp",
        "print-lines",
        "text",
        "abort-only",
        "wrong-amount",
    ],
)
def test_charged_is_booked_in_the_end(till, mode, policy):
    """Faults 47 and 48, invariant I11: whatever happens on the way, and whichever policy the terminal has."""
    shop = till(policy=policy)
    # A payment before, so that the last one is never the only one.
    assert shop.settle(shop.request(500)) == 500
    shop.device.post("/mode", mode=mode)
    started = time.monotonic()
    request = shop.request()
    try:
        booked = shop.settle(request)
    except Unready:
        # Mute: it cannot be asked yet. The attempt stays in doubt until it can.
        shop.device.post("/mode", mode="ok")
        booked = shop.terminal.recover(request).approved_minor
    assert time.monotonic() - started < SECONDS_MAX
    assert 500 + booked == shop.charged()
    assert shop.device.get("/state")["payments_asked"] <= 2
    shop.device.post("/mode", mode="ok")
    assert shop.settle(shop.request(700)) == 700
    assert 500 + booked + 700 == shop.charged()


@pytest.mark.parametrize(
    ("mode", "outcome"), [("decline", "declined"), ("never-card", "cancelled"), ("abort-only", "cancelled")]
)
def test_a_payment_that_was_not_made_says_why(till, mode, outcome):
    shop = till(mode=mode)
    result = shop.pay(shop.request())
    assert (result.outcome, result.approved_minor) == (outcome, 0)
    assert result.text
    assert shop.journal == [result]


@pytest.mark.parametrize(("mode", "code"), [("mute", "terminal_mute"), ("busy", "terminal_busy")])
def test_a_terminal_that_did_not_take_the_request_is_unready(till, mode, code):
    """Fault 48: nothing happened, nothing is in doubt, no intent stays open."""
    shop = till(mode=mode)
    started = time.monotonic()
    with pytest.raises(Unready) as refused:
        shop.pay(shop.request())
    assert refused.value.code == code
    assert time.monotonic() - started < SECONDS_MAX
    assert (shop.journal, shop.charged() if mode != "mute" else 0) == ([], 0)


def test_a_terminal_that_is_off_is_unready():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    terminal = ZvtTerminal("127.0.0.1", port, Settings(), QUICK)
    request = CardRequest(attempt_id="a", amount_minor=1, currency="EUR")
    with pytest.raises(Unready) as refused:
        terminal.pay(request, on_text=print, on_result=print)
    assert refused.value.code == "terminal_unreachable"
    with pytest.raises(Unready):
        terminal.recover(request)


@pytest.mark.parametrize(
    ("mode", "code"), [("mute-payment", "terminal_silent"), ("drop-before-status", "terminal_lost")]
)
def test_silence_after_the_request_is_doubt(till, mode, code):
    """The request may have been taken, so it is not repeated by itself."""
    shop = till(mode=mode)
    with pytest.raises(Unsure) as doubt:
        shop.pay(shop.request())
    assert doubt.value.code == code
    assert shop.device.get("/state")["payments_asked"] == 1


def test_an_approval_taken_back_is_doubt_not_money(till):
    """Fault 47: the till has seen the approval, the terminal missed the answer and reversed: the driver notices."""
    shop = till(mode="drop-after-status", policy="reverse")
    request = shop.request()
    with pytest.raises(Unsure) as doubt:
        shop.pay(request)
    assert doubt.value.code == "terminal_contradicts"
    assert [result.outcome for result in shop.journal] == ["approved"]
    assert shop.terminal.recover(request).outcome == "cancelled"


def test_an_approval_kept_after_a_broken_line_is_confirmed(till):
    shop = till(mode="drop-after-status", policy="keep")
    assert shop.pay(shop.request()).outcome == "approved"
    assert len(shop.journal) == 1


def test_a_wrong_amount_is_passed_on(till):
    """Fault 47: what was taken is what is reported; the till asks a supervisor."""
    shop = till(mode="wrong-amount")
    assert shop.pay(shop.request()).approved_minor == 1233
    assert shop.charged() == 1233


def test_a_duplicate_result_is_one_result(till):
    shop = till(mode="duplicate-result")
    shop.pay(shop.request())
    assert len(shop.journal) == 1


def test_every_byte_in_its_own_segment(till):
    shop = till(split_bytes=True)
    assert shop.pay(shop.request()).outcome == "approved"


def test_the_terminals_own_words_are_shown(till):
    shop = till(mode="text")
    assert shop.pay(shop.request()).text == "Zahlung erfolgt"
    assert shop.texts == ["Karte bitte"]


def test_a_display_that_fails_does_not_cost_the_payment(till, caplog):
    shop = till()
    result = shop.terminal.pay(shop.request(), on_text=lambda text: 1 / 0, on_result=shop.journal.append)
    assert result.outcome == "approved"
    assert "could not be shown" in caplog.text


def test_cancel_from_another_thread_ends_the_wait(till):
    shop = till(replace(QUICK, progress_s=20, payment_s=20), mode="never-card", patience_s=30)
    ends = []
    paying = threading.Thread(target=lambda: ends.append(shop.pay(shop.request())))
    started = time.monotonic()
    paying.start()
    eventually(lambda: shop.texts)
    shop.terminal.cancel()
    paying.join(timeout=8)
    assert [end.outcome for end in ends] == ["cancelled"]
    assert time.monotonic() - started < 8
    assert shop.charged() == 0


def test_cancel_without_a_payment_is_nothing(till):
    """A wish that nobody waits for must not cancel the next payment."""
    shop = till()
    shop.terminal.cancel()
    assert shop.pay(shop.request()).outcome == "approved"
    shop.terminal.cancel()


def test_cancel_too_late_changes_nothing(till):
    """The terminal answers that it cannot; the approval stands."""
    shop = till()
    result = shop.terminal.pay(
        shop.request(), on_text=shop.texts.append, on_result=lambda result: (shop.terminal.cancel(), time.sleep(0.1))
    )
    assert result.outcome == "approved"
    assert shop.charged() == 1234


def test_a_second_payment_at_once_is_refused(till):
    """Invariant I11: at most one payment at a terminal."""
    shop = till(replace(QUICK, progress_s=10, payment_s=15), card_delay_s=1)
    first = threading.Thread(target=shop.pay, args=(shop.request(),))
    first.start()
    eventually(lambda: shop.texts)
    with pytest.raises(Unready) as refused:
        shop.pay(shop.request(99))
    first.join(timeout=8)
    assert refused.value.code == "terminal_busy"
    assert shop.charged() == 1234


def test_the_terminal_remembers_over_a_restart(emulate, tmp_path):
    """Fault 47: till and terminal both lose power after the charge; recovery finds it, on a new port."""
    memory = ["--file", str(tmp_path / "terminal.json")]
    shop = Till(emulate("terminal", *memory, "--card-delay", "0", "--mode", "drop-before-status"))
    request = shop.request()
    with pytest.raises(Unsure):
        shop.pay(request)
    shop.device.program.kill()
    device = emulate("terminal", *memory)
    result = ZvtTerminal(device.host, device.port, Settings(), QUICK).recover(request)
    assert (result.outcome, result.approved_minor) == ("approved", 1234)
    assert device.get("/charges")["charged_minor"] == 1234


def test_recovery_tells_an_older_payment_of_the_same_amount_apart(till):
    """The trap: the last payment has our amount and is approved, but it is the one before."""
    shop = till()
    assert shop.settle(shop.request()) == 1234
    shop.device.post("/mode", mode="mute-payment")
    request = shop.request()
    with pytest.raises(Unsure):
        shop.pay(request)
    shop.device.post("/mode", mode="ok")
    assert shop.terminal.recover(request).outcome == "not_booked"


def test_recovery_of_a_terminal_without_memory_is_unknown(till):
    shop = till()
    assert shop.terminal.recover(shop.request()).outcome == "unknown"


def test_recovery_waits_for_a_busy_terminal_and_no_longer(till):
    shop = till(mode="busy")
    started = time.monotonic()
    with pytest.raises(Unready) as refused:
        shop.terminal.recover(shop.request())
    assert refused.value.code == "terminal_busy"
    assert 2 < time.monotonic() - started < SECONDS_MAX


@pytest.mark.parametrize("amount_minor", [0, -1, 10**12])
def test_an_amount_that_no_terminal_takes_is_refused(amount_minor):
    request = CardRequest(attempt_id="a", amount_minor=amount_minor, currency="EUR")
    with pytest.raises(Refused):
        ZvtTerminal("127.0.0.1", 1, Settings(), QUICK).pay(request, on_text=print, on_result=print)


def test_no_card_number_in_any_log(till, caplog):
    """Fault I16: the emulator sends a masked number; neither result nor log holds a part of it."""
    caplog.set_level(logging.DEBUG)
    shop = till()
    result = shop.pay(shop.request())
    assert "040F" in caplog.text
    assert "4771" not in caplog.text
    assert "4771" not in str(result)


def test_the_emulator_refuses_what_it_does_not_know(till):
    shop = till()
    for change in ({"mode": "generous"}, {"policy": "maybe"}, {"colour": "red"}):
        with pytest.raises(OSError, match="400"):
            shop.device.post("/mode", **change)
