"""Work on many rows in portions: short transactions, with gaps between them in which all other writers get in."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import DatabaseError, connection, models, transaction

from devlog_project.api import origin
from tagging.engine.guard import ErrorLog, GuardedThread
from tagging.models.batch import Batch

logger = logging.getLogger(__name__)

# How long a portion may take: so long may wait any writer of an SQLite database, and elsewhere one that wants the
# same rows.
PORTION_SECONDS = {"sqlite": 0.05, "postgresql": 0.5}
FEWEST, FIRST, MOST = 10, 100, 1_000
# So many ids are read at a time: few enough for any memory, many enough that a slow filter is not asked too often.
IDS_READ = 10_000
# How often in a row a portion may fail, with a rest of a second after each.
TRIES = 60

# Does a portion, by its ids, in a transaction that is open.
Work = Callable[[Sequence[int]], object]


def let_others_write(seconds: float) -> None:
    """Leave SQLite's one write lock alone for so long; elsewhere only rows are locked.

    Another process does not queue for it but looks again and again, in ever longer naps: where one commit follows the
    other it may find the lock taken each time, for half a minute.
    """
    if connection.vendor == "sqlite":
        time.sleep(seconds)


class Portions:
    """The ids of rows, in their order and as their filters find them then, as many at a time as take a moment."""

    def __init__(self, rows: Sequence[models.QuerySet[Any]], gap: float = 1.0) -> None:
        """gap: how long others are let in before each portion, as a multiple of what the one before took."""
        self._gap = gap
        self._rows = [each.order_by("pk").values_list("pk", flat=True) for each in rows]
        self._ids: list[int] = []
        self._last: int | None = None
        self._size = FIRST
        self._held_seconds = 0.0

    def do(self, work: Work, at_most: int = MOST) -> Sequence[int]:
        """Do the next portion, once all other writers were let in, and return its ids; none at the end.

        If it fails, the same portion is the next one.
        """
        if ids := self._next()[:at_most]:
            let_others_write(self._gap * self._held_seconds)
            with transaction.atomic():
                began = time.monotonic()  # the wait for the lock does not count
                work(ids)
            self._done(ids, time.monotonic() - began)
        return ids

    def _next(self) -> list[int]:
        while not self._ids and self._rows:
            after = {} if self._last is None else {"pk__gt": self._last}
            self._ids = list(self._rows[0].filter(**after)[:IDS_READ])
            if not self._ids:
                self._rows.pop(0)
                self._last = None
        return self._ids[: self._size]

    def _done(self, ids: Sequence[int], seconds: float) -> None:
        """Go on behind these, and take as many next as fit into the time that a portion may take."""
        self._last, self._ids = ids[-1], self._ids[len(ids) :]
        aim = PORTION_SECONDS[connection.vendor]
        if seconds < aim / 2:
            self._size = min(2 * self._size, MOST)
        elif seconds > aim:
            self._size = max(self._size // 2, FEWEST)
        self._held_seconds = seconds


class Run:
    """One batch under way."""

    def __init__(self, batch: Batch, portions: Portions, work: Work, last_act: Callable[[], object]) -> None:
        self.batch = batch
        self.is_finished = False
        self._portions, self._work, self._last_act = portions, work, last_act
        self._origin = origin.current()  # whoever began it: its thread is none of a request

    def step(self) -> None:
        """Do a portion; after the last one, what is left to do for all of them together."""
        with origin.asked_by(self._origin):
            ids = self._portions.do(self._counted)
        if ids:
            self.batch.done += len(ids)
        else:
            self._last_act()
            Batch.objects.finish(self.batch)
            self.is_finished = True

    def _counted(self, ids: Sequence[int]) -> None:
        self._work(ids)
        Batch.objects.advance(self.batch, len(ids))

    def go_on(self, seconds: float) -> bool:
        """Work here, and what is not done after so many seconds in a thread; return whether all is done."""
        end = time.monotonic() + seconds
        try:
            while not self.is_finished and time.monotonic() < end:
                self.step()
        except DatabaseError as error:  # the thread tries again
            logger.warning("batch=%s a portion failed and is tried again: %s", self.batch.pk, type(error).__name__)
        if not self.is_finished:
            RunThread(self).start()
        return self.is_finished


class RunThread(GuardedThread):
    """Goes on with a batch beside the requests. If its process ends, the batch stays as far as it came."""

    def __init__(self, run: Run) -> None:
        super().__init__("batch", ErrorLog(logger, f"batch={run.batch.pk}: a portion"))
        self._run_of_batch = run
        self._why = ""

    def step(self) -> None:
        run = self._run_of_batch
        if self.errors.in_a_row >= TRIES:
            Batch.objects.stop(run.batch, f"{self._why}, {TRIES} times in a row (the log says more)")
            self.stopping.set()
            return
        try:
            run.step()
        except Exception as error:
            self._why = type(error).__name__
            raise
        if run.is_finished:
            self.stopping.set()
