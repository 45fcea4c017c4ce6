"""Post: from claimed accounting jobs to sealed entries in the ledger, and `paid` on the receipt.

One transaction holds a batch's entries, the receipts' payments and the jobs' new states. A job that cannot be posted
(no account for a purpose, a broken payload) keeps its reason and is tried again; it never holds up the others.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from schema.errors import CounterfoilError, Refused
from server.accounting import tables
from server.accounting.rules import Draft, Task, draft_of, is_balanced
from server.db import Connection
from server.jobs.tables import Claimed, Failed, Finished, NewJob, fail, finish
from server.pipeline.numbers import take

SYNCED = "order synced"
NOT_SYNCED = "order NOT synced: "
# Sold on account is owed, not paid: the receipt stays open until its open item is settled.
_OWED_TENDERS = frozenset({"account"})
_TASKS = msgspec.json.Decoder(Task)
_JSON = msgspec.json.Encoder()

AccountMap = dict[tuple[str, str], str]


class _Plan(Struct, frozen=True, kw_only=True):
    job: Claimed
    task: Task
    draft: Draft | None


def job_of(task: Task) -> NewJob:
    """Return the job that will post a task."""
    return NewJob(
        queue="accounting",
        type=task.type,
        source_event=task.source_event,
        effect_no=task.effect_no,
        store=task.store,
        till_id=task.till_id,
        receipt=task.receipt,
        till_receipt=task.till_receipt,
        payload=_JSON.encode(task).decode(),
    )


def post(connection: Connection, drafts: Sequence[Draft], accounts: AccountMap, now_ms: int) -> range:
    """Write entries whole, number and seal them; return their numbers.

    Raises Refused("unbalanced_entry") or Refused("unmapped_account"), and ConstraintBrokenError where the database's
    own guards say no (an effect that is posted already).
    """
    lines = [resolved(draft, accounts) for draft in drafts]
    numbers = take(connection, "entry", len(drafts))
    if not numbers:
        return numbers
    entries = [_entry_row(number, draft, now_ms) for number, draft in zip(numbers, drafts, strict=True)]
    postings = [(number, *row) for number, rows in zip(numbers, lines, strict=True) for row in rows]
    tables.write_entries(connection, entries, postings)
    return numbers


def _entry_row(number: int, draft: Draft, now_ms: int) -> tuple[object, ...]:
    return (
        number,
        number,
        draft.kind,
        draft.day,
        draft.text,
        draft.store,
        draft.till_id,
        draft.receipt,
        draft.source_event,
        draft.effect_no,
        now_ms,
    )


def resolved(draft: Draft, accounts: AccountMap) -> list[tuple[object, ...]]:
    """Return an entry's postings with their accounts.

    Raises Refused("unbalanced_entry") or Refused("unmapped_account").
    """
    if not is_balanced(draft.legs):
        raise Refused("unbalanced_entry", f"The entry “{draft.text}” does not balance. This is a fault in a rule.")
    return [
        (
            line,
            account_for(accounts, draft.store, leg.purpose),
            max(leg.amount_minor, 0),
            max(-leg.amount_minor, 0),
            leg.tender,
            leg.tax_code,
            leg.currency,
        )
        for line, leg in enumerate(draft.legs, start=1)
    ]


def account_for(accounts: AccountMap, store: str, purpose: str) -> str:
    """Return a store's own account for a purpose, else the one for all stores.

    A purpose with an addition ("cash-out:tip paid out") that has no account of its own takes that of what stands
    before the colon. Raises Refused("unmapped_account").
    """
    general = purpose.partition(":")[0]
    places = [(store, purpose), ("", purpose), (store, general), ("", general)]
    account = next((accounts[place] for place in places if place in accounts), None)
    if account is None:
        raise Refused(
            "unmapped_account",
            f"No account is set for “{purpose}”. Nothing was posted. Set one in the chart of accounts, then retry.",
        )
    return account


def work(connection: Connection, jobs: Sequence[Claimed], now_ms: int) -> None:
    """Post claimed jobs and write their new states. Raises what the database says of the whole batch."""
    accounts = tables.read_map(connection)
    plans, failed = _planned(jobs, accounts)
    post(connection, [plan.draft for plan in plans if plan.draft is not None], accounts, now_ms)
    tables.pay_receipts(connection, [_payment(plan.task, now_ms) for plan in plans if plan.task.receipt])
    finish(connection, [Finished(id=plan.job.id, message=SYNCED, receipt=plan.task.receipt) for plan in plans], now_ms)
    fail(connection, failed, now_ms)


def _planned(jobs: Sequence[Claimed], accounts: AccountMap) -> tuple[list[_Plan], list[Failed]]:
    plans: list[_Plan] = []
    failed: list[Failed] = []
    for job in jobs:
        try:
            plans.append(_plan(job, accounts))
        except (CounterfoilError, ValueError) as error:
            failed.append(not_posted(job, error))
    return plans, failed


def _plan(job: Claimed, accounts: AccountMap) -> _Plan:
    task = _TASKS.decode(job.payload)
    draft = draft_of(task)
    if draft is not None:
        resolved(draft, accounts)
    return _Plan(job=job, task=task, draft=draft)


def _payment(task: Task, now_ms: int) -> tuple[str, int, int]:
    is_owed = task.tender in _OWED_TENDERS and not task.is_settled
    amount = 0 if is_owed else task.amount_minor
    return task.receipt, amount, task.at_ms or now_ms


def not_posted(job: Claimed, error: Exception) -> Failed:
    """Return a job's failure in words for the accounting-sync list."""
    return Failed(id=job.id, message=f"{NOT_SYNCED}{error}", tries=job.tries)


def give_up(connection: Connection, job: Claimed, error: Exception, now_ms: int) -> None:
    """Keep one job for later with the reason why the database refused it."""
    fail(connection, [not_posted(job, error)], now_ms)
