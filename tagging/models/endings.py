"""Who waits in this process for the end of a job is told as soon as it is committed here; others look at its row."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import connection

from tagging.models import sessions
from tagging.models.job import Job

# Between two looks at a row that another process may settle, in seconds: longer and longer.
FIRST_SECONDS, MOST_SECONDS = 0.02, 0.25


class Endings:
    """The waiting, by the ids of the jobs they wait for."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: dict[int, list[threading.Event]] = {}

    @contextmanager
    def listen(self, job_id: int) -> Iterator[threading.Event]:
        """Give an event that is set whenever the job was settled in this process."""
        told = threading.Event()
        with self._guard:
            self._waiting.setdefault(job_id, []).append(told)
        try:
            yield told
        finally:
            with self._guard:
                self._waiting[job_id].remove(told)
                if not self._waiting[job_id]:
                    del self._waiting[job_id]

    def waited_for(self) -> set[int]:
        return set(self._waiting)

    def tell(self, job_ids: Collection[int]) -> None:
        """Tell those who wait for one of these jobs that it was settled; called after the commit."""
        if not self._waiting:
            return
        with self._guard:
            for told in [told for job_id in job_ids for told in self._waiting.get(job_id, ())]:
                told.set()


endings = Endings()


def wait_for_end(job_id: int, seconds: float) -> None:
    """Return when the job is final, or gone, or so many seconds are over; holds no session meanwhile."""
    until = time.monotonic() + seconds
    pause = FIRST_SECONDS
    with endings.listen(job_id) as told:
        while (left := until - time.monotonic()) > 0:
            if not connection.in_atomic_block:
                sessions.give_back()
            told.wait(min(pause, left))
            told.clear()
            if not Job.objects.filter(pk=job_id, state__in=Job.UNFINISHED).exists():
                return
            pause = min(2 * pause, MOST_SECONDS)
