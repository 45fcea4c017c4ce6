"""Commands for cash and the drawer."""

from till.play import fields as read
from till.play.commands import Commands
from till.play.fields import Fields


class Cash(Commands):
    def do_cash_in(self, fields: Fields) -> None:
        self._screens.cash.move("cash_in", read.amount(fields, "amount"), read.text(fields, "reason", default=""))

    def do_cash_out(self, fields: Fields) -> None:
        self._screens.cash.move("cash_out", read.amount(fields, "amount"), read.text(fields, "reason", default=""))

    def do_skim(self, fields: Fields) -> None:
        self._screens.cash.move("skim", read.amount(fields, "amount"), read.text(fields, "reason", default=""))

    def do_change_money(self, fields: Fields) -> None:
        self._screens.cash.move("change_money", read.amount(fields, "amount"), read.text(fields, "reason", default=""))

    def do_open_drawer(self, fields: Fields) -> None:
        self._screens.cash.open_drawer(read.text(fields, "reason", default=""))
