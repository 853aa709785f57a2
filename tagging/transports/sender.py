"""A thread between the requests and a broker: who saves a dev-log never waits for it, up or down."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Sequence

from tagging.engine.fork import Birthplace
from tagging.engine.guard import ErrorLog, GuardedThread, SafeError
from tagging.engine.mailbox import Mailbox

logger = logging.getLogger(__name__)

# How long it rests after the broker did not answer, doubled each time up to the second.
REST_SECONDS = (1.0, 30.0)


class BrokerDownError(SafeError):
    """The broker does not take what we send; entries are taken all the same, and the sweep finds their jobs."""


class Delivery:
    """What a sender does with the ids that come."""

    def deliver(self, job_ids: set[int]) -> None:
        """Do what these ids ask for, or raise BrokerDownError."""
        raise NotImplementedError

    def seconds_to_wait(self) -> float:
        """How long to wait for the next ids before `deliver` is called without any."""
        return 3600.0

    def close(self) -> None:
        """Let go of everything: the last thing the thread does."""


class Sender:
    """Delivers from a thread that begins with the first id, if not before.

    Its mailbox is bounded: while the broker is down all but the first thousand ids are dropped.
    """

    def __init__(self, broker: str, delivery: Delivery, *, flush_seconds: float = 0.0) -> None:
        """flush_seconds: how long the end of the process waits for the last ids."""
        self.delivery = delivery
        self._mailbox = Mailbox()
        self._birthplace = Birthplace()
        self._starting = threading.Lock()
        self._flush_seconds = flush_seconds
        self._rest_seconds = REST_SECONDS[0]
        self._broker = ErrorLog(
            logger, f"{broker} cannot be used; until it can, jobs wait for a sweep", f"{broker} can be used again"
        )
        self._is_flushed = False
        self._thread = GuardedThread(
            "tagging-sender",
            self._step,
            errors=ErrorLog(logger, f"Sending to {broker} failed and continues (logged once)", "Sending works again"),
            close=delivery.close,
            may_end=lambda: self._is_flushed,
            max_rest_seconds=REST_SECONDS[1],
        )

    @property
    def last_turn_at(self) -> float:
        return self._thread.last_turn_at

    @property
    def errors_in_a_row(self) -> int:
        """Steps in a row that raised; a broker that is down is none, as entries are taken all the same."""
        return self._thread.errors.in_a_row

    @property
    def is_usable(self) -> bool:
        """Whether ids put in here will be delivered: not after a fork, nor after its end."""
        return self._birthplace.is_here and (self._thread.is_alive() or not self._thread.has_started())

    def notify(self, job_ids: Sequence[int]) -> None:
        self.start()
        for job_id in job_ids:
            self._mailbox.notify(job_id)

    def start(self) -> None:
        with self._starting:  # two requests may be the first
            if not self._thread.has_started():
                self._thread.start()
                if self._flush_seconds:
                    atexit.register(self.stop, self._flush_seconds)

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout: float = 10.0) -> None:
        """Deliver what is left, for up to so many seconds."""
        self._thread.stopping.set()
        self._mailbox.wake()
        self._thread.join(timeout)

    def _step(self) -> None:
        woken = self._mailbox.wait(self.delivery.seconds_to_wait())
        self._is_flushed = woken.by_wake
        try:
            self.delivery.deliver(woken.job_ids)
        except BrokerDownError as error:
            self._broker.note(error)
            self._thread.stopping.wait(self._rest_seconds)
            self._rest_seconds = min(2 * self._rest_seconds, REST_SECONDS[1])
        else:
            self._broker.clear()
            self._rest_seconds = REST_SECONDS[0]
