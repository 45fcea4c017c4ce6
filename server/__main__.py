"""Head office's commands: exit code 0 when done, 1 when refused (the reason on standard error), 2 when used wrongly."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import msgspec
import typer
from msgspec import Struct
from rich.console import Console

from schema.clock import SystemClock, local_day
from schema.errors import CounterfoilError, Refused, Unready
from schema.money import format_plain
from schema.parties import Cashier
from schema.scrub import scrub_logs
from server.config import HOST, PORT, Config, read_config
from server.db import Database, open_database
from server.migrate import migrate

if TYPE_CHECKING:
    from server.catalogue.csv_file import ImportReport
    from server.reports.books import Books

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
sync = typer.Typer(no_args_is_help=True, help="The accounting sync: its jobs and their runner.")
app.add_typer(sync, name="sync")
mail = typer.Typer(no_args_is_help=True, help="Receipts by mail: what waits, and whether the mail server takes them.")
app.add_typer(mail, name="mail")

Data = Annotated[Path | None, typer.Option("--data", help="The folder with head office's data.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free one.")]
Host = Annotated[str, typer.Option(help="Beyond this machine only with TLS.")]


@app.callback()
def counterfoil() -> None:
    """Counterfoil's head office: takes in what tills send, keeps orders, invoices and books, serves the office."""


def _config(data: Path | None, host: str = HOST, port: int = PORT) -> Config:
    return read_config(data, host=host, port=port)


@contextmanager
def _database(data: Path | None) -> Iterator[Database]:
    """Open head office's database for one command. Raises Refused("no_head_office") where there is none."""
    from server.tills.identity import load_identity

    config = _config(data)
    if not config.database_url and not config.folder.exists():
        raise Refused("no_head_office", f"There is no head office in {config.folder}. Run “python -m server init”.")
    database = open_database(config.folder, config.database_url)
    try:
        migrate(database, SystemClock())
        load_identity(database, config.folder)
        yield database
    finally:
        database.close()


def _print(facts: Struct | list[Any] | dict[str, Any], as_json: bool, text: Callable[[], str]) -> None:
    typer.echo(msgspec.json.encode(facts).decode() if as_json else text())


@app.command()
def init(
    data: Data = None,
    demo: Annotated[bool, typer.Option("--demo", help="Fill it with the sample shop.")] = False,
    country: Annotated[str, typer.Option(help="Whose VAT rates and chart of accounts: DE, AT, NL …")] = "DE",
    chart: Annotated[str, typer.Option(help="Another chart of accounts: SKR03, SKR04, RGS.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make an empty head office, or the sample shop; prints the sign-ins."""
    from server.founding import found

    config = _config(data)
    founded = found(config, SystemClock(), country=country.upper(), chart=chart or None, demo=demo)

    def text() -> str:
        lines = [f"Head office made in {config.folder}: {founded.country}, chart {founded.chart}."]
        lines += [f"Stores: {', '.join(founded.stores)}; {founded.articles} articles."] if founded.stores else []
        lines += [f"Office sign-in: {each.name} / {each.password} ({each.role})" for each in founded.sign_ins]
        lines += [f"Cashier at the till: {each.name}, PIN {each.password} ({each.role})" for each in founded.cashiers]
        return "\n".join(lines)

    _print(founded, as_json, text)


@app.command("add-store")
def add_store(
    code: Annotated[str, typer.Option(help="Short and unique, e.g. 0001.")],
    name: Annotated[str, typer.Option()],
    country: Annotated[str, typer.Option()] = "DE",
    data: Data = None,
) -> None:
    """Add a store in a country whose VAT rates are known."""
    from server.catalogue.countries import rates_of
    from server.tills.stores import add_store as add

    with _database(data) as database, database.write() as connection:
        add(connection, code=code, name=name, country=country.upper(), rates=rates_of(country.upper()))
    typer.echo(f"Store {code} added.")


@app.command("add-cashier")
def add_cashier(  # noqa: PLR0917 - options of a command, each named by its user
    store: Annotated[str, typer.Option(help="The store's code.")],
    number: Annotated[str, typer.Option(help="Short and unique in the store, e.g. 1.")],
    name: Annotated[str, typer.Option(help="As the till's sign-in screen shows it.")],
    pin: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="4 to 8 digits.")],
    role: Annotated[str, typer.Option(help="cashier, supervisor or store_manager.")] = "cashier",
    data: Data = None,
) -> None:
    """Add or change a cashier; the PIN is asked for where it is not given. The tills have it within seconds."""
    from server.auth.audit import audit
    from server.catalogue.cashiers import put_cashier
    from server.catalogue.people import hash_pin

    cashier = Cashier(number=number, name=name, role=role, pin_hash=hash_pin(pin))  # type: ignore[arg-type]  # put_cashier checks
    with _database(data) as database, database.write() as connection:
        put_cashier(connection, store, cashier)
        audit(connection, "command line", "add-cashier", f"{store}/{number}", name, now_ms=SystemClock().now_ms())
    typer.echo(f"Cashier {number} {name} ({role}) can sign in at store {store}.")


class _NewTill(Struct, frozen=True, kw_only=True):
    till_id: str
    store: str
    number: int
    name: str
    code: str
    expires_ms: int


@app.command("add-till")
def add_till(
    store: Annotated[str, typer.Option(help="The store's code.")],
    name: Annotated[str, typer.Option(help="How people call the till.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Add a till and print its one-time enrolment code; one of that name that was never enrolled gets a new code."""
    from server.auth.audit import audit
    from server.tills.tills import issue_code, till_to_enrol

    clock = SystemClock()
    with _database(data) as database, database.write() as connection:
        till = till_to_enrol(connection, clock, store, name)
        code = issue_code(connection, clock, till.id)
        audit(connection, "command line", "add-till", till.id, name, now_ms=clock.now_ms())
    made = _NewTill(
        till_id=till.id, store=store, number=till.number, name=till.name, code=code.code, expires_ms=code.expires_ms
    )
    _print(
        made,
        as_json,
        lambda: f"Till {made.store}-{made.number} “{made.name}”: enrolment code {made.code} (ten minutes, one use)",
    )


TlsCert = Annotated[Path | None, typer.Option(help="PEM certificate chain.")]
TlsKey = Annotated[Path | None, typer.Option(help="PEM private key.")]
BehindProxy = Annotated[bool, typer.Option("--behind-proxy", help="A proxy on this machine does TLS.")]


@app.command()
def serve(  # noqa: PLR0917 - options of a command, each named by its user
    data: Data = None,
    host: Host = HOST,
    port: Port = PORT,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    behind_proxy: BehindProxy = False,
) -> None:
    """Run API, office and worker in one process."""
    from server.run import Tls, run_api

    tls = Tls(cert=tls_cert, key=tls_key, behind_proxy=behind_proxy)
    run_api(_config(data, host, port), tls, with_worker=True, say=typer.echo)


@app.command()
def api(  # noqa: PLR0917 - options of a command, each named by its user
    data: Data = None,
    host: Host = HOST,
    port: Port = PORT,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    behind_proxy: BehindProxy = False,
) -> None:
    """Run API and office without a worker; any number of these on PostgreSQL."""
    from server.run import Tls, run_api

    tls = Tls(cert=tls_cert, key=tls_key, behind_proxy=behind_proxy)
    run_api(_config(data, host, port), tls, with_worker=False, say=typer.echo)


@app.command()
def work(data: Data = None) -> None:
    """Run a worker alone; any number of these on PostgreSQL."""
    from server.run import run_worker

    run_worker(_config(data), say=typer.echo)


class _SyncStatus(Struct, frozen=True, kw_only=True):
    queues: dict[str, dict[str, int]]
    runner_is_well: bool
    last_run_ms: int | None


@sync.command()
def status(data: Data = None, as_json: AsJson = False) -> None:
    """Count the jobs by queue and state, and tell whether the runner is well."""
    from server.jobs.tables import counts
    from server.jobs.worker import health

    with _database(data) as database, database.read() as connection:
        light = health(connection, SystemClock().now_ms())
        found = _SyncStatus(queues=counts(connection), runner_is_well=light.is_well, last_run_ms=light.last_run_ms)

    def text() -> str:
        rows = [
            f"{queue} {state}: {number}" for queue, states in found.queues.items() for state, number in states.items()
        ]
        return "\n".join([*rows, f"Job runner: {'well' if found.runner_is_well else 'not seen lately'}"])

    _print(found, as_json, text)


@sync.command()
def kick(data: Data = None, as_json: AsJson = False) -> None:
    """Run all that waits now and come back when nothing is left to do."""
    from server.jobs.worker import kick as kick_now

    with _database(data) as database:
        kicked = kick_now(database, SystemClock())
    _print(kicked, as_json, lambda: f"{kicked.events} events and {kicked.jobs} jobs dealt with.")
    if not kicked.is_idle:
        raise Refused("still_busy", "There is still work left; look at “sync status” for errors and kick again.")


class _MailStatus(Struct, frozen=True, kw_only=True):
    mails: dict[str, int]
    trouble: str
    answer: str


@mail.command("status")
def mail_status(data: Data = None, as_json: AsJson = False) -> None:
    """Count the mails by state, and tell what is wrong with the line to the mail server."""
    from server.mailing.lists import counts
    from server.mailing.send import line_state

    with _database(data) as database, database.read() as connection:
        line = line_state(connection)
        found = _MailStatus(mails=counts(connection), trouble=line.trouble, answer=line.answer)

    def text() -> str:
        rows = [f"{state}: {number}" for state, number in sorted(found.mails.items())]
        trouble = f"{found.trouble} {found.answer}".strip()
        return "\n".join([*(rows or ["no mails"]), f"Line to the mail server: {trouble or 'well'}"])

    _print(found, as_json, text)


@mail.command("check")
def mail_check(data: Data = None) -> None:
    """Connect to the mail server and sign in, without sending anything."""
    from server.mailing.line import open_line

    settings = _config(data).mail
    if settings is None:
        raise Refused(
            "no_mail_settings", "Head office sends no mails: set SMTP_HOST and MAIL_FROM (docs/operating.md)."
        )
    try:
        open_line(settings).close()
    except Unready as error:
        told = _LINE_WORDS.get(error.code, "does not answer")
        raise Refused(error.code, f"{settings.host}:{settings.port} {told}: {error.message}") from error
    typer.echo(f"{settings.host}:{settings.port} takes mails from {settings.sender}.")


_LINE_WORDS = {"mail_no_tls": "cannot be spoken to protected", "mail_sign_in": "refuses the sign-in"}


@app.command()
def books(
    day: Annotated[str, typer.Option("--date", help="The business day, ISO 8601; today if left out.")] = "",
    store: Annotated[str, typer.Option(help="Only this store.")] = "",
    till: Annotated[str, typer.Option(help="Only this till: its id, or store and number like 0001-1.")] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Compare journal, receipts and ledger of a day; exit code 1 if they disagree."""
    from server.reports.books import books as read_books
    from server.tills.tills import find_till

    with _database(data) as database, database.read() as connection:
        till_id = find_till(connection, till).id if till else ""
        found = read_books(connection, _day(day), store=store, till=till_id)
    _print(found, as_json, lambda: _books_text(found))
    if not found.agrees:
        raise typer.Exit(1)


def _day(text: str) -> date:
    clock = SystemClock()
    try:
        return date.fromisoformat(text) if text else local_day(clock.now_ms(), clock.utc_offset_min())
    except ValueError:
        raise typer.BadParameter(f"“{text}” is no date; write it like 2026-11-21.") from None


def _books_text(found: "Books") -> str:
    def amount(minor: int | None, currency: str) -> str:
        return "open" if minor is None else format_plain(minor, currency)

    lines = [
        f"{each.store} {each.till_id} {each.tender} {each.currency}: journal "
        f"{amount(each.journal_minor, each.currency)}, ledger {amount(each.ledger_minor, each.currency)}"
        for each in found.figures
    ]
    lines += [
        f"{each.store} {each.till_id} {each.receipts} receipts: {amount(each.receipts_minor, each.currency)}, "
        f"journal {amount(each.journal_minor, each.currency)} {each.currency}"
        for each in found.receipts
    ]
    lines += [
        f"shift {each.number} of {each.till_id}: expected {amount(each.expected_minor, each.currency)}, "
        f"counted {amount(each.counted_minor, each.currency)}"
        for each in found.shifts
    ]
    lines += [f"difference: {each.type} {each.seq} of {each.till_id}: {each.reason}" for each in found.differences]
    lines += [f"missing: events {each.first_seq} to {each.last_seq} of {each.till_id}" for each in found.gaps]
    return "\n".join([*lines, f"{found.day}: the books {'agree' if found.agrees else 'DISAGREE'}."])


@app.command()
def rebuild(
    check: Annotated[bool, typer.Option("--check", help="Compare only; nothing is changed.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Fold all accepted events into fresh tables and compare; exit code 1 if they differ."""
    from server.reports.rebuild import check as compare

    if not check:
        raise typer.BadParameter("Only “rebuild --check” exists: the standing tables are never thrown away.")
    with _database(data) as database, _progress("Folding events") as advance:
        done = 0

        def progress(copied: int, total: int) -> None:
            nonlocal done
            advance(copied - done, total)
            done = copied

        found = compare(database, SystemClock(), progress=progress)
    _print(found, as_json, lambda: "\n".join([*found.differences, f"{found.events} events folded."]))
    if found.differences:
        raise typer.Exit(1)


@app.command()
def backup(file: Annotated[Path, typer.Argument()], data: Data = None, as_json: AsJson = False) -> None:
    """Back up the data (SQLite) while head office runs; keep the file safe, it holds head office's key."""
    from server.backup import back_up

    with _database(data) as database:
        made = back_up(database, _config(data), file)
    _print(made, as_json, lambda: f"{made.file}: {made.bytes} bytes, {made.events} events.")


@app.command()
def restore(file: Annotated[Path, typer.Argument(exists=True)], data: Data = None) -> None:
    """Restore a backup into an empty data folder; the tills then send again what it lacks."""
    from server.backup import restore as put_back

    timeline = put_back(_config(data), SystemClock(), file)
    typer.echo(f"Restored. New timeline {timeline}: the tills send again what the backup lacks.")


@app.command("new-timeline")
def begin_timeline(data: Data = None) -> None:
    """Tell the tills that head office was restored by other means (PostgreSQL's tools)."""
    from server.tills.identity import new_timeline

    with _database(data) as database, database.write() as connection:
        timeline = new_timeline(connection)
    typer.echo(f"New timeline {timeline}. Restart head office's programs.")


CsvFile = Annotated[Path, typer.Argument(help="CSV, optionally .gz; see docs/import.md.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check only; store nothing.")]


@app.command("import-articles")
def import_articles(file: CsvFile, data: Data = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Import articles from a CSV file; bad rows are reported by line, good rows land."""
    from server.catalogue.import_articles import import_file

    _import("Importing articles", import_file, file, data, dry_run=dry_run, as_json=as_json)


@app.command("import-prices")
def import_prices(file: CsvFile, data: Data = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Import price lists from a CSV file; a list that is not there yet is made."""
    from server.catalogue.import_prices import import_prices

    _import("Importing prices", import_prices, file, data, dry_run=dry_run, as_json=as_json)


@app.command("import-customers")
def import_customers(file: CsvFile, data: Data = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Import customers from a CSV file."""
    from server.catalogue.import_customers import import_customers

    _import("Importing customers", import_customers, file, data, dry_run=dry_run, as_json=as_json)


@app.command("import-stock")
def import_stock(file: CsvFile, data: Data = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Import what was counted in the stores from a CSV file; sales move it from here on."""
    from server.catalogue.import_stock import import_stock

    _import("Importing stock", import_stock, file, data, dry_run=dry_run, as_json=as_json)


def _import(
    title: str, run: Callable[..., "ImportReport"], file: Path, data: Path | None, *, dry_run: bool, as_json: bool
) -> None:
    from server.catalogue.csv_file import report_text

    with _database(data) as database, _progress(title) as advance:
        report = run(database, SystemClock(), file, dry_run=dry_run, advance=advance)
    _print(report, as_json, lambda: report_text(report))


@app.command()
def verify(data: Data = None, as_json: AsJson = False) -> None:
    """Check every accepted event's hash, link and signature."""
    from server.ingest.audit import audit_streams

    with _database(data) as database, _progress("Checking events") as advance:
        checks = audit_streams(database, lambda count: advance(count, None))
    _print(
        checks,
        as_json,
        lambda: "\n".join(
            f"{each.till_id}/{each.epoch}: {each.events} events {each.flaw or 'hold'}" for each in checks
        ),
    )
    if any(check.flaw for check in checks):
        raise typer.Exit(1)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar when a terminal watches; gives `advance(done, total)`."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, advance=done, total=total)


def main() -> NoReturn:
    """Run a command and turn what is refused into a message and exit code 1."""
    scrub_logs()
    try:
        app()
    except CounterfoilError as error:
        typer.echo(error.message, err=True)
        raise SystemExit(1) from None
    raise SystemExit(0)


if __name__ == "__main__":
    main()
