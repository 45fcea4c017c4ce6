"""`python -m till`: the window, the script port, and the journal's check."""

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import msgspec
import typer
from platformdirs import user_data_path

from schema.errors import CounterfoilError
from schema.scrub import scrub_logs
from till.journal.verify import Report, check_folder
from till.options import RunOptions, read_size
from till.runner import DirectRunner

if TYPE_CHECKING:
    from till.assemble import Till

# Database servers' drivers. peewee loads every one that it finds; a till speaks to none of them, and where head
# office's parts lie in the same environment they would take 9 MB of it and a tenth of each start.
FOREIGN_DRIVERS = ("psycopg", "psycopg2", "psycopg2cffi", "pymysql", "MySQLdb")
app = typer.Typer(
    help="Counterfoil's till: sells with or without the network.", no_args_is_help=True, pretty_exceptions_enable=False
)
Data = Annotated[
    Path, typer.Option("--data", help="The till's folder.", default_factory=lambda: user_data_path("counterfoil"))
]


@app.command()
def run(
    data: Data,
    size: Annotated[str, typer.Option(help="The window's size, e.g. 1280x800; empty: the whole screen.")] = "",
    language: Annotated[str, typer.Option(help="en, de or nl; empty: as set.")] = "",
    theme: Annotated[str, typer.Option(help="light or dark; empty: as set.")] = "",
    places: Annotated[Path | None, typer.Option(help="A file to write to where everything on the screen is.")] = None,
) -> None:
    """Open the till's window."""
    try:
        width, height = read_size(size)
        till = _assembled(data, language)
    except CounterfoilError as error:
        raise _refused(error) from error
    from till.ui.app import run as run_window

    options = RunOptions(width=width, height=height, theme=theme or till.config.theme, places=places)
    raise typer.Exit(run_window(till, options))


@app.command()
def play(
    file: Annotated[str, typer.Argument(help="The script, one JSON object a line; “-” reads standard input.")],
    data: Data,
    language: Annotated[str, typer.Option(help="en, de or nl; empty: as set.")] = "",
) -> None:
    """Play cashier actions from a script, one JSON answer a line. Exit 1 when an action was refused."""
    try:
        till = _assembled(data, language)
        refused = _play(till, file)
    except CounterfoilError as error:
        raise _refused(error) from error
    if refused and file != "-":
        typer.echo(f"{refused} actions were refused; their answers say why.", err=True)
    raise typer.Exit(1 if refused else 0)


def _assembled(data: Path, language: str) -> "Till":
    from till.assemble import assemble

    return assemble(data, language=language)


def _play(till: "Till", file: str) -> int:
    from till.play import Player, Stage
    from till.play import play as play_lines

    try:
        _speak_utf8()
        stage = Stage(till.screens(DirectRunner()))
        if till.desk.trouble is not None:
            raise till.desk.trouble
        lines, path = (sys.stdin, None) if file == "-" else (None, Path(file))
        if path is not None and not path.is_file():
            raise typer.BadParameter(f"There is no file {path}.")
        with path.open(encoding="utf-8", errors="replace") if path else _as_is(lines) as script:
            return play_lines(script, Player(stage), sys.stdout)
    finally:
        till.close()


def _speak_utf8() -> None:
    """Whatever the locale and whatever comes in: a wrong byte is answered, not died of."""
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


class _as_is:
    """Standard input, which is not ours to close."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream or sys.stdin

    def __enter__(self) -> TextIO:
        return self._stream

    def __exit__(self, *_: object) -> None:
        pass


@app.command()
def verify(
    data: Data,
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Check the journal's chain; exit 1 and name the first row that does not hold."""
    try:
        report = _checked(data)
    except CounterfoilError as error:
        raise _refused(error) from error
    _print_report(report, as_json)
    raise typer.Exit(0 if report.holds else 1)


def _checked(folder: Path) -> Report:
    if not sys.stderr.isatty():
        return check_folder(folder)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Checking the journal", total=None)
        return check_folder(folder, lambda done, total: progress.update(task, completed=done, total=total))


def _print_report(report: Report, as_json: bool) -> None:
    if as_json:
        facts = msgspec.to_builtins(report) | {"holds": report.holds}
        typer.echo(msgspec.json.encode(facts).decode())
    for stream in report.streams:
        name = f"{stream.till_id} epoch {stream.epoch}"
        if stream.flaw is None and not as_json:
            typer.echo(f"{name}: {stream.rows} events, all hold.")
        if stream.flaw is not None:
            typer.echo(f"{name}: event {stream.flaw.seq} {stream.flaw.what}.", err=True)


def _refused(error: CounterfoilError) -> typer.Exit:
    typer.echo(error.message, err=True)
    return typer.Exit(1)


def main() -> None:
    """Run the command line; a reader that goes away is no error of ours."""
    for driver in FOREIGN_DRIVERS:
        sys.modules[driver] = None  # type: ignore[assignment]  # Python's way to say: not to be imported
    scrub_logs()
    try:
        app(prog_name="till")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
