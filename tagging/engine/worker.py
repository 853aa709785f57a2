"""The worker: the engine in a thread of its own, beside the requests or in a process for itself."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from functools import cached_property

from tagging.engine.attempting import configured_extractor
from tagging.engine.engine import Engine
from tagging.engine.guard import ErrorLog, GuardedThread
from tagging.engine.mailbox import Mailbox
from tagging.extraction.base import Extractor

logger = logging.getLogger(__name__)

# What its last transaction may take after the time it has to stop, in seconds.
MARGIN_SECONDS = 5.0


class Worker:
    """Drives an engine until it is told to stop, or until the engine has finished."""

    def __init__(
        self,
        mailbox: Mailbox,
        make_extractor: Callable[[], Extractor] = configured_extractor,
        *,
        concurrency: int | None = None,
        max_jobs: int | None = None,
        until_empty: bool = False,
    ) -> None:
        """For what the arguments mean see Engine; without limits it runs until it is told to stop."""
        self.mailbox = mailbox
        self._make_extractor = make_extractor
        self._concurrency, self._max_jobs, self._until_empty = concurrency, max_jobs, until_empty
        self._stop_at = math.inf
        errors = ErrorLog(logger, "The worker failed and continues (logged once)", "The worker works again")
        self._thread = GuardedThread(
            "tagging-worker", self._step, errors=errors, close=self._close, may_end=self._may_end
        )

    @cached_property
    def engine(self) -> Engine:
        """The engine, built in the first step: what is wrong with it is the thread's error, not a request's."""
        engine = Engine(
            self._make_extractor(),
            self.mailbox,
            concurrency=self._concurrency,
            max_jobs=self._max_jobs,
            until_empty=self._until_empty,
        )
        logger.info("Worker %s started", engine.dispatcher.owner.name)
        return engine

    @property
    def last_turn_at(self) -> float:
        return self._thread.last_turn_at

    @property
    def errors_in_a_row(self) -> int:
        return self._thread.errors.in_a_row

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def has_ended(self, seconds: float) -> bool:
        """Wait up to so many seconds for its end; return whether it has ended."""
        return self._thread.join(seconds)

    def stop(self, timeout: float) -> None:
        """Claim no more, wait up to `timeout` seconds for what is in flight, and give the rest back."""
        self.ask_to_stop(timeout)
        self.mailbox.wake()
        self._thread.join(timeout + MARGIN_SECONDS)

    def ask_to_stop(self, timeout: float) -> None:
        """Claim no more from the next step on; takes no lock, so that a signal handler may call it."""
        self._stop_at = time.monotonic() + timeout
        self._thread.stopping.set()

    def _step(self) -> None:
        self.engine.step(may_claim=not self._thread.stopping.is_set())
        self._thread.errors.clear()
        self._thread.last_turn_at = time.monotonic()
        if self.engine.is_finished:
            self._thread.stopping.set()
        else:
            self.engine.wait()

    def _may_end(self) -> bool:
        return not self.engine.slots.in_flight or time.monotonic() >= self._stop_at

    def _close(self) -> None:
        if "engine" in vars(self):  # else it never got so far that there were claims
            self.engine.close()
            logger.info("Worker %s stopped", self.engine.dispatcher.owner.name)
