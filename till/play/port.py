"""The port: reads a line, does its command, answers with one line at once, whatever is in it."""

import contextlib
import json
from collections.abc import Iterable
from typing import TextIO

from schema.errors import CounterfoilError, Refused
from till.play.basket import basket_answer
from till.play.cash import Cash
from till.play.commands import Command, Commands
from till.play.customers import Customers
from till.play.fields import Answer, read
from till.play.orders import Orders
from till.play.paying import Paying
from till.play.people import People
from till.play.returns import Returns
from till.play.selling import Selling
from till.play.settings import Settings
from till.play.stage import Stage
from till.play.waiting import Waiting

GROUPS: tuple[type[Commands], ...] = (People, Selling, Customers, Paying, Returns, Orders, Cash, Waiting, Settings)
# What anybody may do who stands before the till; all else is for who has signed in, as on the screens.
ANYBODY = frozenset(
    {"sign_in", "sign_out", "unlock", "speak", "practice", "status", "messages", "settings", "sync", "check_devices"}
)


class Player:
    """Plays commands on a stage. Every command answers, whatever is in it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._desk = stage.screens.sale.desk
        self._commands: dict[str, Command] = {}
        for group in GROUPS:
            self._commands |= group(stage).by_name()

    def answer(self, line: str) -> Answer:
        """Do one line's command. Never raises for what a line may hold."""
        self._stage.said.clear()
        try:
            fields = read(line)
            name = fields.get("do")
            command = self._commands.get(name) if isinstance(name, str) else None
            if command is None:
                known = ", ".join(sorted(self._commands))
                raise Refused("unknown_command", f"“{str(name)[:40]}” is no command. Known: {known}.")
            if name not in ANYBODY and self._desk.trouble is None:
                self._desk.signed_in()
            result = command(fields) or {}
        except CounterfoilError as error:
            return self._failed(error.code, self._desk.words.of_error(error))
        answer = self._outcome(result)
        # Leases are kept between commands; what goes wrong there is no word on what was just done.
        with contextlib.suppress(CounterfoilError):
            self._stage.tick()
        return answer

    def _outcome(self, result: Answer) -> Answer:
        for message in self._stage.said:
            if message.kind == "error":
                return self._failed(message.code, message.text)
        answer: Answer = {"ok": True} | result
        warnings = [{"code": each.code, "message": each.text} for each in self._stage.said]
        if warnings:
            answer["messages"] = warnings
        return answer | self._basket()

    def _failed(self, code: str, message: str) -> Answer:
        return {"ok": False, "error": {"code": code, "message": message}} | self._basket()

    def _basket(self) -> Answer:
        try:
            return basket_answer(self._desk.sale)
        except CounterfoilError:
            return {}


def play(lines: Iterable[str], player: Player, out: TextIO) -> int:
    """Play all lines, one answer each, written at once. Return how many were refused; empty lines are passed over."""
    refused = 0
    for line in lines:
        if not line.strip():
            continue
        answer = player.answer(line)
        refused += not answer["ok"]
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        out.flush()
    return refused
