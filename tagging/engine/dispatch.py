"""How many calls may begin, the claim on their jobs, and what dead or stopped processes left behind."""

from __future__ import annotations

import logging
import time
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from django.conf import settings

from tagging.engine.process_lock import Owner, dead_owners
from tagging.extraction.base import Extractor
from tagging.models import Attempt, Job, Provider
from tagging.models.spending import BudgetReachedError
from tagging.models.transitions import Fence

logger = logging.getLogger(__name__)

# How long the provider's row is believed without being read again, in seconds.
PROVIDER_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Claimed:
    """Jobs just claimed, out of how many asked for, and by id the answers that are known for some of them."""

    asked_for: int = 0
    jobs: list[Job] = field(default_factory=list)
    known: dict[int, Attempt] = field(default_factory=dict)


class Dispatcher:
    """Claims jobs under one owner's name, for an extractor that runs here or elsewhere."""

    def __init__(self, extractor: Extractor) -> None:
        self.extractor = extractor
        self.owner = Owner()
        self.provider = Provider()
        self._read_provider_at = 0.0
        logger.info("Worker %s started", self.owner.name)

    def claim(self, free: int) -> Claimed:
        """Claim up to `free` jobs, as far as the provider and the day's budget allow, and look up known answers."""
        wanted = self._allowed(free)
        if not wanted:
            return Claimed()
        is_paid = self.extractor.is_paid
        try:
            jobs = Job.objects.claim(
                wanted, owner=self.owner.name, lease_seconds=settings.TAGGING_LEASE_SECONDS, is_paid=is_paid
            )
        except BudgetReachedError:
            Provider.objects.pause_for_budget()
            self.read_provider_again()
            return Claimed()
        known = Attempt.objects.known_answers(jobs, self.extractor) if is_paid else {}
        if self.provider.is_refusing and len(known) == len(jobs):
            Provider.objects.return_probe()
        if jobs:
            claims = ",".join(f"{job.pk}:{job.attempts}" for job in jobs)
            logger.info("jobs=%s (job:attempt) claimed by %s", claims, self.owner.name)
        return Claimed(wanted, jobs, known)

    def _allowed(self, free: int) -> int:
        """Return how many of these calls may begin by what all processes know of the provider."""
        if not free:
            return 0
        if time.monotonic() >= self._read_provider_at:
            self.provider = Provider.objects.current()
            self._read_provider_at = time.monotonic() + PROVIDER_SECONDS
        if self.provider.is_paused:
            return 0
        if self.provider.is_refusing:
            return int(Job.objects.due().exists() and Provider.objects.take_probe())
        return free

    def read_provider_again(self) -> None:
        """Believe nothing of what was read of the provider: there is news."""
        self._read_provider_at = 0.0

    def recover(self, in_flight: Container[Fence] = ()) -> None:
        """Take back what dead processes and expired leases hold, and what we claimed but never began."""
        with dead_owners() as dead:
            Job.objects.recover(dead)
        held = Job.objects.held_by(self.owner.name).values_list("pk", "claim_token")
        if never_begun := [pk for pk, token in held if (pk, token) not in in_flight]:
            self.give_back(Job.objects.filter(pk__in=never_begun), "its call never began")

    def close(self) -> None:
        """Give back all that is claimed, and go."""
        self.give_back(Job.objects.held_by(self.owner.name), "the worker stops")
        self.owner.close()
        logger.info("Worker %s stopped", self.owner.name)

    def give_back(self, jobs: Iterable[Job], why: str) -> None:
        """Release these claims, with no attempt spent."""
        for job_id, _ in sorted(Job.objects.release(jobs)):
            logger.info("job=%s given back: %s", job_id, why)
