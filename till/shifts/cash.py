"""Cash that moves without a sale: in, out, to the safe, changed. A reason says why; the journal says who and when."""

from schema.catalogue import StoreSettings
from schema.events import CashMove, CashMoved
from schema.text import without_controls
from till.journal.journal import OpenShift
from till.selling.register import check_amount
from till.usual import usual_text
from till.words import RefusedInWords, Words

KINDS: tuple[CashMove, ...] = ("cash_in", "cash_out", "skim", "change_money")
# A store's own words for cash in and out, and for the drawer, come with its settings; these are the same everywhere.
SAFE_REASONS = ("To the safe", "To the bank")
CHANGE_REASONS = ("Coins for notes",)
OWN_REASONS: dict[str, tuple[str, ...]] = {"skim": SAFE_REASONS, "change_money": CHANGE_REASONS}
REASON_LENGTH_MAX = 80


def reasons_of(kind: str, settings: StoreSettings) -> tuple[str, ...]:
    """Return the reasons to touch for a way to move cash, or for opening the "drawer", as the books know them."""
    own = {
        "cash_in": settings.cash_in_reasons,
        "cash_out": settings.cash_out_reasons,
        "drawer": settings.drawer_reasons,
    }
    return own.get(kind) or OWN_REASONS.get(kind, ())


def reason_texts(reasons: tuple[str, ...], words: Words) -> dict[str, str]:
    """Return what is shown for each reason: a usual one in the till's language, a store's own as it is."""
    return {usual_text(reason, words): reason for reason in reasons}


def slip_number(label: str, shift_number: int, move_number: int) -> str:
    """Return the number of a cash slip: till, shift, and which move of the shift it is."""
    return f"{label}-S{shift_number}-{move_number}"


def moved(
    kind: str, amount_minor: int, reason: str, *, move_id: str, shift: OpenShift, cashier: str, slip: str = ""
) -> CashMoved:
    """Return a cash move; one to the safe names its slip. Raises Refused: bad_kind, bad_amount, no_reason."""
    known = next((each for each in KINDS if each == kind), None)
    if known is None:
        raise RefusedInWords("bad_kind", "“{kind}” is no way to move cash.", kind=kind[:20])
    if check_amount(amount_minor) == 0:
        raise RefusedInWords("bad_amount", "Type how much cash is moved.")
    text = without_controls(reason).strip()[:REASON_LENGTH_MAX]
    if not text and known in ("cash_in", "cash_out"):
        raise RefusedInWords("no_reason", "Say why the cash is moved: it stands in the books.")
    text = text or OWN_REASONS[known][0]
    return CashMoved(
        move_id=move_id,
        kind=known,
        shift_id=shift.shift_id,
        cashier=cashier,
        currency=shift.currency,
        amount_minor=amount_minor,
        # What lies in the safe is found by its slip, also at head office.
        reason=f"{text} · {slip}" if known == "skim" and slip else text,
    )
