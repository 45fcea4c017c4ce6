"""The agent's decisions as values: batches, pauses, and what each refusal leads to."""

import random

from hypothesis import given
from hypothesis import strategies as st

from agent import plan
from agent.plan import Ask, Hold, Own, Progress, Rest, Send
from schema.messages import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, Head, Problem
from schema.mirror_file import STATES

OWN = Own(head_seq=10, hash_there=b"\1" * 32)


def head(**fields):
    values = {"seq": 5, "hash": "01" * 32, "durable_seq": 0, "state": "open", "timeline": "t", "server_ms": 0}
    return Head(**{**values, **fields})


@given(st.one_of(st.none(), st.integers(0, 2000)), st.integers(0, 2000))
def test_the_next_step_asks_rests_sends_or_holds(cursor, head_seq):
    step = plan.next_step(Progress(cursor=cursor), head_seq)
    if cursor is None:
        assert step == Ask()
    elif cursor == head_seq:
        assert step == Rest()
    elif cursor < head_seq:
        assert step == Send(after_seq=cursor, events_max=BATCH_EVENTS_MAX)
    else:
        assert isinstance(step, Hold)
        assert step.state == "rolled_back"


@given(st.lists(st.integers(1, BATCH_BYTES_MAX), min_size=1, max_size=600), st.integers(0, 1000))
def test_a_batch_is_never_empty_and_keeps_both_limits(sizes, events_max):
    count = plan.cut(sizes, events_max)
    assert 1 <= count <= max(1, min(events_max, BATCH_EVENTS_MAX))
    assert count == 1 or sum(sizes[:count]) < BATCH_BYTES_MAX


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60))
def test_cutting_again_and_again_sends_every_event_once(sizes):
    rest, sent = list(sizes), []
    while rest:
        count = plan.cut(rest, 7)
        sent += rest[:count]
        rest = rest[count:]
    assert sent == sizes


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_a_pause_is_jitter_of_at_most_a_minute(failures, share):
    assert plan.PAUSE_LEAST_MS <= plan.pause_ms(failures, share) <= plan.PAUSE_MAX_MS


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 900_000))
def test_what_the_server_asked_for_is_never_undercut(share, asked_ms):
    assert asked_ms <= plan.pause_ms(1, share, asked_ms) < asked_ms + 1000


def test_ten_thousand_tills_spread_over_the_whole_minute():
    """Row 40: full jitter, no lock-step."""
    pauses = [plan.pause_ms(9, till / 10_000) for till in range(10_000)]
    busiest = max(sum(1 for pause in pauses if second <= pause // 1000 < second + 1) for second in range(60))
    assert busiest < 250


def test_only_a_machine_that_has_just_started_waits_before_its_first_try():
    assert plan.first_try_ms(share=0.5, spread_ms=60_000, since_boot_ms=1000, urgent=False) == 30_000
    assert plan.first_try_ms(share=0.5, spread_ms=60_000, since_boot_ms=1000, urgent=True) == 0
    assert plan.first_try_ms(share=0.5, spread_ms=60_000, since_boot_ms=10**9, urgent=False) == 0


def test_head_office_behind_us_rewinds_and_ahead_of_us_means_that_we_were_set_back():
    """Rows 32, 34."""
    assert plan.after_head(Progress(cursor=9), head(), OWN) == Progress(cursor=5, timeline="t")
    assert plan.after_head(Progress(), head(seq=11), Own(head_seq=10, hash_there=None)).state == "rolled_back"


def test_another_hash_leads_to_showing_the_event_not_to_an_acknowledgement():
    """Row 35."""
    shown = plan.after_head(Progress(), head(hash="02" * 32), OWN)
    assert (shown.cursor, shown.suspect) == (4, True)


def test_a_gap_without_proof_leads_to_asking():
    problem = Problem(code="gap", message="")
    assert plan.after_problem(Progress(cursor=9), 409, problem, [10], OWN).cursor is None


@given(st.integers(2, 500))
def test_too_large_halves_down_to_one(count):
    progress = Progress(cursor=0, batch_max=count)
    problem = Problem(code="too_large", message="")
    while progress.batch_max > 1:
        smaller = plan.after_problem(progress, 413, problem, range(1, progress.batch_max + 1), OWN)
        assert smaller.batch_max == progress.batch_max // 2
        progress = smaller
    assert isinstance(plan.after_problem(progress, 413, problem, [1], OWN), Hold)


def test_every_hold_names_a_state_that_tills_know_and_speaks_in_words():
    cases = [(409, "fork"), (409, "frozen"), (422, "bad_event"), (401, "revoked"), (409, "fenced"), (404, "not_found")]
    for status, code in cases:
        hold = plan.after_problem(Progress(cursor=0), status, Problem(code=code, message="why"), [1], OWN)
        assert hold.state in STATES
        assert "why" in hold.text


@given(st.integers(0, 2**32))
def test_an_hour_without_head_office_is_asked_about_and_its_return_noticed_within_a_minute(seed):
    """Row 25: an hour down costs a bounded number of tries, and after it nobody waits longer than a minute."""
    share = random.Random(seed).random
    elapsed_ms, tries = 0, 0
    while elapsed_ms < 3_600_000:
        tries += 1
        elapsed_ms += plan.pause_ms(tries, share())
    assert 60 <= tries <= 600
    assert elapsed_ms - 3_600_000 <= plan.PAUSE_MAX_MS
