"""What an attempt makes of a mail: every ending leads to a state that a person reads, and nothing is tried for ever."""

from hypothesis import given
from hypothesis import strategies as st

from server.mailing.rules import ANSWER_CHARS_MAX, DOUBTS_MAX, FAILED, TRIES_MAX, Outcome, after, message_id

ENDINGS = st.sampled_from(["sent", "later", "refused", "lost", "line"])


@given(st.lists(ENDINGS, max_size=40))
def test_whatever_happens_a_mail_ends_and_stays_ended(endings):
    tries = doubts = 0
    change = None
    handed_over = 0
    for ending in endings:
        change = after(Outcome(ending=ending, answer="x" * 1000), tries, doubts)
        handed_over += ending in ("sent", "lost")
        tries, doubts = change.tries, change.doubts
        assert len(change.answer) <= ANSWER_CHARS_MAX
        if change.state != "waiting":
            break
        assert (change.wait_ms > 0) == (ending != "line")
    assert tries <= TRIES_MAX + DOUBTS_MAX
    assert handed_over <= DOUBTS_MAX
    if change is not None and change.state != "waiting":
        assert change.state in ("sent", *FAILED)
        assert change.wait_ms == 0


def test_what_is_the_lines_fault_costs_a_mail_nothing():
    change = after(Outcome(ending="line"), 3, 1)
    assert (change.state, change.tries, change.doubts, change.wait_ms) == ("waiting", 3, 1, 0)


def test_waits_grow():
    waits = [after(Outcome(ending="later"), tries, 0).wait_ms for tries in range(TRIES_MAX - 1)]
    assert waits == sorted(waits)
    assert after(Outcome(ending="later"), TRIES_MAX - 1, 0).state == "stopped"


def test_a_mails_id_is_the_same_at_every_attempt_and_another_for_another_mail():
    first = message_id("event-1", 1, "till@example.com")
    assert first == message_id("event-1", 1, "till@example.com") == "<event-1.1@example.com>"
    assert len({first, message_id("event-1", 2, "till@example.com"), message_id("event-2", 1, "till@example.com")}) == 3
