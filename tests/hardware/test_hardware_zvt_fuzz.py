"""A terminal that sends anything: the driver ends in bounded time, with a result or a classed error (47, 48)."""

import contextlib
import socket
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardware.ports import CardRequest, CardResult
from hardware.terminal import zvt_codec as code
from hardware.terminal.zvt import ZvtTerminal
from hardware.terminal.zvt_codec import Apdu, Splitter, encode_apdu, encode_fields, to_bcd
from hardware.terminal.zvt_commands import Settings
from hardware.terminal.zvt_conversation import Conversation, Deadlines, EndOfDay, Transaction, Unconfirmed
from hardware.terminal.zvt_link import Link, LinkLost
from schema.errors import CounterfoilError, Refused, Unready, Unsure

BRIEF = Deadlines(
    turn_s=0.2,
    connect_s=0.5,
    reply_s=0.05,
    progress_s=0.05,
    abort_s=0.05,
    payment_s=0.3,
    register_s=0.05,
    recover_s=0.1,
)
REQUEST = CardRequest(attempt_id="a", amount_minor=1234, currency="EUR")


def status(result, amount_minor, rest):
    fields = encode_fields([(code.RESULT, bytes([result])), (code.AMOUNT, to_bcd(amount_minor, 6))])
    return Apdu(code.STATUS_INFORMATION, fields + rest)


statuses = st.builds(status, st.sampled_from([0x00, 0x05, 0x6C, 0xFF]), st.integers(0, 99_999), st.binary(max_size=30))
known = [
    code.STATUS_INFORMATION,
    code.INTERMEDIATE_STATUS,
    code.COMPLETION,
    code.ABORTED,
    code.PRINT_LINE,
    code.PRINT_BLOCK,
    code.POSITIVE,
    code.BUSY,
    code.NOT_POSSIBLE,
]
frames = st.one_of(
    statuses,
    st.builds(Apdu, st.sampled_from(known), st.binary(max_size=60)),
    st.builds(Apdu, st.integers(0, 0xFFFF), st.binary(max_size=20)),
)


@contextlib.contextmanager
def spoken(said):
    """Our end of a line on which a terminal said something and hung up, and the terminal's end to read from."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    with ours, theirs:
        theirs.sendall(said)
        theirs.shutdown(socket.SHUT_WR)
        yield Link(ours), theirs


def stream_of(said, rest=b""):
    return b"".join(map(encode_apdu, said)) + rest


def heard_by(theirs):
    """Read what the driver answered."""
    theirs.setblocking(False)
    heard = bytearray()
    with contextlib.suppress(OSError):
        while piece := theirs.recv(65536):
            heard += piece
    return Splitter().feed(bytes(heard))


def run(link, outcome):
    """See a conversation through as the driver does."""
    conversation = Conversation(link, "cp437", BRIEF, lambda text: None)
    try:
        conversation.run(outcome)
    except LinkLost as error:
        return outcome.broken(str(error), conversation.slips)
    return outcome.ended(conversation.slips)


@given(st.lists(frames, max_size=8), st.binary(max_size=10))
def test_any_conversation_ends_in_a_result_or_doubt(said, rest):
    """Fault 47: no frame, in no order, crashes it; a result is only what was written down, and written down once."""
    written: list[CardResult] = []
    with spoken(stream_of(said, rest)) as (link, _):
        try:
            end = run(link, Transaction(REQUEST, "cp437", written.append))
        except Unsure:
            end = None
    assert len(written) <= 1
    if end is not None:
        result = end.result if isinstance(end, Unconfirmed) else end
        assert (result.outcome, result.approved_minor) == (written[0].outcome, written[0].approved_minor)


@given(st.lists(frames, max_size=6))
def test_a_result_is_answered_only_after_it_was_written_down(said):
    """Fault 47: a disk that fails at the first result, and the terminal hears no acknowledgement of it."""

    def fail(_):
        raise DiskFullError

    failed = False
    with spoken(stream_of(said)) as (link, theirs):
        try:
            run(link, Transaction(REQUEST, "cp437", fail))
        except DiskFullError:
            failed = True
        except Unsure:
            pass
        taken = sum(frame.code == code.POSITIVE for frame in heard_by(theirs))
    spoken_of = [frame.code for frame in said if frame.code >> 8 not in (0x80, 0x84)]
    if failed:
        results = [n for n, each in enumerate(spoken_of) if each in (code.STATUS_INFORMATION, code.ABORTED)]
        assert taken <= results[0]


class DiskFullError(Exception):
    """The journal could not be written."""


@given(st.lists(frames, max_size=6))
def test_any_end_of_day_ends_in_totals_or_an_error(said):
    with spoken(stream_of(said)) as (link, _), contextlib.suppress(Refused, Unready, Unsure):
        assert run(link, EndOfDay("cp437")).slips is not None


class BabblingTerminal:
    """Listens on a real port, and to whatever it hears says what it was told to say next."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.says: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                with contextlib.suppress(OSError), line:
                    line.settimeout(0.3)
                    while self.says and line.recv(4096):
                        line.sendall(self.says.pop(0))

    def close(self):
        self._listener.close()


@pytest.fixture(scope="module")
def babbling():
    terminal = BabblingTerminal()
    yield terminal
    terminal.close()


TAKEN = encode_apdu(Apdu(code.POSITIVE)) + encode_apdu(Apdu(code.COMPLETION))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.one_of(st.binary(max_size=40), frames.map(encode_apdu), st.just(TAKEN)), max_size=6),
    st.sampled_from(["pay", "refund", "reverse", "recover", "end_of_day", "readiness"]),
)
def test_every_call_to_a_babbling_terminal_ends_in_a_classed_error(babbling, says, call):
    """Fault 48: over a real socket, from the first byte on."""
    babbling.says = list(says)
    terminal = ZvtTerminal("127.0.0.1", babbling.port, Settings(), BRIEF)
    request = CardRequest(attempt_id="a", amount_minor=1234, currency="EUR", original="1")
    calls = {
        "pay": lambda: terminal.pay(request, on_text=str, on_result=lambda result: None),
        "refund": lambda: terminal.refund(request, on_text=str, on_result=lambda result: None),
        "reverse": lambda: terminal.reverse(request, on_text=str, on_result=lambda result: None),
        "recover": lambda: terminal.recover(request),
        "end_of_day": lambda: terminal.end_of_day(on_text=str),
        "readiness": terminal.readiness,
    }
    with contextlib.suppress(CounterfoilError):
        calls[call]()
