"""A bound on the requests that may wait for the database at once, so that threads are left for all others."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

# A few less than the threads that gunicorn gets from us (gunicorn.conf.py): the rest answer whether the process lives.
PLACES = 12
# When all places are taken and nobody came or went for so many seconds, the database may stand still.
STANDSTILL_SECONDS = 1.5


def always() -> bool:
    return True


class WaitingRoom:
    """Places for requests: where all are taken, one waits for the next, unless the database stands still.

    is_stuck: asked once nobody came or went for a while; requests may also be busy, as a login computes for seconds.
    """

    def __init__(
        self,
        places: int = PLACES,
        standstill_seconds: float = STANDSTILL_SECONDS,
        is_stuck: Callable[[], bool] = always,
    ) -> None:
        self._is_stuck = is_stuck
        self._free = places
        self._standstill_seconds = standstill_seconds
        self._guard = threading.Lock()
        self._moved_at = time.monotonic()
        self._waiting: deque[threading.Lock] = deque()

    def enter(self) -> bool:
        """Take a place; return False where there is none and nothing moves, soon or, if that is known, at once."""
        with self._guard:
            if self._free:
                self._free -= 1
                self._moved_at = time.monotonic()
                return True
            place = threading.Lock()
            place.acquire()
            self._waiting.append(place)
        try:
            while True:
                left = self._moved_at + self._standstill_seconds - time.monotonic()
                if left > 0 and place.acquire(timeout=left):
                    return True
                if left <= 0 and self._is_stuck():
                    break
                if left <= 0:
                    self._moved_at = time.monotonic()  # they are busy
        except BaseException:  # a server that stops its main thread, in the midst of a request
            if not self._withdraw(place):
                self.leave()
            raise
        return not self._withdraw(place)

    def leave(self) -> None:
        """Give the place to the one that waits longest, if any does."""
        with self._guard:
            self._moved_at = time.monotonic()
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    def _withdraw(self, place: threading.Lock) -> bool:
        """Wait no more; return False if the place was given to us just now."""
        with self._guard:
            if place not in self._waiting:
                return False
            self._waiting.remove(place)
            return True
