"""Vouchers at the till: their codes, what one is worth as far as this till can know, and paying with a part of it.

Head office keeps them; the mirror has the balance that it last fed, and head office is asked where it can be reached.
This till's own moves that head office cannot have counted yet come on top. Without head office a voucher counts up to
the store's cap, so two tills that redeem it offline lose at most the cap each; the overdraft is head office's worklist.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from schema.catalogue import StoreSettings, Voucher
from schema.events import Payment, SaleCompleted
from schema.text import without_controls
from till.paying.checkout import part_of_due, with_payment
from till.selling.register import Sale
from till.words import Day, RefusedInWords

# Crockford's base 32: no I, L, O or U, so that what is read aloud or typed from paper is not mistaken.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX = "V"
RANDOM_DIGITS = 14
CODE_LENGTH = len(PREFIX) + RANDOM_DIGITS + 1
CODE_LENGTH_MAX = 40
ENTROPY_BYTES = 9
# Head office counts and feeds an acknowledged move well within this time.
FEED_LAG_MS = 10 * 60 * 1000
_MISREAD = str.maketrans("OIL", "011")


# -- codes


def new_code(entropy: bytes) -> str:
    """Return a fresh code: "V", 14 random digits, a check character. `entropy` are 9 random bytes."""
    number = int.from_bytes(entropy[:ENTROPY_BYTES], "big")
    digits = "".join(ALPHABET[number >> (5 * place) & 31] for place in range(RANDOM_DIGITS))
    return PREFIX + digits + check_character(digits)


def check_character(digits: str) -> str:
    """Return the character that finds every single wrong one (Luhn's formula to the base 32)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ALPHABET.index(digit) * (1 if place % 2 else 2)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]


def clean_code(typed: str) -> str:
    """Return a code as it is stored: no spaces or dashes, capitals, misread letters put right in our own codes.

    A code of another make is taken as it stands. Raises Refused("bad_voucher") for what cannot be one.
    """
    text = without_controls(typed).strip().upper()
    compact = text.replace(" ", "").replace("-", "")
    if len(compact) == CODE_LENGTH and compact.startswith(PREFIX):
        digits = compact[1:].translate(_MISREAD)
        if all(digit in ALPHABET for digit in digits):
            if check_character(digits[:-1]) != digits[-1]:
                raise RefusedInWords(
                    "bad_voucher", "“{code}” is not a voucher's code: a character was misread.", code=compact
                )
            return PREFIX + digits
    if not text or len(text) > CODE_LENGTH_MAX:
        raise RefusedInWords("bad_voucher", "Scan or type the voucher's code.")
    return text


def shown_code(code: str) -> str:
    """Return a code as a person reads it: in groups of four."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4)) if len(code) == CODE_LENGTH else code


# -- what one is worth


class VoucherMove(Struct, frozen=True, kw_only=True):
    """What this till's journal knows: issued or given back (above zero), redeemed (below). `left_minor` after it."""

    code: str
    epoch: int
    seq: int
    amount_minor: int
    left_minor: int
    at_ms: int


class Known(Struct, frozen=True, kw_only=True):
    """How far head office knows this till's journal, and when the mirror was last fetched.

    `applied_seq`: up to where a balance that was just asked for holds this journal; None where nobody said so.
    """

    epoch: int
    acked_seq: int
    fetched_ms: int
    applied_seq: int | None = None

    def has(self, epoch: int, seq: int) -> bool:
        """Tell whether head office holds an event; an older epoch was sent before this one began."""
        return epoch < self.epoch or seq <= self.acked_seq

    def is_settled(self, epoch: int, seq: int, at_ms: int) -> bool:
        """Tell whether the mirror must show an event's effect by now."""
        return self.has(epoch, seq) and at_ms < self.fetched_ms - FEED_LAG_MS


def uncounted(voucher: Voucher | None, moves: Iterable[VoucherMove], known: Known) -> list[VoucherMove]:
    """Return the own moves, of those in their order, that head office's balance does not hold yet.

    Where head office did not say how far it is, this is as far as one can tell; then rather too little is left.
    """
    waiting: list[VoucherMove] = []
    for place, move in enumerate(moves):
        if known.applied_seq is not None and move.epoch == known.epoch:
            is_counted = voucher is not None and move.seq <= known.applied_seq
        else:
            is_counted = _is_counted(move, voucher, known) or (
                not waiting and _has_arrived(move, voucher, is_first=place == 0)
            )
        if not is_counted:
            waiting.append(move)
    return waiting


def _has_arrived(move: VoucherMove, voucher: Voucher | None, *, is_first: bool) -> bool:
    """Tell whether what was given here shows in a balance although nobody acknowledged it: the answer was lost.

    Head office counts in the order of the journal, so nothing before it may be missing there. What was issued here is
    there as soon as the voucher is.
    """
    if voucher is None or move.amount_minor <= 0:
        return False
    is_issued_here = is_first and move.left_minor == move.amount_minor
    return is_issued_here or voucher.balance_minor >= move.left_minor


def _is_counted(move: VoucherMove, voucher: Voucher | None, known: Known) -> bool:
    if voucher is None or not known.has(move.epoch, move.seq):
        return False
    # A balance that has fallen to what our move left holds it; what was given is counted late rather than twice.
    return (
        known.is_settled(move.epoch, move.seq, move.at_ms)
        or move.amount_minor > 0
        or voucher.balance_minor <= move.left_minor
    )


class Worth(Struct, frozen=True, kw_only=True):
    """What may be paid with a voucher now. `asked` tells whether head office answered."""

    code: str
    currency: str
    balance_minor: int
    limit_minor: int
    asked: bool
    valid_to: str = ""


class Sight(Struct, frozen=True, kw_only=True):
    """All that is known of a code: head office's or the mirror's row, and what the own journal adds to it."""

    code: str
    voucher: Voucher | None
    asked: bool
    waiting: tuple[VoucherMove, ...] = ()


def worth(sight: Sight, sale: Sale, settings: StoreSettings, day: str) -> Worth:
    """Return what a voucher pays of this sale at most.

    Raises Refused: voucher_unknown, voucher_blocked, voucher_expired, voucher_currency, voucher_offline, voucher_empty.
    """
    voucher, currency = sight.voucher, sale.basket.currency
    if voucher is None and not sight.waiting:
        raise _unknown(sight)
    if voucher is not None:
        _check_usable(voucher, currency, day)
    held = sum(part.amount_minor for part in sale.payments if part.reference == sight.code)
    balance = (voucher.balance_minor if voucher else 0) + sum(move.amount_minor for move in sight.waiting) - held
    limit = balance if sight.asked else min(balance, _offline_left(sight, settings) - held)
    if balance <= 0:
        raise RefusedInWords("voucher_empty", "Nothing is left on voucher {code}.", code=shown_code(sight.code))
    if limit <= 0:
        raise RefusedInWords(
            "voucher_offline",
            "Head office cannot be asked now, and without it no more of voucher {code} may be taken here. Take another "
            "means of payment, or try again when online.",
            code=shown_code(sight.code),
        )
    valid_to = voucher.valid_to if voucher else ""
    return Worth(
        code=sight.code,
        currency=currency,
        balance_minor=balance,
        limit_minor=limit,
        asked=sight.asked,
        valid_to=valid_to,
    )


def _offline_left(sight: Sight, settings: StoreSettings) -> int:
    redeemed = -sum(move.amount_minor for move in sight.waiting if move.amount_minor < 0)
    return settings.voucher_offline_minor_max - redeemed


def in_use(code: str, till: str) -> RefusedInWords:
    """Return the refusal of a voucher that another till redeems at this moment."""
    return RefusedInWords(
        "voucher_in_use",
        "Voucher {code} is in use at {till} now. Wait until it is done there, or take another means of payment.",
        code=shown_code(code),
        till=till,
    )


def used_in(sale: Sale) -> frozenset[str]:
    """Return the codes of the vouchers whose balance at head office a sale in hand depends on."""
    paid = {part.reference for part in sale.payments if part.tender == "voucher" and not part.offline}
    taken_back = {line.reference for line in sale.basket.lines if sale.voids and line.kind == "voucher"}
    return frozenset((paid | taken_back) - {""})


def _unknown(sight: Sight) -> RefusedInWords:
    code = shown_code(sight.code)
    if sight.asked:
        return RefusedInWords("voucher_unknown", "There is no voucher {code}. Look at its code again.", code=code)
    return RefusedInWords(
        "voucher_unknown",
        "Voucher {code} is not known here, and head office cannot be asked now. Take another means of payment.",
        code=code,
    )


def _check_usable(voucher: Voucher, currency: str, day: str) -> None:
    code = shown_code(voucher.code)
    if voucher.blocked:
        raise RefusedInWords("voucher_blocked", "Voucher {code} is blocked. Head office knows why.", code=code)
    if voucher.valid_to and voucher.valid_to < day:
        raise RefusedInWords(
            "voucher_expired", "Voucher {code} was valid until {day}.", code=code, day=Day(voucher.valid_to)
        )
    if voucher.currency != currency:
        raise RefusedInWords(
            "voucher_currency", "Voucher {code} is in {currency}.", code=code, currency=voucher.currency
        )


def redeem(sale: Sale, found: Worth, amount_minor: int | None, amount_text: Callable[[int], str]) -> Sale:
    """Pay with a voucher: without an amount all that it and the sale allow. The rest stays on it.

    Raises Refused: nothing_to_pay, bad_amount, pay_out_voucher, voucher_limit.
    """
    due = part_of_due(sale, None)
    if due < 0:
        raise RefusedInWords(
            "pay_out_voucher", "Money does not go back onto a voucher that was redeemed before. Issue a new one."
        )
    amount = min(due, found.limit_minor) if amount_minor is None else part_of_due(sale, amount_minor)
    if amount > found.limit_minor:
        raise RefusedInWords(
            "voucher_limit",
            "At most {amount} may be paid with this voucher.",
            amount=amount_text(found.limit_minor),
        )
    payment = Payment(
        tender="voucher",
        currency=found.currency,
        amount_minor=amount,
        reference=found.code,
        offline=not found.asked,
    )
    return with_payment(sale, payment)


def moved(body: SaleCompleted) -> dict[str, int]:
    """Return what a receipt does to vouchers, by code: issued and given back above zero, redeemed below."""
    sums: dict[str, int] = {}
    for line in body.lines:
        if line.kind == "voucher" and line.reference:
            sums[line.reference] = sums.get(line.reference, 0) + line.total_minor
    for part in body.payments:
        if part.tender == "voucher":
            sums[part.reference] = sums.get(part.reference, 0) - part.amount_minor
    return {code: amount for code, amount in sums.items() if amount}
