"""How many calls may begin, the claim on their jobs, and what dead or stopped processes left behind."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F

from devlog_project.api.origin import told
from tagging.engine.attempting import Claimed
from tagging.engine.heartbeat import Heartbeat
from tagging.engine.known_waits import KnownWaits
from tagging.engine.process_lock import Owner, dead_owners
from tagging.engine.rotation import Rotation
from tagging.engine.sharing import joining_calls
from tagging.extraction.base import Extractor
from tagging.models import Attempt, Job, ProviderState
from tagging.models.due import DuePart
from tagging.models.spending import BudgetReachedError, is_limited
from tagging.models.term import taught_names

logger = logging.getLogger(__name__)


class Dispatcher:
    """Claims jobs under one owner's name, for an extractor that runs here or elsewhere."""

    def __init__(self, extractor: Extractor, calls_at_once: int | None = None) -> None:
        self.extractor = extractor
        self.owner = Owner()
        self._waits = KnownWaits()
        self._heartbeat = Heartbeat(self.owner, calls_at_once)
        self._has_probed = self._has_recovered = False
        self._rotation = Rotation()
        self._is_backlog = True  # until it is known better
        logger.info("Worker %s started", self.owner.name)

    @property
    def provider(self) -> ProviderState:
        return self._waits.provider

    def read_provider_again(self) -> None:
        self._waits.read_provider_again()

    def claim(self, free: int, most_in_call: int = 1, most_jobs: int | None = None, *, free_here: int = 0) -> Claimed:
        """Claim jobs for up to `free` calls, and private ones, which need none; look up known answers.

        While all is well and nothing is counted they are claimed together. Else private ones come first, up to
        `free_here` and whatever the provider and the budget of the day allow. None while a person has paused
        the queue.
        """
        if self._waits.is_paused():
            return Claimed()
        if free:
            self._waits.read_provider()
        is_apart = not free or not self.provider.is_clean or self._is_limited()
        here = self._claim_private(free_here, most_jobs) if is_apart else []
        if most_jobs is not None:
            most_jobs -= len(here)
            free = min(free, most_jobs)
        if not free:
            return Claimed(None, here)
        claimed = self._claim_to_ask(free, most_in_call, most_jobs, private=False if is_apart else None)
        is_all = claimed.is_all and (not here or len(here) < free_here)
        return Claimed(is_all, here + claimed.jobs, claimed.known)

    def _claim_private(self, limit: int, most_jobs: int | None) -> list[Job]:
        limit = limit if most_jobs is None else min(limit, most_jobs)
        return self._claim(limit, private=True) if limit and Job.objects.due().private().exists() else []

    def _claim_to_ask(self, free: int, most_in_call: int, most_jobs: int | None, *, private: bool | None) -> Claimed:
        """Claim jobs for up to `free` calls, as far as provider and budget allow.

        That is a job for each call, and where up to `most_in_call` may share one, more bulk jobs of the same authors.
        After a pause it is one job, as a probe: one that has not failed yet. Where others cannot tell whose fault a
        failure was, because there are none or because they fail too, it is a canary.
        """
        if self.provider.is_paused:
            return Claimed()
        try:
            if self.provider.asks_for_canary:
                return self._canary()
            if self.provider.is_half_open:
                return self._probe()
            jobs = self._claim_fairly(free, private)
            if not jobs and self.provider.failures and not Job.objects.running().public().exists():
                return self._canary()
        except BudgetReachedError:
            ProviderState.objects.pause_for_budget()
            self.read_provider_again()
            return Claimed()
        # Where a budget held back, there are more that are due.
        is_all = not Job.objects.due().exists() if self._is_limited() else len(jobs) < free
        self._is_backlog = not is_all
        known = self._known_answers(jobs)
        if most_in_call == 1:
            return Claimed(is_all, jobs, known)
        to_call, more = [job for job in jobs if not (job.is_private or job.pk in known)], []
        if not is_all:
            limit = None if most_jobs is None else most_jobs - len(jobs)
            more = self._claim_to_share(to_call, most_in_call, limit)
            known |= self._known_answers(more)
        if self._is_limited():
            joining = joining_calls([*to_call, *(job for job in more if job.pk not in known)], most_in_call)
            Job.objects.reserve_less([job for job in to_call if job.pk in joining])
        return Claimed(is_all, jobs + more, known)

    def _claim_fairly(self, limit: int, private: bool | None) -> list[Job]:
        """Claim of each author alike where more is due than can be claimed; else all, whosever it is."""
        parts = self._rotation.parts(limit) if self._is_backlog else []
        jobs = self._claim(limit, parts=parts, private=private) if parts else []
        # Authors seen a moment ago may have no more, and others some; but a budget held back on purpose.
        if len(jobs) < limit and not (jobs and self._is_limited()):
            jobs += self._claim(limit - len(jobs), private=private)
        return jobs

    def _claim_to_share(self, jobs: Sequence[Job], most_in_call: int, most_jobs: int | None) -> list[Job]:
        """Claim up to `most_jobs` that may share the calls of these jobs: of each author alike, as each has its calls.

        No more than fit into calls with one of `jobs` in each, which has the price of a call reserved on it.
        """
        calls = Counter(job.devlog.author_id for job in jobs if job.may_share_call)
        parts = [(Job.Priority.BULK, author, (most_in_call - 1) * count) for author, count in calls.items()]
        limit = sum(most for _, _, most in parts)
        if most_jobs is not None:
            limit = min(limit, most_jobs)
        if limit <= 0:
            return []
        try:
            return self._claim(limit, parts=parts, untried=True, is_more=True, private=False)
        except BudgetReachedError:  # only for more than those claimed already
            return []

    def _claim(self, limit: int, *, private: bool | None, parts: Sequence[DuePart] = (), **how: bool) -> list[Job]:
        """Claim jobs; `how`: untried, is_more, as Job.objects.claim has them."""
        taught_names.refresh()  # first: should it fail, no job has been claimed
        jobs = Job.objects.claim(
            limit,
            parts=parts,
            owner=self.owner.name,
            lease_seconds=settings.TAGGING_LEASE_SECONDS,
            is_paid=self.extractor.is_paid and not private,
            private=private,
            **how,
        )
        for job in jobs:  # not at INFO: what comes of it says the rest
            logger.debug("job=%s attempt=%s claimed by %s", job.pk, job.attempts, self.owner.name, extra=told(job))
        return jobs

    def _known_answers(self, jobs: Iterable[Job]) -> dict[int, Attempt]:
        """Return what is known, by job."""
        if not self.extractor.is_paid:
            return {}
        return Attempt.objects.known_answers([job for job in jobs if not job.asks_anew], self.extractor)

    def _probe(self) -> Claimed:
        """Claim the one call that tests the provider, unless another process does, or nobody waits for it."""
        if self.provider.is_probing or not Job.objects.due().public().exists():
            return Claimed()
        jobs = self._claim(1, untried=True, private=False)
        if not jobs:
            return self._canary()
        if known := self._known_answers(jobs):
            return Claimed(None, jobs, known)
        if not ProviderState.objects.take_probe():
            self.give_back(jobs, "another process tests the provider")
            return Claimed()
        jobs[0].is_probe = self._has_probed = True
        return Claimed(None, jobs)

    def _canary(self) -> Claimed:
        """Send an entry of our own, unless another process does or other calls hold what is left of the budget.

        Raises BudgetReachedError as `claim` does.
        """
        with transaction.atomic():
            ProviderState.objects.lock()  # first, as everywhere: before the day's spending
            if self._is_limited() and not Job.objects.affordable([len(self.extractor.canary)])[0]:
                return Claimed()
            began = ProviderState.objects.take_probe()
            if not began:
                return Claimed()
            ProviderState.objects.mine().update(canaries=F("canaries") + 1)
        self._has_probed = True
        transaction.on_commit(partial(logger.info, "An entry of our own is sent, to see whether the provider answers"))
        return Claimed(None, [Job.canary(self.extractor.canary, began)])

    def _is_limited(self) -> bool:
        return self.extractor.is_paid and is_limited()

    def recover(self, in_flight: Collection[int] = ()) -> bool:
        """Take back what dead processes and expired leases hold, and what we hold without a call for it.

        Return whether there are unfinished jobs: mostly there are none, and then nothing more is asked.

        in_flight: the ids of the jobs for which a call runs, be it for a text that was edited since.
        """
        self.owner.keep_lock()
        self._heartbeat.beat()
        unfinished = Job.objects.unfinished()
        holders = Job.objects.holders() if unfinished.is_claimed else set()
        with dead_owners(holders, at_start=not self._has_recovered) as dead:
            if unfinished.is_claimed:
                Job.objects.recover(dead)
            if dead:
                ProviderState.objects.return_probe()  # it may have been theirs
        self._has_recovered = True
        held = Job.objects.held_by(self.owner.name).values_list("pk", flat=True) if self.owner.name in holders else ()
        if without_call := [pk for pk in held if pk not in in_flight]:
            self.give_back(Job.objects.filter(pk__in=without_call), "no call runs for it")
        if unfinished.has_come:
            Job.objects.excuse_undecided()
        if unfinished.is_ahead:
            Job.objects.end_impossible_waits()
            Job.objects.end_outgrown_waits(settings.TAGGING_DAILY_TOKENS_PER_AUTHOR if self.extractor.is_paid else 0)
        return any(unfinished)

    def close(self) -> None:
        """Give back all that is claimed, and go."""
        self.give_back(Job.objects.held_by(self.owner.name), "the worker stops")
        if self._has_probed:
            ProviderState.objects.return_probe()
        if not Job.objects.held_by(self.owner.name).exists():  # else the lock's file has others take them back
            self.owner.close()
        self._heartbeat.end()
        logger.info("Worker %s stopped", self.owner.name)

    def give_back(self, jobs: Iterable[Job], why: str) -> None:
        """Release these claims, with no attempt spent; a row that another session holds waits for the next sweep."""
        held = {job.pk: job for job in jobs}
        for job_id, _ in sorted(Job.objects.release(held.values(), skip_locked=True)):
            logger.info("job=%s given back: %s", job_id, why, extra=told(held[job_id]))
