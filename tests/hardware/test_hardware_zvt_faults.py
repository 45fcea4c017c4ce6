"""Payment, refund and reversal broken off at every step: moved at the terminal = booked in the end (47, 48, I11)."""

import pytest
from msgspec.structs import replace
from terminal_till import FAST, SECONDS_MAX, Till

from hardware.terminal.zvt_commands import Settings
from schema.errors import Refused, Unready, Unsure

BEFORE_MINOR = 500
STEPS = [
    "drop-registration",
    "drop-at-command",
    "drop-after-taking",
    "drop-in-progress",
    "drop-before-status",
    "drop-after-status",
    "drop-after-ack",
    "drop-in-print",
]
SILENCES = ["mute", "mute-payment", "half-open", "late"]
ANSWERS = [
    "ok",
    "decline",
    "never-card",
    "busy",
    "wrong-amount",
    "duplicate-result",
    "unknown-bmp",
    "abort-only",
    "slow",
    "print-lines",
    "text",
]


def asked_of(shop: Till, kind: str):
    """What is asked after a first payment of 5.00; a reversal takes that one back."""
    amount_minor = {"payment": 1234, "refund": 300, "reversal": BEFORE_MINOR}[kind]
    return shop.request(amount_minor, kind, "0001" if kind == "reversal" else "")


def settled(shop: Till, request) -> int:
    """Ask; where the terminal cannot even be asked what became of it, ask that again when it can."""
    try:
        return shop.settle(request)
    except Unready:
        shop.device.post("/mode", mode="ok")
        return shop.recover_patiently(request, SECONDS_MAX).approved_minor


@pytest.mark.parametrize("policy", ["keep", "reverse"])
@pytest.mark.parametrize("mode", [*STEPS, *SILENCES, *ANSWERS])
@pytest.mark.parametrize("kind", ["payment", "refund", "reversal"])
def test_moved_is_booked_in_the_end(till, kind, mode, policy):
    """Faults 47 and 48: whatever breaks, whatever the terminal does with a lost answer, and nothing is asked twice."""
    shop = till(FAST, policy=policy, patience_s=1.6 if mode == "late" else 0.3)
    assert shop.settle(shop.request(BEFORE_MINOR)) == BEFORE_MINOR
    shop.device.post("/mode", mode=mode)
    booked = settled(shop, asked_of(shop, kind))
    sign = 1 if kind == "payment" else -1
    assert shop.charged() == BEFORE_MINOR + sign * booked
    assert shop.asked().get(kind, 0) <= (2 if kind == "payment" else 1)
    shop.device.post("/mode", mode="ok")
    assert shop.settle(shop.request(700)) == 700
    assert shop.charged() == BEFORE_MINOR + sign * booked + 700


@pytest.mark.parametrize("kind", ["payment", "refund", "reversal"])
@pytest.mark.parametrize(
    ("mode", "policy", "outcome"),
    [
        ("drop-after-status", "keep", "approved"),
        ("drop-after-status", "reverse", "cancelled"),
        ("drop-before-status", "keep", "approved"),
        ("drop-before-status", "reverse", "cancelled"),
        ("half-open", "keep", "approved"),
        ("half-open", "reverse", "cancelled"),
        ("drop-in-progress", "keep", "not_booked"),
        ("drop-at-command", "reverse", "not_booked"),
    ],
)
def test_recovery_finds_out_what_became_of_it(till, kind, mode, policy, outcome):
    """Fault 47: each kind of request under both policies on a lost answer, found by the terminal's last transaction."""
    shop = till(FAST, policy=policy)
    shop.settle(shop.request(BEFORE_MINOR))
    shop.device.post("/mode", mode=mode)
    request = asked_of(shop, kind)
    doubt = None
    try:
        shop.ask(request)
    except Unsure as error:
        doubt = error
    found = shop.terminal.recover(request)
    assert found.outcome == outcome
    assert (found.approved_minor > 0) == (outcome == "approved")
    # An approval that the terminal confirmed at once needs no doubt; anything else is told as one.
    assert (doubt is None) == (mode == "drop-after-status" and policy == "keep")


@pytest.mark.parametrize("kind", ["payment", "refund", "reversal"])
def test_silence_is_called_off(till, kind):
    """Fault 47, approved after the time was over: a silent terminal is told to end, and says that nothing moved."""
    shop = till(FAST)
    shop.settle(shop.request(BEFORE_MINOR))
    shop.device.post("/mode", mode="never-card", patience_s=20)
    result = shop.ask(asked_of(shop, kind))
    assert (result.outcome, result.approved_minor) == ("cancelled", 0)
    assert shop.charged() == BEFORE_MINOR


def test_an_approval_too_late_to_call_off_counts(till):
    """Fault 47: the terminal decided while the till was calling off; that answer is the one that is written down."""
    shop = till(replace(FAST, abort_s=3), mode="late", patience_s=1.5)
    assert shop.pay(shop.request(600)).approved_minor == 600
    assert [each.approved_minor for each in shop.journal] == [600]
    assert shop.charged() == 600


def test_a_reversal_is_not_taken_for_a_payment(till):
    """The trap: a payment's answer is lost, and the terminal's last transaction is a reversal of the same amount."""
    shop = till()
    shop.settle(shop.request(500))
    request = shop.request(500)
    assert shop.settle(shop.request(500, "reversal", "0001")) == 500
    assert shop.terminal.recover(request).outcome == "unknown"


def test_a_payment_is_reversed_by_its_receipt_number(till):
    """Not only the last one: any of the day, and each once."""
    shop = till()
    first = shop.pay(shop.request(500))
    shop.pay(shop.request(700))
    reversed_ = shop.ask(shop.request(500, "reversal", first.facts.receipt_number))
    assert (reversed_.outcome, reversed_.approved_minor) == ("approved", 500)
    assert reversed_.facts.receipt_number not in ("", first.facts.receipt_number)
    assert shop.charged() == 700
    again = shop.ask(shop.request(500, "reversal", first.facts.receipt_number))
    assert (again.outcome, again.approved_minor) == ("declined", 0)
    assert again.text == "This payment was already reversed."
    assert shop.charged() == 700


def test_a_payment_of_a_closed_day_is_not_reversible(till):
    shop = till()
    paid = shop.pay(shop.request(500))
    shop.terminal.end_of_day(on_text=shop.texts.append)
    declined = shop.ask(shop.request(500, "reversal", paid.facts.receipt_number))
    assert (declined.outcome, declined.text) == ("declined", "This payment cannot be reversed.")
    assert shop.charged() == 500


def test_a_refund_needs_no_payment(till):
    shop = till()
    result = shop.ask(shop.request(300, "refund"))
    assert (result.outcome, result.approved_minor) == ("approved", 300)
    assert shop.charged() == -300


@pytest.mark.parametrize("kind", ["refund", "reversal"])
def test_a_result_that_cannot_be_written_down_is_not_acknowledged(till, kind):
    """Fault 47: the till's disk is full at the worst moment; a refund or reversal is taken back as a payment is."""
    shop = till(policy="reverse")
    shop.settle(shop.request(BEFORE_MINOR))
    request = asked_of(shop, kind)

    def fail(_):
        raise OSError("disk full")

    call = shop.terminal.refund if kind == "refund" else shop.terminal.reverse
    with pytest.raises(OSError, match="disk full"):
        call(request, on_text=shop.texts.append, on_result=fail)
    assert shop.recover_patiently(request).outcome == "cancelled"
    assert shop.charged() == BEFORE_MINOR


@pytest.mark.parametrize("original", ["", "0", "0000", "12345", "12a4", "١٢", "-1", "1 2"])
def test_a_reversal_needs_a_receipt_number(till, original):
    shop = till()
    with pytest.raises(Refused) as refused:
        shop.ask(shop.request(500, "reversal", original))
    assert refused.value.code == "bad_original"


@pytest.mark.parametrize(
    ("kind", "words"), [("payment", "do not pay again"), ("refund", "do not refund"), ("reversal", "do not reverse")]
)
def test_doubt_says_what_not_to_do(till, kind, words):
    shop = till(FAST)
    shop.settle(shop.request(BEFORE_MINOR))
    shop.device.post("/mode", mode="mute-payment")
    with pytest.raises(Unsure, match=words):
        shop.ask(asked_of(shop, kind))


def test_what_it_can_do_depends_on_its_set_up(till):
    assert till().terminal.capabilities() == {"refund", "reversal", "end_of_day"}
    assert "slip" in till(settings=Settings(config=0xBE)).terminal.capabilities()
