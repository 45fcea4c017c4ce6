"""The folder into which the printer emulator puts what it printed: 0001.txt, 0001.png and 0001.bin per receipt."""

import itertools
from collections.abc import Sequence
from pathlib import Path

from hardware.emulators.paper import Event, receipt_lines
from hardware.emulators.picture import draw_receipt
from hardware.printer.profiles import Profile


class ReceiptFolder:
    """Numbers go on where an earlier run ended. A file appears whole or not at all."""

    def __init__(self, folder: Path, profile: Profile) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._profile = folder, profile
        last = max((int(path.stem) for path in folder.glob("*.bin") if path.stem.isdecimal()), default=0)
        self._numbers = itertools.count(last + 1)
        self.count = last

    def keep(self, raw: bytes, events: Sequence[Event]) -> Path:
        """Write one receipt as text, picture and bytes; return the text file."""
        self.count = next(self._numbers)
        text = "\n".join(receipt_lines(list(events), self._profile.width_chars)) + "\n"
        self._write("bin", raw)
        self._write_picture(events)
        return self._write("txt", text.encode())

    def _write(self, kind: str, data: bytes) -> Path:
        part, whole = self._paths(kind)
        part.write_bytes(data)
        return part.rename(whole)

    def _write_picture(self, events: Sequence[Event]) -> None:
        part, whole = self._paths("png")
        with part.open("wb") as file:
            draw_receipt(events, self._profile).save(file, "PNG")
        part.rename(whole)

    def _paths(self, kind: str) -> tuple[Path, Path]:
        whole = self.folder / f"{self.count:04d}.{kind}"
        return whole.with_suffix(f".{kind}.part"), whole
