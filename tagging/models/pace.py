"""How fast the queue moves, as measured, and so when a job is likely to be done."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

from tagging.models import due
from tagging.models.attempt import Attempt
from tagging.models.sql import NOW, in_utc, rows_of

# Of the last minutes, and where they are timed no more than so many attempts: those of an index's end.
WINDOW = timedelta(minutes=5)
MOST_ATTEMPTS = 1_000
# How old a measure may be, in seconds.
SEEN_SECONDS = 1.0
MOST_SECONDS = 300
# So many due jobs are counted; before more than that nobody's guess is better than the longest wait.
MOST_COUNTED = 10_000
MOST_AUTHORS = 64

# Read the end of the attempts, each with when its job was asked for and became final.
READ_LATEST = (
    "SELECT attempt.started_at, attempt.finished_at, job.queued_at, job.finished_at FROM "
    "(SELECT job_id, started_at, finished_at, outcome FROM tagging_attempt ORDER BY id DESC LIMIT %s) attempt "
    "JOIN tagging_job job ON job.devlog_id = attempt.job_id WHERE attempt.outcome = %s"
)
COUNT_DUE = "SELECT COUNT(*) FROM (SELECT 1 FROM tagging_job WHERE priority = %s AND run_after <= {now} LIMIT %s) due"
PLACE_OF = "SELECT priority, author_id FROM tagging_job WHERE devlog_id = %s AND run_after IS NOT NULL"
COUNT_OF_AUTHOR = (
    "SELECT COUNT(*) FROM (SELECT 1 FROM tagging_job WHERE priority = %s AND author_id = %s AND run_after <= {until} "
    "LIMIT %s) due"
)
COUNT_BEFORE_OF_AUTHOR = COUNT_OF_AUTHOR.format(until="(SELECT run_after FROM tagging_job WHERE devlog_id = %s)")


@dataclass(frozen=True, slots=True)
class Pace:
    """What the latest answered attempts tell; milliseconds in ascending order."""

    per_busy_second: float  # of the time in which there was a call, which on a quiet site is little of it
    calls: list[int]
    waits: list[int]


def measured() -> Pace:
    """Measure the pace of the last minutes: as many rows are read, however many jobs are done."""
    found = rows_of(READ_LATEST, [MOST_ATTEMPTS, Attempt.Outcome.ANSWERED])
    times = [[at and in_utc(at) for at in row] for row in found]
    now = timezone.now()
    latest = [row for row in times if row[1] > now - WINDOW]
    if not latest:
        return Pace(0.0, [], [])
    calls = sorted(_milliseconds(finished - started) for started, finished, *_ in latest)
    waits = sorted(_milliseconds(done - queued) for _, _, queued, done in latest if done and done >= queued)
    busy = busy_seconds([(started, finished) for started, finished, *_ in latest])
    return Pace(len(latest) / max(0.001, busy), calls, waits)


def answered_per_minute() -> float:
    """Return how many attempts a minute were answered in the last minutes, all of them counted.

    Of a burst of a second it is not guessed what it would come to if it lasted.
    """
    answered = Attempt.objects.filter(finished_at__gte=timezone.now() - WINDOW, outcome=Attempt.Outcome.ANSWERED)
    return answered.count() / (WINDOW.total_seconds() / 60)


def busy_seconds(calls: Iterable[tuple[datetime, datetime]]) -> float:
    """Return how long at least one of these calls ran; each is from its start to its end."""
    busy, until = timedelta(0), datetime.min.replace(tzinfo=UTC)
    for started, finished in sorted(calls):
        busy += max(finished - max(started, until), timedelta(0))
        until = max(until, finished)
    return busy.total_seconds()


def _milliseconds(took: timedelta) -> int:
    return round(1000 * took.total_seconds())


def percentile(ascending: list[int], percent: int) -> int | None:
    """Return the value that so many percent do not pass; None of none."""
    return ascending[math.ceil(len(ascending) * percent / 100) - 1] if ascending else None


def percentiles(ascending: list[int]) -> dict[str, int | None]:
    return {"p50": percentile(ascending, 50), "p95": percentile(ascending, 95)}


class QueuePace:
    """The pace and the length of the queue as this process saw them, at most a second old."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._seen_at = -math.inf
        self._per_second = 0.0
        self._due = {0: 0, 1: 0}
        self._authors = 1
        self._of_author: dict[tuple[int, int], int] = {}

    def seconds_until_done(self, job_id: int) -> int:
        """Return in how many seconds a job that is due is likely to be done, from 1 to 300.

        By its place in the queue: authors alternate, so it is that among its author's times the authors who wait.
        """
        self._look()
        if self._is_short():
            return 1
        for priority, author in rows_of(PLACE_OF, [job_id]):
            ((own,),) = rows_of(COUNT_BEFORE_OF_AUTHOR, [priority, author, job_id, MOST_COUNTED])
            return self._seconds(priority, own)
        return 1

    def seconds_until_new_is_done(self, priority: int, author: int) -> int:
        """Return the same for a job just queued, which is its author's last; the author is counted once a second."""
        self._look()
        if self._is_short():
            return 1
        if (priority, author) not in self._of_author:
            count = COUNT_OF_AUTHOR.format(until=NOW[connection.vendor])
            ((own,),) = rows_of(count, [priority, author, MOST_COUNTED])
            self._of_author[priority, author] = own
        else:
            self._of_author[priority, author] += 1
        return self._seconds(priority, self._of_author[priority, author])

    def _is_short(self) -> bool:
        """Say whether a second is enough, whosever a job is; or nobody knows."""
        return sum(self._due.values()) <= self._per_second or not self._per_second

    def _seconds(self, priority: int, own: int) -> int:
        before = min(self._due[priority], own * self._authors) + (self._due[0] if priority else 0)
        return max(1, min(MOST_SECONDS, math.ceil(before / self._per_second)))

    def _look(self) -> None:
        if time.monotonic() - self._seen_at < SEEN_SECONDS:
            return
        self._seen_at = time.monotonic()
        self._of_author = {}
        query = COUNT_DUE.format(now=NOW[connection.vendor])
        self._due = {priority: rows_of(query, [priority, MOST_COUNTED])[0][0] for priority in self._due}
        if not any(self._due.values()):
            return
        self._per_second = measured().per_busy_second
        waiting = [len(due.authors_after(-1, priority, MOST_AUTHORS)) for priority in self._due]
        self._authors = max(1, *waiting)


queue_pace = QueuePace()
