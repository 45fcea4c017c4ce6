"""The till's composition root: the only place where its rooms meet their clock, files, devices and words.

till = assemble(folder)                     # words, settings, devices' drivers; opens nothing yet
screens = till.screens(runner)              # opens the journal, finds what the last run left, makes the presenters
till.start_scanner(screens, runner)         # a scanner that is a device of its own
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from hardware import connect
from hardware.ports import Scan, Scanner
from schema.clock import Clock, SystemClock
from schema.device import load_device, load_key
from schema.errors import CounterfoilError
from till.balances import Balances
from till.card import Cards
from till.card_slips import CardSlips
from till.config import Config, load_config
from till.desk import Desk, Parts
from till.journal.journal import Journal, open_journal, tampered
from till.journal.reserve import Reserve
from till.journal.tables import READ_DRAFT
from till.journal.verify import check_folder
from till.link import AgentLink
from till.mirror import Mirror
from till.orders import Orders
from till.past import PastReceipts
from till.pins import Pins
from till.presenters.screens import Screens, build
from till.printing import PrintQueue
from till.register import CURRENT, Sale, decode_sale
from till.runner import Runner
from till.terminal_day import TerminalDays
from till.words import RefusedInWords, Words, load_words

# The background check yields after every batch, so that a scan never waits for it.
CHECK_PAUSE_S = 0.02


class Till:
    """A till over one data folder. `screens` may be called once per run."""

    def __init__(self, folder: Path, config: Config, clock: Clock, words: Words) -> None:
        self.folder = folder
        self.config = config
        self.words = words
        self._clock = clock
        self._desk: Desk | None = None
        self._scanner: Scanner | None = None
        # The background check found a flaw: the next opening checks the whole chain, not only its tail.
        self._suspect = False

    def screens(self, runner: Runner) -> Screens:
        """Open the till and return its presenters; where it cannot open, the first screen is `setup`."""
        self._desk = Desk(self._open, self.words, runner, self._clock)
        is_open = self._desk.open()
        screens = build(self._desk, self.folder)
        if is_open:
            screens.messages.recover_cards()
        return screens

    @property
    def desk(self) -> Desk:
        """Return the desk behind the screens; `screens` made it."""
        assert self._desk is not None, "the screens are made first"  # noqa: S101 - a mistake of ours, not of a user
        return self._desk

    def start_scanner(self, screens: Screens, runner: Runner, on_scan: Callable[[str], None] | None = None) -> None:
        """Start the configured scanner; reads go to `on_scan`, by default to the sale screen."""
        target = on_scan or screens.sale.scan
        try:
            self._scanner = connect.scanner(self.config.scanner)
        except CounterfoilError as error:
            screens.bar.say("warn", self.words.of_error(error), code=error.code)
            return
        if self._scanner is None:
            return

        def scanned(scan: Scan) -> None:
            runner.post(lambda: target(scan.code))

        def fault(text: str) -> None:
            runner.post(lambda: screens.bar.say("warn", text, code="scanner_fault"))

        self._scanner.start(scanned, fault)

    def check_journal_in_background(self) -> None:
        """Verify the whole chain on a thread of its own; a flaw stops selling."""
        if self._desk is not None and self._desk.trouble is None:
            journal = self._desk.parts.journal
            threading.Thread(target=self._check, args=(journal,), name="till-verify", daemon=True).start()

    def _check(self, journal: Journal) -> None:
        try:
            report = check_folder(self.folder, lambda _done, _all: time.sleep(CHECK_PAUSE_S))
        except CounterfoilError:
            return  # not readable beside the open journal: the next start's check tells
        if flaw := report.first_flaw:
            self._suspect = True
            journal.stop(tampered(flaw))

    def close(self) -> None:
        """Stop the scanner and close the journal."""
        if self._scanner is not None:
            self._scanner.stop()
        if self._desk is not None:
            self._desk.close()

    # -- opening

    def _open(self) -> Parts:
        config, clock = self.config, self._clock
        device, key = load_device(self.folder), load_key(self.folder)
        printer, terminal = connect.printer(config.printer), connect.terminal(config.terminal)
        reserve = Reserve(self.folder, config.ballast_mb * 1024 * 1024)
        journal = open_journal(self.folder, device, key, clock, reserve)
        try:
            if self._suspect and (flaw := check_folder(self.folder).first_flaw):
                journal.stop(tampered(flaw))
            mirror = Mirror(self.folder)
            if mirror.sync_facts(device.till_id, device.epoch).acked_seq > journal.position.seq:
                journal.stop(_rolled_back())
            printing = PrintQueue(journal, printer, connect.printer_profile(config.printer), clock)
            name, link = _address(config.terminal), AgentLink(self.folder)
            slips = CardSlips(printing).queued
            cards = Cards(journal, terminal, name, clock, slips)
            draft = _read_draft(journal)
            return Parts(
                device=device,
                journal=journal,
                mirror=mirror,
                link=link,
                pins=Pins(journal, mirror, clock),
                cards=cards,
                terminal_days=TerminalDays(journal, device, terminal, name, slips),
                balances=Balances(journal, mirror, link, device, clock),
                receipts=PastReceipts(journal, mirror, link, device, clock),
                orders=Orders(journal, mirror, link, device, clock),
                printing=printing,
                draft=draft,
                notices=() if journal.fault else _notices(journal, printing, cards, draft),
            )
        except BaseException:
            journal.close()
            raise


def _rolled_back() -> RefusedInWords:
    """Head office has more of this journal than there is: an old copy of the disk, or a lost write-ahead log."""
    return RefusedInWords(
        "journal_rolled_back",
        "This till's journal is older than what head office already has of it: its disk was restored from a copy, or "
        "damaged. Selling on would give receipt numbers twice. Call head office: the till is enrolled anew.",
    )


def _address(url: str) -> str:
    """A terminal's name in the journal: its address without the password that may stand behind the question mark."""
    return urlsplit(url)._replace(query="").geturl()


def _read_draft(journal: Journal) -> Sale | None:
    rows = journal.rows(READ_DRAFT, (CURRENT,))
    try:
        return decode_sale(rows[0][0]) if rows else None
    except msgspec.DecodeError:
        return None  # of an older program: the basket is scanned again, no money is in it that the chain lacks


def _notices(journal: Journal, printing: PrintQueue, cards: Cards, draft: Sale | None) -> tuple[str, ...]:
    """What the last run left, as texts for `words`."""
    notices = []
    if draft is not None:
        notices.append("A basket from before was found and is back in hand.")
    if printing.interrupted():
        notices.append("Not every receipt was printed. Print it from the list below.")
    held = {part.card.attempt_id for part in draft.payments if part.card} if draft is not None else set()
    if any(each.attempt_id not in held for each in cards.open_attempts()):
        notices.append("A card payment was cut off. It is asked about before the next one; see the list below.")
    if journal.position.shift is not None:
        notices.append("A shift is still open.")
    return tuple(notices)


def assemble(
    folder: Path,
    *,
    language: str = "",
    clock: Clock | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Till:
    """Read a till's settings and put it together. Raises Refused("bad_config")."""
    config = load_config(folder, environment)
    words = load_words(language or config.language or _store_language(folder))
    return Till(folder, config, clock or SystemClock(), words)


def _store_language(folder: Path) -> str:
    mirror = Mirror(folder)
    try:
        return mirror.settings().language
    except CounterfoilError:
        return "en"
    finally:
        mirror.close()
