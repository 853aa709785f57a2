"""Django's SQLite backend, with one thing added: the writers of one process take turns.

SQLite itself lets a second writer sleep and try again, in ever longer naps, while newcomers slip in between. It is
fair to nobody: the slowest of many requests waits tens of times as long as the median. Here a thread that begins a
transaction waits for a lock which the writer before it releases at its commit. Between processes SQLite's own waiting
remains.
"""

from __future__ import annotations

import os
import threading

from django.db.backends.sqlite3 import base

# A writer's transaction takes milliseconds. Who waits so long, in seconds, goes on and leaves the word to SQLite.
TURN_SECONDS = 20.0

_turn = threading.Lock()


def _after_fork() -> None:
    """Begin anew in a forked child: the thread that held the turn is not there to pass it on."""
    global _turn
    _turn = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class DatabaseWrapper(base.DatabaseWrapper):
    _held: threading.Lock | None = None

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
        turn = _turn
        if self._held is None and turn.acquire(timeout=TURN_SECONDS):
            self._held = turn

    def _pass_turn(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            held.release()
