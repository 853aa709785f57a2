"""How a job is claimed: exclusively, under a token, and where it costs money within the day's budget."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from devlogs.models import DevLog
from tagging.extraction.base import WaitingFor
from tagging.models import author_spending, due, spending, sql
from tagging.models.due import DuePart, Unfinished
from tagging.models.provider_state import ProviderState, probe_seconds
from tagging.models.shares import ShareQuerySet
from tagging.models.spending import Price, Spending

if TYPE_CHECKING:
    from tagging.models import Job

logger = logging.getLogger(__name__)

# A job's id with the token of one claim on it: who settles must show it.
Fence = tuple[int, uuid.UUID | None]

DAY_SECONDS = 24 * 3600
# Those of the model, in the order in which they are claimed.
PRIORITIES = (0, 1)
# What is known of a job just claimed, in the order of the model.
CLAIMED = (
    *("devlog_id", "state", "priority", "author_id", "is_private", "attempts", "asks_anew", "started_at"),
    *("claim_token", "refusals", "error_code", "request_id", "traceparent"),
)


def seconds_from_now(seconds: float) -> Any:
    """Return the database's time, this many seconds ahead."""
    return Now() + timedelta(seconds=seconds) if seconds else Now()


def first_come(limit: int) -> list[DuePart]:
    """Return the parts of a claim that asks not whose the jobs are: by priority, and then the oldest."""
    return [(priority, None, limit) for priority in PRIORITIES]


class ClaimQuerySet(ShareQuerySet):
    def due(self) -> ClaimQuerySet:
        """Pending jobs whose time has come, by priority, the oldest first."""
        # By priority, as the index begins with it: a search ends where the future begins.
        come = self.filter(priority__in=PRIORITIES, run_after__lte=Now(), in_doubt_since=None)
        return come.order_by("priority", "run_after")

    def private(self) -> ClaimQuerySet:
        """Those of private dev-logs, which are answered here and asked of nobody."""
        return self.filter(is_private=True)

    def public(self) -> ClaimQuerySet:
        return self.filter(is_private=False)

    def may_be_due(self) -> bool:
        """Say whether a claim is worth its lock of SQLite's file; on PostgreSQL one in vain locks nothing."""
        return connection.vendor != "sqlite" or self.unfinished().has_come

    def end_impossible_waits(self) -> None:
        """Make due what waits longer than can have been meant: the clock was set back since."""
        longest = 2 * max(settings.TAGGING_BACKOFF_CAP_SECONDS, 2 * probe_seconds())
        # By priority, as the index on what is due begins with it.
        ahead = self.filter(priority__in=self.model.Priority.values, run_after__gt=seconds_from_now(1))
        too_far = Q(run_after__gt=seconds_from_now(longest)) & ~Q(waiting_for=WaitingFor.BUDGET)
        stuck = ahead.filter(Q(waiting_for="") | too_far | Q(run_after__gt=seconds_from_now(longest + DAY_SECONDS)))
        if stuck.exists():
            logger.warning("The clock was set back; jobs that wait longer than was meant are due now")
            stuck.update(run_after=Now())

    def running(self) -> ClaimQuerySet:
        """Those for which a call may run: cancelled ones too, until it has ended."""
        return self.filter(lease_expires_at__isnull=False)

    def may_leave(self, jobs: Sequence[Job]) -> set[int]:
        """Return the ids of these claimed jobs whose texts may be sent: none edited or made private since."""
        fences = {job.fence for job in jobs}
        public = self.running().public().filter(pk__in=[pk for pk, _ in fences], devlog__is_private=False)
        return {pk for pk, token in public.values_list("pk", "claim_token") if (pk, token) in fences}

    def held_by(self, owner: str) -> ClaimQuerySet:
        return self.running().filter(claimed_by=owner)

    def unfinished(self) -> Unfinished:
        """Say which kinds of unfinished jobs there are, in one look."""
        return due.unfinished()

    def holders(self) -> set[str]:
        """Return the names of all who hold claims."""
        return set(self.running().values_list("claimed_by", flat=True).distinct())

    def authors_after(self, author_id: int, priority: int, limit: int) -> list[tuple[int, bool]]:
        """Return the next authors who have jobs pending at this priority, by id, and whether one of these is due."""
        return due.authors_after(author_id, priority, limit)

    def has_pending(self, author_id: int | None, count: int, priority: int) -> bool:
        """Say whether this author, None for all who are anonymous, has so many jobs pending at a priority."""
        return due.has_pending(author_id or 0, count, priority)

    def claim(
        self,
        limit: int,
        *,
        owner: str,
        lease_seconds: float,
        parts: Sequence[DuePart] = (),
        is_paid: bool = False,
        untried: bool = False,
        is_more: bool = False,
        private: bool | None = None,
    ) -> list[Job]:
        """Take up to `limit` due jobs, count an attempt on each, and return them with their dev-logs.

        parts: how many of whom, else those that have waited longest. untried: only of those that have not failed.
        is_more: they are to share the calls of jobs claimed before, so only what they add is reserved.
        private: only of private dev-logs, or only of others; None for any.
        Where answers are paid for, no more than the day's budget allows beside what is reserved; raises
        BudgetReachedError where it would allow none with nothing reserved.
        """
        token = uuid.uuid4()
        held = (token, owner, lease_seconds)
        jobs = due.jobs(parts or first_come(limit), limit, untried, private)
        if not (is_paid and spending.is_limited()):
            return self._with_devlogs(token, sql.claim(self.model, jobs, *held))
        if not self.due().public().exists():  # as usual, and without a write transaction
            return []
        with transaction.atomic():
            # The very jobs that are counted are then claimed.
            measured = due.measured(jobs)
            day = author_spending.today()  # once: midnight may be near
            count, each = self.affordable([job.length for job in measured], day, is_more=is_more)
            portions = [([job.pk for job in measured[:count]], each)]
            if settings.TAGGING_DAILY_TOKENS_PER_AUTHOR:
                portions = self.within_shares(measured[:count], day, is_more=is_more)
            claimed: list[sql.ClaimedRow] = []
            for ids, each in portions:
                if ids:
                    claimed += sql.claim(self.model, due.these(ids), *held, each.tokens, each.cost)
        return self._with_devlogs(token, claimed) if claimed else []

    def claim_late_answer(self, job: Job, *, owner: str, lease_seconds: float) -> Job:
        """Claim a pending job, which is locked, for an answer that came after its first claim ran out; return it."""
        self.filter(pk=job.pk, run_after__isnull=False).update(
            state=self.model.State.RUNNING,
            run_after=None,
            waiting_for="",
            attempts=F("attempts") + 1,
            started_at=Now(),
            claim_token=uuid.uuid4(),
            in_doubt_since=None,
            claimed_by=owner,
            lease_expires_at=seconds_from_now(lease_seconds),
        )
        return self.get(pk=job.pk)

    def affordable(
        self, lengths: Sequence[int], day: date | None = None, *, is_more: bool = False
    ) -> tuple[int, Price]:
        """Return how many entries of these lengths a day's budget still allows, and what to reserve on each of them.

        day: today unless it is said. is_more: as `claim` has it.
        In a transaction, in which the day's row stays locked. Raises BudgetReachedError as `claim` does.
        """
        spent = Spending.objects.locked(
            day or author_spending.today()
        )  # locked: one claim at a time counts what is left
        held = self.running().aggregate(tokens=models.Sum("reserved_tokens"), cost=models.Sum("reserved_cost"))
        reserved = Price(held["tokens"] or 0, held["cost"] or Decimal(0))
        if ProviderState.objects.current().is_probing:  # perhaps by a canary, which has no row to reserve on
            reserved += spending.estimate(0)
        estimated = spending.estimate_more if is_more else spending.estimate
        affordable = spending.affordable(spent + reserved, lengths, estimated)
        if lengths and not affordable[0] and not spending.affordable(spent, lengths[:1], estimated)[0]:
            raise spending.BudgetReachedError
        return affordable

    def reserve_less(self, jobs: Sequence[Job]) -> None:
        """Hold on these claimed jobs only what they add to the calls they share."""
        for portion in sql.portions(sorted(jobs, key=lambda job: job.pk)):
            each = spending.estimate_more(max(len(job.devlog.entry) for job in portion))
            ids, tokens = zip(*(job.fence for job in portion), strict=True)
            held = self.filter(pk__in=ids, claim_token__in=set(tokens))
            held.update(reserved_tokens=each.tokens, reserved_cost=each.cost)

    def _with_devlogs(self, token: uuid.UUID, claimed: Sequence[sql.ClaimedRow]) -> list[Job]:
        """Return the jobs just claimed. Their entries are read after the claim: an edit before it is seen, an edit
        after it takes the claim away."""
        devlogs = {pk: texts for pk, *texts in sql.entries([row[0] for row in claimed])}
        jobs: list[Job] = []
        for pk, priority, attempts, asks_anew, *more, is_private, author, started_at in claimed:
            if pk in devlogs:
                # Of the job if it was claimed as private, and of the dev-log as its text was read with it.
                is_private = bool(is_private or devlogs[pk][-1])
                # No more than a call needs, all else is deferred: a new model's defaults take longer than its claim.
                state = self.model.State.RUNNING
                known = [pk, state, priority, author, is_private, attempts, asks_anew, started_at, token]
                job = self.model.from_db(self.db, CLAIMED, [*known, *more])
                job.devlog = DevLog.from_db(self.db, ("id", "entry", "author_id", "is_private"), [pk, *devlogs[pk]])
                jobs.append(job)
        return jobs
