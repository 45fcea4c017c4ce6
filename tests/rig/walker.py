"""A cashier who does anything: seeded random actions at two tills of one shop, while lines, programs and devices fail.

The walk knows nothing of what is allowed; refusals are part of it. What must hold afterwards stands in `rig.audit`.
Everything runs through the script port, the real agents, a real head office and the emulators.
"""

import json
import random
import time
import urllib.request
from collections import Counter as Tally
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rig.audit import Journal, held_card_minor, read_journal
from rig.head_office import HeadOffice
from rig.line import Line
from rig.programs import Play, Program, ProgramError, call, module
from schema.barcode import check_digit, measure_check_digit
from schema.events import OrderMade

Answer = dict[str, Any]
SYNC_S_MAX = 90
# By hand a store manager may do all of this; refusals come from the rules, not from rights.
CASHIER, PIN = "3", "3333"
PIECES = ("0001", "0002", "0005", "0013", "0019", "0033", "0035", "0046", "0047", "0050", "0052", "0057", "0061")
WEIGHED = ("0009", "0010", "0022")
BOTTLES = ("0039", "0041", "0042", "0043")
CUSTOMERS = ("C1001", "C1002", "C1003")
# Modes of the terminal that end soon; what is slow is tested where it belongs.
MODES = (
    "decline",
    "drop-at-command",
    "drop-after-taking",
    "drop-in-progress",
    "drop-before-status",
    "drop-after-status",
    "drop-after-ack",
    "drop-in-print",
    "wrong-amount",
    "tip-typed",
    "duplicate-result",
    "abort-only",
)
WRONG: tuple[tuple[str, Answer], ...] = (
    ("pay", {"tender": "cash", "amount": -5}),
    ("pay", {"tender": "gold"}),
    ("add", {"article": "9999"}),
    ("add", {"article": "0001", "quantity": "1.5.5"}),
    ("add", {"article": "0001", "quantity": "99999999"}),
    ("scan", {"code": "nothing"}),
    ("return", {"receipt": "0001-99-000001", "lines": [{"line": 1}], "reason": "x"}),
    ("void", {"receipt": "", "reason": ""}),
    ("take_order", {"order": "SO-0001-999999"}),
    ("take_back", {"payment": 9}),
    ("resume", {"parked": "nobody"}),
    ("change", {"line": 40, "quantity": "2"}),
    ("bill_discount", {"percent": "140"}),
    ("settle_card", {"attempt": "none", "paid": True}),
)


class Counter:
    """One till with its agent, printer and card terminal."""

    def __init__(self, name: str, folder: Path, office: HeadOffice, url: str) -> None:
        self.folder = folder / name
        self.data = self.folder / "till"
        self.logs = self.folder / "logs"
        self.receipts = self.folder / "receipts"
        emulate = ("hardware", "emulate")
        printer = module(*emulate, "printer", "--port", "0", "--folder", str(self.receipts))
        memory = str(self.folder / "terminal.json")
        terminal = module(*emulate, "terminal", "--port", "0", "--file", memory, "--card-delay", "0")
        self.devices = [Program("printer", printer, self.logs), Program("terminal", terminal, self.logs)]
        self._printer, self._terminal = (each.first_line() for each in self.devices)
        office.enrol(self.data, name=name, url=url)
        settings = [
            f'printer = "escpos+tcp://127.0.0.1:{self._printer["port"]}?profile=generic-80"',
            f'terminal = "zvt://127.0.0.1:{self._terminal["port"]}"',
        ]
        (self.data / "till.toml").write_text("\n".join(settings) + "\n", encoding="utf-8")
        call("agent", "sync-once", "--data", str(self.data))
        self.agent = self._agent()
        self.till = self._play()

    def _agent(self) -> Program:
        return Program("agent", module("agent", "run", "--data", str(self.data)), self.logs)

    def _play(self) -> Play:
        self.logs.mkdir(parents=True, exist_ok=True)
        return Play(self.data, self.logs / "till.log")

    def kill_agent(self) -> None:
        self.agent.kill()
        self.agent = self._agent()

    def kill_till(self, within_s: float, do: str = "status", **fields: Any) -> None:
        """End the till so many seconds after it was given a command, and open it again."""
        pipe = self.till.process.stdin
        assert pipe
        pipe.write(json.dumps({"do": do, **fields}) + "\n")
        pipe.flush()
        time.sleep(within_s)
        self.till.kill()
        self.till = self._play()
        self.till.ask("sign_in", cashier=CASHIER, pin=PIN)

    def terminal(self, path: str, **data: Any) -> Answer:
        url = f"http://127.0.0.1:{self._terminal['control_port']}{path}"
        request = urllib.request.Request(url, data=json.dumps(data).encode() if data else None)
        with urllib.request.urlopen(request, timeout=5) as reply:
            return dict(json.loads(reply.read()))

    def journal(self) -> Journal:
        return read_journal(self.data)

    def charged_minor(self) -> int:
        return int(self.terminal("/charges")["charged_minor"])

    def waiting(self) -> int:
        return int(json.loads(call("agent", "status", "--data", str(self.data), "--json"))["waiting"])

    def close(self) -> None:
        self.till.close()
        self.agent.stop()
        for device in self.devices:
            device.stop()


class BusyShop:
    """A head office and two tills of one store behind one line."""

    def __init__(self, folder: Path, *, cash_step_minor: int = 1) -> None:
        self.office = HeadOffice(folder / "office")
        self.data = folder / "office" / "data"
        _set_cash_step(self.data, cash_step_minor)
        self.line = Line(self.office.port)
        self._served = self.office.start()
        self.counters: list[Counter] = []
        try:
            for name in ("Walk-1", "Walk-2"):
                self.counters.append(Counter(name, folder, self.office, f"http://127.0.0.1:{self.line.port}"))
        except BaseException:
            self.close()
            raise

    def kill_office(self) -> None:
        self._served.kill()
        self._served = self.office.start()

    def wait_until_synced(self) -> None:
        """Wait until head office has and has applied all. Raises ProgramError."""
        deadline = time.monotonic() + SYNC_S_MAX
        for counter in self.counters:
            while counter.waiting():
                if time.monotonic() > deadline:
                    raise ProgramError(f"still waiting\n{counter.agent.tail()}")
                time.sleep(0.2)
        self.office.call("sync", "kick")

    def close(self) -> None:
        for counter in self.counters:
            counter.close()
        self.line.close()
        self._served.stop()


def _set_cash_step(data: Path, step_minor: int) -> None:
    from msgspec.structs import replace

    from server.catalogue.store_rows import put_store, store_settings
    from server.db import open_database

    database = open_database(data, "")
    with database.write() as connection:
        found = store_settings(connection, "0001")
        assert found
        put_store(connection, replace(found, cash_step_minor=step_minor, voucher_offline_minor_max=3000))
    database.close()


class Walker:
    """Walks one shop by a seed. `trail` is what was done, to find the step that a broken rule comes from."""

    def __init__(self, shop: BusyShop, seed: int, *, faults: bool = True) -> None:
        self.shop = shop
        self.random = random.Random(seed)
        self.trail: list[str] = []
        self.answers: Tally[str] = Tally()
        self.was_cut = False
        self._faults = faults
        for counter in shop.counters:
            counter.till.do("sign_in", cashier=CASHIER, pin=PIN)
            counter.till.do("open_shift", float=10_000)

    # -- speaking

    def ask(self, counter: Counter, do: str, **fields: Any) -> Answer:
        answer = counter.till.ask(do, **fields)
        code = "ok" if answer["ok"] else answer["error"]["code"]
        self.answers[f"{do}:{code}"] += 1
        told = answer.get("receipt") or answer.get("order") or ""
        text = f"{counter.folder.name} {do} {json.dumps(fields)} -> {code} {told}"
        if not answer["ok"]:
            text += " " + answer["error"]["message"][:90]
        self.trail.append(text)
        # The till says it itself where it took an order without being able to ask: its agent was just killed, say.
        self.was_cut |= any(message["code"] == "order_warning" for message in answer.get("messages", []))
        return answer

    def _basket(self, counter: Counter) -> Answer | None:
        return counter.till.ask("status").get("basket")

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    # -- a walk

    def walk(self, steps: int) -> None:
        """Do so many things, then bring all to rest: nothing in hand, nothing in doubt, all sent."""
        things: list[tuple[int, Callable[[Counter], None]]] = [
            (30, self._sell),
            (8, self._return),
            (5, self._void),
            (6, self._take_order),
            (3, self._open_item),
            (3, self._resume),
            (3, self._cash_move),
            (2, self._new_shift),
            (1, self._terminal_day),
            (4, self._wrong),
            (3, self._leave_and_sign_in),
        ]
        if self._faults:
            things += [(3, self._line), (2, self._kill_agent), (1, self._kill_office), (4, self._kill_till)]
        weights, doings = zip(*things, strict=True)
        for _ in range(steps):
            counter = self.random.choice(self.shop.counters)
            self._ready(counter)
            self.random.choices(doings, weights)[0](counter)
        self.rest()

    def rest(self) -> None:
        self.shop.line.mend()
        for counter in self.shop.counters:
            self._empty_hands(counter)
            for job in self.ask(counter, "print_queue").get("print_queue", []):
                self.ask(counter, "print_queue", print=job["job"])
        self.shop.wait_until_synced()

    def _ready(self, counter: Counter) -> None:
        """Now and then go on with what is in hand; else bring it to an end first."""
        self.ask(counter, "offer", accept=False)
        if self.chance(0.9):
            self._empty_hands(counter)

    # -- selling

    def _sell(self, counter: Counter) -> None:
        self._fill(counter)
        end = self.random.choices(("pay", "park", "order", "cancel"), (75, 8, 12, 5))[0]
        if end == "pay":
            self._pay(counter)
        elif end == "park":
            self.ask(counter, "park", title=f"Basket {self.random.randrange(5)}")
        elif end == "cancel":
            self.ask(counter, "cancel")
        else:
            self._make_order(counter)

    def _fill(self, counter: Counter) -> None:
        if self.chance(0.25):
            self.ask(counter, "customer", number=self.random.choice(CUSTOMERS))
        for _ in range(self.random.randint(1, 5)):
            self._add(counter)
        for _ in range(self.random.choice((0, 0, 1, 2))):
            self._change(counter)

    def _add(self, counter: Counter) -> None:
        pick = self.random.random()
        if pick < 0.45:
            self.ask(counter, "add", article=self.random.choice(PIECES), quantity=str(self.random.randint(1, 6)))
        elif pick < 0.6:
            grams = self.random.randint(1, 2500)
            self.ask(counter, "add", article=self.random.choice(WEIGHED), quantity=f"{grams / 1000:.3f}")
        elif pick < 0.7:
            self.ask(counter, "scan", code=weighed(self.random.choice(WEIGHED), self.random.randint(1, 2000)))
        elif pick < 0.82:
            self.ask(counter, "add", article=self.random.choice(BOTTLES), quantity=str(self.random.randint(1, 6)))
            self.ask(counter, "answer", yes=True)
        elif pick < 0.88:
            self.ask(counter, "add", article="0062", options=["large", "oat"], quantity="2")
        elif pick < 0.94:
            price = self.random.randint(1, 3000)
            self.ask(counter, "add", text="Odds", price=price, tax_code=self.random.choice(("standard", "reduced")))
        else:
            self.ask(counter, "add", article="0065", price=self.random.choice((500, 1000, 2501)))

    def _change(self, counter: Counter) -> None:
        line, pick = self.random.randint(1, 4), self.random.randrange(7)
        if pick == 0:
            quantity = self.random.choice(("1", "2", "7", "0.333", "-1", "-2"))
            self.ask(counter, "change", line=line, quantity=quantity)
        elif pick == 1:
            self.ask(counter, "change", line=line, price=self.random.randint(0, 2000))
        elif pick == 2:
            percent = self.random.choice(("3", "10", "33.3", "100"))
            self.ask(counter, "change", line=line, discount_percent=percent, reason="kind")
        elif pick == 3:
            self.ask(counter, "change", line=line, discount_amount=self.random.randint(1, 300), reason="kind")
        elif pick == 4:
            self.ask(counter, "bill_discount", percent=self.random.choice(("5", "12.5", "50")), reason="friend")
        elif pick == 5:
            self.ask(counter, "bill_discount", amount=self.random.randint(1, 500), reason="friend")
        else:
            self.ask(counter, "remove", line=line)

    # -- paying

    def _pay(self, counter: Counter) -> None:
        """Pay in any parts by any tenders; now and then something is taken back; in the end all is paid, or left."""
        for _ in range(self.random.choice((1, 1, 2, 3, 5))):
            basket = self._basket(counter)
            if basket is None:
                return
            if self.chance(0.12):
                self.ask(counter, "tip", amount=self.random.choice((0, 50, 133, 200)))
            if basket["paid"] and self.chance(0.25):
                self._take_back(counter)
            elif self._tender(counter, basket["due"]):
                return
        if self.chance(0.9):
            self.ask(counter, "pay", tender="cash")

    def _part(self, due: int) -> Answer:
        if self.chance(0.45) or abs(due) < 2:
            return {}
        return {"amount": self.random.randint(1, abs(due))}

    def _tender(self, counter: Counter, due: int) -> bool:
        tender = self.random.choices(("cash", "card", "card_manual", "account", "voucher"), (35, 30, 8, 10, 17))[0]
        fields = self._part(due)
        if tender == "cash" and self.chance(0.3):
            fields = {"amount": max(due, 0) + self.random.randint(1, 2000)}
        if tender == "card_manual":
            fields |= {"card_type": "Visa"}
        if tender == "account" and self.chance(0.6):
            self.ask(counter, "customer", number=self.random.choice(CUSTOMERS))
        if tender == "voucher" and due > 0:
            fields |= {"code": self._voucher()}
        if tender != "card":
            return bool(self.ask(counter, "pay", tender=tender, **fields).get("receipt"))
        return self._card(counter, lambda: self.ask(counter, "pay", tender="card", **fields))

    def _card(self, counter: Counter, do: Callable[[], Answer]) -> bool:
        mode = self.random.choice(MODES) if self._faults and self.chance(0.3) else "ok"
        counter.terminal("/mode", mode=mode, policy=self.random.choice(("keep", "reverse")))
        self.trail.append(f"{counter.folder.name} terminal {mode}")
        paid = do()
        counter.terminal("/mode", mode="ok")
        return bool(paid.get("receipt"))

    def _take_back(self, counter: Counter) -> None:
        position = self.random.randint(1, 3)
        self._card(counter, lambda: self.ask(counter, "take_back", payment=position))

    def _voucher(self) -> str:
        codes = [
            line.reference
            for journal in self._journals()
            for sale in journal.sales
            for line in sale.lines
            if line.kind == "voucher"
        ]
        return self.random.choice(codes) if codes else "V000"

    def _journals(self) -> list[Journal]:
        return [counter.journal() for counter in self.shop.counters]

    def _empty_hands(self, counter: Counter) -> None:
        """Settle what is in doubt, and pay or cancel what is in hand. Raises ProgramError where nothing helps."""
        for _ in range(16):
            self._settle_doubts(counter)
            answer = self.ask(counter, "status")
            basket = answer.get("basket")
            if basket is None and not answer["card_in_doubt"]:
                return
            if basket is not None and not basket["paid"] and self.ask(counter, "cancel")["ok"]:
                continue
            for _ in range(4):
                if self.ask(counter, "take_back", payment=1)["ok"]:
                    break
                self.ask(counter, "pay", tender=self.random.choice(("cash", "card")))
        raise ProgramError(f"{counter.folder.name} cannot be brought to rest: {counter.till.ask('status')}")

    def _settle_doubts(self, counter: Counter) -> None:
        for doubt in self.ask(counter, "status")["card_in_doubt"]:
            asked = self.ask(counter, "settle_card", attempt=doubt["attempt"])
            if any(each["attempt"] == doubt["attempt"] for each in asked.get("card_in_doubt", [doubt])):
                self._by_slip(counter, doubt)

    def _by_slip(self, counter: Counter, doubt: Answer) -> None:
        """Settle as a person does who reads the terminal's slip: what it charged and no receipt or sale holds."""
        open_minor = counter.charged_minor() - counter.journal().card_minor - held_card_minor(counter.data)
        fields: Answer = {"paid": open_minor != 0}
        if open_minor:
            fields |= {"amount": abs(open_minor), "tip": self.chance(0.5)}
        self.ask(counter, "settle_card", attempt=doubt["attempt"], **fields)

    # -- what comes back

    def _return(self, counter: Counter) -> None:
        sales = [sale for journal in self._journals() for sale in journal.sales]
        if not sales:
            return
        sale = self.random.choice(sales[-25:])
        lines = [self._wanted(number, line) for number, line in enumerate(sale.lines, start=1) if self.chance(0.5)]
        if self.chance(0.3):
            self.ask(counter, "add", article=self.random.choice(PIECES), quantity="2")
        found = self.ask(counter, "return", receipt=sale.receipt, lines=lines, reason="changed mind")
        if self.chance(0.1):
            without = [{"article": self.random.choice(PIECES), "quantity": "1"}]
            self.ask(counter, "return", lines=without, reason="defect")
        if found["ok"] and self.chance(0.15):
            self.ask(counter, "park", title="Return")
        elif found.get("basket"):
            self._pay(counter)

    def _wanted(self, number: int, line: Any) -> Answer:
        if self.chance(0.4):
            return {"line": number}
        if line.quantity % 1:
            return {"line": number, "quantity": f"{self.random.randint(1, 400) / 1000:.3f}"}
        return {"line": number, "quantity": str(self.random.randint(1, 3))}

    def _void(self, counter: Counter) -> None:
        sales = counter.journal().sales
        if sales:
            sale = self.random.choice(sales[-15:])
            self._card(counter, lambda: self.ask(counter, "void", receipt=sale.receipt, reason="wrong"))
            if self._basket(counter) and self.chance(0.8):
                self._pay(counter)

    # -- orders

    def _make_order(self, counter: Counter) -> None:
        pay = self.random.choice(("later", "all", self.random.randint(1, 2500)))
        made = self.ask(counter, "make_order", name="Any Sample", pay=pay)
        if made.get("basket"):
            self._pay(counter)

    def _orders(self, counter: Counter) -> list[str]:
        listed = [each["order"] for each in self.ask(counter, "open_orders").get("orders", [])]
        made = [each.number for journal in self._journals() for each in journal.of(OrderMade)]
        return listed + made[-5:]

    def _take_order(self, counter: Counter) -> None:
        orders = self._orders(counter)
        if not orders:
            return
        order, pick = self.random.choice(orders), self.random.random()
        if pick < 0.2:
            self.ask(counter, "take_order", order=order, deposit=self.random.choice(("all", 100, 777)))
        elif pick < 0.6:
            lines = self.ask(counter, "order", order=order).get("lines", [])
            handed = [part for each in lines if (part := self._handed(each))]
            self.ask(counter, "take_order", order=order, lines=handed)
        else:
            self.ask(counter, "take_order", order=order)
        basket = self._basket(counter)
        if basket and self.chance(0.15):
            self.ask(counter, "park", title="Order")
        elif basket:
            self._pay(counter)

    def _handed(self, line: Answer) -> Answer | None:
        left = line["left"]
        if left == "0" or self.chance(0.4):
            return None
        whole = "." not in left
        some = str(self.random.randint(1, int(left))) if whole else left
        return {"line": line["line"], "quantity": some}

    # -- the rest of the day

    def _open_item(self, counter: Counter) -> None:
        customer = self.random.choice(CUSTOMERS)
        items = self.ask(counter, "customer_detail", number=customer).get("items", [])
        if items:
            item = self.random.choice(items)
            self.ask(counter, "pay_open_item", customer=customer, reference=item["reference"])
            if self.chance(0.15):
                self.ask(counter, "park", title="Item")
            else:
                self._pay(counter)

    def _resume(self, counter: Counter) -> None:
        parked = self.ask(counter, "parked").get("parked", [])
        if parked:
            slot = self.random.choice(parked)["slot"]
            if self.chance(0.1):
                self.ask(counter, "parked", drop=slot)
            elif self.ask(counter, "resume", parked=slot)["ok"]:
                self._pay(counter)

    def _cash_move(self, counter: Counter) -> None:
        do = self.random.choice(("cash_in", "cash_out", "skim", "change_money"))
        self.ask(counter, do, amount=self.random.randint(1, 3000), reason="change")

    def _new_shift(self, counter: Counter) -> None:
        expected = self.ask(counter, "count", total=0).get("expected")
        if expected is not None:
            counted = max(expected + self.random.choice((0, 0, -7, 12)), 0)
            self.ask(counter, "close_shift", counted=counted)
        self.ask(counter, "open_shift", float=self.random.choice((10_000, 5_000)))

    def _terminal_day(self, counter: Counter) -> None:
        day = self.ask(counter, "terminal_day")
        if day["ok"] and day.get("difference"):
            raise ProgramError(f"the terminal's end of day differs by {day['difference']}")

    def _wrong(self, counter: Counter) -> None:
        do, fields = self.random.choice(WRONG)
        self.ask(counter, do, **fields)

    def _leave_and_sign_in(self, counter: Counter) -> None:
        self.ask(counter, "sign_out")
        self.ask(counter, "sign_in", cashier=CASHIER, pin=PIN)

    # -- what fails

    def _line(self, _: Counter) -> None:
        if self.shop.line.up:
            self.shop.line.cut()
            self.was_cut = True
        else:
            self.shop.line.mend()
        self.trail.append(f"line up: {self.shop.line.up}")

    def _kill_agent(self, counter: Counter) -> None:
        self.trail.append(f"{counter.folder.name} agent killed")
        self.was_cut = True
        counter.kill_agent()

    def _kill_office(self, _: Counter) -> None:
        self.trail.append("office killed")
        self.was_cut = True
        self.shop.kill_office()

    def _kill_till(self, counter: Counter) -> None:
        """Kill the till while it does something with money."""
        self._fill(counter)
        basket = self._basket(counter)
        due = basket["due"] if basket else 0
        commands: list[Answer] = [
            {"do": "pay", "tender": "cash"},
            {"do": "pay", "tender": "card"},
            {"do": "pay", "tender": "cash", **self._part(due)},
            {"do": "make_order", "name": "Any Sample", "pay": 100},
            {"do": "take_back", "payment": 1},
        ]
        command = self.random.choice(commands)
        within_s = self.random.uniform(0, 0.08)
        self.trail.append(f"{counter.folder.name} till killed {within_s:.3f} s after {command}")
        counter.kill_till(within_s, **command)


def weighed(number: str, price_minor: int) -> str:
    """Return the code that the sample shop's scale prints: article, price and its check digit, check digit."""
    payload = f"22{number}{measure_check_digit(f'{price_minor:05d}')}{price_minor:05d}"
    return f"{payload}{check_digit(payload)}"


def today() -> str:
    return datetime.now(UTC).astimezone().date().isoformat()
