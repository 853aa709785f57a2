"""Django's SQLite backend, with one thing added: the writers of one process take turns.

SQLite itself lets a second writer sleep and try again, in ever longer naps, while newcomers slip in between. So
the slowest of a hundred requests waits ten times as long as the median. Here a thread that begins a
transaction waits for its turn, which the writer before it passes on at its commit. Between processes SQLite's own
waiting remains.

What a connection may wait in all is bounded too: in a row, its waits take no longer than one of them may.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from tagging.engine.fork import on_fork

# A wait that is shorter is the usual traffic, in seconds: a writer's transaction takes milliseconds.
SHORT_SECONDS = 1.0

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
    # What long waits have left of `timeout`, in seconds, and when the last of them ended.
    _patience = _most_patience = 20.0
    _waited_at = 0.0
    # The file that this connection has open, by device and inode.
    _file: tuple[int, int] | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        self._patience = self._most_patience = float(conn_params.get("timeout", self._most_patience))
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        self._file = self._file_now()
        return connection

    def close_if_replaced(self) -> None:
        """Close this connection where its file is not that under its name any more: it was moved or restored.

        For a connection that stays open, between two transactions.
        """
        if self.connection is not None and self._file != self._file_now():
            self.close()

    def close_if_unusable_or_obsolete(self) -> None:
        """Begin and end a request with a connection that stays as if it were new: see `keeping.py`."""
        super().close_if_unusable_or_obsolete()
        if self.connection is not None and not self.in_atomic_block:
            self.close_if_replaced()
            if self._patience < self._most_patience:
                self._be_patient(self._most_patience)

    @contextmanager
    def short_waits(self, seconds: float) -> Iterator[None]:
        """Wait no longer than this for the locks of others, all waits together."""
        self.ensure_connection()
        before, self._most_patience, most_before = self._patience, seconds, self._most_patience
        self._be_patient(seconds)
        try:
            yield
        finally:
            self._most_patience = most_before
            self._be_patient(before)

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        began = time.monotonic()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # not in the stubs
        except BaseException:
            self._pass_turn()
            raise
        finally:
            self._lose_patience(began)

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
        if self._held is not None:
            return
        began = time.monotonic()
        if self._patience < self._most_patience and began - self._waited_at > self._most_patience:
            self._be_patient(self._most_patience)  # those waits are long ago
        turns = _turns
        if not turns.acquire(timeout=self._patience):
            self._lose_patience(began)
            raise OperationalError("database is locked")
        self._held = turns
        self._lose_patience(began)

    def _pass_turn(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            if held is _turns:  # else it is that of a fork's parent
                held.release()

    def _lose_patience(self, began: float) -> None:
        """Take a long wait off what the next ones may take, SQLite's own included."""
        waited = time.monotonic() - began
        if waited > SHORT_SECONDS:
            self._waited_at = time.monotonic()
            self._be_patient(max(0.0, self._patience - waited))

    def _be_patient(self, seconds: float) -> None:
        self._patience = seconds
        if self.connection is not None:
            self.connection.execute(f"PRAGMA busy_timeout = {round(1000 * seconds)}")

    def _file_now(self) -> tuple[int, int] | None:
        try:
            found = Path(self.settings_dict["NAME"]).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
