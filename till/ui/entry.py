"""What a person types on a panel's keypad before a presenter gets it: text in, text out, no meaning."""

LENGTH_MAX = 12


def typed(entry: str, key: str) -> str:
    """Return an entry after a key: digits, "00", ".", "back", "clear"; anything else leaves it as it is."""
    if key == "clear":
        return ""
    if key == "back":
        return entry[:-1]
    if key == ".":
        return entry if "." in entry else (entry or "0") + "."
    return (entry + key)[:LENGTH_MAX] if key.isdecimal() else entry
