"""From finished attempts to rows: the one policy of what an answer or a failure leads to.

The worker, the actors and the results that come back from Lambda all settle here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple, cast

from django.conf import settings
from django.db import DataError, IntegrityError, transaction

from tagging.engine.attempting import FinishedAttempt, note_error
from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Attempt, Job, Provider, Spending
from tagging.models.backoff import wait_after
from tagging.models.transitions import Fence

logger = logging.getLogger(__name__)

# What an outage of the provider looks like from here.
OUTAGE = {ErrorCode.TIMEOUT, ErrorCode.UNREACHABLE, ErrorCode.SERVER_ERROR}
NO_ANSWER = OUTAGE | {ErrorCode.INTERNAL}


class Settled(NamedTuple):
    """What was committed together, and whether the provider finds us too fast."""

    finished: Sequence[FinishedAttempt]
    is_too_fast: bool


def provider_answered(finished: FinishedAttempt) -> bool:
    """Say whether the provider was asked and answered, be it with something of no use."""
    if finished.error is None:
        return not finished.is_from_ledger
    return not (finished.error.waiting_for or finished.error.code in NO_ANSWER)


def settle(finished: Sequence[FinishedAttempt], provider: Provider) -> Iterator[Settled]:
    """Settle these attempts in one transaction and yield what was committed; `provider` is the row as it was read.

    Where the database refuses one of them for ever, each is settled alone, so that it does not hold up the others.
    """
    try:
        yield _settle_together(finished, provider)
    except (DataError, IntegrityError):
        for one in finished:
            yield _settle_alone(one, provider)


def lock_provider(provider: Provider, *, has_failed: bool) -> None:
    """Lock the provider's row where settling will change it: before any job's and the day's, in every process."""
    if has_failed or not provider.is_clean:
        Provider.objects.lock()


def _settle_alone(finished: FinishedAttempt, provider: Provider) -> Settled:
    try:
        return _settle_together([finished], provider)
    except (DataError, IntegrityError) as exception:
        paid = finished.attempt
        logger.error("job=%s: the database refuses its outcome: %s", paid.job_id, type(exception).__name__)
        error = ExtractionError(ErrorCode.INTERNAL, "The database refused the answer.", permanent=True)
        error.input_tokens, error.output_tokens = paid.input_tokens, paid.output_tokens
        refused = paid.job.new_attempt()
        note_error(refused, error)
        return _settle_together([FinishedAttempt(refused, error)], provider)


def _settle_together(finished: Sequence[FinishedAttempt], provider: Provider) -> Settled:
    failures = [one for one in finished if one.error]
    with transaction.atomic():
        lock_provider(provider, has_failed=bool(failures))
        became = dict.fromkeys(Job.objects.complete([one.attempt for one in finished if not one.error]), "done")
        is_too_fast = False
        if failures:
            consequences, is_too_fast = _settle_failures(failures)
            became |= consequences
        if not provider.is_clean and any(provider_answered(one) for one in finished):
            Provider.objects.note_answer()
    for one in finished:
        transaction.on_commit(partial(_log, one, became.get(one.attempt.job.fence, "dropped, its claim is gone")))
    return Settled(finished, is_too_fast)


def _settle_failures(failures: Sequence[FinishedAttempt]) -> tuple[dict[Fence, str], bool]:
    """Give back, discard or retry; return what became of the claims that held, and if we are too fast."""
    before = Provider.objects.current()
    became: dict[Fence, str] = {}
    is_too_fast = False
    outages = [one.error for one in failures if one.error and one.error.code in OUTAGE]
    if outages:
        Provider.objects.note_failures(len(outages), outages[0])
    for one in failures:
        error = cast(ExtractionError, one.error)
        # While the breaker is open an outage is known: then its probes cost no attempt.
        if error.waiting_for or (before.is_refusing and error.code in OUTAGE):
            provider = Provider.objects.pause(error)
            is_too_fast |= error.waiting_for == WaitingFor.RATE_LIMIT and provider.refusals != before.refusals
            became |= _give_back(one.attempt, error, provider)
        else:
            became |= _spend_attempt(one.attempt, error)
    return became, is_too_fast


def _give_back(attempt: Attempt, error: ExtractionError, provider: Provider) -> dict[Fence, str]:
    """Release the job, to wait for the provider with no attempt spent."""
    Spending.objects.add(attempt.price)  # a first answer may have been paid before a repair was refused
    held = Job.objects.release(
        [attempt.job],
        waiting_for=provider.waiting_for,
        wait_seconds=provider.wait_seconds,
        code=error.code,
        detail=error.detail[:500],
    )
    return dict.fromkeys(held, f"{error.code}, not counted: waits for {provider.waiting_for}")


def _spend_attempt(attempt: Attempt, error: ExtractionError) -> dict[Fence, str]:
    """Discard the job, or have it retried."""
    if error.permanent or attempt.number >= settings.TAGGING_MAX_ATTEMPTS:
        return dict.fromkeys(Job.objects.discard(attempt), f"{error.code}: failed")
    wait_seconds = error.retry_after or wait_after(attempt.number)
    held = Job.objects.retry(attempt, wait_seconds=wait_seconds)
    return dict.fromkeys(held, f"{error.code}: next try in {wait_seconds:.1f} s")


def _log(finished: FinishedAttempt, became: str) -> None:
    level = logging.WARNING if finished.error else logging.INFO
    attempt = finished.attempt
    logger.log(level, "job=%s attempt=%s %s (%d ms)", attempt.job_id, attempt.number, became, finished.milliseconds)
