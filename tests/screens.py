"""The pictures in docs/screens: every screen of the till and every page of the office, from real programs.

`python tests/screens.py` takes them anew, makes them small, and writes the page that shows them.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "screens"
# Of the largest window the sale alone: the others look there as they do smaller.
TILL_LOOKS = (
    ("1280x800", "light", "en", ""),
    ("1280x800", "dark", "de", ""),
    ("800x480", "light", "nl", ""),
    ("800x1280", "light", "en", ""),
    ("1920x1080", "light", "en", "sale"),
)
COLOURS = 64
TAKE_S_MAX = 900


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder)
        for size, theme, language, only in TILL_LOOKS:
            look = ("--size", size, "--theme", theme, "--language", language, "--only", only)
            run("tests/till/ui/screenshots.py", raw / "till", *look)
        run("tests/server/office/screenshots.py", raw / "office")
        for part in ("till", "office"):
            shrink(raw / part, TARGET / part)
    write_page()


def run(script: str, *arguments: object) -> None:
    subprocess.run([sys.executable, script, *map(str, arguments)], cwd=ROOT, check=True, timeout=TAKE_S_MAX)


def shrink(source: Path, target: Path) -> None:
    """Flat colours need no more than a palette: a quarter of the size, and nobody sees a difference.

    Of the ways to choose it, the widest cover alone keeps the few pixels of a warning's colour.
    """
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.png"):
        old.unlink()
    for path in sorted(source.glob("*.png")):
        picture = Image.open(path).convert("RGB")
        picture = picture.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        picture.save(target / path.name, optimize=True)


def write_page() -> None:
    """Write docs/screens/README.md: all pictures, by program."""
    lines = ["# Screens", "", "Taken by `make screens` from the real programs on sample data.", ""]
    for part, title in (("till", "The till"), ("office", "The office")):
        lines += [f"## {title}", ""]
        for path in sorted((TARGET / part).glob("*.png")):
            lines.append(f"![{path.stem.replace('_', ' ')}]({part}/{path.name})")
        lines.append("")
    (TARGET / "README.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
