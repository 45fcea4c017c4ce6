"""A printer that writes its jobs into a folder: for a till without one, and for looking at bytes."""

import os
from pathlib import Path

from hardware.ports import Known, PrinterStatus
from hardware.printer.encode import drawer_pulse
from hardware.printer.profiles import Profile
from schema.errors import Unready


class FolderPrinter:
    """Each job is a file `job-000001.bin`, …; the drawer's pulses are counted as jobs of their own."""

    def __init__(self, folder: Path, profile: Profile) -> None:
        self.folder, self.profile = folder, profile

    def send(self, job: bytes) -> Known:
        """Write one job and make it durable. Raises Unready when the folder takes no files."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write(job)
        except OSError as error:
            message = f"The receipt could not be written to {self.folder}: {error.strerror}. Check the folder."
            raise Unready("printer_folder", message) from error
        return "yes"

    def open_drawer(self) -> None:
        self.send(drawer_pulse(self.profile))

    def status(self) -> PrinterStatus:
        usable = os.access(self.folder if self.folder.exists() else self.folder.parent, os.W_OK)
        return PrinterStatus(online="yes" if usable else "no", paper="enough" if usable else "unknown")

    def _write(self, job: bytes) -> None:
        number = 1 + max((int(path.stem[4:]) for path in self.folder.glob("job-*.bin")), default=0)
        with (self.folder / f"job-{number:06d}.bin").open("xb") as file:
            file.write(job)
            file.flush()
            os.fsync(file.fileno())
