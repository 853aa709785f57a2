"""The job: the request for one dev-log's tags, with its states. What moves it between them is in transitions."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from devlogs.models import DevLog
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models.attempt import Attempt
from tagging.models.queue_pause import PAUSED
from tagging.models.shown_pause import ShownPause
from tagging.models.transitions import Fence, JobQuerySet

# What a job's own row may wait for: of the budget it is its author's share; a spent one stands in the provider's row.
REASONS_TO_WAIT: list[tuple[str, Any]] = [
    (WaitingFor.RETRY.value, _("Retry")),
    (WaitingFor.RATE_LIMIT.value, _("Rate Limit")),
    (WaitingFor.PROVIDER.value, _("Provider")),
    (WaitingFor.BUDGET.value, _("Budget")),
]

# As bound parameters allow SQLite to use an index (docs/decisions.md).
PENDING = Q(run_after__isnull=False)

# No row has it; so what is told of a canary is told of no dev-log.
CANARY_ID = 0


class Job(models.Model):
    """The request for one dev-log's tags; its primary key is the dev-log's id."""

    class State(models.TextChoices):
        # Due at `run_after`. In by enqueue, retry, release, recover; out by claim.
        PENDING = "pending", _("Pending")
        # Claimed until `lease_expires_at`. In by claim; out by the holder of the token, or by recover.
        RUNNING = "running", _("Running")
        # Tags committed, possibly none. In by complete; out by enqueue.
        DONE = "done", _("Done")
        # Permanent fault or attempts used up. In by discard; out by enqueue, that is by a person.
        FAILED = "failed", _("Failed")

    # A job that is unfinished moves on by itself; one that is final waits for a person.
    UNFINISHED = (State.PENDING, State.RUNNING)
    FINAL = (State.DONE, State.FAILED)

    class Priority(models.IntegerChoices):
        """What is claimed first: an entry just written never waits behind an import of thousands."""

        INTERACTIVE = 0, _("Interactive")
        BULK = 1, _("Bulk")

    # Every default is the database's, so that a new job is the shortest of statements (see `insert`).
    devlog = models.OneToOneField("devlogs.DevLog", models.CASCADE, primary_key=True, related_name="job")
    state = models.CharField(_("state"), max_length=10, choices=State, db_default=State.PENDING)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, db_default=Priority.INTERACTIVE)
    # The dev-log's author when it was queued, 0 for none: authors are served alternately. No foreign key, since it is
    # never followed and goes with the dev-log.
    author_id = models.BigIntegerField(_("author id"), db_default=0)
    # Whether its dev-log is, when it was queued: so a claim may leave it out, or take such jobs alone.
    is_private = models.BooleanField(_("is private"), db_default=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), db_default=0)
    queued_at = models.DateTimeField(_("queued at"), db_default=Now())
    # A person asked once more: then the model is asked, whatever the ledger knows.
    asks_anew = models.BooleanField(_("asks anew"), db_default=False)
    # Null unless pending: so the index on it holds the queue alone, however many jobs are done.
    run_after = models.DateTimeField(_("run after"), null=True, db_default=Now())
    waiting_for = models.CharField(_("waiting for"), max_length=10, choices=REASONS_TO_WAIT, blank=True, db_default="")
    # Null while running: the entry was edited, and its new text waits for the end of the call for the old one.
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    claim_token = models.UUIDField(_("claim token"), null=True)
    claimed_by = models.CharField(_("claimed by"), max_length=200, blank=True, db_default="")
    # Null unless a call may run, be it for a job cancelled since: so its index holds the claims alone.
    lease_expires_at = models.DateTimeField(_("lease expires at"), null=True)
    # Of the day's budget, while a paid call runs.
    reserved_tokens = models.PositiveIntegerField(_("reserved tokens"), db_default=0)
    reserved_cost = models.DecimalField(_("reserved cost"), max_digits=12, decimal_places=6, db_default=Decimal(0))
    # Of a pending job that failed: it is not known yet whether the fault is its own (see doubt.py).
    in_doubt_since = models.DateTimeField(_("in doubt since"), null=True)
    fails_if_blamed = models.BooleanField(_("fails if blamed"), db_default=False)
    # How often it failed since it was queued and was not blamed for it.
    refusals = models.PositiveSmallIntegerField(_("refusals"), db_default=0)
    error_code = models.CharField(
        _("error code"),
        max_length=20,
        choices=[(code.value, code.value) for code in ErrorCode],
        blank=True,
        db_default="",
    )
    error_detail = models.CharField(_("error detail"), max_length=500, blank=True, db_default="")
    # Of the request that asked for its tags last, and where its trace goes on (engine/traces.py). Null, as a column
    # with a default would have SQLite write the table anew.
    request_id = models.CharField(_("request id"), max_length=64, null=True)  # noqa: DJ001
    traceparent = models.CharField(_("traceparent"), max_length=55, null=True)  # noqa: DJ001

    objects = JobQuerySet.as_manager()

    class Meta:
        permissions = [("operate_queue", "Can retry, cancel, tag again, pause and resume")]
        indexes = [
            models.Index(fields=["priority", "run_after"], condition=Q(run_after__isnull=False), name="job_due"),
            models.Index(
                fields=["priority", "author_id", "run_after"],
                condition=Q(run_after__isnull=False),
                name="job_of_author",
            ),
            models.Index(
                fields=["priority", "run_after"],
                condition=Q(is_private=True, run_after__isnull=False),
                name="job_private_due",
            ),
            models.Index(fields=["lease_expires_at"], condition=Q(lease_expires_at__isnull=False), name="job_leased"),
            models.Index(fields=["in_doubt_since"], condition=Q(in_doubt_since__isnull=False), name="job_in_doubt"),
            models.Index(fields=["devlog"], condition=Q(state="failed"), name="job_failed"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="pending", run_after__isnull=False) | ~Q(state="pending") & Q(run_after=None),
                name="job_pending_has_run_after",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["running", "failed"], lease_expires_at__isnull=False, claim_token__isnull=False)
                | ~Q(state="running") & Q(lease_expires_at=None, claim_token=None),
                name="job_running_has_claim",
            ),
        ]

    def __str__(self) -> str:
        return gettext("job %(number)s (%(state)s)") % {"number": self.pk, "state": self.get_state_display()}

    # Whether its call is the one that tests the provider; of a claimed job, and not in the table.
    is_probe = False
    # Of its newest answer; not in the table, but looked up beside it.
    names_dropped: int | None = None

    @property
    def fence(self) -> Fence:
        return self.pk, self.claim_token

    @classmethod
    def canary(cls, entry: str, started_at: datetime) -> Self:
        """Return a job without a row: the call for an entry of our own, by which the provider is tested."""
        devlog = DevLog(pk=CANARY_ID, entry=entry, is_private=False)
        claimed = {"state": cls.State.RUNNING, "started_at": started_at, "claim_token": uuid.uuid4()}
        canary = cls(devlog=devlog, is_private=False, attempts=1, refusals=0, **claimed)
        canary.is_probe = True
        return canary

    @property
    def may_share_call(self) -> bool:
        """Say whether others of its author may be asked with it: work in bulk that has not failed, and is no probe.

        Not without an author: nobody knows that two anonymous entries are one person's.
        """
        is_fresh = not self.error_code and not self.is_probe
        return self.priority == self.Priority.BULK and is_fresh and self.devlog.author_id is not None

    @property
    def is_canary(self) -> bool:
        return self.pk == CANARY_ID

    def new_attempt(self, **fields: Any) -> Attempt:
        """Return the attempt that this claim counts, to be filled and saved when the claim is settled."""
        fields |= {"job": self, "number": self.attempts, "started_at": self.started_at, "request_id": self.request_id}
        return Attempt(**fields)

    @property
    def shown_state(self) -> str:
        """Return the state as it is for the text of today: one whose old text is still being called for waits."""
        return self.State.PENDING if self.is_superseded else self.state

    @property
    def is_superseded(self) -> bool:
        return self.state == self.State.RUNNING and self.started_at is None

    @property
    def is_final(self) -> bool:
        return self.state in self.FINAL

    def waits_for(self, pause: ShownPause) -> str | None:
        """Return what the job waits for: its own reason, or the pause of the whole queue; None for nothing.

        A private one is asked of no provider, and so never waits for it; but for a person who paused the queue.
        """
        if self.state == self.State.PENDING and pause.queue():
            return PAUSED
        waits_like_all = self.state == self.State.PENDING and not self.is_private
        if waits_like_all and self.waiting_for != WaitingFor.RETRY and (provider := pause.provider()):
            return provider.waiting_for
        return self.waiting_for or None

    def due_at(self, pause: ShownPause) -> datetime | None:
        """Return when a pending job is due, the pause of the whole queue included; None for any other.

        One in doubt is due as far as anybody knows: `run_after` is only when it comes back at the latest. None while
        a person has paused the queue: nobody knows until when.
        """
        own = self.in_doubt_since or self.run_after
        if own and pause.queue():
            return None
        provider = pause.provider() if own and not self.is_private else None
        return max(own, provider.resume_at) if own and provider and provider.resume_at else own

    @property
    def error(self) -> dict[str, str] | None:
        """Return what went wrong last, for people; None when nothing did."""
        return {"code": self.error_code, "detail": self.error_detail} if self.error_code else None
