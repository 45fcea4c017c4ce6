"""What an operator may set: the data folder by option, the database by `DATABASE_URL`, the mail server by `SMTP_HOST`
and what belongs to it (server.mailing.settings), the rest by default.

Secrets are not here: head office's key is made at `init` and lies in the database's `meta` or a 0600 file.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from platformdirs import user_data_path

from schema.errors import Refused
from server.mailing.settings import MailSettings, read_mail_settings

DATABASE_URL = "DATABASE_URL"
PORT = 8000
HOST = "127.0.0.1"
HANDLER_THREADS = 16


class Config(Struct, frozen=True, kw_only=True):
    """A program start: where the data is, where to listen, how many requests are handled at once."""

    folder: Path
    database_url: str | None = None
    host: str = HOST
    port: int = PORT
    handler_threads: int = HANDLER_THREADS
    mail: MailSettings | None = None


def default_folder() -> Path:
    """Return the platform's folder for this program's data."""
    return user_data_path("counterfoil") / "server"


def read_config(folder: Path | None, environ: Mapping[str, str] = os.environ, *, host: str, port: int) -> Config:
    """Put a start's settings together. Raises Refused: bad_database_url, bad_mail_settings."""
    url = environ.get(DATABASE_URL) or None
    if url and not url.startswith(("postgresql://", "postgres://")):
        scheme = url.partition(":")[0]
        raise Refused(
            "bad_database_url",
            f"{DATABASE_URL} names “{scheme}”. Counterfoil knows postgresql://user@host/name; "
            "without it, head office keeps its data in SQLite in the data folder.",
        )
    mail = read_mail_settings(environ)
    return Config(folder=folder or default_folder(), database_url=url, host=host, port=port, mail=mail)
