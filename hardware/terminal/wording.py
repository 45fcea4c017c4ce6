"""What a ZVT terminal's codes mean, in plain words (PA00P015 rev. 13.08: result codes, intermediate status, errors)."""

from collections.abc import Mapping

RESULT_WORDS: Mapping[int, str] = {
    0x00: "Approved.",
    0x05: "Declined by the card's bank.",
    0x0D: "The amount was refused.",
    0x33: "Not enough money on the account.",
    0x37: "Wrong PIN.",
    0x3E: "This card is restricted.",
    0x41: "The card asks for its PIN: insert it.",
    0x4B: "Too many wrong PINs.",
    0x64: "The card could not be read.",
    0x65: "The card's data are not complete.",
    0x66: "The terminal could not process the card.",
    0x6C: "Cancelled, or no card was presented in time.",
    0x6F: "The terminal does not take this currency.",
    0x77: "End of day is not possible.",
    0x78: "The card has expired.",
    0x79: "The terminal does not know this card.",
    0x7A: "The terminal does not take this card.",
    0x83: "The terminal cannot do this.",
    0x9A: "Terminal and till did not understand each other.",
    0x9B: "The terminal cannot reach its payment network.",
    0x9C: "The terminal is busy.",
    0xA3: "The terminal cannot reach its payment network.",
    0xB4: "This payment was already reversed.",
    0xB5: "This payment cannot be reversed.",
    0xC2: "The terminal needs a diagnosis.",
    0xCC: "The terminal has no paper.",
    0xDC: "A card is still in the terminal.",
    0xE4: "The terminal must be activated.",
    0xF0: "The terminal must do its end of day first.",
    0xFF: "The terminal reports a system error.",
}
# Host codes that are refusals without words of their own: 01h-63h.
_HOST_CODES = range(0x01, 0x64)

# What has no words of its own is named by its code, as `schema.errors.as_sentence` finds it again.
DECLINED_CODE = "Declined by the card's bank (code {code})."
UNPAID_CODE = "Not paid (code {code})."
UNREADY_CODE = "The terminal is not ready (code {code})."
OUT_OF_TURN = "It gave an answer out of turn."

# After a broken line: why the last transaction is not the one asked about.
LAST_WORDS: Mapping[str, str] = {
    "before": "The terminal's last transaction is the one before. Nothing was booked.",
    "earlier": "The terminal's last transaction is an earlier one. Nothing was booked.",
}

READINESS_WORDS: Mapping[int, str] = {
    0x51: "The terminal must be set up by its provider.",
    0x62: "The terminal's date is wrong.",
    0x9C: "The terminal is busy.",
    0xC2: "The terminal needs a diagnosis.",
    0xDC: "A card is still in the terminal: take it out.",
    0xDF: "The terminal is out of order.",
    0xF0: "The terminal must do its end of day first.",
}

PROGRESS_WORDS: Mapping[int, str] = {
    0x00: "Confirm the amount on the terminal.",
    0x01: "Follow the terminal.",
    0x02: "Follow the terminal.",
    0x03: "Not accepted.",
    0x04: "Waiting for the bank…",
    0x05: "The terminal reverses a payment.",
    0x07: "The terminal does not take this card.",
    0x08: "The terminal does not know this card.",
    0x09: "The card has expired.",
    0x0A: "Insert or hold the card to the terminal.",
    0x0B: "Take the card out.",
    0x0C: "The card could not be read.",
    0x0D: "The payment was not completed.",
    0x0E: "Please wait…",
    0x0F: "The terminal does its end of day…",
    0x10: "Invalid card.",
    0x12: "The terminal reports a system error.",
    0x13: "Payment not possible.",
    0x14: "Not enough money on the account.",
    0x15: "Wrong PIN.",
    0x17: "Please wait…",
    0x18: "Too many wrong PINs.",
    0x1C: "Approved.",
    0x1D: "Declined.",
    0x41: "Follow the terminal, then take the card out.",
    0xD2: "The terminal is connecting…",
    0xD3: "The terminal is connected.",
    0xE0: "Choose the kind of payment on the terminal.",
}


def result_words(code: int) -> str:
    """Say what a result means; an unknown one is named by its number."""
    if code in RESULT_WORDS:
        return RESULT_WORDS[code]
    return (DECLINED_CODE if code in _HOST_CODES else UNPAID_CODE).format(code=f"{code:02X}")


def progress_words(code: int) -> str:
    """Say what the terminal is doing."""
    return PROGRESS_WORDS.get(code, "Follow the terminal.")


def readiness_words(code: int) -> str:
    """Say why a terminal is not ready; the empty string when it is."""
    return "" if code == 0 else READINESS_WORDS.get(code, UNREADY_CODE.format(code=f"{code:02X}"))
