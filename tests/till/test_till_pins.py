"""PINs: five wrong ones lock the name, longer each time, and pulling the plug helps nobody (fault 62)."""

from sample_till import Port

from till.pins import LOCK_MS, LOCK_MS_MAX, WRONG_MAX, Pins


class ShiftedClock:
    """The system's clock, moved on by a test."""

    def __init__(self, clock):
        self._clock = clock
        self.ahead_ms = 0

    def now_ms(self):
        return self._clock.now_ms() + self.ahead_ms

    def __getattr__(self, name):
        return getattr(self._clock, name)


def test_five_wrong_pins_lock_and_a_restart_does_not_help(folder):
    port = Port(folder)
    for _ in range(WRONG_MAX - 1):
        port.refused("wrong_pin", "sign_in", cashier="1", pin="0000")
    port.refused("pin_locked", "sign_in", cashier="1", pin="0000")
    port.refused("pin_locked", "sign_in", cashier="1", pin="1111")
    port.close()
    port = Port(folder)
    port.refused("pin_locked", "sign_in", cashier="1", pin="1111")
    port.ok("sign_in", cashier="2", pin="2222")
    actions = [(body.cashier, body.action) for body in port.bodies()]
    assert actions == [("1", "wrong_pin")] * 4 + [("1", "locked"), ("2", "in")]
    port.close()


def test_each_further_wrong_pin_locks_longer_and_a_right_one_forgives(port):
    parts = port.till.desk.parts
    clock = ShiftedClock(port.till.desk.clock)
    pins = Pins(parts.journal, parts.mirror, clock)
    locks = []
    for _ in range(14):
        clock.ahead_ms += LOCK_MS_MAX + 1000
        try:
            pins.check("1", "0000")
        except Exception as error:
            locks.append(pins.locked_s("1") * 1000 if error.code == "pin_locked" else 0)
    assert locks[:4] == [0, 0, 0, 0]
    assert locks[4:7] == [LOCK_MS, LOCK_MS * 2, LOCK_MS * 4]
    assert locks[-1] == LOCK_MS_MAX
    clock.ahead_ms += LOCK_MS_MAX + 1000
    assert pins.check("1", "1111").number == "1"
    assert pins.locked_s("1") == 0
    assert parts.journal.rows("SELECT count(*) FROM lockout") == [(0,)]


def test_guessing_supervisor_pins_locks_that_door_only(port):
    port.morning()
    for _ in range(WRONG_MAX - 1):
        port.refused("wrong_pin", "supervisor", pin="1234")
    port.refused("pin_locked", "supervisor", pin="1234")
    port.refused("pin_locked", "supervisor", pin="9999")
    port.ok("sign_in", cashier="9", pin="9999")


def test_unknown_names_and_odd_pins_are_just_wrong(port):
    port.refused("wrong_pin", "sign_in", cashier="404", pin="1111")
    port.refused("wrong_pin", "sign_in", cashier="1", pin="")
    port.refused("wrong_pin", "sign_in", cashier="1", pin="1" * 1000)


def test_no_pin_is_written_anywhere(folder):
    """I16's spirit: what was typed is in no file."""
    port = Port(folder)
    port.refused("wrong_pin", "sign_in", cashier="1", pin="73519264")
    port.close()
    for path in folder.iterdir():
        assert b"73519264" not in path.read_bytes()
