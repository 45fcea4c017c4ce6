"""The options of an article and what was chosen of them. Values in, values out."""

from collections.abc import Sequence

from schema.catalogue import Article, Choice, Option
from till.words import RefusedInWords

# Per option of an article, the places of the choices that are taken.
Chosen = tuple[frozenset[int], ...]


def nothing_chosen(article: Article) -> Chosen:
    return tuple(frozenset() for _ in article.options)


def touched(article: Article, chosen: Chosen, option: int, choice: int) -> Chosen:
    """Return what is chosen after a touch: taken, or left again; where only one may be taken the other one goes."""
    if not (0 <= option < len(article.options) and 0 <= choice < len(article.options[option].choices)):
        return chosen
    after = _touched(article.options[option], chosen[option], choice)
    return (*chosen[:option], after, *chosen[option + 1 :])


def _touched(option: Option, taken: frozenset[int], choice: int) -> frozenset[int]:
    if choice in taken:
        return taken - {choice}
    if option.most == 1:
        return frozenset({choice})
    return taken | {choice} if len(taken) < option.most else taken


def is_enough(article: Article, chosen: Chosen) -> bool:
    """Tell whether as many are chosen of each option as it wants."""
    pairs = zip(article.options, chosen, strict=True)
    return all(option.least <= len(taken) <= option.most for option, taken in pairs)


def taken_choices(article: Article, chosen: Chosen) -> tuple[Choice, ...]:
    """Return the choices that are taken, in the article's order."""
    pairs = zip(article.options, chosen, strict=True)
    return tuple(option.choices[place] for option, taken in pairs for place in sorted(taken))


def choices_named(article: Article, names: Sequence[str]) -> tuple[Choice, ...]:
    """Return an article's choices by their names. Raises Refused where a name is unknown or the number does not fit."""
    left = list(names)
    found: list[Choice] = []
    for option in article.options:
        taken = [choice for choice in option.choices if choice.name in left]
        for choice in taken:
            left.remove(choice.name)
        if not option.least <= len(taken) <= option.most:
            raise RefusedInWords(
                "options_needed",
                "{option}: choose {least} to {most} for “{name}”.",
                option=option.name,
                least=option.least,
                most=option.most,
                name=article.name,
            )
        found += taken
    if left:
        raise RefusedInWords(
            "unknown_option", "“{name}” has no choice “{option}”.", name=article.name, option=left[0][:40]
        )
    return tuple(found)
