"""What a fiscal unit said of a receipt: its signature, or that it was out. Travels in the events and on the receipt.

Germany asks a till for a certified unit (KassenSichV; its fields are those of DSFinV-K's TSE tables). A signature from
a unit that nobody certified says so of itself: `certified` is False.
"""

from msgspec import Struct


class FiscalFacts(Struct, frozen=True, kw_only=True):
    """A signature (`outage` is empty) or an outage in words (then no signature, and perhaps an open transaction)."""

    unit_serial: str = ""
    transaction: int = 0
    signature_counter: int = 0
    started_ms: int = 0
    finished_ms: int = 0
    signature: str = ""
    process_type: str = ""
    process_data: str = ""
    qr: str = ""
    certified: bool = False
    outage: str = ""
