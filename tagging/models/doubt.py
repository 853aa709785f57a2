"""Whose fault was it? An entry's own fault is proven by another entry's success; nothing else proves it.

A job whose failure may be anybody's is pending and *in doubt*: others are tried first. It is blamed when a call is
answered that began after it failed: then its attempt is spent. Where no other entry is there to compare it with, or
others fail too, the engine sends one of our own, the canary. If that fails as well it is everybody's fault: those in
doubt are excused, and nothing is spent, as if they had not been called.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from devlog_project.api.origin import told
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models.attempt import Attempt
from tagging.models.backoff import wait_after
from tagging.models.claims import ClaimQuerySet

if TYPE_CHECKING:
    from tagging.models import Job

logger = logging.getLogger(__name__)

# What a provider tells everybody. Told to one entry while others pass, it may be chance, as in a busy minute:
# so often that is not counted.
REFUSALS = (ErrorCode.RATE_LIMITED, ErrorCode.PROVIDER_REFUSED)
FREE_REFUSALS = 5


class DoubtQuerySet(ClaimQuerySet):
    def in_doubt(self) -> DoubtQuerySet:
        return self.filter(in_doubt_since__isnull=False)

    def lock_with_those_in_doubt(self, job_ids: Collection[int]) -> None:
        """Lock these jobs and all in doubt to the end of the transaction, in the order in which all lock many.

        Those that another session holds are left out: about one in doubt it is decided the next time.
        """
        jobs = (self.in_doubt() | self.filter(pk__in=job_ids)).order_by("pk")
        list(jobs.select_for_update(skip_locked=True).values_list("pk"))

    def excuse_undecided(self) -> None:
        """Excuse those in doubt whose time to wait has passed: whoever was to decide is gone."""
        undecided = self.in_doubt().filter(run_after__lte=Now())
        if undecided.exists():
            with transaction.atomic(savepoint=False):
                undecided.excuse(WaitingFor.RETRY)

    def blame(self, answered: datetime) -> None:
        """Spend the attempts of those in doubt since before a call began that was answered."""
        for job in self._undecided().filter(in_doubt_since__lt=answered):
            if job.error_code in REFUSALS and 0 < job.refusals <= FREE_REFUSALS:
                self._excuse([job], WaitingFor.RETRY)
                continue
            wait_seconds = wait_after(job.attempts)
            decided: dict[str, Any] = {"run_after": Now() + timedelta(seconds=wait_seconds)}
            became = f"next try in {wait_seconds:.1f} s"
            if job.fails_if_blamed:
                decided = {"run_after": None, "state": job.State.FAILED, "waiting_for": "", "finished_at": Now()}
                became = "failed"
            self.filter(pk=job.pk).update(in_doubt_since=None, **decided)
            words = (job.pk, job.attempts, job.error_code, became)
            said = partial(logger.warning, "job=%s attempt=%s %s: its own fault, %s", *words)
            transaction.on_commit(partial(said, extra=told(job, code=job.error_code)))

    def excuse(self, waiting_for: str) -> None:
        """Take back the attempts of those in doubt.

        They come back at random times, ever further apart: so in the end each is judged by itself.
        """
        self._excuse(list(self._undecided()), waiting_for)

    def _undecided(self) -> DoubtQuerySet:
        return self.in_doubt().order_by("pk").select_for_update(skip_locked=True)

    def _excuse(self, jobs: Iterable[Job], waiting_for: str) -> None:
        for job in jobs:
            Attempt.objects.filter(job=job, started_at=job.started_at).delete()  # type: ignore[misc]  # it had begun
            self.model.objects.filter(pk=job.pk).update(
                attempts=F("attempts") - 1,
                refusals=F("refusals") + 1,
                in_doubt_since=None,
                run_after=Now() + timedelta(seconds=wait_after(job.refusals + 1)),
                waiting_for=waiting_for,
            )
            words = (job.pk, job.error_code, waiting_for)
            said = partial(logger.warning, "job=%s %s: not counted, waits for %s", *words)
            transaction.on_commit(partial(said, extra=told(job, code=job.error_code)))
