"""What the rooms refuse, in the user's language.

The rooms speak English and name the thing; here stands the same by code. A code that is not listed, and English
itself, keep the room's own words, which say more.
"""

from schema.errors import CounterfoilError
from server.office.words import FALLBACK, Words, say

TEXTS = {
    "order_changed": say("Somebody else changed the order in the meantime. Open it again and repeat your change."),
    "bad_step": say("The order's present status does not allow this. Nothing was changed."),
    "unknown_order": say("There is no such order at head office. It may have been removed."),
    "unknown_customer": say("There is no customer with this number. Choose one of the list."),
    "unknown_article": say("The order holds an article that does not exist. Correct or remove its line."),
    "blocked_article": say("The order holds an article that is blocked for sale. Remove its line."),
    "unknown_store": say("There is no such store. Choose one of the list."),
    "unknown_tax": say("No tax rate is known for an article on this day. Head office must add it."),
    "bad_discount": say("A discount is more than its line."),
    "order_full": say("The order holds too many lines. Make a second one for the rest."),
    "bad_promotion": say("This does not fit together: look at days, amounts and percentages again."),
    "bad_option": say("An option cannot be read. Write it like “Milk 0-1: whole, oat +0.50”."),
    "bad_relation": say("An article cannot be its own variant or deposit, and a variant has no variants."),
    "bad_barcode": say("A barcode cannot be read, or there are too many."),
    "wrong_check_digit": say("A barcode has a wrong check digit."),
    "bad_email": say("This is no e-mail address."),
    "missing": say("Something that is needed is missing."),
    "too_long": say("A text is too long."),
    "merged": say("One of them was merged into another customer already."),
    "last_manager": say(
        "This is the store's last store manager who can sign in: without one, nobody could change settings and quick "
        "keys at its tills. Make somebody else a store manager first."
    ),
    "store_in_use": say("A till of this store has been enrolled: country and currency stay. Add a new store instead."),
    "unknown_voucher": say("There is no such voucher."),
    "bad_name": say("A name is missing or too long."),
    "revoked": say("The till was withdrawn. Add a new till in its place."),
    "bad_csrf": say("This form does not belong to your present sign-in. Load the page again and send it once more."),
    "database_busy": say("Head office's database was busy. Nothing was stored; try again."),
    "database_away": say("Head office's database cannot be reached. Nothing was stored."),
}


def told(error: CounterfoilError, words: Words) -> str:
    """Return a refusal for a user."""
    text = TEXTS.get(error.code)
    return words(text) if text and words.language != FALLBACK else error.message
