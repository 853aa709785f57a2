"""The worker: the engine in a thread of its own, beside the requests or in a process for itself."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property, partial

from tagging.engine.attempting import configured_extractor
from tagging.engine.doorbell import answering
from tagging.engine.engine import Engine, NotifyOthers
from tagging.engine.guard import ErrorLog, GuardedThread
from tagging.engine.mailbox import Mailbox
from tagging.extraction.base import Extractor

logger = logging.getLogger(__name__)

# What its last transaction may take after the time it has to stop, in seconds.
MARGIN_SECONDS = 5.0

# A context in which what comes for this process is put into its mailbox.
Consume = Callable[[Mailbox], AbstractContextManager[None]]


class Worker(GuardedThread):
    """Drives an engine until it is told to stop, or until the engine has finished."""

    def __init__(
        self,
        mailbox: Mailbox,
        make_extractor: Callable[[], Extractor] = configured_extractor,
        *,
        concurrency: int | None = None,
        max_jobs: int | None = None,
        until_empty: bool = False,
        consume: Consume | None = None,
        notify_others: NotifyOthers | None = None,
    ) -> None:
        """For what the arguments mean see Engine; without limits it runs until it is told to stop."""
        super().__init__("tagging-worker", ErrorLog(logger, "The worker"))
        self.mailbox = mailbox
        self._stop_at = math.inf
        self._make_extractor = make_extractor
        self._consume = consume
        self._listening: ExitStack | None = None
        self._make_engine = partial(
            Engine,
            mailbox=mailbox,
            concurrency=concurrency,
            max_jobs=max_jobs,
            until_empty=until_empty,
            notify_others=notify_others,
        )

    @cached_property
    def extractor(self) -> Extractor:
        return self._make_extractor()

    @cached_property
    def engine(self) -> Engine:
        """Build the engine, in the first step: what is wrong with it is the thread's error, not a request's."""
        return self._make_engine(self.extractor)

    @property
    def has_room(self) -> bool:
        """Say whether one more call could begin here now; asked by requests, in threads of theirs."""
        if not (self.birthplace.is_here and self.is_alive()) or self.stopping.is_set() or self.errors.in_a_row:
            return False
        return not self._has_engine() or self.engine.slots.free > 0

    def step(self) -> None:
        self._listen()
        self.engine.step(may_claim=not self.stopping.is_set())
        self.succeeded()  # now: the wait that follows may be long
        if self.engine.is_finished:
            self.stopping.set()
        else:
            self.engine.wait(self._stop_at - time.monotonic())

    def may_end(self) -> bool:
        return not self._has_engine() or not self.engine.slots.in_flight or time.monotonic() >= self._stop_at

    def close(self) -> None:
        try:
            if self._listening:
                self._listening.close()
        finally:
            if self._has_engine():
                self.engine.close()

    def _listen(self) -> None:
        """Hear of other processes' jobs, from the first step on."""
        if not self._listening:
            owner_name = self.engine.dispatcher.owner.name
            with ExitStack() as stack:
                stack.enter_context(answering(owner_name, self.mailbox))
                if self._consume:
                    stack.enter_context(self._consume(self.mailbox))
                self._listening = stack.pop_all()

    def _has_engine(self) -> bool:
        """Say whether it ever got so far that there may be claims."""
        return "engine" in vars(self)

    def wake(self) -> None:
        self.mailbox.wake()

    def stop(self, timeout: float) -> None:
        """Claim no more, wait up to `timeout` seconds for what is in flight, and give the rest back."""
        self.ask_to_stop(timeout)
        super().stop(timeout + MARGIN_SECONDS)

    def ask_to_stop(self, timeout: float) -> None:
        """Claim no more from the next step on; takes no lock of the mailbox, so that a signal handler may call it."""
        self._stop_at = time.monotonic() + timeout
        self.stopping.set()
