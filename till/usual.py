"""What a store's settings say where nobody set them: kept and known by its English, said in a language like any text.

A store's own words stand in the settings as it wrote them, and are shown and printed as they are.
"""

from till.words import Words

USUAL = {
    text: text
    for text in (
        # Reasons to move cash or to open the drawer.
        *("change", "purchase", "tip paid out", "count", "other", "To the safe", "To the bank", "Coins for notes"),
        # Why goods come back, and in which condition.
        *("changed mind", "defect", "wrong article", "as new", "opened", "damaged"),
        # The card of the practice terminal.
        "Practice card",
    )
}


def usual_text(text: str, words: Words) -> str:
    """Return a usual text in the language of the words, any other as it is."""
    return words(USUAL[text]) if text in USUAL else text
