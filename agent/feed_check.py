"""What a page of the feed must be before it may touch the mirror: pure checks, values in, values out (protocol §4).

A page is taken whole or refused whole; the old rows stay. A row of a kind that this version does not know is skipped
and remembered, so that a newer head office does not stop an older till.
"""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from schema.catalogue import FEED_KINDS, Article, FeedRow, StoreSettings, key_of
from schema.errors import Refused
from schema.messages import FEED_PAGE_MAX, FeedChange, FeedPage
from schema.orders import OpenOrder
from schema.pricing import ListPrice

# Fewer saleable articles than this share of the day's most, and more gone than the free number: a mass deletion.
SALEABLE_SHARE_MIN_PERCENT = 80
DELETIONS_FREE = 20
# What is sold without VAT (a multi-purpose voucher, a tip) has this code, and there is no rate for it.
UNTAXED = "none"
_DECODERS: dict[str, msgspec.json.Decoder[FeedRow]] = {
    kind: msgspec.json.Decoder(row) for kind, row in FEED_KINDS.items()
}


class Put(Struct, frozen=True, kw_only=True):
    """A row to keep: what was read and the exact bytes it was read from."""

    key: str
    row: FeedRow
    body: bytes


class Checked(Struct, frozen=True, kw_only=True):
    """A page that holds: per kind its new rows and its tombstones; and the kinds that are not known here."""

    puts: dict[str, list[Put]]
    deleted: dict[str, list[str]]
    unknown: frozenset[str]


def check_page(page: FeedPage, *, cursor: int, store: str) -> Checked:
    """Read every row of a page that follows `cursor`. Raises Refused("bad_feed") naming the first row that is wrong."""
    _check_revisions(page, cursor)
    puts: dict[str, list[Put]] = {}
    deleted: dict[str, list[str]] = {}
    unknown: set[str] = set()
    for change in page.changes:
        if change.kind not in FEED_KINDS:
            unknown.add(change.kind)
        elif change.deleted:
            deleted.setdefault(change.kind, []).append(change.key)
        else:
            puts.setdefault(change.kind, []).append(_read(change, store))
    return Checked(puts=puts, deleted=deleted, unknown=frozenset(unknown))


def check_totals(counted: Mapping[str, int], totals: Mapping[str, int]) -> None:
    """Raise Refused("incomplete_feed") where a full fetch has not as many rows of a kind as head office counts."""
    if not totals:
        return
    for kind in FEED_KINDS:
        found, wanted = counted.get(kind, 0), totals.get(kind, 0)
        if found != wanted:
            raise Refused(
                "incomplete_feed",
                f"Head office counts {wanted} rows of “{kind}”, but {found} came. The old ones stay; "
                "all is fetched again.",
            )


def check_tax(articles: Iterable[str], rates: Iterable[str]) -> None:
    """Raise Refused("unknown_tax") where articles use tax codes without a rate."""
    missing = sorted(set(articles) - set(rates) - {UNTAXED})
    if missing:
        names = ", ".join(f"“{code}”" for code in missing[:5])
        raise Refused(
            "unknown_tax",
            f"Articles use the tax codes {names}, for which head office sent no rate. The old articles stay. "
            "Head office must add the rate.",
        )


def check_shrinking(saleable: int, peak: int) -> None:
    """Raise Refused("mass_deletion") where so many articles would vanish that it must be a mistake."""
    if peak - saleable > DELETIONS_FREE and saleable * 100 < peak * SALEABLE_SHARE_MIN_PERCENT:
        raise Refused(
            "mass_deletion",
            f"Head office's feed would leave {saleable} of {peak} articles for sale. That looks like a mistake, so the "
            "old ones stay. If it is meant, stop this till's agent and run "
            "“python -m agent sync-once --allow-mass-delete” once.",
        )


def check_vital(before: Mapping[str, int], after: Mapping[str, int]) -> None:
    """Raise Refused("mass_deletion") where the last row of a kind would go that a till cannot work without.

    Past receipts, vouchers and prices may go: they are pruned or ended, and a till sells without them.
    """
    for kind, count in before.items():
        if count and not after.get(kind, 0):
            raise Refused(
                "mass_deletion",
                f"Head office's feed would take away every row of “{kind}”, and this till could no longer work. That "
                "looks like a mistake, so the old rows stay. If it is meant, stop this till's agent and run "
                "“python -m agent sync-once --allow-mass-delete” once.",
            )


def _check_revisions(page: FeedPage, cursor: int) -> None:
    if len(page.changes) > FEED_PAGE_MAX:
        raise _bad(f"a page holds {len(page.changes)} rows, at most {FEED_PAGE_MAX} are allowed")
    last = cursor
    for change in page.changes:
        if change.rev <= last:
            raise _bad(f"revision {change.rev} follows {last}")
        last = change.rev
    if page.cursor < last or (page.more and page.cursor == cursor):
        raise _bad(f"the next cursor {page.cursor} does not lie behind the last row {last}")


def _read(change: FeedChange, store: str) -> Put:
    body = bytes(change.body)
    try:
        row = _DECODERS[change.kind].decode(body)
    except msgspec.DecodeError as error:
        raise _bad(f"{change.kind} “{change.key}” cannot be read: {error}") from error
    if key_of(row) != change.key:
        raise _bad(f"{change.kind} “{change.key}” carries the key “{key_of(row)}”")
    flaw = _flaw(row, store)
    if flaw:
        raise _bad(f"{change.kind} “{change.key}” {flaw}")
    return Put(key=change.key, row=row, body=body)


def _flaw(row: FeedRow, store: str) -> str:
    match row:
        case Article(price_minor=price) if price < 0:
            return f"has the negative price {price}"
        case Article(number="") | Article(tax_code=""):
            return "has no number or no tax code"
        case ListPrice(price_minor=price) if price < 0:
            return f"has the negative price {price}"
        case StoreSettings(store=other) | OpenOrder(store=other) if other != store:
            return f"belongs to the store “{other}”, this till to “{store}”"
        case _:
            return ""


def _bad(what: str) -> Refused:
    return Refused(
        "bad_feed",
        f"Head office's feed was refused: {what}. The old articles and prices stay; sales go on. Tell head office.",
    )
