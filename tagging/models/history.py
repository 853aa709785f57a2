"""How the queue fared, by hour, day and week. Each figure reads ranges of an index, and of many rows a sample."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import connection
from django.utils import timezone

from devlogs.models import DevLog
from tagging.models import pace
from tagging.models.attempt import Attempt
from tagging.models.author_spending import today
from tagging.models.spending import Spending
from tagging.models.sql import prepared, rows_for, rows_of
from tagging.models.tag import Tag

HOURS, DAYS, WEEKS = 24, 30, 12
TECHNOLOGIES = 6
# Of an hour so many of the last answers are timed, of a week so many of the last dev-logs looked at.
TIMED_OF_HOUR, SEEN_OF_WEEK = 100, 300
# How old what is shown may be, in seconds: several people look, every few seconds.
HOURS_SECONDS, WEEKS_SECONDS = 4.0, 60.0
# For so long after an hour attempts may still be committed that ended in it.
STILL_COMING = timedelta(minutes=1)

# Count all that ended in an hour, and those of them that were answered.
COUNT_ATTEMPTS = (
    "SELECT {number}, COUNT(*), COALESCE(SUM(CASE WHEN outcome = 'answered' THEN 1 ELSE 0 END), 0) "
    "FROM tagging_attempt WHERE finished_at >= %s AND finished_at < %s"
)
# Time the last answers of an hour: the calls, and since they were asked for, where that was not asked anew since.
TIME_ANSWERS = (
    "SELECT number, {call}, CASE WHEN queued_at <= started_at THEN {wait} END FROM (SELECT part.*, "
    "(SELECT queued_at FROM tagging_job WHERE devlog_id = part.job_id) AS queued_at FROM ({parts}) part) timed"
)
LAST_ANSWERS = (
    "SELECT * FROM (SELECT {number} AS number, job_id, started_at, finished_at FROM tagging_attempt "
    "WHERE finished_at >= %s AND finished_at < %s AND outcome = 'answered' ORDER BY finished_at DESC LIMIT {most}) "
    "hour{number}"
)
MILLISECONDS = {
    "sqlite": "(JULIANDAY({end}) - JULIANDAY({start})) * 86400000",
    "postgresql": "EXTRACT(EPOCH FROM {end} - {start}) * 1000",
}
# Of private ones nothing: a name may stand in these alone.
LAST_DEVLOGS = (
    "SELECT number, id FROM (SELECT {number} AS number, id, is_private FROM devlogs_devlog "
    "WHERE created_at >= %s AND created_at < %s "
    "ORDER BY created_at DESC LIMIT {most}) week{number} WHERE NOT is_private"
)
# By index for each dev-log: of a join a planner might read all tags there are.
READ_TAGS = "SELECT devlog_id, tag_id FROM tagging_devlogtag WHERE devlog_id IN {portion}"

Row = dict[str, Any]
T = TypeVar("T")


class Remembered(Generic[T]):
    """Figures that are read anew once they are older than so many seconds; or each time, while that is no work."""

    def __init__(self, read: Callable[[], T], seconds: float, is_work: Callable[[T], bool] = lambda _: True) -> None:
        self._read, self._seconds, self._is_work = read, seconds, is_work
        self._kept_until = -math.inf

    def __call__(self) -> T:
        if time.monotonic() > self._kept_until:
            self._kept = self._read()
            self._kept_until = time.monotonic() + self._seconds if self._is_work(self._kept) else -math.inf
        return self._kept

    def forget(self) -> None:
        self._kept_until = -math.inf


class Hours:
    """The last hours, the present one last: how many attempts ended how, and what they took.

    What is over does not change any more, and is read once.
    """

    def __init__(self) -> None:
        self._over: dict[datetime, Row] = {}

    def __call__(self) -> list[Row]:
        now = timezone.now().astimezone(UTC)
        present = now.replace(minute=0, second=0, microsecond=0)
        starts = [present - timedelta(hours=HOURS - 1 - number) for number in range(HOURS)]
        read = read_hours([start for start in starts if start not in self._over])
        rows = [self._over.get(start) or read[start] for start in starts]
        ended_before = now - timedelta(hours=1) - STILL_COMING
        self._over = {row["hour"]: row for row in rows if row["hour"] < ended_before}
        return rows

    def forget(self) -> None:
        self._over = {}


def read_hours(starts: Sequence[datetime]) -> dict[datetime, Row]:
    bounds = [(start, start + timedelta(hours=1)) for start in starts]
    between = [prepared(Attempt, "finished_at", moment) for both in bounds for moment in both]
    counts = {number: ended for number, *ended in rows_of(union(COUNT_ATTEMPTS, len(starts)), between)}
    calls: list[list[int]] = [[] for _ in starts]
    waits: list[list[int]] = [[] for _ in starts]
    for number, call, wait in rows_of(timing(len(starts)), between):
        calls[number].append(round(max(0, call)))
        if wait is not None:
            waits[number].append(round(max(0, wait)))
    return {
        start: {
            "hour": start,
            "answered": counts[number][1],
            "failed": counts[number][0] - counts[number][1],
            "milliseconds_until_done": pace.percentiles(sorted(waits[number])),
            "milliseconds_of_call": pace.percentiles(sorted(calls[number])),
        }
        for number, start in enumerate(starts)
    }


def timing(hours: int) -> str:
    milliseconds = MILLISECONDS[connection.vendor]
    call = milliseconds.format(start="started_at", end="finished_at")
    wait = milliseconds.format(start="queued_at", end="finished_at")
    return TIME_ANSWERS.format(call=call, wait=wait, parts=union(LAST_ANSWERS, hours, most=TIMED_OF_HOUR))


def union(part: str, count: int, **words: object) -> str:
    """Return a statement with a part for each of so many numbers."""
    return " UNION ALL ".join(part.format(number=number, **words) for number in range(count))


def by_day(days: int = DAYS) -> list[Row]:
    """Return what each of the last days cost, in UTC and the present one last, and what it may."""
    last = today()
    first = last - timedelta(days=days - 1)
    spent = {one.day: one for one in Spending.objects.filter(day__gte=first)}
    rows = []
    for number in range(days):
        day = first + timedelta(days=number)
        of_day = spent.get(day) or Spending(day=day)
        rows.append({"day": day, "tokens": of_day.tokens, "cost": f"{of_day.cost:.6f}"})
    return rows


def limits() -> Row:
    """Return what a day may cost, null where nothing limits it."""
    return {
        "tokens_limit": settings.TAGGING_DAILY_TOKENS or None,
        "cost_limit": settings.TAGGING_DAILY_COST or None,
        "tokens_limit_per_author": settings.TAGGING_DAILY_TOKENS_PER_AUTHOR or None,
    }


def read_technologies() -> Row:
    """Return of each of the last weeks how many dev-logs were looked at, and how many of these name what most do."""
    monday = today() - timedelta(days=today().weekday())
    weeks = [monday - timedelta(weeks=WEEKS - 1 - number) for number in range(WEEKS)]
    between = [moment for week in weeks for moment in (begin_of(week), begin_of(week + timedelta(weeks=1)))]
    parts = union(LAST_DEVLOGS, WEEKS, most=SEEN_OF_WEEK)
    week_of = {pk: number for number, pk in rows_of(parts, between)}
    counts: dict[int, Counter[int]] = {}
    for devlog, tag in rows_for(READ_TAGS, list(week_of)):
        counts.setdefault(tag, Counter())[week_of[devlog]] += 1
    most = sorted(counts, key=lambda tag: (-counts[tag].total(), tag))[:TECHNOLOGIES]
    tags = Tag.objects.in_bulk(most)
    used = [
        {"name": tags[pk].name, "slug": tags[pk].slug, "devlogs": in_order(counts[pk])} for pk in most if pk in tags
    ]
    return {"weeks": weeks, "devlogs": in_order(Counter(week_of.values())), "technologies": used}


def in_order(counts: Counter[int]) -> Sequence[int]:
    return [counts[number] for number in range(WEEKS)]


def begin_of(day: date) -> object:
    """Return its first moment, in UTC, as the database has it."""
    return prepared(DevLog, "created_at", datetime(day.year, day.month, day.day, tzinfo=UTC))


hours_over = Hours()
by_hour = Remembered(hours_over, HOURS_SECONDS)
technologies = Remembered(read_technologies, WEEKS_SECONDS)


def forget() -> None:
    """Read all anew."""
    hours_over.forget()
    by_hour.forget()
    technologies.forget()
