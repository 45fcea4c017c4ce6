"""Receipt numbers: per till and epoch, gapless, made offline: `0007-2-000123`; a second device's: `0007-2b-000001`.

The letter keeps a replaced device's range apart from what an old card may still hold (domain §2).
"""

import string


def till_label(store: str, till_number: int, epoch: int) -> str:
    """Return the part before the running number: store, till and, from the second epoch on, a letter."""
    return f"{store}-{till_number}{_suffix(epoch)}"


def _suffix(epoch: int) -> str:
    letters = string.ascii_lowercase
    suffix, rest = "", epoch - 1
    while rest > 0:
        rest, index = divmod(rest, 26)
        suffix = letters[index] + suffix
    return suffix


def receipt_number(label: str, receipt_seq: int) -> str:
    """Return the number that stands on the receipt."""
    return f"{label}-{receipt_seq:06d}"
