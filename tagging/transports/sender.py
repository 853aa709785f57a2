"""A thread between the requests and a broker: to save a dev-log is never to wait for it, up or down."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from tagging.engine.guard import ErrorLog, GuardedThread, SafeError
from tagging.engine.mailbox import Mailbox

logger = logging.getLogger(__name__)

# How long it rests after the broker did not answer, doubled each time up to the second.
REST_SECONDS = (1.0, 30.0)


class BrokerDownError(SafeError):
    """The broker does not take what we send; entries are taken all the same, and the sweep finds their jobs."""


class Sender(GuardedThread):
    """Delivers ids from a thread that begins with the first, if not before.

    Its mailbox is bounded: while the broker is down all but the first thousand ids are dropped.
    """

    max_rest_seconds = REST_SECONDS[1]

    def __init__(self, broker: str) -> None:
        super().__init__("tagging-sender", ErrorLog(logger, f"Sending to {broker}"))
        # Apart from the thread's errors: a broker that is down makes no process unready.
        self._broker = ErrorLog(logger, f"Notifying by {broker} (jobs are picked up by the sweep)")
        self._rest_seconds = REST_SECONDS[0]
        self._mailbox = Mailbox()
        self._starting = threading.Lock()
        self._is_flushed = False

    def deliver(self, job_ids: set[int]) -> bool:
        """Do what these ids ask for, and say whether the broker took something; raises BrokerDownError."""
        raise NotImplementedError

    def seconds_to_wait(self) -> float:
        """Return how long to wait for the next ids before `deliver` is called without any."""
        return 3600.0

    @property
    def is_usable(self) -> bool:
        """Say whether ids put in here will be delivered: not after a fork, nor after its end."""
        return self.birthplace.is_here and (self.is_alive() or not self.has_started())

    def notify(self, job_ids: Sequence[int]) -> None:
        self.start()
        for job_id in job_ids:
            self._mailbox.notify(job_id)

    def start(self) -> None:
        with self._starting:  # two requests may be the first
            if not self.has_started():
                super().start()

    def step(self) -> None:
        is_last = self.stopping.is_set()
        job_ids = self._mailbox.wait(0 if is_last else self.seconds_to_wait()).job_ids
        self._is_flushed = is_last
        try:
            is_up = self.deliver(job_ids)
        except BrokerDownError as error:
            self._broker.note(error)
            self.stopping.wait(self._rest_seconds)
            self._rest_seconds = min(2 * self._rest_seconds, REST_SECONDS[1])
        else:
            if is_up:
                self._broker.clear()
                self._rest_seconds = REST_SECONDS[0]

    def may_end(self) -> bool:
        return self._is_flushed

    def wake(self) -> None:
        self._mailbox.wake()
