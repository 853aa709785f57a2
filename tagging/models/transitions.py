"""A job's transitions, each a queryset method: the row is the truth, everything else a hint.

         enqueue            claim               complete
      ------------> pending -------> running ----------------> done
                       ^                |  |     discard
                       +----------------+  +-----------------> failed
                    retry, release, recover

To settle a job is to hold its claim still: the token that `claim` wrote is compared under a lock in the same
transaction, so a late worker changes nothing. Times come from the database's clock, the one that all processes share.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Length, Now

from devlogs.models import DevLog
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import spending, sql
from tagging.models.attempt import Attempt
from tagging.models.backoff import wait_after
from tagging.models.spending import Price, Spending
from tagging.models.tag import DevLogTag

if TYPE_CHECKING:
    from tagging.models import Job

logger = logging.getLogger(__name__)

# A job's id with the token of one claim on it: who settles must show it.
Fence = tuple[int, uuid.UUID | None]

# What is known of a job just claimed, in the order of the model.
CLAIMED = ("devlog_id", "state", "attempts", "started_at", "claim_token")

NO_CLAIM: dict[str, Any] = {
    "claim_token": None,
    "claimed_by": "",
    "lease_expires_at": None,
    "reserved_tokens": 0,
    "reserved_cost": 0,
}

# What the database's defaults make of a new job.
FRESH = {"state": "pending", "attempts": 0, "waiting_for": "", "error_code": "", "error_detail": "", **NO_CLAIM}


def due_after(wait_seconds: float | None) -> Any:
    """Return when a job that was claimed before is due: after a wait, or for None at once, in its old place."""
    return F("queued_at") if wait_seconds is None else seconds_from_now(wait_seconds)


def seconds_from_now(seconds: float) -> Any:
    """Return the database's time, this many seconds ahead."""
    return Now() + timedelta(seconds=seconds) if seconds else Now()


class JobQuerySet(models.QuerySet["Job"]):
    def due(self) -> JobQuerySet:
        """Pending jobs whose time has come, in the order in which they are claimed."""
        return self.filter(run_after__lte=Now()).order_by("priority", "run_after")

    def running(self) -> JobQuerySet:
        return self.filter(lease_expires_at__isnull=False)

    def held_by(self, owner: str) -> JobQuerySet:
        return self.running().filter(claimed_by=owner)

    def insert(self, devlog: DevLog, priority: int = 0) -> Job:
        """Write the job of a dev-log saved just now, in the same transaction; return it as it stands.

        Both rows get the same time, from the database's clock.
        """
        sql.insert_job(devlog.pk, priority)
        times = {"queued_at": devlog.created_at, "run_after": devlog.created_at}
        return self.model(devlog=devlog, priority=priority, **times, **FRESH)

    def enqueue(self, devlog_ids: Iterable[int], priority: int = 0) -> list[Job]:
        """Write these dev-logs' jobs, or reset those that exist: pending, due now, no attempt spent, no claim."""
        jobs: list[Any] = [self.model(devlog_id=devlog_id, priority=priority) for devlog_id in devlog_ids]
        fields = [field.name for field in self.model._meta.local_concrete_fields if not field.primary_key]
        self.bulk_create(jobs, update_conflicts=True, update_fields=fields, unique_fields=["devlog"])
        return jobs

    def claim(self, limit: int, *, owner: str, lease_seconds: float, is_paid: bool = False) -> list[Job]:
        """Take up to `limit` due jobs, count an attempt on each, and return them with their dev-logs.

        Where answers are paid for, no more than the day's budget allows; raises BudgetReachedError when that is none.
        """
        token = uuid.uuid4()
        if not (is_paid and spending.is_limited()):
            return self._with_devlogs(token, sql.claim(self.model, limit, token, owner, lease_seconds, 0, Decimal(0)))
        with transaction.atomic():
            affordable, reserved = self._affordable(limit)
            held = (token, owner, lease_seconds, reserved.tokens, reserved.cost)
            claimed = sql.claim(self.model, affordable, *held) if affordable else []
        if not affordable and self.due().exists():
            raise spending.BudgetReachedError
        return self._with_devlogs(token, claimed)

    def renew(self, jobs: Iterable[Job], *, lease_seconds: float, **changes: str) -> int:
        """Push out the leases of all these claims in one statement; return how many still stood.

        changes: fields to set with it, such as `claimed_by` to hand the claims over under the same tokens.
        """
        claims = {job.pk: job.claim_token for job in jobs}
        mine = self.running().filter(pk__in=claims, claim_token__in=set(claims.values()))
        return mine.update(lease_expires_at=seconds_from_now(lease_seconds), **changes) if claims else 0

    def claim_late_answer(self, job: Job, *, owner: str, lease_seconds: float) -> Job:
        """Claim a pending job, which is locked, for an answer that came after its first claim ran out; return it."""
        self.filter(pk=job.pk, run_after__isnull=False).update(
            state=self.model.State.RUNNING,
            run_after=None,
            waiting_for="",
            attempts=F("attempts") + 1,
            started_at=Now(),
            claim_token=uuid.uuid4(),
            claimed_by=owner,
            lease_expires_at=seconds_from_now(lease_seconds),
        )
        return self.get(pk=job.pk)

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
            Spending.objects.add(sum((attempt.price for attempt in answers), Price()))
        return {attempt.job.fence for attempt in kept}

    def retry(self, attempt: Attempt, *, wait_seconds: float | None) -> set[Fence]:
        """Record the failed attempt and make its job pending again, after the wait; None lets it keep its place."""
        waiting = {"waiting_for": WaitingFor.RETRY, "run_after": due_after(wait_seconds)}
        return self._settle(attempt, state=self.model.State.PENDING, **waiting)

    def discard(self, attempt: Attempt) -> set[Fence]:
        """Record the failed attempt and end its job `failed`; only a person tries again."""
        return self._settle(attempt, state=self.model.State.FAILED, finished_at=Now())

    def release(
        self,
        jobs: Iterable[Job],
        *,
        waiting_for: str = "",
        wait_seconds: float | None = None,
        code: str = "",
        detail: str = "",
    ) -> set[Fence]:
        """Give claims back, each with its attempt refunded; return the fences that still held."""
        with transaction.atomic(savepoint=False):
            held = self._still_held(jobs)
            self.filter(pk__in=[pk for pk, _ in held]).update(
                state=self.model.State.PENDING,
                attempts=F("attempts") - 1,
                run_after=due_after(wait_seconds),
                waiting_for=waiting_for,
                error_code=code,
                error_detail=detail,
                **NO_CLAIM,
            )
        return held

    def recover(self, dead_owners: Collection[str] = ()) -> list[int]:
        """Take back the jobs of dead owners and of expired leases; return their ids.

        A first loss is due at once. After a second one the job waits a random while, so that a job that kills its
        worker parts from those that only happened to run beside it. With its attempts used up it ends `failed`.
        """
        lost = self.running().filter(Q(lease_expires_at__lt=Now()) | Q(claimed_by__in=dead_owners))
        if not lost.exists():  # as usual, and without a write transaction
            return []
        with transaction.atomic(savepoint=False):
            jobs = list(lost.select_for_update(skip_locked=True))
            for job in jobs:
                attempt = job.new_attempt(
                    outcome=Attempt.Outcome.LOST,
                    error_code=ErrorCode.WORKER_LOST,
                    error_detail="The process that worked on this dev-log ended before it had an answer.",
                )
                # The provider may well have charged what it was asked.
                Spending.objects.add(Price(job.reserved_tokens, job.reserved_cost))
                if job.attempts >= settings.TAGGING_MAX_ATTEMPTS:
                    self.discard(attempt)
                else:
                    self.retry(attempt, wait_seconds=None if job.attempts == 1 else wait_after(job.attempts))
                became = "failed" if job.attempts >= settings.TAGGING_MAX_ATTEMPTS else "tried again"
                words = (job.pk, job.attempts, job.claimed_by, became)
                transaction.on_commit(partial(logger.warning, "job=%s attempt=%s lost with %s: %s", *words))
        return [job.pk for job in jobs]

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
            Spending.objects.add(attempt.price)
        return {job.fence} if held else set()

    def _affordable(self, limit: int) -> tuple[int, Price]:
        """Return how many of the next due jobs today's budget still allows, and what to reserve on each of them."""
        spent = Spending.objects.today()  # locked: one claim at a time counts what is left
        held = self.running().aggregate(tokens=models.Sum("reserved_tokens"), cost=models.Sum("reserved_cost"))
        spent += Price(held["tokens"] or 0, held["cost"] or Decimal(0))
        return spending.affordable(spent, list(self.due().values_list(Length("devlog__entry"), flat=True)[:limit]))

    def _with_devlogs(self, token: uuid.UUID, claimed: Sequence[tuple[int, int, datetime]]) -> list[Job]:
        """Return the jobs just claimed. Their entries are read after the claim: an edit before it is seen, an edit
        after it takes the claim away."""
        devlogs = {pk: texts for pk, *texts in sql.entries([row[0] for row in claimed])}
        jobs: list[Job] = []
        for pk, attempts, started_at in claimed:
            if pk in devlogs:
                # No more than a call needs, all else is deferred: a new model's defaults take longer than its claim.
                job = self.model.from_db(self.db, CLAIMED, [pk, self.model.State.RUNNING, attempts, started_at, token])
                job.devlog = DevLog.from_db(self.db, ("id", "entry", "author_id"), [pk, *devlogs[pk]])
                jobs.append(job)
        return jobs

    def _still_held(self, jobs: Iterable[Job]) -> set[Fence]:
        """Lock these jobs' rows and return the fences that hold."""
        fences = {job.fence for job in jobs}
        rows = self.running().filter(pk__in=[pk for pk, _ in fences]).order_by("pk").select_for_update()
        return fences & set(rows.values_list("pk", "claim_token"))
