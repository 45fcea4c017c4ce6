"""The till's composition root: the only place where its rooms meet their clock, files, devices and words.

till = assemble(folder)                     # words, settings, devices' drivers; opens nothing yet
screens = till.screens(runner)              # opens the journal, finds what the last run left, makes the presenters
till.start_devices(screens, runner)         # a scanner that is a device of its own, the customer's display
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec
from msgspec.structs import replace

from hardware import connect
from hardware.ports import CardTerminal, CustomerDisplay, FiscalUnit, Scan, Scanner
from schema.clock import Clock, SystemClock
from schema.device import load_device, load_key
from schema.errors import CounterfoilError
from till import practice
from till.card.payments import Cards
from till.card.slips import CardSlips
from till.card.terminal_day import TerminalDays
from till.config import Config, load_config, save_config
from till.desk import Desk, Parts
from till.display import Follow
from till.journal.journal import Journal, open_journal, tampered
from till.journal.reserve import Reserve
from till.journal.tables import ALL_DRAFTS, READ_DRAFT
from till.journal.verify import check_folder
from till.link import AgentLink
from till.mirror import Mirror
from till.ordering.orders import Orders
from till.paper.printing import PrintQueue
from till.paying.balances import Balances
from till.paying.fiscal import Fiscal
from till.pins import Pins
from till.practice import PracticeTerminal
from till.presenters.screens import Screens, build
from till.returning.past import PastReceipts
from till.runner import Runner
from till.selling.register import CURRENT, Sale, decode_sale
from till.words import RefusedInWords, Words, load_words

# The background check yields after every batch, so that a scan never waits for it.
CHECK_PAUSE_S = 0.02
# Where the fiscal unit in software keeps what it signed.
FISCAL_FOLDER = "fiscal"


class Till:
    """A till over one data folder. `screens` may be called once per run."""

    def __init__(self, folder: Path, config: Config, clock: Clock, words: Words, *, practice: bool = False) -> None:
        self.folder = folder
        self.config = config
        self.words = words
        self.practice = practice
        self._clock = clock
        self._desk: Desk | None = None
        self._scanner: Scanner | None = None
        self._display: CustomerDisplay | None = None
        self._practice_folder: Path | None = None
        self._start_again: Callable[[], None] = lambda: None
        # The background check found a flaw: the next opening checks the whole chain, not only its tail.
        self._suspect = False

    def screens(self, runner: Runner) -> Screens:
        """Open the till and return its presenters; where it cannot open, the first screen is `setup`."""
        self._desk = Desk(self._open, self.words, runner, self._clock)
        is_open = self._desk.open()
        screens = build(self._desk, self.folder, self)
        if is_open:
            screens.messages.recover_cards()
        return screens

    @property
    def desk(self) -> Desk:
        """Return the desk behind the screens; `screens` made it."""
        assert self._desk is not None, "the screens are made first"  # noqa: S101 - a mistake of ours, not of a user
        return self._desk

    # -- set up

    def set_up(self, config: Config) -> None:
        """Keep other settings and open everything anew with them. Raises Refused: bad_device_url, config_not_saved …

        An address that no driver knows is refused before anything is written.
        """
        _check_addresses(config)
        save_config(self.folder, self._to_keep(config))
        if config.language != self.config.language:
            self.words = load_words(config.language or _store_language(self.folder))
            self.desk.words = self.desk.paper_words = self.words
        self.config = config
        self._reopen()

    def _to_keep(self, config: Config) -> Config:
        """The file's settings with what changes now: an environment variable's word stays out of the file."""
        changed = {
            name: value
            for name in Config.__struct_fields__
            if (value := getattr(config, name)) != getattr(self.config, name)
        }
        return replace(load_config(self.folder, {}), **changed)

    def switch_practice(self) -> None:
        """Go to the practice till, or back; `prepare_practice` came first."""
        self.practice = not self.practice
        self._reopen()

    def prepare_practice(self) -> None:
        """Copy today's goods for practising: slow, call it from a worker. Raises Refused: no_practice, not_enrolled."""
        self._practice_folder = practice.prepare(self.folder)

    def _reopen(self) -> None:
        self._stop_devices()
        self.desk.reopen()
        self._start_again()

    # -- devices that run by themselves

    def start_devices(self, screens: Screens, runner: Runner, on_scan: Callable[[str], None] | None = None) -> None:
        """Start scanner and display; reads go to `on_scan`, by default to the sale screen. Again when set up anew."""
        target = on_scan or screens.sale.scan

        def start() -> None:
            self._start_scanner(target, runner, lambda text: screens.bar.say("warn", text, code="scanner_fault"))
            self._start_display(screens, runner)

        self._start_again = start
        start()

    def start_display(self, screens: Screens, runner: Runner) -> None:
        """Start the customer's display alone: a script scans by itself."""
        self._start_again = lambda: self._start_display(screens, runner)
        self._start_again()

    def _start_scanner(self, target: Callable[[str], None], runner: Runner, say: Callable[[str], None]) -> None:
        try:
            self._scanner = connect.scanner(self.config.scanner)
        except CounterfoilError as error:
            say(self.desk.words.of_error(error))
            return
        if self._scanner is None:
            return

        def scanned(scan: Scan) -> None:
            runner.post(lambda: target(scan.code))

        def fault(text: str) -> None:
            runner.post(lambda: say(text))

        self._scanner.start(scanned, fault)

    def _start_display(self, screens: Screens, runner: Runner) -> None:
        """Let the customer's display follow the sale; one that cannot be used costs a message, nothing else."""

        def say(text: str) -> None:
            screens.bar.say("warn", text, code="display_fault")

        try:
            display = connect.display(self.config.display)
        except CounterfoilError as error:
            say(self.desk.words.of_error(error))
            return
        if display is None:
            return
        self._display = display
        display.start(lambda text: runner.post(lambda: say(text)))
        self.desk.on_sale = Follow(self.desk, display)
        self.desk.on_sale()

    def _stop_devices(self) -> None:
        if self._scanner is not None:
            self._scanner.stop()
        if self._display is not None:
            self._display.stop()
            self.desk.on_sale = _unseen
        self._scanner = self._display = None

    def check_journal_in_background(self) -> None:
        """Verify the whole chain on a thread of its own; a flaw stops selling. Practice proves nothing to anybody."""
        if not self.practice and self._desk is not None and self._desk.trouble is None:
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
        """Stop the devices and close the journal."""
        if self._desk is not None:
            self._stop_devices()
        if self._desk is not None:
            self._desk.close()

    # -- opening

    def _open(self) -> Parts:
        config, clock = self.config, self._clock
        folder = self._folder_now()
        device, key = load_device(folder), load_key(folder)
        printer, terminal = connect.printer(config.printer), self._terminal()
        reserve = Reserve(folder, 0 if self.practice else config.ballast_mb * 1024 * 1024)
        journal = open_journal(folder, device, key, clock, reserve)
        try:
            if self._suspect and (flaw := check_folder(folder).first_flaw):
                journal.stop(tampered(flaw))
            mirror = Mirror(folder)
            if mirror.sync_facts(device.till_id, device.epoch).acked_seq > journal.position.seq:
                journal.stop(_rolled_back())
            printing = PrintQueue(journal, printer, connect.printer_profile(config.printer), clock)
            name, link = _address(config.terminal), AgentLink(folder)
            slips = CardSlips(printing, self.words).queued
            cards = Cards(journal, terminal, name, clock, slips)
            draft = _read_draft(journal)
            fiscal = Fiscal(self._fiscal_unit(folder, mirror), journal, device, clock, practice=self.practice)
            fiscal.close_others(_saved_sales(journal))
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
                fiscal=fiscal,
                draft=draft,
                notices=() if journal.fault else _notices(journal, printing, cards, draft),
            )
        except BaseException:
            journal.close()
            raise

    def _folder_now(self) -> Path:
        if not self.practice:
            return self.folder
        if self._practice_folder is None:
            self.prepare_practice()
        assert self._practice_folder is not None  # noqa: S101 - set just now
        return self._practice_folder

    def _terminal(self) -> CardTerminal | None:
        """In practice nobody is charged, whatever terminal is set up."""
        return PracticeTerminal() if self.practice else connect.terminal(self.config.terminal)

    def _fiscal_unit(self, folder: Path, mirror: Mirror) -> FiscalUnit | None:
        """The till's own unit where it has one, else what the store asks for. Practice never asks a real one."""
        address = "" if self.practice else self.config.fiscal
        return connect.fiscal(address or _fiscal_address(folder, mirror))


def _fiscal_address(folder: Path, mirror: Mirror) -> str:
    try:
        wanted = mirror.settings().fiscal
    except CounterfoilError:
        return ""  # before the first fetch nothing can be sold either
    return f"software://{quote(str((folder / FISCAL_FOLDER).resolve()))}" if wanted == "software" else ""


def _check_addresses(config: Config) -> None:
    connect.printer(config.printer)
    connect.terminal(config.terminal)
    connect.scanner(config.scanner)
    connect.display(config.display)
    connect.label_printer(config.labels)
    connect.fiscal(config.fiscal)


def _unseen() -> None:
    """Where no display shows the sale."""


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


def _saved_sales(journal: Journal) -> frozenset[str]:
    """The sales in hand and parked: what a fiscal unit holds open for others came to nothing."""
    found = set()
    for (body,) in journal.rows(ALL_DRAFTS):
        with contextlib.suppress(msgspec.DecodeError):  # as in `_read_draft`
            found.add(decode_sale(body).sale_id)
    return frozenset(found)


def _notices(journal: Journal, printing: PrintQueue, cards: Cards, draft: Sale | None) -> tuple[str, ...]:
    """Return what the last run left, by the names that the message centre knows (presenters.messages_state)."""
    notices = []
    if draft is not None:
        notices.append("draft")
    if printing.interrupted():
        notices.append("unprinted")
    held = {part.card.attempt_id for part in draft.payments if part.card} if draft is not None else set()
    if any(each.attempt_id not in held for each in cards.open_attempts()):
        notices.append("card_cut_off")
    if journal.position.shift is not None:
        notices.append("open_shift")
    return tuple(notices)


def assemble(
    folder: Path,
    *,
    language: str = "",
    clock: Clock | None = None,
    environment: Mapping[str, str] = os.environ,
    practising: bool = False,
) -> Till:
    """Read a till's settings and put it together. Raises Refused("bad_config")."""
    config = load_config(folder, environment)
    words = load_words(language or config.language or _store_language(folder))
    return Till(folder, config, clock or SystemClock(), words, practice=practising)


def _store_language(folder: Path) -> str:
    mirror = Mirror(folder)
    try:
        return mirror.settings().language
    except CounterfoilError:
        return "en"
    finally:
        mirror.close()
