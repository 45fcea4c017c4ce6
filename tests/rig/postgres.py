"""A PostgreSQL of one's own: initdb in a temporary folder, reached by a unix socket there and nowhere else."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

START_S_MAX = 60
# Tests want speed; what a commit survives is PostgreSQL's own business.
SETTINGS = (
    "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c synchronous_commit=off "
    "-c autovacuum=off -c max_connections=100 -c shared_buffers=64MB"
)


class PostgresMissingError(RuntimeError):
    """There is no PostgreSQL on this machine."""


@contextlib.contextmanager
def running_postgres() -> Iterator[Callable[[str], str]]:
    """Run a cluster; give a function from a database's name to its URL. Raises PostgresMissingError."""
    binaries = _binaries()
    prefix, owner = _as_server_user()
    # A unix socket's path must be short, so not pytest's own temporary folder.
    folder = Path(tempfile.mkdtemp(prefix="cf-pg-", dir="/tmp"))
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = str(folder / "data")

    def run(program: str, *arguments: str) -> None:
        command = [*prefix, str(binaries / program), *arguments]
        subprocess.run(command, check=True, timeout=START_S_MAX, stdout=subprocess.DEVNULL, cwd=folder)

    try:
        run("initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        settings = f"{SETTINGS} -c unix_socket_directories={folder}"
        run("pg_ctl", "-D", data, "-w", "-t", str(START_S_MAX), "-l", str(folder / "log"), "-o", settings, "start")
        yield lambda name: f"postgresql://tester@/{name}?host={folder}"
    finally:
        with contextlib.suppress(subprocess.SubprocessError):
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise PostgresMissingError("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent if found else Path(str(on_path)).parent


def _as_server_user() -> tuple[list[str], pwd.struct_passwd | None]:
    """PostgreSQL refuses to run as root; the package's own user is there for it."""
    if os.getuid() != 0:
        return [], None
    user = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"], user
