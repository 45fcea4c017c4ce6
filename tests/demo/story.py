"""How the demo tells what it does: one line a step, with the time it took; what it leaves is named at the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console


class Story:
    """Prints the steps, to the terminal or a file. Plain text where nobody watches, else with a little colour."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._console = Console(file=out, highlight=False, soft_wrap=True)
        self._number = 0
        self._started = time.monotonic()

    def chapter(self, title: str) -> None:
        self._console.print(f"\n[bold]{title}[/bold]")

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Say what is being done, then how long it took; a failure is told where it happened."""
        self._number += 1
        started = time.monotonic()
        try:
            yield
        except BaseException:
            self._console.print(f"{self._number:3}. {what} [bold red]– failed[/bold red]")
            raise
        self._console.print(f"{self._number:3}. {what} [dim]({time.monotonic() - started:.1f} s)[/dim]")

    def say(self, text: str) -> None:
        self._console.print(f"     {text}")

    def seconds(self) -> float:
        return time.monotonic() - self._started
