"""The way to Lambda: claims due jobs as a worker does, and sends each as a record that the function can work on.

To the row Lambda is a slot far away. The claim's token travels with the record and comes back with the result, so
all rules of a claim hold: one at a time, gone after an edit, its budget reserved. A claim is first held by this
process, whose death is noticed at once, and by SQS only when that has the message. Few jobs are there at a time:
the others wait in the database, where the order and the pauses of the queue are kept.
"""

from __future__ import annotations

import json
import time
from functools import cached_property

from django.conf import settings
from django.utils.module_loading import import_string

from tagging.engine import process_lock
from tagging.engine.slots import answer_again
from tagging.extraction.base import Extractor
from tagging.models import Attempt, Job, Provider
from tagging.models.spending import BudgetReachedError
from tagging.remote import records as remote
from tagging.transports.sqs.transport import Sender

HAND_OVER = 50
# Who holds what SQS has; a name that no process has, so that only the lease ends it.
OWNER = "sqs"
# Longer than SQS tries: 5 times a visibility timeout of 9 minutes, see deploy/lambda/template.yaml.
LEASE_SECONDS = 3600.0


class Relay(Sender):
    """Rings are hints here too: what is handed over is what is due."""

    _sweep_at = 0.0
    _has_lost_claims = False

    @cached_property
    def owner(self) -> process_lock.Owner:
        return process_lock.Owner()

    @cached_property
    def extractor(self) -> Extractor:
        """The one that Lambda runs: never called here, but its name is on what the ledger knows."""
        extractor: Extractor = import_string(settings.TAGGING_EXTRACTOR).from_settings(settings)
        return extractor

    def seconds_to_wait(self) -> float:
        # Until the next sweep, and no longer than startup lets a worker be silent.
        return min(max(0.0, self._sweep_at - time.monotonic()), settings.TAGGING_LEASE_SECONDS / 3)

    def turn(self, job_ids: set[int]) -> bool:
        if self._has_lost_claims:
            Job.objects.release(Job.objects.held_by(self.owner.name))
            self._has_lost_claims = False
        if time.monotonic() >= self._sweep_at:
            with process_lock.dead_owners() as dead:
                Job.objects.recover(dead)
            self._sweep_at = time.monotonic() + settings.TAGGING_SWEEP_SECONDS
        while wanted := self._wanted():
            claimed, unsent = self._hand_over(wanted)
            if unsent:
                return False
            if claimed < wanted:
                break
        return True

    def close(self) -> None:
        if self._has_lost_claims:  # others see the lock fall and take them back
            self.owner.abandon()
        else:
            self.owner.close()

    def _wanted(self) -> int:
        """Return how many jobs may be handed over now, by the room in the queue and what we know of the provider."""
        if not Job.objects.due().exists():
            return 0
        room = settings.TAGGING_SQS_IN_FLIGHT - Job.objects.held_by(OWNER).count()
        provider = Provider.objects.current()
        if room <= 0 or provider.is_paused:
            return 0
        if provider.is_refusing:
            return int(Provider.objects.take_probe())
        return min(room, HAND_OVER)

    def _hand_over(self, wanted: int) -> tuple[int, int]:
        """Claim up to so many jobs and send them; return how many were claimed, and how many SQS did not take."""
        is_paid = self.extractor.is_paid
        lease_seconds = settings.TAGGING_LEASE_SECONDS
        self._has_lost_claims = True  # unless we get through
        try:
            jobs = Job.objects.claim(wanted, owner=self.owner.name, lease_seconds=lease_seconds, is_paid=is_paid)
        except BudgetReachedError:
            Provider.objects.pause_for_budget()
            self._has_lost_claims = False
            return 0, 0
        known = Attempt.objects.known_answers(jobs, self.extractor) if is_paid and jobs else {}
        if known:
            Job.objects.complete([answer_again(job, known[job.pk]).attempt for job in jobs if job.pk in known])
        asked = [job for job in jobs if job.pk not in known]
        sent = self.queue.send({job.pk: json.dumps(remote.record_of(job)) for job in asked})
        Job.objects.hand_over([job for job in asked if job.pk in sent], to=OWNER, lease_seconds=LEASE_SECONDS)
        unsent = [job for job in asked if job.pk not in sent]
        if unsent:
            Job.objects.release(unsent)
        self._has_lost_claims = False
        return len(jobs), len(unsent)
