"""The wheel: it builds, carries all its files, runs without the checkout, and its five names are really ours.

The registry has other packages called `schema` and `agent`; whoever installs one of them beside us must be told.
"""

import importlib.metadata
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("schema", "till", "agent", "server", "hardware")

pytestmark = pytest.mark.timeout(300)


def run(*command, cwd):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=200, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build from a copy of what git tracks, so that neither build leftovers nor stray files get in."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    archive = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in archive.decode().split("\0"):
        if name and (ROOT / name).is_file():
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    built = run(
        sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(out), ".", cwd=source
    )
    assert built.returncode == 0, built.stderr
    (path,) = out.glob("counterfoil-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A virtual environment with our wheel; third-party packages are lent by this one, our checkout is not."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    lent = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "lent.pth").write_text(lent + "\n")
    done = run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder),
        "install",
        "--no-deps",
        "--no-index",
        "-q",
        str(wheel),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return folder / "bin" / "python"


def test_every_file_that_the_programs_read_is_in_the_wheel(wheel):
    kinds = (".kv", ".html", ".css", ".js", ".svg", ".sql", ".po", ".mo", ".json", ".ttf", ".typed")
    tracked = subprocess.run(
        ["git", "ls-files", *NAMES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    wanted = {name for name in tracked if name.endswith((*kinds, ".py"))}
    assert wanted - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_nothing_but_our_five_packages_is_in_the_wheel(wheel):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_ours_where_it_runs(name, installed, tmp_path):
    found = run(str(installed), "-c", f"import {name}; print({name}.__file__)", cwd=tmp_path)
    assert found.stdout.strip().startswith(str(installed.parents[1])), found.stderr


@pytest.mark.parametrize("name", NAMES)
def test_no_other_distribution_here_brings_the_same_name(name):
    assert set(importlib.metadata.packages_distributions().get(name, ["counterfoil"])) == {"counterfoil"}


@pytest.mark.parametrize("name", ["till", "agent", "server", "hardware"])
def test_each_program_runs_without_the_checkout(name, installed, tmp_path):
    for command in ([str(installed), "-m", name], [str(installed.parent / f"counterfoil-{name}")]):
        shown = run(*command, "--help", cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr
        assert "usage" in shown.stdout.lower()


def test_head_office_opens_its_books_without_the_checkout(installed, tmp_path):
    """Migrations and demo data are read from the installed package."""
    made = run(str(installed), "-m", "server", "init", "--demo", "--data", str(tmp_path / "ho"), cwd=tmp_path)
    assert made.returncode == 0, made.stderr


def test_a_pi_installs_no_server_parts():
    wanted = importlib.metadata.requires("counterfoil") or []
    till = [line for line in wanted if 'extra == "till"' in line or "extra ==" not in line]
    for server_part in ("litestar", "psycopg", "uvicorn", "jinja2"):
        assert not [line for line in till if line.startswith(server_part)]
