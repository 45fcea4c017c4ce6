"""The agent's composition root: here, and only here, clock, entropy, files and network are put together."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from agent.bell import Bell
from agent.config import Config
from agent.enrol import Identity, identities, key_in_reply
from agent.fetch import Fetcher
from agent.forward import Forwarder, Stream
from agent.journal import JournalReader
from agent.link import Limits, Link, ServerClock, Signer
from agent.mirror import Mirror
from agent.questions import LIMITS, LINES, Questions
from agent.service import Parts, close
from agent.state import Board
from schema.clock import Clock, SystemClock, new_id
from schema.device import JOURNAL, MIRROR, public_key_of, unbase64


@contextmanager
def assembled(config: Config, clock: Clock | None = None) -> Iterator[Parts]:
    """Put an agent together for the till that is enrolled in the folder, and take it apart at the end.

    Raises Refused("not_enrolled", "bad_device").
    """
    parts = assemble(config, clock or SystemClock())
    try:
        yield parts
    finally:
        close(parts)


def assemble(config: Config, clock: Clock) -> Parts:
    """Put an agent together; the caller ends it with agent.service.close. Raises Refused."""
    known = identities(config.folder)
    present = known[-1].device
    server_clock = ServerClock(clock)
    mirror = Mirror(config.folder / MIRROR, present.store)
    board = Board(mirror, clock, server_clock)
    journal, watched = JournalReader(config.folder / JOURNAL), JournalReader(config.folder / JOURNAL)
    links = [_link(config, identity, clock, server_clock) for identity in known]
    fetch_link = _link(config, known[-1], clock, server_clock)
    question_links = [_link(config, known[-1], clock, server_clock, LIMITS) for _ in range(LINES)]
    hurry_forward = Bell()
    forwarder = Forwarder(
        journal=journal,
        mirror=mirror,
        streams=[
            Stream(
                till_id=identity.device.till_id,
                epoch=identity.device.epoch,
                link=link,
                retired=identity is not known[-1],
            )
            for identity, link in zip(known, links, strict=True)
        ],
        board=board,
        session=new_id(clock),
        pause=hurry_forward.wait,
    )
    waiting = Bell()
    fetcher = Fetcher(
        mirror=mirror,
        link=fetch_link,
        board=board,
        on_timeline=lambda: _check_again(forwarder, waiting),
        allow_mass_delete=config.allow_mass_delete,
    )
    return Parts(
        config=config,
        clock=clock,
        share=random.SystemRandom().random,
        mirror=mirror,
        journal=journal,
        watched=watched,
        board=board,
        forwarder=forwarder,
        fetcher=fetcher,
        links=[*links, fetch_link, *question_links],
        questions=Questions(question_links),
        waiting=waiting,
        hurry_forward=hurry_forward,
        hurry_fetch=Bell(),
    )


def enrolment_link(config: Config, server_url: str, clock: Clock) -> Link:
    """Return the line for an enrolment: no key is known yet, neither ours nor theirs. Raises Refused("bad_url")."""
    return Link(
        base_url=server_url,
        server_key=key_in_reply,
        signer=None,
        clock=clock,
        server_clock=ServerClock(clock),
        limits=config.limits,
        ca_file=config.ca_file,
    )


def _link(
    config: Config, identity: Identity, clock: Clock, server_clock: ServerClock, limits: Limits | None = None
) -> Link:
    device = identity.device
    return Link(
        base_url=device.server_url,
        server_key=public_key_of(unbase64(device.server_public_key)),
        signer=Signer(till_id=device.till_id, epoch=device.epoch, key=identity.key),
        clock=clock,
        server_clock=server_clock,
        limits=limits or config.limits,
        ca_file=config.ca_file,
    )


def _check_again(forwarder: Forwarder, waiting: Bell) -> None:
    forwarder.ask_again()
    waiting.ring()
