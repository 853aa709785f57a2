"""Django's SQLite backend, with one thing added: the writers of one process take turns.

SQLite itself lets a second writer sleep and try again, in ever longer naps, while newcomers slip in between. So
the slowest of a hundred requests waits ten times as long as the median. Here a thread that begins a
transaction waits for its turn, which the writer before it passes on at its commit. Between processes SQLite's own
waiting remains.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple

from django.db.backends.sqlite3 import base

from tagging.engine.fork import on_fork

# Seconds to wait for a turn; then let SQLite's own busy timeout decide. A writer's transaction takes milliseconds.
TURN_SECONDS = 20.0

# How many turns may go by, for a waiter and each that waits already, before it comes first.
PATIENCE = 2


class Waiter(NamedTuple):
    """A thread that waits until its signal is released; it comes first once so many turns have gone by."""

    due: int
    signal: threading.Lock


class Turns:
    """A lock that goes to the newest waiter, except that the oldest comes first once it is due.

    With many writers at once strict order has all of them wait the mean. This way most wait a fraction of it and the
    others about twice as much: a better median for a bounded loss at the end (adaptive LIFO, as overloaded servers
    do it; `python -m tests.load.benchmarks --only posts` shows both).
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_taken = False
        self._passed = 0
        self._waiting: deque[Waiter] = deque()

    def acquire(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; return whether the turn is ours."""
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            waiter = Waiter(self._passed + PATIENCE * (len(self._waiting) + 1), threading.Lock())
            waiter.signal.acquire()
            self._waiting.append(waiter)
        try:
            is_ours = waiter.signal.acquire(timeout=timeout)
        except BaseException:  # a server that stops its main thread, in the midst of a request
            if not self._withdraw(waiter):
                self.release()
            raise
        return is_ours or not self._withdraw(waiter)

    def release(self) -> None:
        """Pass the turn on, from whatever thread."""
        with self._guard:
            self._passed += 1
            if not self._waiting:
                self._is_taken = False
            elif self._waiting[0].due <= self._passed:
                self._waiting.popleft().signal.release()
            else:
                self._waiting.pop().signal.release()

    def _withdraw(self, waiter: Waiter) -> bool:
        """Wait no more; return False if the turn was passed to this waiter just now."""
        with self._guard:
            if waiter not in self._waiting:
                return False
            self._waiting.remove(waiter)
            return True


_turns = Turns()


def _begin_anew() -> None:
    """Forget, in a forked child, whose turn it is: that thread is not there to pass it on."""
    global _turns
    _turns = Turns()


on_fork(_begin_anew)


class DatabaseWrapper(base.DatabaseWrapper):
    _held: Turns | None = None

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # not in the stubs
        except BaseException:
            self._pass_turn()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]  # not in the stubs
        self._pass_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]  # not in the stubs
        finally:
            self._pass_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]  # not in the stubs
        finally:
            self._pass_turn()

    def _take_turn(self) -> None:
        turns = _turns
        if self._held is None and turns.acquire(timeout=TURN_SECONDS):
            self._held = turns

    def _pass_turn(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            if held is _turns:  # else it is that of a fork's parent
                held.release()
