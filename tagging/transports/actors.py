"""The Akka design in Python, with Pykka: to learn from, and rarely to choose (docs/actors.md says when).

    send -> TagRepository --job--> Model --job, round robin--> LanguageModel 1..5
                 ^---------------------outcome---------------------------'

Only `tell`, never `ask`. TagRepository alone touches the database, and by the worker's own code: a Worker that is
turned by messages instead of a thread, whose slots are the actors. So claims, retries, breaker, budget, renewal and
sweep are the same, and what an actor loses they find again.
"""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import cycle
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

try:
    from pykka import ActorRef, ThreadingActor
except ImportError as error:
    raise ImportError("The actors transport needs Pykka: pip install -r requirements-actors.txt") from error
from tagging.extractors import Extractor
from tagging.models import Attempt, Job
from tagging.slots import Outcome, Slots, answer_again, extract
from tagging.transports.memory import Mailbox
from tagging.worker import Worker

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

    def __init__(self) -> None:
        super().__init__()
        self._worker: TurnedWorker | None = None

    def receive(self, message: Any) -> None:
        if self._worker is None:  # not in on_start: what fails here is tried again with the next message
            self._worker = TurnedWorker(self.actor_ref)
        self._worker.take(message)

    def on_stop(self) -> None:
        if self._worker:
            self._worker.slots.model.stop(block=False)
            self._worker.close()
        connection.close()


class TurnedWorker(Worker):
    """The worker without its thread: a message turns it once."""

    slots: ActorSlots

    def __init__(self, repository: ActorRef[TagRepository]) -> None:
        extractor = import_string(settings.TAGGING_EXTRACTOR).from_settings(settings)
        super().__init__(Mailbox(), extractor)
        self.slots = ActorSlots(extractor, self.mailbox, Model.start(extractor, repository))

    def take(self, message: Any) -> None:
        if isinstance(message, Outcome):
            self.slots.take(message)
        self._is_work_likely = True
        try:
            self.turn()
            self.trouble = 0
        except Exception as exception:
            self._note_trouble(exception)  # the next look tries again

    def _gather(self) -> None:
        """Settle at once: the next outcome is a message of its own."""


class ActorSlots(Slots):
    """Slots whose calls are made by the actors; it counts what is in flight, and that is the back-pressure."""

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

    def take(self, outcome: Outcome) -> None:
        self._finished.append(outcome)


class ActorTransport:
    """Tells the repository of this process, which is started with the first ring and stopped at exit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = 0
        self._repository: ActorRef[TagRepository] | None = None

    def send(self, job_ids: Sequence[int]) -> None:
        # Half of the mailbox is kept for outcomes; a full one needs no more rings.
        repository = self.repository()
        inbox: Any = repository.actor_inbox
        if inbox.qsize() < MAILBOX_SIZE // 2:
            repository.tell(LOOK)

    def repository(self) -> ActorRef[TagRepository]:
        """Return this process's repository; it does not survive a fork, so the pid is compared."""
        with self._lock:
            if self._repository is None or self._pid != os.getpid():
                self._repository, self._pid = TagRepository.start(), os.getpid()
                threading.Thread(target=tick, args=[self._repository], name="tagging-clock", daemon=True).start()
                atexit.register(self.stop)
            return self._repository

    def stop(self) -> None:
        """Give back what is in flight."""
        if self._repository and self._pid == os.getpid():
            with suppress(Exception):
                self._repository.stop(timeout=settings.TAGGING_SHUTDOWN_SECONDS)
            self._repository = None


def tick(repository: ActorRef[TagRepository]) -> None:
    """Have the repository look now and then: for due jobs that nobody rang for, leases, and dead owners."""
    while repository.is_alive():
        time.sleep(settings.TAGGING_SWEEP_SECONDS)
        with suppress(Exception):  # full, or stopping
            repository.tell(LOOK)
