"""The engine: claims due jobs, has their calls made beside it, and settles what has finished, step by step.

A thread, a command or an actor drives it. All its database work is done by the one that calls `step`, on one
connection, and never during a call to the model.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence

from django.conf import settings

from devlog_project.api.origin import told
from tagging.engine.attempting import FinishedAttempt
from tagging.engine.dispatch import Dispatcher
from tagging.engine.guard import ErrorLog
from tagging.engine.mailbox import SOME_JOB, Mailbox
from tagging.engine.settlement import settle
from tagging.engine.slots import JOBS_PER_THREAD, Calls, CallThreads, Slots
from tagging.extraction.base import ErrorCode, Extractor
from tagging.models import Job, sessions
from tagging.models.spending import entries_per_call

logger = logging.getLogger(__name__)

# After so many tries that were not committed each is settled alone, to find the one that the database refuses.
TRIES_TOGETHER = 3
# What says that we call more than the provider can take.
TOO_FAST = (ErrorCode.RATE_LIMITED, ErrorCode.TIMEOUT, ErrorCode.SERVER_ERROR, ErrorCode.UNREACHABLE)
# Long enough for calls that end together, too short to be felt.
GATHER_SECONDS = 0.003

MakeCalls = Callable[[Extractor, Slots], Calls]
NotifyOthers = Callable[[], None]


class Engine:
    """Runs jobs; with limits it also knows when it has finished."""

    def __init__(
        self,
        extractor: Extractor,
        mailbox: Mailbox,
        *,
        concurrency: int | None = None,
        max_jobs: int | None = None,
        until_empty: bool = False,
        make_calls: MakeCalls | None = None,
        gather_seconds: float = GATHER_SECONDS,
        notify_others: NotifyOthers | None = None,
    ) -> None:
        """Set it up.

        concurrency: calls at once, else TAGGING_CONCURRENCY. max_jobs: claim no more than so many jobs in all.
        until_empty: finish when nothing is due any more. make_calls: what makes the calls, else threads beside it.
        gather_seconds: how long finished calls of a backlog wait for others, to be settled in one commit.
        notify_others: tells other processes that more may be due than can begin here.
        """
        self.concurrency = concurrency or settings.TAGGING_CONCURRENCY
        self.extractor = extractor
        self.entries_per_call = entries_per_call(extractor)
        self.mailbox = mailbox
        size = self.concurrency * (JOBS_PER_THREAD if extractor.only_computes else 1)
        self.slots = Slots(size, mailbox, self.entries_per_call)
        threads = 1 if extractor.only_computes else self.concurrency
        self.calls = (
            make_calls(extractor, self.slots) if make_calls else CallThreads(extractor, threads, self.slots.finish)
        )
        self.dispatcher = Dispatcher(extractor, self.concurrency)  # last: its lock must not be left behind
        self.answered = self.unanswered = self._unsettled = 0
        self.is_finished = False
        self._claims_left = max_jobs
        self._until_empty = until_empty
        self._gather_seconds = gather_seconds
        self._notify_others = notify_others
        self._telling = ErrorLog(logger, "Telling other workers of jobs (they are picked up by the sweep)")
        self._sweep_at = self._renew_at = 0.0
        self._is_work_likely = True
        self._is_work_rumoured = self._has_failed = False

    def step(self, *, may_claim: bool = True) -> None:
        """Claim, settle, and do the chores whose time has come."""
        had_failed, self._has_failed = self._has_failed, True  # unless it gets through
        self._is_work_likely |= had_failed
        self._renew_if_due()  # first: after a long rest the sweep would take our own claims for lost
        try:
            self._sweep_if_due()
        finally:  # a sweep that fails must not keep what has finished from being settled
            moved = self._claim_and_settle(had_failed, may_claim)
        self.is_finished = not self.slots.in_flight and (self._claims_left == 0 or (self._until_empty and not moved))
        self._has_failed = False

    def _claim_and_settle(self, had_failed: bool, may_claim: bool) -> bool:
        """Return whether jobs moved."""
        self.calls.ensure_threads(self.slots.calls)
        self._gather()
        finished = self.slots.finished()
        if had_failed or any(one.error for one in finished):
            # What went wrong may tell us to call less, or not at all; and no call begins that could not be settled.
            self._settle(finished)
            claimed = self._claim(may_claim)
        else:
            claimed = self._claim(may_claim)  # the next calls run while the finished ones are settled
            self._settle(finished)
        return bool(finished or claimed)

    def wait(self, at_most: float = math.inf) -> None:
        """Wait for new jobs, for a call that finishes, or for the next chore, up to so many seconds."""
        if self._until_empty and not self.slots.in_flight:
            return
        is_full = not self.slots.free
        next_chore = max(0.0, min(self._sweep_at, self._renew_at, self.slots.held_up_until) - time.monotonic())
        woken = self.mailbox.wait(min(at_most, next_chore), ignore_jobs=is_full)
        if is_full or woken.job_ids - {SOME_JOB}:
            self.expect_work()
        self._is_work_rumoured |= SOME_JOB in woken.job_ids

    def expect_work(self) -> None:
        """Look for due jobs in the next step: there may be some."""
        self._is_work_likely = True

    def close(self) -> None:
        """Settle what has finished, give back what has not, and let go of everything."""
        try:
            self._settle(self.slots.finished(also_held_up=True))
            self.dispatcher.close()
        finally:
            self.dispatcher.owner.drop_lock()  # where jobs are left, others see it fall and take them back
            self.calls.close()
            self.extractor.close()

    def _gather(self) -> None:
        """Wait a moment for calls that are about to finish too, so that they are settled in one commit.

        Only in a backlog or with all slots full: the result of a lone call, or of one of the last, is settled at once.
        """
        until = time.monotonic() + self._gather_seconds
        while self._is_work_likely and self.slots.has_some_finished:
            woken = self.mailbox.wait(until - time.monotonic())
            if not (woken.by_wake or woken.job_ids):
                return

    def _claim(self, may_claim: bool) -> int:
        """Claim jobs for as many calls as may begin, and begin them; return how many jobs."""
        if self._is_work_rumoured and not self._is_work_likely:  # all were told, and others may have been faster
            self._is_work_likely = Job.objects.may_be_due()
        self._is_work_rumoured = False
        # What the provider keeps waiting comes back by itself.
        is_likely = self._is_work_likely or not self.dispatcher.provider.is_clean
        if not (may_claim and is_likely) or self._claims_left == 0:
            return 0
        free = self.slots.free if self._claims_left is None else min(self.slots.free, self._claims_left)
        limits = (free, self.entries_per_call, self._claims_left)
        claimed = self.dispatcher.claim(*limits, free_here=self.slots.free_here)
        self.slots.start(claimed.jobs, claimed.known, self.calls)
        if self._claims_left is not None:
            self._claims_left -= sum(1 for job in claimed.jobs if not job.is_canary)
        if claimed.is_all is not None:
            self._is_work_likely = not claimed.is_all
            if self._is_work_likely and not self.slots.free:
                self._tell_others()
        return len(claimed.jobs)

    def _tell_others(self) -> None:
        """Tell that more is due than can begin here; a hint may be lost, what has been claimed here not."""
        if self._notify_others:
            try:
                self._notify_others()
            except Exception as error:
                self._telling.note(error)
            else:
                self._telling.clear()

    def _settle(self, finished: Sequence[FinishedAttempt]) -> None:
        """Settle these attempts; what cannot be committed now stays and is tried again."""
        if not finished:
            return
        provider = self.dispatcher.provider
        if not provider.is_clean or any(one.error for one in finished):
            self.dispatcher.read_provider_again()
        self._unsettled += 1  # unless it gets through
        for settled in settle(finished, provider, one_by_one=self._unsettled > TRIES_TOGETHER, may_hold_up=True):
            if settled.is_held_up:
                self._hold_up(settled.finished)
                continue
            self.slots.forget([one.attempt.job.fence for one in settled.finished])
            self._adapt(settled.finished)
            if settled.has_dropped:
                self._sweep_at = 0.0  # an edited entry may have waited for the end of this call
        self._unsettled = 0

    def _hold_up(self, finished: Sequence[FinishedAttempt]) -> None:
        """Settle these later: one row that somebody holds must not keep the others from it."""
        for one in finished:
            if self.slots.hold_up(one.attempt.job.fence):
                message = "job=%s: another session of the database holds its row; its outcome is kept and stored later"
                logger.warning(message, one.attempt.job_id, extra=told(one.attempt.job))

    def _adapt(self, settled: Sequence[FinishedAttempt]) -> None:
        """Call less or more at once by what came of these calls, and count them."""
        for one in settled:
            if one.error:
                self.expect_work()  # if none is due, a canary may be
                if one.error.code in TOO_FAST:
                    self.slots.shrink(one.began_at)
        was_called = [one for one in settled if not (one.error or one.is_from_ledger or one.is_private)]
        self.slots.grow(sum(one.calls for one in was_called))
        errors = sum(1 for one in settled if one.error and not one.is_canary)
        self.unanswered += errors
        self.answered += sum(1 for one in settled if not one.is_canary) - errors

    def _sweep_if_due(self) -> None:
        """Take back what is left behind, and look for due jobs of which no id came."""
        now = time.monotonic()
        if now >= self._sweep_at or (self._until_empty and not self.slots.in_flight):
            sessions.reopen_if_replaced()
            are_unfinished = self.dispatcher.recover([job_id for job_id, _ in self.slots.in_flight])
            self._is_work_likely = self._is_work_likely or (are_unfinished and Job.objects.due().exists())
            self._sweep_at = now + settings.TAGGING_SWEEP_SECONDS

    def _renew_if_due(self) -> None:
        now = time.monotonic()
        if now >= self._renew_at:
            if self.slots.in_flight:
                job_ids = [job_id for job_id, _ in self.slots.in_flight]
                lease_seconds = settings.TAGGING_LEASE_SECONDS
                owner = self.dispatcher.owner.name
                Job.objects.renew(job_ids, owner=owner, lease_seconds=lease_seconds, skip_locked=True)
            self._renew_at = now + settings.TAGGING_LEASE_SECONDS / 3
