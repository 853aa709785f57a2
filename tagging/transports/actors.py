"""The Akka design in Python, with Pykka: to learn from, and rarely to choose (docs/actors.md says when).

    send -> TagRepository --job--> Router --job, round robin--> LanguageModel 1..5
                 ^--------------finished attempt----------------------'

Only `tell`, never `ask`. TagRepository alone touches the database: each message has it take one step of the same
engine that the worker thread drives, whose calls are made by the actors. So claims, retries, breaker, budget, renewal
and sweep are the same, and what an actor loses they find again.
"""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import logging
import queue
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from itertools import cycle
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.db import connection

try:
    from pykka import ActorRef, ThreadingActor
except ImportError as error:
    raise ImportError("The actors transport needs Pykka: pip install -r requirements/actors.txt") from error
from tagging.engine.attempting import configured_extractor
from tagging.engine.engine import Engine
from tagging.engine.guard import ErrorLog, GuardedThread
from tagging.engine.mailbox import Mailbox
from tagging.engine.sharing import make_attempts
from tagging.engine.slots import Slots
from tagging.extraction.base import Extractor
from tagging.models import Job
from tagging.queues import Transport

logger = logging.getLogger(__name__)

POOL_SIZE = 5
MAILBOX_SIZE = 1000
# What TagRepository is told when there may be work: a hint, so it needs no ids.
LOOK: Final = "look"


class BoundedInbox(queue.Queue[Any]):
    """A bounded mailbox; when it is full, `put` raises queue.Full at once instead of waiting."""

    def __init__(self) -> None:
        super().__init__(MAILBOX_SIZE)

    def put(self, item: Any, block: bool = False, timeout: float | None = None) -> None:
        super().put(item, block=False)


class Enduring(ThreadingActor):
    """Survives its messages: Pykka would stop the actor and drop its mailbox. What Akka calls `resume`."""

    use_daemon_thread = True

    def __init__(self, errors: ErrorLog | None = None) -> None:
        super().__init__()
        self._errors = errors or ErrorLog(logger, type(self).__name__)

    @staticmethod
    def _create_actor_inbox() -> BoundedInbox:
        return BoundedInbox()

    def on_receive(self, message: Any) -> None:
        try:
            self.receive(message)
        except Exception as error:
            self._errors.note(error)
        else:
            self._errors.clear()

    def receive(self, message: Any) -> None:
        raise NotImplementedError


class LanguageModel(Enduring):
    """Makes one call at a time, and tells the repository what came of it."""

    def __init__(self, extractor: Extractor, repository: ActorRef[TagRepository]) -> None:
        super().__init__()
        self._extractor, self._repository = extractor, repository

    def receive(self, jobs: Sequence[Job]) -> None:
        self._repository.tell(make_attempts(self._extractor, jobs))


class Router(Enduring):
    """Hands jobs to its five language models, one after the other."""

    def __init__(self, extractor: Extractor, repository: ActorRef[TagRepository]) -> None:
        super().__init__()
        self._pool = [LanguageModel.start(extractor, repository) for _ in range(POOL_SIZE)]
        self._next = cycle(self._pool)

    def receive(self, jobs: Sequence[Job]) -> None:
        next(self._next).tell(jobs)

    def on_stop(self) -> None:
        for language_model in self._pool:
            language_model.stop(block=False)


class ActorCalls:
    """Calls made by actors, for the engine's slots."""

    def __init__(self, extractor: Extractor, repository: ActorRef[TagRepository]) -> None:
        self._router = Router.start(extractor, repository)

    def begin(self, jobs: Sequence[Job]) -> None:
        self._router.tell(jobs)

    def ensure_threads(self, calls: int) -> None:
        """Start none: the actors are there."""

    def close(self) -> None:
        self._router.stop(block=False)


class TagRepository(Enduring):
    """Drives the engine: each message is what came of a call, or tells it to look for due jobs."""

    def __init__(self, worker: ActorWorker) -> None:
        super().__init__(worker.errors)
        self._worker = worker

    @cached_property
    def engine(self) -> Engine:
        """Build the engine, with the first message: what is wrong with it is this actor's error, not a request's."""
        extractor = configured_extractor()
        extractor.only_computes = False  # one job for each actor, whatever the extractor
        return Engine(extractor, Mailbox(), concurrency=POOL_SIZE, make_calls=self._make_calls, gather_seconds=0)

    def on_start(self) -> None:
        apps.ready_event.wait()

    def receive(self, message: Any) -> None:
        if message != LOOK:
            self.engine.slots.finish(*message)
        self.engine.expect_work()
        try:
            self.engine.step(may_claim=not self._worker.stopping.is_set())
        except Exception:
            connection.close()  # it may be what went wrong
            raise
        self._worker.last_turn_at = time.monotonic()

    def on_stop(self) -> None:
        try:
            if "engine" in vars(self):  # else it never got so far that there were claims
                self.engine.close()
        finally:
            connection.close()

    def _make_calls(self, extractor: Extractor, slots: Slots) -> ActorCalls:
        return ActorCalls(extractor, self.actor_ref)


class ActorWorker(GuardedThread):
    """The actors of one process; itself the clock that tells the repository to look for what no id came of."""

    def __init__(self) -> None:
        super().__init__("tagging-clock", ErrorLog(logger, "TagRepository"))

    def start(self) -> None:
        self.repository = TagRepository.start(self)
        super().start()

    def step(self) -> None:
        self.look()
        self.stopping.wait(min(settings.TAGGING_SWEEP_SECONDS, settings.TAGGING_LEASE_SECONDS / 3))

    def succeeded(self) -> None:
        """Leave it to the repository to say so."""

    def is_alive(self) -> bool:
        return self.repository.is_alive()

    def stop(self, timeout: float) -> None:
        """Claim no more and give back what is in flight."""
        self.stopping.set()
        with suppress(Exception):
            self.repository.stop(timeout=timeout)

    def look(self) -> None:
        """Tell the repository that there may be work, unless half of its mailbox is full: the rest is for attempts."""
        inbox: Any = self.repository.actor_inbox
        if inbox.qsize() < MAILBOX_SIZE // 2 and self.is_alive():
            self.repository.tell(LOOK)


class ActorTransport(Transport):
    """Tells the actors of this process, where it has some: only a process that serves does."""

    has_local_worker = True

    def __init__(self) -> None:
        self._worker: ActorWorker | None = None

    def send(self, job_ids: Sequence[int]) -> None:
        if self._worker and self._worker.is_alive():
            self._worker.look()

    def make_worker(self) -> ActorWorker:
        self._worker = ActorWorker()
        return self._worker
