"""Setup: the till cannot sell (not enrolled, journal broken or in use), told in plain words."""

from pathlib import Path

from msgspec import Struct

from till.desk import Desk
from till.presenters.screen import Screen

TROUBLES = {
    "not_enrolled": "This till is not enrolled yet",
    "bad_device": "This till's identity cannot be read",
    "journal_in_use": "Another till program is running",
    "journal_broken": "The till's disk has failed",
    "journal_tampered": "The till's journal does not verify",
    "journal_rolled_back": "The till's journal is an old copy",
    "disk_full": "The till's disk is full",
    "disk_read_only": "The till's disk cannot be written to",
    "old_sqlite": "The till's database library is too old",
    "bad_config": "The till's settings cannot be used",
}


class SetupState(Struct, frozen=True, kw_only=True):
    """`title` says what is wrong, `text` what it means and what to do. `command` can be typed or copied."""

    code: str = ""
    title: str = ""
    text: str = ""
    command: str = ""
    folder: str = ""
    may_retry: bool = True


class SetupPresenter(Screen[SetupState]):
    def __init__(self, desk: Desk, folder: Path) -> None:
        super().__init__(desk, SetupState())
        self._folder = folder

    def enter(self) -> None:
        error, words = self.desk.trouble, self.desk.words
        if error is None:
            self.show(SetupState())
            return
        enrol = f"python -m agent enrol --data {self._folder} --server URL --code CODE"
        self.show(
            SetupState(
                code=error.code,
                title=words(TROUBLES.get(error.code, "The till cannot start")),
                text=words.of_error(error),
                command=enrol if error.code == "not_enrolled" else "",
                folder=str(self._folder),
                may_retry=error.code != "old_sqlite",
            )
        )

    def retry(self) -> None:
        """Try to start again; goes to `sign_in` when it works."""
        if self.desk.open():
            self.go("sign_in")
        else:
            self.enter()
