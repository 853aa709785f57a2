"""The job with its transitions: the row is the truth, everything else a hint.

         enqueue            claim               complete
      ------------> pending -------> running ----------------> done
                       ^                |  |     discard
                       +----------------+  +-----------------> failed
                    retry, release, recover

Each transition is a queryset method. Whoever settles a job must still hold its claim: the token that `claim`
wrote is compared under a lock in the same transaction, so a late worker changes nothing. Times come from the
database's clock, the one clock that all processes share.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connections, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Length, Now

from devlogs.models import DevLog
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import spending, sql
from tagging.models.attempt import Attempt
from tagging.models.backoff import backoff
from tagging.models.provider_state import ShownPause
from tagging.models.spending import Price, Spending
from tagging.models.tag import DevLogTag

logger = logging.getLogger(__name__)


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
        return Job(devlog=devlog, priority=priority, **times, **FRESH)

    def enqueue(self, devlog_ids: Iterable[int], priority: int = 0) -> list[Job]:
        """Write these dev-logs' jobs, or reset those that exist: pending, due now, no attempt spent, no claim."""
        with_target = connections[self.db].features.supports_update_conflicts_with_target
        return Job.objects.bulk_create(
            [Job(devlog_id=devlog_id, priority=priority) for devlog_id in devlog_ids],
            update_conflicts=True,
            update_fields=[field.name for field in Job._meta.local_concrete_fields if not field.primary_key],
            unique_fields=["devlog"] if with_target else None,
        )

    def claim(self, limit: int, *, owner: str, lease_seconds: float, is_paid: bool = False) -> list[Job]:
        """Take up to `limit` due jobs, count an attempt on each, and return them with their dev-logs.

        Where answers are paid for, no more than the day's budget allows; raises BudgetReachedError when that is none.
        """
        token = uuid.uuid4()
        if not (is_paid and spending.is_limited()):
            return self._with_devlogs(token, sql.claim(Job, limit, token, owner, lease_seconds, 0, Decimal(0)))
        with transaction.atomic():
            affordable, reserved = self._affordable(limit)
            held = (token, owner, lease_seconds, reserved.tokens, reserved.cost)
            claimed = sql.claim(Job, affordable, *held) if affordable else []
        if not affordable and self.due().exists():
            raise spending.BudgetReachedError
        return self._with_devlogs(token, claimed)

    def renew(self, jobs: Iterable[Job], *, lease_seconds: float) -> int:
        """Push out the leases of all these claims in one statement; return how many still stood."""
        claims = {job.pk: job.claim_token for job in jobs}
        mine = self.running().filter(pk__in=claims, claim_token__in=set(claims.values()))
        return mine.update(lease_expires_at=seconds_from_now(lease_seconds))

    def hand_over(self, jobs: Iterable[Job], *, to: str, lease_seconds: float) -> int:
        """Have another owner hold these claims, under the same tokens; return how many still stood."""
        claims = {job.pk: job.claim_token for job in jobs}
        mine = self.running().filter(pk__in=claims, claim_token__in=set(claims.values()))
        return mine.update(claimed_by=to, lease_expires_at=seconds_from_now(lease_seconds)) if claims else 0

    def claim_late_answer(self, job: Job, *, owner: str, lease_seconds: float) -> Job:
        """Claim a pending job, which is locked, for an answer that came after its first claim ran out; return it."""
        self.filter(pk=job.pk, run_after__isnull=False).update(
            state=Job.State.RUNNING,
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
            held = sql.complete(Job, [attempt.job.fence for attempt in latest.values()])
            kept = [latest[job_id] for job_id in sorted(held)]
            DevLogTag.objects.replace(Attempt.objects.insert(kept))
            Spending.objects.add(sum((attempt.price for attempt in answers), Price()))
        return {attempt.job.fence for attempt in kept}

    def retry(self, attempt: Attempt, *, wait_seconds: float | None) -> set[Fence]:
        """Record the failed attempt and make its job pending again, after the wait; None lets it keep its place."""
        return self._settle(
            attempt,
            state=Job.State.PENDING,
            waiting_for=WaitingFor.RETRY,
            run_after=due_after(wait_seconds),
        )

    def discard(self, attempt: Attempt) -> set[Fence]:
        """Record the failed attempt and end its job `failed`; only a person tries again."""
        return self._settle(attempt, state=Job.State.FAILED, finished_at=Now())

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
            self._by(held).update(
                state=Job.State.PENDING,
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
        if not lost.exists():  # the usual case, and without a write transaction
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
        for job in jobs:
            became = "failed" if job.attempts >= settings.TAGGING_MAX_ATTEMPTS else "tried again"
            message = "job=%s attempt=%s worker_lost: %s (%s no longer holds it)"
            logger.warning(message, job.pk, job.attempts, became, job.claimed_by)
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
        lengths = list(self.due().values_list(Length("devlog__entry"), flat=True)[:limit])
        for count in range(len(lengths), 0, -1):
            each = spending.estimate(max(lengths[:count]))
            if spending.fits(spent + each.times(count)):
                return count, each
        return 0, Price()

    def _with_devlogs(self, token: uuid.UUID, claimed: Sequence[tuple[int, int, datetime]]) -> list[Job]:
        """Return the jobs just claimed. Their entries are read after the claim: an edit before it is seen, an edit
        after it takes the claim away."""
        devlogs = {pk: texts for pk, *texts in sql.entries([row[0] for row in claimed])}
        jobs = []
        for pk, attempts, started_at in claimed:
            if pk in devlogs:
                # No more than a call needs, all else is deferred: a new model's defaults take longer than its claim.
                job = Job.from_db(self.db, CLAIMED, [pk, Job.State.RUNNING, attempts, started_at, token])
                job.devlog = DevLog.from_db(self.db, ("id", "entry", "author_id"), [pk, *devlogs[pk]])
                jobs.append(job)
        return jobs

    def _still_held(self, jobs: Iterable[Job]) -> set[Fence]:
        """Lock these jobs' rows and return the fences that hold."""
        fences = {job.fence for job in jobs}
        rows = self.running().filter(pk__in=[pk for pk, _ in fences]).order_by("pk").select_for_update()
        return fences & set(rows.values_list("pk", "claim_token"))

    def _by(self, fences: Iterable[Fence]) -> JobQuerySet:
        return self.filter(pk__in=[pk for pk, _ in fences])


# A job's id with the token of one claim on it: who settles must show it.
Fence = tuple[int, uuid.UUID | None]

# What a worker knows of a job it has just claimed, in the order of the model.
CLAIMED = ("devlog_id", "state", "attempts", "started_at", "claim_token")

NO_CLAIM: dict[str, Any] = {
    "claim_token": None,
    "claimed_by": "",
    "lease_expires_at": None,
    "reserved_tokens": 0,
    "reserved_cost": 0,
}

# What the database's defaults make of a new job.
FRESH: dict[str, Any] = {
    "state": "pending",
    "attempts": 0,
    "waiting_for": "",
    "error_code": "",
    "error_detail": "",
    **NO_CLAIM,
}


# What a job's own row may wait for; a spent budget is the whole queue's, and stands in the provider's row.
REASONS_TO_WAIT = [
    (reason.value, reason.value.replace("_", " ").title())
    for reason in (WaitingFor.RETRY, WaitingFor.RATE_LIMIT, WaitingFor.PROVIDER)
]


def wait_after(attempt: int) -> float:
    """Return the seconds a job waits after its attempt of this number, by the settings in force."""
    return backoff(attempt, base=settings.TAGGING_BACKOFF_SECONDS, cap=settings.TAGGING_BACKOFF_CAP_SECONDS)


class Job(models.Model):
    """The request for one dev-log's tags; its primary key is the dev-log's id."""

    class State(models.TextChoices):
        # Due at `run_after`. In by enqueue, retry, release, recover; out by claim.
        PENDING = "pending"
        # Claimed until `lease_expires_at`. In by claim; out by whoever holds the token, or by recover.
        RUNNING = "running"
        # Tags committed, possibly none. In by complete; out by enqueue.
        DONE = "done"
        # Permanent fault or attempts used up. In by discard; out by enqueue, that is by a person.
        FAILED = "failed"

    # A job that is unfinished moves on by itself; one that is final waits for a person.
    UNFINISHED = (State.PENDING, State.RUNNING)
    FINAL = (State.DONE, State.FAILED)

    class Priority(models.IntegerChoices):
        """What is claimed first: the entry somebody just wrote never waits behind an import of thousands."""

        INTERACTIVE = 0
        BULK = 1

    # Every default is the database's, so that a new job is the shortest of statements (see `insert`).
    devlog = models.OneToOneField("devlogs.DevLog", models.CASCADE, primary_key=True, related_name="job")
    state = models.CharField(max_length=10, choices=State, db_default=State.PENDING)
    priority = models.PositiveSmallIntegerField(choices=Priority, db_default=Priority.INTERACTIVE)
    attempts = models.PositiveSmallIntegerField(db_default=0)
    queued_at = models.DateTimeField(db_default=Now())
    # Null unless pending: so the index on it holds the queue alone, however many jobs are done.
    run_after = models.DateTimeField(null=True, db_default=Now())
    waiting_for = models.CharField(max_length=10, choices=REASONS_TO_WAIT, blank=True, db_default="")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    claim_token = models.UUIDField(null=True)
    claimed_by = models.CharField(max_length=200, blank=True, db_default="")
    # Null unless running: so its index holds the claims alone.
    lease_expires_at = models.DateTimeField(null=True)
    # Of the day's budget, while a paid call runs.
    reserved_tokens = models.PositiveIntegerField(db_default=0)
    reserved_cost = models.DecimalField(max_digits=12, decimal_places=6, db_default=Decimal(0))
    error_code = models.CharField(
        max_length=20, choices=[(code.value, code.value) for code in ErrorCode], blank=True, db_default=""
    )
    error_detail = models.CharField(max_length=500, blank=True, db_default="")

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["priority", "run_after"], condition=Q(run_after__isnull=False), name="job_due"),
            models.Index(fields=["lease_expires_at"], condition=Q(lease_expires_at__isnull=False), name="job_leased"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="pending", run_after__isnull=False) | ~Q(state="pending") & Q(run_after=None),
                name="job_pending_has_run_after",
            ),
            models.CheckConstraint(
                condition=Q(state="running", lease_expires_at__isnull=False, claim_token__isnull=False)
                | ~Q(state="running") & Q(lease_expires_at=None, claim_token=None),
                name="job_running_has_claim",
            ),
        ]

    def __str__(self) -> str:
        return f"job {self.pk} ({self.state})"

    @property
    def fence(self) -> Fence:
        return self.pk, self.claim_token

    def new_attempt(self, **fields: Any) -> Attempt:
        """Return the attempt that this claim counts, not saved; whoever settles the claim fills and saves it."""
        fields |= {"job": self, "number": self.attempts, "started_at": self.started_at}
        return Attempt(**fields)

    @property
    def is_final(self) -> bool:
        return self.state in self.FINAL

    def waits_for(self, pause: ShownPause) -> str | None:
        """Return what the job waits for: its own reason, or the pause of the whole queue; None for nothing."""
        return self.waiting_for or (pause.waiting_for() if self.state == self.State.PENDING else None)

    @property
    def error(self) -> dict[str, str] | None:
        """What went wrong last, for people; None when nothing did."""
        return {"code": self.error_code, "detail": self.error_detail} if self.error_code else None
