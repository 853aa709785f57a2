"""The connections to the model's server: one for each call at a time, kept for the next."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import httpcore2

# How long a connection is kept without a call.
IDLE_SECONDS = 5.0


class Connections:
    """Lends pools of one connection each; the one used last goes first, so that those too many grow old and go.

    One pool for all looks at each of its connections with each request, under one lock.
    """

    def __init__(self, make_pool: Callable[[], httpcore2.ConnectionPool]) -> None:
        self._make_pool = make_pool
        self._guard = threading.Lock()
        self._kept: deque[tuple[float, httpcore2.ConnectionPool]] = deque()
        self._is_closed = False

    def take(self) -> httpcore2.ConnectionPool:
        with self._guard:
            if self._kept:
                return self._kept.pop()[1]
        return self._make_pool()

    def give_back(self, pool: httpcore2.ConnectionPool) -> None:
        """Keep this one for the next call, and let go of those that none has needed."""
        now = time.monotonic()
        with self._guard:
            self._kept.append((now, pool))
            old = [kept for since, kept in self._kept if self._is_closed or since < now - IDLE_SECONDS]
            for _ in old:
                self._kept.popleft()
        for kept in old:
            kept.close()

    def close(self) -> None:
        """Close them; one that is lent is closed when it comes back."""
        with self._guard:
            self._is_closed = True
            kept = [pool for _, pool in self._kept]
            self._kept.clear()
        for pool in kept:
            pool.close()
