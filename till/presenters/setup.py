"""Setup: the till cannot sell (not enrolled, journal broken or in use), told in plain words."""

from msgspec import Struct

from till.presenters.screen import Screen


class SetupState(Struct, frozen=True, kw_only=True):
    """`title` says what is wrong, `text` what it means and what to do. `command` can be typed or copied."""

    code: str = ""
    title: str = ""
    text: str = ""
    command: str = ""
    folder: str = ""
    may_retry: bool = True


class SetupPresenter(Screen[SetupState]):
    def retry(self) -> None:
        """Try to start again; goes to `sign_in` when it works."""
