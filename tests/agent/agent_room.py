"""A till's folder with its head office, and what the agent's tests do with them."""

import os
import random
import subprocess
import sys
from pathlib import Path

from agent_fault_proxy import FaultProxy
from agent_journal_builder import JournalBuilder
from agent_small_office import CODE
from msgspec.structs import replace

from agent.assemble import assemble, assembled, enrolment_link
from agent.config import Config
from agent.enrol import enrol
from agent.link import Limits
from agent.service import close, sync_once
from schema.clock import SystemClock
from schema.device import load_device, load_key, save_device

ROOT = Path(__file__).parents[2]
# For faults that must run into their limit.
QUICK = Limits(connect_s=1.0, silence_s=1.0, total_s=2.0)


class Room:
    """A till's folder, its head office, and what tests do with them."""

    def __init__(self, folder, office):
        self.folder, self.office = folder, office
        self.opened, self.proxies, self.processes = [], [], []
        self.clock = SystemClock()

    def enrol(self, code=CODE):
        config = Config(folder=self.folder)
        link = enrolment_link(config, self.office.url, self.clock)
        enrolled = enrol(self.folder, server_url=self.office.url, code=code, software="test", link=link)
        link.close()
        return enrolled

    def journal(self):
        builder = JournalBuilder(self.folder)
        self.opened.append(builder.close)
        return builder

    def proxy(self, only=""):
        """Put a fault proxy between this till and its head office."""
        proxy = FaultProxy(self.office.port)
        proxy.only = only
        device, key = load_device(self.folder), load_key(self.folder)
        save_device(self.folder, replace(device, server_url=proxy.url), key)
        self.proxies.append(proxy)
        return proxy

    def parts(self, clock=None, **settings):
        parts = assemble(Config(folder=self.folder, limits=QUICK, **settings), clock or self.clock)
        parts.share = random.Random(7).random
        self.opened.append(lambda: close(parts))
        return parts

    def sync(self):
        """Do what `sync-once` does, without the cost of a program's start."""
        with assembled(Config(folder=self.folder)) as parts:
            return sync_once(parts)

    def run(self, *arguments, check=None, timeout=30):
        """Run the agent's command line to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "agent", *arguments, "--data", str(self.folder)],
            check=False,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "COLUMNS": "200"},
        )
        if check is not None:
            assert done.returncode == check, done.stderr
        return done

    def start(self, *arguments):
        """Start a real agent process."""
        process = subprocess.Popen(
            [sys.executable, "-m", "agent", "run", "--data", str(self.folder), "--spread", "0", *arguments],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait(10)
            process.stderr.close()
        for end in reversed(self.opened):
            end()
        for proxy in self.proxies:
            proxy.close()
