"""The commands that a till gives to a ZVT terminal, as frames. Pure. Source: PA00P015 rev. 13.08, chapter 2."""

from msgspec import Struct

from hardware.ports import CardRequest
from hardware.terminal.zvt_codec import (
    AMOUNT,
    AUTHORISATION,
    CURRENCY,
    END_OF_DAY,
    PRINT_BLOCK,
    RECEIPT_NUMBER,
    REFUND,
    REGISTRATION,
    REPEAT_RECEIPT,
    REVERSAL,
    SERVICE,
    STATUS,
    STATUS_ENQUIRY,
    TLV,
    Apdu,
    TlvObject,
    ZvtError,
    encode_fields,
    encode_tlv,
    to_bcd,
)
from schema.errors import Refused

# Pay-type of field 19: the terminal decides by the card.
PAY_TYPE_ANY = 0x40
# Service byte of a repeated receipt: send the status information, print nothing.
REPEAT_WITHOUT_PRINT = 0x03
RECEIPT_DIGITS = 4
# Bits of the registration's configuration byte.
TILL_PRINTS_PAYMENTS, TILL_PRINTS_REPORTS, SLIPS_AS_TEXT = 0x02, 0x04, 0x80
# TLV objects of a registration: the commands that the till understands besides the old ones, each in a 0A.
PERMITTED_COMMANDS, PERMITTED_COMMAND = 0x26, 0x0A


class Settings(Struct, frozen=True, kw_only=True):
    """How this terminal is spoken to. `config` (06 00): 08 send progress, 10 and 20 the till alone starts payments,
    02, 04 and 80 together: payment and report slips come to the till as text instead of the terminal's own paper."""

    password: str = "000000"  # noqa: S105 - every terminal's factory setting
    config: int = 0x38
    currency: str = "0978"
    charset: str = "cp437"

    @property
    def takes_slips(self) -> bool:
        """Tell whether the terminal leaves its slips to the till."""
        return bool(self.config & TILL_PRINTS_PAYMENTS)


def registration(settings: Settings) -> Apdu:
    """Make the till known for this connection; with slips in blocks where the till takes them."""
    fields = [(CURRENCY, bytes.fromhex(settings.currency))]
    if settings.config & SLIPS_AS_TEXT:
        permitted = encode_tlv([TlvObject(PERMITTED_COMMAND, PRINT_BLOCK.to_bytes(2, "big"))])
        fields.append((TLV, encode_tlv([TlvObject(PERMITTED_COMMANDS, permitted)])))
    return Apdu(REGISTRATION, _password(settings) + bytes([settings.config]) + encode_fields(fields))


def command_for(request: CardRequest, settings: Settings) -> Apdu:
    """Return the command of a payment, refund or reversal. Raises Refused("bad_amount"), ("bad_original")."""
    amount = (AMOUNT, _amount(request.amount_minor))
    currency = (CURRENCY, bytes.fromhex(settings.currency))
    match request.kind:
        case "payment":
            return Apdu(AUTHORISATION, encode_fields([amount, currency, (STATUS, bytes([PAY_TYPE_ANY]))]))
        case "refund":
            return Apdu(REFUND, _password(settings) + encode_fields([amount, currency]))
        case "reversal":
            receipt = (RECEIPT_NUMBER, _receipt(request.original))
            return Apdu(REVERSAL, _password(settings) + encode_fields([receipt, amount]))


def end_of_day(settings: Settings) -> Apdu:
    return Apdu(END_OF_DAY, _password(settings))


def status_enquiry(settings: Settings) -> Apdu:
    return Apdu(STATUS_ENQUIRY, _password(settings))


def repeat_receipt(settings: Settings) -> Apdu:
    """Ask for the last transaction's status information, without print."""
    return Apdu(REPEAT_RECEIPT, _password(settings) + encode_fields([(SERVICE, bytes([REPEAT_WITHOUT_PRINT]))]))


def _password(settings: Settings) -> bytes:
    return bytes.fromhex(settings.password)


def _amount(amount_minor: int) -> bytes:
    if amount_minor <= 0:
        raise Refused("bad_amount", "A card payment needs an amount above zero.")
    try:
        return to_bcd(amount_minor, 6)
    except ZvtError:
        raise Refused("bad_amount", "This amount is too large for a card terminal.") from None


def _receipt(original: str) -> bytes:
    if not (original.isascii() and original.isdigit() and len(original) <= RECEIPT_DIGITS and int(original)):
        raise Refused(
            "bad_original", f"“{original[:20]}” is no receipt number of a card terminal: it has up to four digits."
        )
    return to_bcd(int(original), 2)
