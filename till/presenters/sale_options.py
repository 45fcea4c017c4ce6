"""The options of an article, chosen before it is added."""

from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schema.catalogue import Article, Choice, Option
from till.presenters.sale_hand import SaleInHand
from till.presenters.sale_state import ChoiceState, Choosing, OptionState
from till.presenters.screen import told
from till.selling.choices import choices_named, is_enough, nothing_chosen, taken_choices, touched
from till.selling.register import clean_note
from till.words import RefusedInWords


class Wanted(Struct, frozen=True, kw_only=True):
    """An article on its way into the basket. `choices` are None until its options were chosen."""

    article: Article
    quantity: Decimal
    label_minor: int | None = None
    choices: tuple[Choice, ...] | None = None
    note: str = ""
    expired: str = ""


class Options(SaleInHand):
    """One article at a time waits for its answer; `_want` takes it from there."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._wanted: Wanted | None = None
        self._chosen: tuple[frozenset[int], ...] = ()

    def _want(self, wanted: Wanted) -> None:
        """Go on with an article that was asked about."""
        raise NotImplementedError

    def _asked_for(self) -> Article | None:
        """Return the article whose options are being chosen."""
        wanted = self._wanted
        return wanted.article if wanted is not None and wanted.article.options and not wanted.expired else None

    def _begin_choosing(self, wanted: Wanted) -> None:
        self._entry, self._wanted = "", wanted
        self._chosen = nothing_chosen(wanted.article)
        self._show(hits=(), search_text="")

    def choose_option(self, option: int, choice: int) -> None:
        """Touch a choice: take it, or leave it again. Of an option with one choice the other one goes."""
        if (article := self._asked_for()) is not None:
            self._chosen = touched(article, self._chosen, option, choice)
            self._show()

    @told
    def take_options(self, note: str = "") -> None:
        """Add the article with what was chosen. Raises Refused where more must be chosen."""
        wanted, article = self._wanted, self._asked_for()
        if wanted is None or article is None:
            return
        names = [choice.name for choice in taken_choices(article, self._chosen)]
        choices = choices_named(article, names)
        self._wanted = None
        self._want(replace(wanted, choices=choices, note=clean_note(note) or wanted.note))

    def leave_options(self) -> None:
        """Do not add the article after all."""
        self._wanted = None
        self._show()

    def _finish_choosing(self) -> None:
        """Before the next article: take what was chosen so far. Raises Refused where more must be chosen."""
        article = self._asked_for()
        if article is None:
            return
        if not is_enough(article, self._chosen):
            raise RefusedInWords(
                "options_needed",
                "“{name}” needs a choice first. Choose, or leave it out; then scan again.",
                name=article.name,
            )
        self.take_options()

    def _choosing(self) -> Choosing | None:
        article = self._asked_for()
        if article is None:
            return None
        extra = sum(choice.price_minor for choice in taken_choices(article, self._chosen))
        return Choosing(
            article=article.number,
            name=article.name,
            price_text=self.desk.amount(article.price_minor + extra),
            options=tuple(self._option(*each) for each in zip(article.options, self._chosen, strict=True)),
            may_take=is_enough(article, self._chosen),
        )

    def _option(self, option: Option, taken: frozenset[int]) -> OptionState:
        choices = tuple(
            ChoiceState(name=choice.name, price_text=self._plus(choice.price_minor), chosen=place in taken)
            for place, choice in enumerate(option.choices)
        )
        return OptionState(name=option.name, hint=self._how_many(option.least, option.most), choices=choices)

    def _how_many(self, least: int, most: int) -> str:
        words = self.desk.words
        if least == most:
            return words("choose {count}", count=most)
        return (
            words("choose {least} to {most}", least=least, most=most) if least else words("up to {count}", count=most)
        )

    def _plus(self, amount_minor: int) -> str:
        return f"{'+' if amount_minor > 0 else ''}{self.desk.amount(amount_minor)}" if amount_minor else ""
