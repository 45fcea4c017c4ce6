"""Head office as a program with its data in a folder, for the agent's tests against the real one."""

import csv
import os
import subprocess
import sys
from contextlib import contextmanager

from agent_room import ROOT

from schema.clock import SystemClock
from schema.sqlite import open_reader
from server.db import open_database

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


class RealOffice:
    """Head office's command line and its program."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, 0, None
        self.log = folder.with_name("office.log")

    def run(self, *arguments):
        done = subprocess.run(
            [sys.executable, "-m", "server", *arguments, "--data", str(self.folder)],
            check=False,
            cwd=ROOT,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self):
        """Serve, on the same port as before."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "server", "serve", "--data", str(self.folder), "--port", str(self.port)],
                cwd=ROOT,
                env=ENVIRONMENT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        said = self.process.stdout.readline()
        assert said.startswith("Head office: "), self.log.read_text()
        self.url = said.split()[-1].rstrip("/")
        self.port = int(self.url.rsplit(":", 1)[1])

    def kill(self):
        self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()

    @contextmanager
    def rows(self):
        """Read head office's tables."""
        reader = open_reader(self.folder / "head-office.db")
        try:
            yield lambda sql, *values: reader.execute(sql, values).fetchall()
        finally:
            reader.close()

    def change(self, work):
        """Do what a person at head office would, through its own rooms."""
        database = open_database(self.folder, None)
        try:
            return database.transact(lambda connection: work(connection, SystemClock()))
        finally:
            database.close()


def import_articles(office, articles):
    file = office.folder.parent / "articles.csv"
    with file.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["number", "name", "price", "tax_code", "barcode"])
        writer.writerows([number, name, "1.99", "standard", f"X{number}"] for number, name in articles)
    office.run("import-articles", str(file))
