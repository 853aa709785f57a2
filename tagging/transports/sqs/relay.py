"""The way to Lambda: claims due jobs as a worker does, and sends each as a record that the function can work on.

To the row Lambda is a slot far away. The claim's token travels with the record and comes back with the result, so
all rules of a claim hold: one at a time, gone after an edit, its budget reserved. A claim is first held by this
process, whose death is noticed at once, and by SQS only when that has the message. Few jobs are there at a time:
the others wait in the database, where the order and the pauses of the queue are kept.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cached_property

from django.conf import settings

from tagging.engine.attempting import Claimed, answer_here
from tagging.engine.dispatch import Dispatcher
from tagging.engine.settlement import settle
from tagging.extraction.base import Extractor
from tagging.models import Job
from tagging.models.transitions import LONGEST_LEASE_SECONDS
from tagging.remote import records
from tagging.transports.sender import BrokerDownError, Sender
from tagging.transports.sqs.queue import Queue

JOBS_PER_CLAIM = 50
# Who holds what SQS has; a name that no process has, so that only the lease ends it.
SQS_OWNER = "sqs"


class Relay(Sender):
    """Hands over what is due; the ids that come are hints here too."""

    def __init__(self, queue: Queue, make_extractor: Callable[[], Extractor]) -> None:
        """make_extractor: of the one that Lambda runs. Here it is never called; its name is on known answers.

        Private jobs never leave: they are answered here.
        """
        super().__init__("SQS")
        self.queue = queue
        self._make_extractor = make_extractor
        self._sweep_at = 0.0

    @cached_property
    def dispatcher(self) -> Dispatcher:
        return Dispatcher(self._make_extractor(), settings.TAGGING_SQS_IN_FLIGHT)

    def seconds_to_wait(self) -> float:
        # Until the next sweep, and no longer than startup lets a worker be silent.
        return min(max(0.0, self._sweep_at - time.monotonic()), settings.TAGGING_LEASE_SECONDS / 3)

    def deliver(self, job_ids: set[int]) -> bool:
        has_sent = False
        if time.monotonic() >= self._sweep_at:
            self.dispatcher.recover()
            self._sweep_at = time.monotonic() + settings.TAGGING_SWEEP_SECONDS
        while not self.stopping.is_set() and (Job.objects.due().exists() or Job.objects.in_doubt().exists()):
            claimed = self.dispatcher.claim(self._room(), free_here=JOBS_PER_CLAIM)
            has_sent |= self._hand_over(claimed)
            if claimed.is_all or not claimed.jobs:
                break
        return has_sent

    def close(self) -> None:
        if "dispatcher" in vars(self):
            try:
                self.dispatcher.close()
            finally:
                self.dispatcher.owner.drop_lock()

    def _room(self) -> int:
        """Return how many more jobs may be handed over now."""
        room = settings.TAGGING_SQS_IN_FLIGHT - Job.objects.held_by(SQS_OWNER).count()
        return max(0, min(room, JOBS_PER_CLAIM))

    def _hand_over(self, claimed: Claimed) -> bool:
        """Send these jobs, settle those that are answered here, give back the rest; say whether SQS took any."""
        here = {job.pk: finished for job in claimed.jobs if (finished := answer_here(job, claimed.known))}
        if here:
            list(settle(list(here.values()), self.dispatcher.provider))
        to_ask = [job for job in claimed.jobs if job.pk not in here]
        texts = {job.pk: json.dumps(records.record_of(job)) for job in to_ask}
        # Last: what is sent cannot be called back.
        may_leave = Job.objects.may_leave(to_ask) if to_ask else set()
        asked = [job for job in to_ask if job.is_canary or job.pk in may_leave]
        if len(asked) < len(to_ask):
            withdrawn = {job.pk for job in to_ask} - {job.pk for job in asked}
            held = Job.objects.held_by(self.dispatcher.owner.name).filter(pk__in=withdrawn)
            self.dispatcher.give_back(held, "it was edited or made private meanwhile")
        sent = self.queue.send({job.pk: texts[job.pk] for job in asked})
        taken = [job for job in asked if job.pk in sent.taken]
        owner, job_ids = self.dispatcher.owner.name, [job.pk for job in taken]
        Job.objects.renew(job_ids, owner=owner, lease_seconds=LONGEST_LEASE_SECONDS, claimed_by=SQS_OWNER)
        if len(taken) < len(asked):
            self.dispatcher.give_back([job for job in asked if job.pk not in sent.taken], "SQS did not take it")
        if sent.problem:
            raise BrokerDownError(sent.problem)
        return bool(taken)
