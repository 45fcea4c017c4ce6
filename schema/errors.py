"""The three kinds of error, classed by what the caller does next (architecture, rule 5).

Every error carries a stable `code` for programs and a `message` for people that tells what happened,
what it means and what to do.
"""


class CounterfoilError(Exception):
    """An error with a stable `code` and a `message` fit for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Refused(CounterfoilError):
    """Final: the same request will be refused again. Tell the person, do not retry."""


class Unready(CounterfoilError):
    """Not now: nothing happened. Try again later, with backoff."""


class Unsure(CounterfoilError):
    """The outcome is unknown: it may have happened. Ask; never repeat blindly."""
