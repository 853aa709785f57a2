"""The calls in flight: how many may begin, which jobs they are for, and the threads that make them."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from tagging.engine.attempting import FinishedAttempt, answer_here
from tagging.engine.mailbox import Mailbox
from tagging.engine.sharing import calls_for, make_attempts
from tagging.extraction.base import Extractor
from tagging.models import Attempt, Job
from tagging.models.transitions import Fence

# An extractor that only computes answers in a millisecond; so many jobs for each call allowed, and a commit pays.
JOBS_PER_THREAD = 4
# So many private jobs are answered at once where the provider takes none: each in a millisecond, and settled together.
PRIVATE_AT_ONCE = 16
# After how many seconds an outcome that another session holds up is tried again: at first, then doubled, at most.
HELD_UP_SECONDS, MOST_HELD_UP_SECONDS = 0.5, 4.0


class Calls(Protocol):
    """What makes the calls."""

    def begin(self, jobs: Sequence[Job]) -> None:
        """Have the one call for these jobs made; what comes of it for each is handed to `Slots.finish`."""

    def ensure_threads(self, calls: int) -> None:
        """Start the threads that so many calls need and that are not there."""

    def close(self) -> None: ...


class CallThreads:
    """Threads that make one call at a time each; of the database they ask only whether a text may be sent again."""

    def __init__(self, extractor: Extractor, most: int, finish: Callable[..., None]) -> None:
        self._extractor, self._most, self._finish = extractor, most, finish
        self._calls: queue.SimpleQueue[Sequence[Job] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def begin(self, jobs: Sequence[Job]) -> None:
        self._calls.put(jobs)

    def ensure_threads(self, calls: int) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        while len(self._threads) < min(self._most, calls):
            # Daemons: a call that hangs must not hold up the end of the process; its job is given back first.
            thread = threading.Thread(target=self._run, name="tagging-slot", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        for _ in self._threads:
            self._calls.put(None)

    def _run(self) -> None:
        while jobs := self._calls.get():
            self._finish(*make_attempts(self._extractor, jobs))


class Slots:
    """The jobs in flight, by their claims; a job stays here until its outcome is settled.

    What is counted are calls, of which some are for several jobs.
    """

    def __init__(self, size: int, mailbox: Mailbox, most_in_call: int = 1) -> None:
        self.size = size
        self._most_in_call = most_in_call
        self.in_flight: dict[Fence, Job] = {}
        self._calls: set[Fence] = set()  # that run, each by the first of its jobs
        self._limit = float(size)
        self._shrunk_at = -math.inf
        self._mailbox = mailbox
        self._finished: dict[Fence, FinishedAttempt] = {}
        # Of those that have finished: how long they wait to be settled, and until when.
        self._held_up: dict[Fence, tuple[float, float]] = {}

    @property
    def free(self) -> int:
        """Return how many calls may begin: a slot is free once its call has finished, settled or not.

        But what is held up is paid for, and in memory alone: no more of it than there are slots.
        """
        too_many = max(0, len(self._held_up) - self.size)
        return max(0, int(self._limit) - self.calls - too_many)

    @property
    def calls(self) -> int:
        """Return how many calls have begun and not finished; asked by requests too, in threads of theirs."""
        return len(self._calls)

    @property
    def free_here(self) -> int:
        """Return how many private jobs may be answered beside all calls: no more than are soon settled."""
        return max(0, PRIVATE_AT_ONCE - sum(1 for job in list(self.in_flight.values()) if job.is_private))

    def start(self, jobs: Sequence[Job], known: Mapping[int, Attempt], calls: Calls) -> None:
        """Begin the calls for these jobs; those that are answered here have finished at once."""
        to_call = []
        for job in jobs:
            if finished := answer_here(job, known):
                self.finish(finished)
                self.in_flight[job.fence] = job
            else:
                to_call.append(job)
        for together in calls_for(to_call, self._most_in_call):
            self._calls.add(together[0].fence)
            try:
                calls.begin(together)
            except BaseException:
                self._calls.discard(together[0].fence)
                raise
            # Only now: a job whose call could not begin is given back by the sweep.
            self.in_flight |= {job.fence: job for job in together}
        calls.ensure_threads(self.calls)

    def finish(self, *finished: FinishedAttempt) -> None:
        """Take what came of a call, for each of its jobs, in whatever thread, and wake the worker."""
        for one in reversed(finished):  # the first at last: then all of the call are there
            self._finished[one.attempt.job.fence] = one
        self._calls.discard(finished[0].attempt.job.fence)
        self._mailbox.wake()

    @property
    def has_some_finished(self) -> bool:
        """Say whether some calls have finished while others run."""
        return 0 < len(self._finished) - len(self._held_up) < len(self.in_flight) - len(self._held_up)

    def finished(self, *, also_held_up: bool = False) -> list[FinishedAttempt]:
        """Return what has finished and may be settled now, in the order of the claims."""
        waiting, now = dict(self._finished), time.monotonic()
        later = {fence for fence, (_, until) in self._held_up.items() if until > now and not also_held_up}
        return [waiting[fence] for fence in self.in_flight if fence in waiting and fence not in later]

    def hold_up(self, fence: Fence) -> bool:
        """Keep this outcome to be settled later; return whether it is the first time."""
        before, _ = self._held_up.get(fence, (HELD_UP_SECONDS / 2, 0.0))
        seconds = min(2 * before, MOST_HELD_UP_SECONDS)
        is_first = fence not in self._held_up
        self._held_up[fence] = seconds, time.monotonic() + seconds
        return is_first

    @property
    def held_up_until(self) -> float:
        """Return when the first of those held up may be settled; never, when there are none."""
        return min((until for _, until in self._held_up.values()), default=math.inf)

    def forget(self, fences: Iterable[Fence]) -> None:
        """Let go of these claims: they are settled."""
        for fence in fences:
            del self._finished[fence]
            del self.in_flight[fence]
            self._held_up.pop(fence, None)

    def shrink(self, began_at: float) -> None:
        """Halve the limit: a call found us too fast; once for all calls that began before the last time."""
        if began_at > self._shrunk_at:
            self._limit, self._shrunk_at = max(1.0, self._limit / 2), time.monotonic()

    def grow(self, answers: float) -> None:
        """Raise the limit by about one for each two full rounds of answers, up to the size."""
        self._limit = min(self.size, self._limit + answers / (2 * self._limit))
