"""`python -m till`: the window, the script port, and the journal's check.

Read with argparse, unlike the other programs' commands: the window stays in this process all day, and typer with what
it brings would take 20 MB of it and a tenth of the start.
"""

import io
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import msgspec
from platformdirs import user_data_path

from schema.errors import CounterfoilError
from schema.scrub import scrub_logs
from till.journal.verify import Report, check_folder
from till.options import RunOptions, read_size
from till.runner import DirectRunner

if TYPE_CHECKING:
    from till.assemble import Till

ABOUT = "Counterfoil's till: sells with or without the network."
# Database servers' drivers. peewee loads every one that it finds; a till speaks to none of them, and where head
# office's parts lie in the same environment they would take 9 MB of it and a tenth of each start.
FOREIGN_DRIVERS = ("psycopg", "psycopg2", "psycopg2cffi", "pymysql", "MySQLdb")
# The exit status of a command that cannot be understood, as argparse has it.
USAGE = 2


def arguments_parser() -> ArgumentParser:
    """Return what reads the command line; `command` is the function that does what was asked."""
    parser = ArgumentParser(prog="till", description=ABOUT, allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    window = _command(commands, "run", run)
    window.add_argument("--size", default="", help="the window's size, e.g. 1280x800; empty: the whole screen")
    window.add_argument("--theme", default="", help="light or dark; empty: as set")
    window.add_argument("--places", type=Path, help="a file to write to where everything on the screen is")
    script = _command(commands, "play", play)
    script.add_argument("file", help="the script, one JSON object a line; “-” reads standard input")
    for command in (window, script):
        command.add_argument(
            "--practice", action="store_true", help="the practice till: an own journal, nothing counts, nothing is sent"
        )
        command.add_argument("--language", default="", help="en, de or nl; empty: as set")
    check = _command(commands, "verify", verify)
    check.add_argument("--json", action="store_true", help="print the facts as JSON")
    return parser


def _command(commands: Any, name: str, function: Callable[[Namespace], int]) -> ArgumentParser:
    about = (function.__doc__ or "").partition("\n")[0]
    parser: ArgumentParser = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    parser.add_argument("--data", type=Path, default=user_data_path("counterfoil"), help="the till's folder")
    parser.set_defaults(command=function)
    return parser


def run(asked: Namespace) -> int:
    """Open the till's window."""
    width, height = read_size(asked.size)
    till = _assembled(asked)
    from till.ui.app import run as run_window

    theme = asked.theme or till.config.theme
    return run_window(till, RunOptions(width=width, height=height, theme=theme, places=asked.places))


def play(asked: Namespace) -> int:
    """Play cashier actions from a script, one JSON answer a line. Exit 1 when an action was refused."""
    if asked.file != "-" and not Path(asked.file).is_file():
        print(f"There is no file {asked.file}.", file=sys.stderr)
        return USAGE
    refused = _play(_assembled(asked), asked.file)
    if refused and asked.file != "-":
        print(f"{refused} actions were refused; their answers say why.", file=sys.stderr)
    return 1 if refused else 0


def _assembled(asked: Namespace) -> "Till":
    from till.assemble import assemble

    return assemble(asked.data, language=asked.language, practising=asked.practice)


def _play(till: "Till", file: str) -> int:
    from till.play import Player, Stage
    from till.play import play as play_lines

    try:
        _speak_utf8()
        runner = DirectRunner()
        stage = Stage(till.screens(runner))
        if till.desk.trouble is not None:
            raise till.desk.trouble
        till.start_display(stage.screens, runner)
        with _as_is(sys.stdin) if file == "-" else Path(file).open(encoding="utf-8", errors="replace") as script:
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

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> TextIO:
        return self._stream

    def __exit__(self, *_: object) -> None:
        pass


def verify(asked: Namespace) -> int:
    """Check the journal's chain; exit 1 and name the first row that does not hold."""
    report = _checked(asked.data)
    _print_report(report, asked.json)
    return 0 if report.holds else 1


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
        print(msgspec.json.encode(facts).decode())
    for stream in report.streams:
        name = f"{stream.till_id} epoch {stream.epoch}"
        if stream.flaw is None and not as_json:
            print(f"{name}: {stream.rows} events, all hold.")
        if stream.flaw is not None:
            print(f"{name}: event {stream.flaw.seq} {stream.flaw.what}.", file=sys.stderr)


def main() -> None:
    """Run the command line; a reader that goes away is no error of ours."""
    scrub_logs()
    for driver in FOREIGN_DRIVERS:
        sys.modules[driver] = None  # type: ignore[assignment]  # Python's way to say: not to be imported
    asked = arguments_parser().parse_args()
    try:
        raise SystemExit(asked.command(asked))
    except CounterfoilError as error:
        print(error.message, file=sys.stderr)
        raise SystemExit(1) from error
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
