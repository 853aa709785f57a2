"""A job's transitions, each a queryset method: the row is the truth, everything else a hint.

         enqueue            claim               complete
      ------------> pending -------> running ----------------> done
                       ^                |  |     discard
                       +----------------+  +-----------------> failed
              retry, release, recover, doubt

A job that failed may be in doubt first, which blame or excuse decides (doubt.py). What people do, to ask anew, to edit
and to cancel, is in people.py.
To settle a job is to hold its claim still: the token that `claim` wrote is compared under a lock in the same
transaction, so a late worker changes nothing. Times come from the database's clock, the one that all processes share.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from devlog_project.api import origin
from devlogs.models import DevLog
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import sql
from tagging.models.attempt import Attempt
from tagging.models.backoff import wait_after
from tagging.models.claims import Fence, seconds_from_now
from tagging.models.people import FRESH, NO_CLAIM, PeopleQuerySet, asked_now
from tagging.models.provider_state import probe_seconds
from tagging.models.spending import Price, Spending
from tagging.models.tag import DevLogTag

if TYPE_CHECKING:
    from tagging.models import Job

logger = logging.getLogger(__name__)

# That of a job at SQS: longer than SQS tries, 5 times a visibility of 9 minutes (deploy/lambda/template.yaml).
LONGEST_LEASE_SECONDS = 3600.0


def due_after(wait_seconds: float | None) -> Any:
    """Return when a job that was claimed before is due: after a wait, or for None at once, in its old place."""
    return F("queued_at") if wait_seconds is None else seconds_from_now(wait_seconds)


class JobQuerySet(PeopleQuerySet):
    def insert(self, devlog: DevLog, priority: int = 0) -> Job:
        """Write the job of a dev-log saved just now, in the same transaction; return it as it stands.

        Both rows get the same time, from the database's clock.
        """
        sql.insert_job(devlog.pk, priority, *origin.current())
        of_devlog = {"is_private": devlog.is_private, "queued_at": devlog.created_at, "run_after": devlog.created_at}
        return self.model(devlog=devlog, priority=priority, **of_devlog, **FRESH, **asked_now())

    def enqueue(self, devlog_ids: Iterable[int], priority: int = 0, *, asks_anew: bool = False) -> list[Job]:
        """Write these dev-logs' jobs, or reset those that exist: pending, due now, no attempt spent, no claim."""
        fields = {"priority": priority, "asks_anew": asks_anew, **asked_now()}
        jobs: list[Any] = [self.model(devlog_id=devlog_id, **fields) for devlog_id in devlog_ids]
        all_fields = [field.name for field in self.model._meta.local_concrete_fields if not field.primary_key]
        self.bulk_create(jobs, sql.PORTION, update_conflicts=True, update_fields=all_fields, unique_fields=["devlog"])
        return jobs

    def bulk_create(
        self,
        objs: Iterable[Job],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[Job]:
        """Write these jobs, each under its dev-log's author and as private as it."""
        jobs = list(objs)
        for portion in sql.portions(jobs):
            written = DevLog.objects.filter(pk__in=[job.devlog_id for job in portion])
            rows = {pk: row for pk, *row in written.values_list("pk", Coalesce("author_id", 0), "is_private")}
            for job in portion:
                job.author_id, job.is_private = rows.get(job.devlog_id, (0, False))
        return super().bulk_create(jobs, batch_size, ignore_conflicts, update_conflicts, update_fields, unique_fields)

    def renew(
        self, job_ids: Collection[int], *, owner: str, lease_seconds: float, skip_locked: bool = False, **changes: str
    ) -> int:
        """Push out the leases of what this owner holds of these jobs; return how many.

        skip_locked: leave out those whose rows another session holds. changes: fields to set with it, such as
        `claimed_by` to hand the claims over under the same tokens.
        """
        changed = {"lease_expires_at": seconds_from_now(lease_seconds), **changes}
        renewed = 0
        for ids in sql.portions(sorted(job_ids)):
            with transaction.atomic(savepoint=False):
                mine = self.held_by(owner).filter(pk__in=ids).order_by("pk")
                locked = mine.select_for_update(skip_locked=skip_locked).values_list("pk", flat=True)
                renewed += self.filter(pk__in=list(locked)).update(**changed)
        return renewed

    def complete(self, answers: Sequence[Attempt]) -> set[Fence]:
        """Store these answers' tags and end their jobs `done`, together; return the fences that held.

        Give the answers in the order of their claims: where a job was claimed again while its first call ran, only
        the later claim can hold.
        """
        latest = {attempt.job_id: attempt for attempt in answers}
        if not latest:
            return set()
        with transaction.atomic(savepoint=False):
            held = sql.complete(self.model, [attempt.job.fence for attempt in latest.values()])
            kept = [latest[job_id] for job_id in sorted(held)]
            DevLogTag.objects.replace(Attempt.objects.insert(kept))
            Spending.objects.add_all((attempt.job.author_id, attempt.price) for attempt in answers)
        return {attempt.job.fence for attempt in kept}

    def retry(self, attempt: Attempt, *, wait_seconds: float | None) -> set[Fence]:
        """Record the failed attempt and make its job pending again, after the wait; None lets it keep its place."""
        waiting = {"waiting_for": WaitingFor.RETRY, "run_after": due_after(wait_seconds)}
        return self._settle(attempt, state=self.model.State.PENDING, **waiting)

    def doubt(self, attempt: Attempt, *, fails_if_blamed: bool) -> set[Fence]:
        """Record the failed attempt and have its job wait until it is known whose fault it was (see doubt.py)."""
        at_the_latest = seconds_from_now(2 * probe_seconds())  # the slowest call that may decide has come back by then
        waiting = {"waiting_for": WaitingFor.RETRY, "run_after": at_the_latest, "in_doubt_since": Now()}
        return self._settle(attempt, state=self.model.State.PENDING, fails_if_blamed=fails_if_blamed, **waiting)

    def discard(self, attempt: Attempt) -> set[Fence]:
        """Record the failed attempt and end its job `failed`; only a person tries again."""
        return self._settle(attempt, state=self.model.State.FAILED, finished_at=Now())

    def release(self, jobs: Iterable[Job], *, skip_locked: bool = False, **changes: str | int) -> set[Fence]:
        """Give claims back, each with its attempt refunded and in its old place; return the fences that still held.

        A cancelled job stays `failed`: its call has ended, and that is all.
        skip_locked: leave out those whose rows another session holds. changes: fields to set with it, such as what
        they wait for and why.
        """
        released: set[Fence] = set()
        with transaction.atomic(savepoint=False):
            for fences in sql.portions(sorted({job.fence for job in jobs})):
                rows = self.running().filter(pk__in=[pk for pk, _ in fences]).order_by("pk")
                locked = rows.select_for_update(skip_locked=skip_locked)
                held = set(fences) & set(locked.values_list("pk", "claim_token"))
                mine = self.filter(pk__in=[pk for pk, _ in held])
                mine.filter(state=self.model.State.FAILED).update(**NO_CLAIM)
                mine.filter(state=self.model.State.RUNNING).update(
                    state=self.model.State.PENDING,
                    attempts=F("attempts") - 1,
                    run_after=F("queued_at"),
                    **NO_CLAIM,
                    **changes,
                )
                released |= held
        return released

    def recover(self, dead_owners: Collection[str] = ()) -> list[int]:
        """Take back the jobs of dead owners and of expired leases; return their ids.

        A first loss is due at once. After a second one the job waits a random while, so that a job that kills its
        worker parts from those that only happened to run beside it. With its attempts used up it ends `failed`.
        """
        # Twice the longest, so that a small step of the clock does not count.
        longest = seconds_from_now(2 * max(LONGEST_LEASE_SECONDS, settings.TAGGING_LEASE_SECONDS))
        has_expired = Q(lease_expires_at__lt=Now()) | Q(lease_expires_at__gt=longest)
        lost = self.running().filter(has_expired | Q(claimed_by__in=dead_owners))
        if not lost.exists():  # as usual, and without a write transaction
            return []
        with transaction.atomic(savepoint=False):
            jobs = list(lost.select_for_update(skip_locked=True))
            for job in jobs:
                # The provider may well have charged what it was asked.
                Spending.objects.add(Price(job.reserved_tokens, job.reserved_cost), job.author_id)
                became = self._lose(job)
                words = (job.pk, job.attempts, job.claimed_by, became)
                fields = origin.told(job, code=ErrorCode.WORKER_LOST.value)
                said = partial(logger.warning, "job=%s attempt=%s lost with %s: %s", *words, extra=fields)
                transaction.on_commit(said)
        return [job.pk for job in jobs]

    def _lose(self, job: Job) -> str:
        """Have a lost job tried again unless its attempts are used up; return what became of it."""
        if job.is_final or job.is_superseded:  # cancelled or edited meanwhile: what was lost is the call alone
            self.release([job])
            return "cancelled before" if job.is_final else "its new text is next"
        attempt = job.new_attempt(
            outcome=Attempt.Outcome.LOST,
            error_code=ErrorCode.WORKER_LOST,
            error_detail="The process that worked on this dev-log ended before it had an answer.",
        )
        if job.attempts >= settings.TAGGING_MAX_ATTEMPTS:
            self.discard(attempt)
            return "failed"
        self.retry(attempt, wait_seconds=None if job.attempts == 1 else wait_after(job.attempts))
        return "tried again"

    def _settle(self, attempt: Attempt, **changes: Any) -> set[Fence]:
        job = attempt.job
        with transaction.atomic(savepoint=False):
            held = (
                self.running()
                .filter(pk=job.pk, claim_token=job.claim_token)
                .update(error_code=attempt.error_code, error_detail=attempt.error_detail, **NO_CLAIM, **changes)
            )
            if held:
                Attempt.objects.insert([attempt])
            Spending.objects.add(attempt.price, job.author_id)
        return {job.fence} if held else set()
