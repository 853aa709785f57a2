"""The Akka design in Python, with Pykka: to learn from, and rarely to choose (docs/actors.md says when).

    send -> TagRepository --job--> Model --job, round robin--> LanguageModel 1..5
                 ^---------------------outcome---------------------------'

Only `tell`, never `ask`. TagRepository alone touches the database, and by the worker's own code: a Worker that is
turned by messages instead of a thread, whose slots are the actors. So claims, retries, breaker, budget, renewal and
sweep are the same, and what an actor loses they find again.
"""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import cycle
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

try:
    from pykka import ActorRef, ThreadingActor
except ImportError as error:
    raise ImportError("The actors transport needs Pykka: pip install -r requirements-actors.txt") from error
from tagging.engine.slots import Outcome, Slots, answer_again, extract
from tagging.engine.worker import Worker
from tagging.extraction.base import Extractor
from tagging.models import Attempt, Job
from tagging.transports.memory import Mailbox

logger = logging.getLogger(__name__)

POOL_SIZE = 5
MAILBOX_SIZE = 1000
# What TagRepository is told when there may be work: a hint, so it needs no ids.
LOOK: Final = "look"


class BoundedInbox(queue.Queue[Any]):
    """A mailbox that refuses what is too much, at once: who tells is never made to wait."""

    def __init__(self) -> None:
        super().__init__(MAILBOX_SIZE)

    def put(self, item: Any, block: bool = False, timeout: float | None = None) -> None:
        super().put(item, block=False)


class Enduring(ThreadingActor):
    """Survives its messages: Pykka would stop the actor and drop its mailbox. What Akka calls `resume`."""

    use_daemon_thread = True

    @staticmethod
    def _create_actor_inbox() -> BoundedInbox:
        return BoundedInbox()

    def on_receive(self, message: Any) -> None:
        try:
            self.receive(message)
        except Exception as exception:
            # Without its text, which may quote an entry.
            logger.error("%s goes on after %s", type(self).__name__, type(exception).__name__)

    def receive(self, message: Any) -> None:
        raise NotImplementedError


class LanguageModel(Enduring):
    """Makes one call at a time, and tells the repository what came of it."""

    def __init__(self, extractor: Extractor, repository: ActorRef[TagRepository]) -> None:
        super().__init__()
        self._extractor, self._repository = extractor, repository

    def receive(self, job: Job) -> None:
        self._repository.tell(extract(self._extractor, job))


class Model(Enduring):
    """Hands jobs to its five in turn."""

    def __init__(self, extractor: Extractor, repository: ActorRef[TagRepository]) -> None:
        super().__init__()
        self._pool = [LanguageModel.start(extractor, repository) for _ in range(POOL_SIZE)]
        self._turns = cycle(self._pool)

    def receive(self, job: Job) -> None:
        next(self._turns).tell(job)

    def on_stop(self) -> None:
        for language_model in self._pool:
            language_model.stop(block=False)


class TagRepository(Enduring):
    """Claims what is due, settles what has come back, and is the only one to do so."""

    def __init__(self, worker: TurnedWorker) -> None:
        super().__init__()
        self._worker = worker

    def on_start(self) -> None:
        apps.ready_event.wait()

    def receive(self, message: Any) -> None:
        self._worker.take(message)

    def on_stop(self) -> None:
        try:
            self._worker.close()
        finally:
            connection.close()


class TurnedWorker(Worker):
    """The worker without its thread: each message to its repository turns it once."""

    repository: ActorRef[TagRepository]

    def __init__(self) -> None:
        super().__init__(Mailbox())

    @cached_property
    def slots(self) -> ActorSlots:
        extractor = import_string(settings.TAGGING_EXTRACTOR).from_settings(settings)
        return ActorSlots(extractor, self.mailbox, Model.start(extractor, self.repository))

    def start(self) -> None:
        self.repository = TagRepository.start(self)
        self.look()  # for what an earlier process left
        threading.Thread(target=self._tick, name="tagging-clock", daemon=True).start()

    def is_alive(self) -> bool:
        return self.repository.is_alive()

    def stop(self, timeout: float) -> None:
        """Claim no more and give back what is in flight."""
        self._stopping.set()
        with suppress(Exception):
            self.repository.stop(timeout=timeout)

    def close(self) -> None:
        if "slots" in vars(self):  # else no turn has come so far that there were claims
            self.slots.model.stop(block=False)
            super().close()

    def look(self) -> None:
        """Tell the repository that there may be work, unless half of its mailbox is full: the rest is for outcomes."""
        inbox: Any = self.repository.actor_inbox
        if inbox.qsize() < MAILBOX_SIZE // 2:
            self.repository.tell(LOOK)

    def take(self, message: Any) -> None:
        if isinstance(message, Outcome):
            self.slots.take(message)
        self._is_work_likely = True
        try:
            self.turn()
            self.trouble = 0
        except Exception as exception:
            self._note_trouble(exception)  # the next look tries again

    def _tick(self) -> None:
        """Look now and then: for due jobs that nobody rang for, leases, and dead owners."""
        while self.is_alive():
            time.sleep(min(settings.TAGGING_SWEEP_SECONDS, settings.TAGGING_LEASE_SECONDS / 3))
            with suppress(Exception):  # full, or stopping
                self.look()

    def _gather(self) -> None:
        """Settle at once: the next outcome is a message of its own."""


class ActorSlots(Slots):
    """Slots whose calls are made by the actors; it counts what is in flight, and that is the back-pressure."""

    jobs_per_thread = 1  # one job for each actor, whatever the extractor

    def __init__(self, extractor: Extractor, mailbox: Mailbox, model: ActorRef[Model]) -> None:
        super().__init__(extractor, mailbox, POOL_SIZE)
        self.model = model

    def start(self, jobs: Sequence[Job], known: Mapping[int, Attempt]) -> None:
        for job in jobs:
            self.in_flight[job.fence] = job
            if job.pk in known:
                self._finished.append(answer_again(job, known[job.pk]))
            else:
                self.model.tell(job)

    def staff(self) -> None:
        """The actors are there: no threads beside them."""

    def take(self, outcome: Outcome) -> None:
        self._finished.append(outcome)


class ActorTransport:
    """Rings the actors of this process, where it has some: only a process that serves does."""

    def __init__(self) -> None:
        self._worker: TurnedWorker | None = None

    def worker(self) -> TurnedWorker:
        self._worker = TurnedWorker()
        return self._worker

    def send(self, job_ids: Sequence[int]) -> None:
        if self._worker and self._worker.is_alive():
            self._worker.look()
