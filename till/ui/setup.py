"""Setup: why this till cannot sell yet, and what to do about it."""

from till.ui.screen import TillScreen


class SetupScreen(TillScreen):
    """Shows a SetupState."""

    def scanned(self, code: str) -> None:
        """Nothing can be sold; the screen says why already."""
        del code
