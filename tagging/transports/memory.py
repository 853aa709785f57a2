"""The default transport: a queue.Queue inside this process, read by the worker thread beside the web server."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagging.engine.worker import Worker

# Rings are hints, so it is bounded: memory does not grow with a backlog.
MAX_RINGS = 1000
# Rung by a slot, instead of an id: a call has finished.
FINISHED = 0


class Mailbox:
    """What wakes the worker: the ids of new jobs, and FINISHED."""

    def __init__(self) -> None:
        self._rings: queue.Queue[int] = queue.Queue(MAX_RINGS)
        self._is_muted = False

    def ring(self, job_id: int) -> None:
        """Put one id in. A full mailbox needs no more rings: its reader is awake and looks at all that is due."""
        if self._is_muted and job_id != FINISHED:
            return
        with suppress(queue.Full):
            self._rings.put_nowait(job_id)

    def wait(self, timeout: float, *, muted: bool = False) -> set[int]:
        """Return all ids rung, waiting up to `timeout` seconds for the first; empty when none came.

        A reader that could begin nothing waits `muted`, and is woken by FINISHED alone: each wake-up would take the
        interpreter from the request that rang. It looks at all that is due afterwards.
        """
        job_ids: set[int] = set()
        self._is_muted = muted
        try:
            job_ids.add(self._rings.get(timeout=timeout) if timeout > 0 else self._rings.get_nowait())
            while True:
                job_ids.add(self._rings.get_nowait())
        except queue.Empty:
            return job_ids
        finally:
            self._is_muted = False


class MemoryTransport:
    """Rings the mailbox of this process's worker; without a worker here the mailbox simply fills."""

    mailbox = Mailbox()

    def worker(self) -> Worker:
        """Return a worker for this process, with a new mailbox: the old one's lock may not have survived a fork."""
        from tagging.engine.worker import Worker  # it imports the mailbox from here

        MemoryTransport.mailbox = Mailbox()
        return Worker(MemoryTransport.mailbox)

    def send(self, job_ids: Sequence[int]) -> None:
        for job_id in job_ids:
            self.mailbox.ring(job_id)
