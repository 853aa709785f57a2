"""From finished attempts to rows: the one policy of what an answer or a failure leads to.

The worker, the actors and the results that come back from Lambda all settle here. Whose fault a failure was is told
in tagging/models/doubt.py.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple, cast

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, transaction

from devlog_project.api.origin import told
from tagging.engine import traces
from tagging.engine.attempting import FinishedAttempt, note_error
from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Job, ProviderState, Spending, sessions
from tagging.models.backoff import wait_after
from tagging.models.claims import Fence
from tagging.models.endings import endings

logger = logging.getLogger(__name__)

# With these the database says that it will never take it.
NEVER_TAKEN = (DataError, IntegrityError)
# An answer of no use is paid for like any other, with its repair: twice must do.
PAID_ATTEMPTS = 2
# How long the worker waits for a row that another session holds, in seconds: many attempts together, and each alone.
# Shorter than PostgreSQL's deadlock_timeout: it is always the worker that gives way.
HELD_SECONDS, HELD_ALONE_SECONDS = 0.25, 0.1
# After so many that were held up, all others are taken to be, too: else the worker would stand still for seconds.
MOST_HELD_UP = 3


class Settled(NamedTuple):
    """What was committed together, and whether the claim of some of it was gone; or what could not be, for now."""

    finished: Sequence[FinishedAttempt]
    has_dropped: bool = False
    is_held_up: bool = False  # another session holds a row that this needs: nothing was written


def settle(
    finished: Sequence[FinishedAttempt],
    provider: ProviderState,
    *,
    one_by_one: bool = False,
    may_hold_up: bool = False,
) -> Iterator[Settled]:
    """Settle these attempts in one transaction and yield what was committed; `provider` is the row as it was read.

    Where the database refuses one of them for ever, each is settled alone, so that it does not hold up the others.
    one_by_one: settle each alone at once, and take any error of the database for such a refusal. may_hold_up: wait but
    a moment for what other sessions hold, and yield apart what has to be settled later.
    """
    try:
        if not one_by_one:
            yield _settle_together(finished, provider, HELD_SECONDS if may_hold_up else None)
            return
    except NEVER_TAKEN:
        pass
    except OperationalError as error:
        if not (may_hold_up and sessions.is_held(error)):
            raise
    held_up = 0
    for one in finished:
        if held_up == MOST_HELD_UP:  # as when a whole table is locked
            yield Settled([one], is_held_up=True)
            continue
        try:
            refusals = (DatabaseError,) if one_by_one else NEVER_TAKEN
            yield _settle_alone(one, provider, refusals, HELD_ALONE_SECONDS if may_hold_up else None)
        except OperationalError as error:
            if not (may_hold_up and sessions.is_held(error)):
                raise
            held_up += 1
            yield Settled([one], is_held_up=True)


def lock_provider(provider: ProviderState, *, has_failed: bool) -> None:
    """Lock the provider's row where settling will change it: before any job's and the day's, in every process."""
    if has_failed or not provider.is_clean:
        ProviderState.objects.lock()


def _settle_alone(
    finished: FinishedAttempt,
    provider: ProviderState,
    refusals: tuple[type[DatabaseError], ...],
    lock_seconds: float | None,
) -> Settled:
    try:
        return _settle_together([finished], provider, lock_seconds)
    except refusals as exception:
        if isinstance(exception, OperationalError) and sessions.is_held(exception):
            raise
        # This raises too if the database takes nothing at all: then it is not the outcome that is refused.
        _refuse(finished, is_for_ever=isinstance(exception, NEVER_TAKEN))
        fields = told(finished.attempt.job, code=ErrorCode.INTERNAL.value)
        words = (finished.attempt.job_id, type(exception).__name__)
        logger.error("job=%s: the database refuses its outcome: %s", *words, extra=fields)
        return Settled([finished])


def _refuse(finished: FinishedAttempt, *, is_for_ever: bool) -> None:
    """Spend the attempt whose outcome the database does not take."""
    paid = finished.attempt
    error = ExtractionError(ErrorCode.INTERNAL, "The database refused the answer.")
    error.input_tokens, error.output_tokens = paid.input_tokens, paid.output_tokens
    refused = paid.job.new_attempt()
    note_error(refused, error)
    if is_for_ever or paid.number >= settings.TAGGING_MAX_ATTEMPTS:
        Job.objects.discard(refused)
    else:
        Job.objects.retry(refused, wait_seconds=wait_after(paid.number))


def _settle_together(
    finished: Sequence[FinishedAttempt], provider: ProviderState, lock_seconds: float | None
) -> Settled:
    answers = [one for one in finished if not one.error]
    failures = [one for one in finished if one.error and not one.is_private]
    began = time.monotonic()
    with transaction.atomic():
        if lock_seconds is not None:
            sessions.limit_waits(lock_seconds)
        lock_provider(provider, has_failed=bool(failures))
        if failures or not provider.is_clean:
            Job.objects.lock_with_those_in_doubt([one.attempt.job_id for one in finished])
        held = Job.objects.complete([one.attempt for one in answers if not one.is_canary])
        became = dict.fromkeys(held, "done")
        for one in finished:
            if one.is_canary:
                Spending.objects.add(one.attempt.price)
        answered = [one.attempt.started_at for one in answers if one.is_proof]
        if answered and not provider.is_clean:
            Job.objects.blame(max(answered))
            ProviderState.objects.note_answer(is_some_in_doubt=Job.objects.in_doubt().exists())
        if failures:
            became |= _settle_failures(failures)
        became |= _settle_own_failures([one for one in finished if one.error and one.is_private])
        if any(one.attempt.job.is_probe for one in finished):
            ProviderState.objects.return_probe()
    transaction.on_commit(partial(endings.tell, [one.attempt.job_id for one in finished]))
    for one in finished:
        transaction.on_commit(partial(_log, one, became.get(one.attempt.job.fence, "dropped, its claim is gone")))
        transaction.on_commit(partial(traces.settled, one, began), robust=True)
    return Settled(finished, any(one.attempt.job.fence not in became and not one.is_canary for one in finished))


def _settle_failures(failures: Sequence[FinishedAttempt]) -> dict[Fence, str]:
    """Give back, or hold in doubt; pause where it is everybody's fault; return what became of the claims that held."""
    before = ProviderState.objects.current()
    became: dict[Fence, str] = {}
    doubted, is_to_excuse = 0, False
    for one in failures:
        error, job = cast(ExtractionError, one.error), one.attempt.job
        # A second refusal, while others are answered, may be this entry's: too large for the minute's tokens.
        is_everybodys = error.waiting_for and (before.is_half_open or not job.refusals)
        if one.is_canary or (is_everybodys and error.waiting_for == WaitingFor.PROVIDER):
            is_to_excuse = True  # what failed before failed for the same reason
        if one.is_canary:
            ProviderState.objects.pause(error)
        elif before.is_paused or is_everybodys:
            ProviderState.objects.pause(error)
            became |= _give_back(one, error)
        elif one.is_shared:
            became |= _have_asked_alone(one, error)
        elif held := _doubt(one, error):
            became |= dict.fromkeys(held, f"{error.code}: others are tried first")
            doubted += 1
    if doubted:
        ProviderState.objects.note_failures(doubted)
    if is_to_excuse:
        Job.objects.excuse(WaitingFor.PROVIDER)
    return became


def _settle_own_failures(failures: Sequence[FinishedAttempt]) -> dict[Fence, str]:
    """Spend the attempts that failed here: no provider and no other entry can have been at fault."""
    became: dict[Fence, str] = {}
    for attempt in (one.attempt for one in failures):
        if attempt.number >= settings.TAGGING_MAX_ATTEMPTS:
            became |= dict.fromkeys(Job.objects.discard(attempt), f"{attempt.error_code}: failed")
            continue
        wait_seconds = wait_after(attempt.number)
        held = Job.objects.retry(attempt, wait_seconds=wait_seconds)
        became |= dict.fromkeys(held, f"{attempt.error_code}: next try in {wait_seconds:.1f} s")
    return became


def _give_back(finished: FinishedAttempt, error: ExtractionError) -> dict[Fence, str]:
    """Release the job, to wait for the provider with no attempt spent."""
    waiting_for = error.waiting_for or WaitingFor.PROVIDER
    # A first answer may have been paid before a repair was refused.
    Spending.objects.add(finished.attempt.price, finished.attempt.job.author_id)
    held = Job.objects.release(
        [finished.attempt.job],
        waiting_for=waiting_for,
        error_code=error.code,
        error_detail=error.detail[:500],
        refusals=finished.attempt.job.refusals + bool(error.waiting_for and not finished.is_shared),
    )
    return dict.fromkeys(held, f"{error.code}, not counted: waits for {waiting_for}")


def _have_asked_alone(finished: FinishedAttempt, error: ExtractionError) -> dict[Fence, str]:
    """Release a job that a shared call brought no answer: it is due in its old place, and what has failed goes alone.

    Not called at once beside the claims: so what people wait for still comes first, and pauses and budget hold.
    """
    job = finished.attempt.job
    Spending.objects.add(finished.attempt.price, job.author_id)
    held = Job.objects.release([job], error_code=error.code, error_detail=error.detail[:500])
    return dict.fromkeys(held, f"{error.code} in a shared call, not counted: it is asked alone")


def _doubt(finished: FinishedAttempt, error: ExtractionError) -> set[Fence]:
    most = PAID_ATTEMPTS if error.was_answered else settings.TAGGING_MAX_ATTEMPTS
    is_last = error.permanent or finished.attempt.number >= min(most, settings.TAGGING_MAX_ATTEMPTS)
    return Job.objects.doubt(finished.attempt, fails_if_blamed=is_last)


def _log(finished: FinishedAttempt, became: str) -> None:
    level = logging.WARNING if finished.error else logging.INFO
    attempt = finished.attempt
    if finished.is_canary:
        became = finished.error.code if finished.error else "answered"
        code = {"code": attempt.error_code or None}
        logger.log(level, "The entry of our own: %s (%d ms)", became, finished.milliseconds, extra=code)
    else:
        words = (attempt.job_id, attempt.number, became, finished.milliseconds)
        fields = told(attempt.job, attempt=attempt.number, code=attempt.error_code or None)
        logger.log(level, "job=%s attempt=%s %s (%d ms)", *words, extra=fields)
