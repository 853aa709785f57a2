"""What wakes a worker: the ids of new jobs, and the word that a call has finished."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import NamedTuple

# Ids are only hints, so their number is bounded: memory does not grow with a backlog.
MAX_IDS = 1000
# Put in instead of an id, to wake the reader; no job has it.
WAKE = 0
# Put in instead of an id, where it is not told which jobs there are; no job has it either.
SOME_JOB = -1


class Woken(NamedTuple):
    """What ended a wait: the ids of new jobs, and whether the reader was woken for another reason."""

    job_ids: set[int]
    by_wake: bool


class Mailbox:
    """A bounded queue of hints with one reader."""

    def __init__(self) -> None:
        self._hints: queue.Queue[int] = queue.Queue(MAX_IDS)
        # Not set while the reader could begin nothing: what brings ids from elsewhere then waits for it.
        self.hears_jobs = threading.Event()
        self.hears_jobs.set()

    def notify(self, job_id: int) -> None:
        """Put in the id of a job. A full mailbox needs no more: its reader is awake and looks at all that is due."""
        if self.hears_jobs.is_set():
            self._put(job_id)

    def wake(self) -> None:
        """Wake the reader: a call has finished, or it is to stop."""
        self._put(WAKE)

    def wait(self, timeout: float, *, ignore_jobs: bool = False) -> Woken:
        """Wait up to `timeout` seconds for the first hint and return all there are; none if none came.

        ignore_jobs: put in no ids meanwhile. A worker with all slots full could begin nothing, and each wake-up takes
        the interpreter from the request that saved a dev-log; it looks at all that is due afterwards.
        """
        hints: set[int] = set()
        if ignore_jobs:
            self.hears_jobs.clear()
        with suppress(queue.Empty):
            hints.add(self._hints.get(timeout=timeout) if timeout > 0 else self._hints.get_nowait())
            while True:
                hints.add(self._hints.get_nowait())
        if ignore_jobs:
            self.hears_jobs.set()
        return Woken(hints - {WAKE}, WAKE in hints)

    def _put(self, hint: int) -> None:
        with suppress(queue.Full):
            self._hints.put_nowait(hint)
