"""`python -m agent`: enrol, run, sync-once, status. Exit 0 done, 1 refused (reason on stderr), 2 used wrongly."""

import importlib.metadata
import logging
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from platformdirs import user_data_path
from rich.console import Console
from rich.table import Table

from agent.ask import sync_by_the_running_agent
from agent.assemble import assemble, assembled, enrolment_link
from agent.config import Config
from agent.enrol import Enrolled, enrol
from agent.lock import only_agent
from agent.report import read_status, status_lines
from agent.service import Agent, Synced, forward_once, sync_once
from schema.clock import SystemClock
from schema.device import DEVICE
from schema.ending import Ending
from schema.errors import CounterfoilError, Refused
from schema.scrub import scrub_logs

app = typer.Typer(
    help="Counterfoil's agent: sends this till's journal to head office and fetches articles, prices and orders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
DataOption = Annotated[Path, typer.Option("--data", help="The till's data folder.")]
CaOption = Annotated[str, typer.Option("--ca-file", envvar="COUNTERFOIL_CA_FILE", help="Own certificate authority.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print facts as one JSON object.")]
DATA = user_data_path("counterfoil")


@app.command("enrol")
def enrol_command(
    server: Annotated[str, typer.Option("--server", help="Head office's address, https://…")],
    code: Annotated[str, typer.Option("--code", help="The one-time code that head office shows.")],
    data: DataOption = DATA,
    ca_file: CaOption = "",
    as_json: JsonOption = False,
) -> None:
    """Enrol this till at head office with a one-time code."""
    config = Config(folder=data, ca_file=ca_file)
    link = enrolment_link(config, server, SystemClock())
    with only_agent(data):
        if (data / DEVICE).exists():
            _send_before(config)
        enrolled = enrol(data, server_url=server, code=code, software=_software(), link=link)
    link.close()
    _print_enrolled(enrolled, as_json)


@app.command()
def run(
    data: DataOption = DATA,
    interval: Annotated[float, typer.Option(min=0.05, max=60, help="Seconds between looks at the journal.")] = 0.5,
    spread: Annotated[float, typer.Option(min=0, max=600, help="Longest first pause after a boot, seconds.")] = 60,
    ca_file: CaOption = "",
) -> None:
    """Forward and fetch until told to stop (SIGTERM or Ctrl-C)."""
    _log_to_stderr()
    ending = Ending()
    config = Config(folder=data, watch_ms=round(interval * 1000), spread_ms=round(spread * 1000), ca_file=ca_file)
    with only_agent(data):
        agent = Agent(assemble(config, SystemClock()))
        agent.start()
        ending.wait()
        agent.stop()


@app.command("sync-once")
def sync_once_command(
    data: DataOption = DATA,
    allow_mass_delete: Annotated[
        bool, typer.Option(help="Take a feed that deletes most articles: it is meant.")
    ] = False,
    ca_file: CaOption = "",
    as_json: JsonOption = False,
) -> None:
    """Send all that waits and fetch all that is new, then exit."""
    config = Config(folder=data, allow_mass_delete=allow_mass_delete, ca_file=ca_file)
    with _busy("Talking to head office …"):
        synced = _sync(config)
    if as_json:
        _print_json(synced)
    else:
        typer.echo(f"{synced.sent} events sent, {synced.fetched} changes fetched.")
    if synced.hold is not None:
        raise Refused(synced.hold.code, synced.hold.text)


def _sync(config: Config) -> Synced:
    """Sync here, or let the agent do it that runs already."""
    try:
        with only_agent(config.folder), assembled(config) as parts:
            return sync_once(parts)
    except Refused as refused:
        if refused.code != "agent_runs" or config.allow_mass_delete:
            raise
    return sync_by_the_running_agent(config.folder)


@app.command()
def status(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Show how the sync stands, from this till's files alone."""
    found = read_status(data)
    if as_json:
        _print_json(found)
        return
    table = Table.grid(padding=(0, 2))
    for label, text in status_lines(found):
        table.add_row(label, text)
    Console(soft_wrap=True).print(table, markup=False)


def _send_before(config: Config) -> None:
    """Send what waits under the old identity, if that still works: afterwards it counts as late."""
    try:
        with assembled(config) as parts:
            done = forward_once(parts)
        reason = done.hold.text if done.hold else ""
    except CounterfoilError as error:
        reason = error.message
    if reason:
        typer.echo(f"What waits in the old journal stays there and is sent later: {reason}", err=True)


def _busy(what: str) -> AbstractContextManager[object]:
    console = Console(stderr=True)
    return console.status(what) if console.is_terminal else nullcontext()


def _print_enrolled(enrolled: Enrolled, as_json: bool) -> None:
    if as_json:
        facts = {"till_fingerprint": enrolled.till_fingerprint, "server_fingerprint": enrolled.server_fingerprint}
        _print_json({**msgspec.to_builtins(enrolled.device), **facts})
        return
    device = enrolled.device
    typer.echo(f"This till is now “{device.till_name}” of {device.store} {device.store_name}, epoch {device.epoch}.")
    typer.echo("Compare with head office's screen:")
    typer.echo(f"  this till    {enrolled.till_fingerprint}")
    typer.echo(f"  head office  {enrolled.server_fingerprint}")


def _print_json(facts: object) -> None:
    typer.echo(msgspec.json.encode(facts).decode())


def _software() -> str:
    try:
        return f"counterfoil {importlib.metadata.version('counterfoil')}"
    except importlib.metadata.PackageNotFoundError:
        return "counterfoil"


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for chatty in ("apscheduler", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _refusing(command: Callable[[], object]) -> int:
    try:
        command()
    except CounterfoilError as error:
        typer.echo(error.message, err=True)
        return 1
    return 0


def main() -> None:
    """Run the command line."""
    scrub_logs()
    sys.exit(_refusing(app))


if __name__ == "__main__":
    main()
