"""The job: the request for one dev-log's tags, with its states. What moves it between them is in transitions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models.attempt import Attempt
from tagging.models.provider_state import ShownPause
from tagging.models.transitions import Fence, JobQuerySet

# What a job's own row may wait for; a spent budget is the whole queue's, and stands in the provider's row.
REASONS_TO_WAIT = [
    (reason.value, reason.value.replace("_", " ").title())
    for reason in (WaitingFor.RETRY, WaitingFor.RATE_LIMIT, WaitingFor.PROVIDER)
]


class Job(models.Model):
    """The request for one dev-log's tags; its primary key is the dev-log's id."""

    class State(models.TextChoices):
        # Due at `run_after`. In by enqueue, retry, release, recover; out by claim.
        PENDING = "pending"
        # Claimed until `lease_expires_at`. In by claim; out by the holder of the token, or by recover.
        RUNNING = "running"
        # Tags committed, possibly none. In by complete; out by enqueue.
        DONE = "done"
        # Permanent fault or attempts used up. In by discard; out by enqueue, that is by a person.
        FAILED = "failed"

    # A job that is unfinished moves on by itself; one that is final waits for a person.
    UNFINISHED = (State.PENDING, State.RUNNING)
    FINAL = (State.DONE, State.FAILED)

    class Priority(models.IntegerChoices):
        """What is claimed first: an entry just written never waits behind an import of thousands."""

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
        """Return the attempt that this claim counts, to be filled and saved when the claim is settled."""
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
        """Return what went wrong last, for people; None when nothing did."""
        return {"code": self.error_code, "detail": self.error_detail} if self.error_code else None
