"""How many passwords a process hashes at once: each takes a quarter of a second of a core that requests need too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rest_framework.exceptions import Throttled

AT_ONCE = 1
# So many more may wait, each in a thread that then serves nobody else, and for so long; and of those who logged in
# from their address before, a few more.
WAITING, KNOWN_WAITING = 3, 2
WAIT_SECONDS = 5.0
RETRY_AFTER_SECONDS = 2


class Busy(Throttled):
    """Others are logging in, which is no fault of who asks."""

    status_code = 503
    default_code = "busy"
    default_detail = "Too many are logging in at the moment."


class Desk:
    """A place at which a password is looked at, and a few to wait for it."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._line = threading.Semaphore(AT_ONCE + WAITING)
        self._line_of_known = threading.Semaphore(KNOWN_WAITING)
        self._at_work = threading.Semaphore(AT_ONCE)
        self._wait_seconds = wait_seconds

    @contextmanager
    def in_line(self, is_known: Callable[[], bool]) -> Iterator[None]:
        """Take a place in the line; raise Busy, at once, where there is none."""
        line = self._line
        if not line.acquire(blocking=False):
            line = self._line_of_known
            if not is_known() or not line.acquire(blocking=False):
                raise Busy(RETRY_AFTER_SECONDS)
        try:
            yield
        finally:
            line.release()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Come first, in one's place in the line; raise Busy where that takes too long."""
        if not self._at_work.acquire(timeout=self._wait_seconds):
            raise Busy(RETRY_AFTER_SECONDS)
        try:
            yield
        finally:
            self._at_work.release()


desk = Desk()
