"""Coins and notes: what cash can be rounded to, and what a customer is likely to hold out. Pure."""

from schema.money import half_up, minor_digits

QUICK_AMOUNTS_MAX = 6
# What a customer gathers from a purse on top of whole large notes: 23.40 is paid with 25 or 30, not with 24 in coins.
PIECES_MAX = 2

# What circulates, in minor units, smallest first: coins that people round up to, then notes.
_CIRCULATING: dict[str, tuple[int, ...]] = {
    "EUR": (50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000),
    "CHF": (50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000),
    "GBP": (50, 100, 200, 500, 1000, 2000, 5000),
    "USD": (100, 500, 1000, 2000, 5000, 10000),
    "DKK": (500, 1000, 2000, 5000, 10000, 20000, 50000),
    "SEK": (500, 1000, 2000, 5000, 10000, 20000, 50000),
    "NOK": (500, 1000, 2000, 5000, 10000, 20000, 50000),
    "PLN": (100, 200, 500, 1000, 2000, 5000, 10000, 20000),
    "CZK": (1000, 2000, 5000, 10000, 20000, 50000, 100000),
    "HUF": (10000, 20000, 50000, 100000, 200000, 500000, 1000000),
    "JPY": (100, 500, 1000, 5000, 10000),
}
_USUAL = (1, 2, 5, 10, 20, 50, 100, 200)


def circulating(currency: str) -> tuple[int, ...]:
    """Return a currency's coins and notes that matter at a counter; for an unknown one the usual steps."""
    return _CIRCULATING.get(currency) or tuple(value * 10 ** minor_digits(currency) for value in _USUAL)


def round_cash(amount_minor: int, step_minor: int) -> int:
    """Round an amount to the smallest coin, halves away from zero."""
    return half_up(amount_minor, step_minor) * step_minor if step_minor > 1 else amount_minor


def quick_amounts(due_minor: int, step_minor: int, currency: str) -> tuple[int, ...]:
    """Return what customers are likely to hold out: exact, then rounded up to the next coins and notes."""
    exact = round_cash(due_minor, step_minor)
    if exact <= 0:
        return ()
    values = circulating(currency)
    rounded_up = {-(-exact // value) * value for value in values}
    likely = sorted(amount for amount in rounded_up if amount > exact and pieces(amount, values) <= PIECES_MAX)
    return (exact, *likely)[:QUICK_AMOUNTS_MAX]


def pieces(amount_minor: int, values: tuple[int, ...]) -> int:
    """Return how few coins and notes make up an amount, not counting whole ones of the last but largest note."""
    count, rest = 0, amount_minor % values[-2]
    for value in reversed(values):
        count, rest = count + rest // value, rest % value
    return count
