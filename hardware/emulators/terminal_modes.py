"""How the card terminal emulator can behave: its settings, its modes and the policy on a result without an answer.

Modes that break off do so at one step of whatever moves money or closes the day; the names tell the step.
"""

from typing import Literal, get_args

from msgspec import Struct

from schema.errors import Refused

Mode = Literal[
    "ok",
    "decline",
    "never-card",
    "mute",
    "mute-payment",
    "slow",
    "late",
    "half-open",
    "drop-registration",
    "drop-at-command",
    "drop-after-taking",
    "drop-in-progress",
    "drop-before-status",
    "drop-after-status",
    "drop-after-ack",
    "drop-in-print",
    "busy",
    "wrong-amount",
    "tip-typed",
    "duplicate-result",
    "unknown-bmp",
    "print-lines",
    "text",
    "abort-only",
    "no-totals",
]
MODES: dict[str, str] = {
    "ok": "approves",
    "decline": "declines (result 05; an end of day 77)",
    "never-card": "nobody presents a card: cancelled when the time is over",
    "mute": "connects and says nothing",
    "mute-payment": "registers, then says nothing to a payment, refund, reversal or end of day",
    "slow": "reports progress for a long time, then approves",
    "late": "says nothing for a long time, then approves",
    "half-open": "books, and nothing passes any more on a connection that looks open",
    "drop-registration": "breaks off when the till registers",
    "drop-at-command": "breaks off at the command, without an answer; nothing is booked",
    "drop-after-taking": "takes the command and breaks off; nothing is booked",
    "drop-in-progress": "breaks off while the card is awaited; nothing is booked",
    "drop-before-status": "books and breaks off before it tells the result",
    "drop-after-status": "tells the result and breaks off before the till's answer",
    "drop-after-ack": "breaks off after the till's answer, before the completion",
    "drop-in-print": "breaks off within its slip",
    "busy": "refuses with 84 9C and says so when it is asked",
    "wrong-amount": "moves one unit less than asked (not for a reversal)",
    "tip-typed": "moves two units of money more than asked: a tip that was typed there (not for a reversal)",
    "duplicate-result": "tells the result twice",
    "unknown-bmp": "puts a field that nobody knows into its result",
    "print-lines": "sends slip lines for the till to print, whatever the till registered",
    "text": "adds its own words to progress and result",
    "abort-only": "ends with 06 1E, without a result",
    "no-totals": "does its end of day without telling totals",
}
Policy = Literal["keep", "reverse"]


class Options(Struct, frozen=True, kw_only=True):
    """Where it listens and how it behaves. Delays in seconds."""

    host: str = "127.0.0.1"
    port: int = 20007
    control_port: int = 0
    mode: str = "ok"
    policy: str = "keep"
    card_delay_s: float = 1.0
    # How long it waits for a card that never comes, and how long "slow" and "late" take.
    patience_s: float = 30.0
    # Every byte in a TCP segment of its own.
    split_bytes: bool = False
    terminal_id: str = "12345678"
    card_name: str = "girocard"


def check_options(options: Options) -> None:
    """Raise Refused("unknown_mode"), ("unknown_policy")."""
    if options.mode not in get_args(Mode):
        raise Refused("unknown_mode", f"There is no mode “{options.mode}”. Known are: {', '.join(MODES)}.")
    if options.policy not in get_args(Policy):
        raise Refused("unknown_policy", f"There is no policy “{options.policy}”. Known are: keep, reverse.")
