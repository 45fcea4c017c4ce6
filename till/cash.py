"""Cash that moves without a sale: in, out, to the safe, changed. A reason says why; the journal says who and when."""

from schema.events import CashMove, CashMoved
from schema.text import without_controls
from till.journal.journal import OpenShift
from till.register import check_amount
from till.words import RefusedInWords

KINDS: tuple[CashMove, ...] = ("cash_in", "cash_out", "skim", "change_money")
# Reasons to touch; any other can be typed. English text, translated where it is shown, stored as typed or in English.
REASONS: dict[CashMove, tuple[str, ...]] = {
    "cash_in": ("Private deposit", "From the bank", "Other income"),
    "cash_out": ("Small purchase", "Postage", "Private withdrawal"),
    "skim": ("To the safe", "To the bank"),
    "change_money": ("Coins for notes",),
}
REASON_LENGTH_MAX = 80


def moved(kind: str, amount_minor: int, reason: str, *, move_id: str, shift: OpenShift, cashier: str) -> CashMoved:
    """Return a cash move. Raises Refused: bad_kind, bad_amount, no_reason."""
    known = next((each for each in KINDS if each == kind), None)
    if known is None:
        raise RefusedInWords("bad_kind", "“{kind}” is no way to move cash.", kind=kind[:20])
    if check_amount(amount_minor) == 0:
        raise RefusedInWords("bad_amount", "Type how much cash is moved.")
    text = without_controls(reason).strip()[:REASON_LENGTH_MAX]
    if not text and known in ("cash_in", "cash_out"):
        raise RefusedInWords("no_reason", "Say why the cash is moved: it stands in the books.")
    return CashMoved(
        move_id=move_id,
        kind=known,
        shift_id=shift.shift_id,
        cashier=cashier,
        currency=shift.currency,
        amount_minor=amount_minor,
        reason=text or REASONS[known][0],
    )
