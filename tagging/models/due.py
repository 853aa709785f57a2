"""Which jobs are due, and whose: queries of the hot path, by hand as those in sql.py, and each by an index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from tagging.models.sql import NOW, Query, in_utc, marks, rows_of

LOCK = {"sqlite": "", "postgresql": "FOR UPDATE SKIP LOCKED"}
# Of whom it is known whose fault their last failure was.
DECIDED = "AND in_doubt_since IS NULL "
UNTRIED = DECIDED + "AND error_code = '' "
# Private or not; None takes either.
PRIVATE = {None: "", True: "AND is_private ", False: "AND NOT is_private "}

# Find the last of so many that an author has pending: as many entries of an index are read, and no more.
FIND_PENDING = (
    "SELECT 1 FROM tagging_job WHERE run_after IS NOT NULL AND priority = %s AND author_id = %s LIMIT 1 OFFSET %s"
)
# Find the authors after this one who have jobs pending at a priority, and whether the first of these is due: two looks
# into the index for each, however many jobs they have.
FIND_AUTHORS = (
    "WITH RECURSIVE pending(author, is_due, number) AS (SELECT CAST(%s AS BIGINT), FALSE, 0 UNION ALL "
    "SELECT (SELECT author_id {next}), (SELECT run_after {next}) <= {now}, number + 1 "
    "FROM pending WHERE author IS NOT NULL AND number < %s) "
    "SELECT author, is_due FROM pending WHERE author IS NOT NULL AND number > 0"
)
FIRST_OF_NEXT_AUTHOR = (
    "FROM tagging_job WHERE run_after IS NOT NULL AND priority = {priority} AND author_id > pending.author "
    "ORDER BY author_id, run_after LIMIT 1"
)
# Look whether there is anything at all to sweep: three looks into indexes, where nothing is.
FIND_UNFINISHED = (
    "SELECT EXISTS (SELECT 1 FROM tagging_job WHERE lease_expires_at IS NOT NULL), "
    "EXISTS (SELECT 1 FROM tagging_job WHERE priority IN (0, 1) AND run_after <= {now}), "
    "EXISTS (SELECT 1 FROM tagging_job WHERE priority IN (0, 1) AND run_after > {now})"
)
# The jobs due at one priority, those of one author or all: a range of an index, which ends where the future begins.
DUE_PART = (
    "SELECT devlog_id FROM (SELECT devlog_id FROM tagging_job WHERE priority = %s AND run_after <= {now} {only}"
    "{private}{author}ORDER BY run_after LIMIT %s {lock}) part"
)
MEASURE_ENTRIES = (
    "SELECT devlog_id, (SELECT LENGTH(entry) FROM devlogs_devlog WHERE id = due.devlog_id), "
    "(SELECT author_id FROM tagging_job job WHERE job.devlog_id = due.devlog_id) FROM ({jobs}) due"
)
# The first that is due at a priority, or will be: the begin of a range of an index.
FIND_FIRST = (
    "SELECT run_after FROM tagging_job WHERE run_after IS NOT NULL AND priority = %s ORDER BY run_after LIMIT 1"
)

THESE_JOBS = "SELECT devlog_id FROM tagging_job WHERE devlog_id IN {portion}"

# Up to how many jobs to take of a priority, and of one author only, or of any.
DuePart = tuple[int, int | None, int]


class Unfinished(NamedTuple):
    """Whether there are jobs that are claimed, pending jobs whose time has come, and those whose time has not."""

    is_claimed: bool
    has_come: bool
    is_ahead: bool


class Measured(NamedTuple):
    """A due job, with the length of its entry and its author, 0 for none."""

    pk: int
    length: int
    author_id: int


def unfinished() -> Unfinished:
    (found,) = rows_of(FIND_UNFINISHED.format(now=NOW[connection.vendor]), [])
    return Unfinished(*map(bool, found))


def seconds_due(priority: int) -> float:
    """Return for how long the job of this priority is due that has been for longest; 0 where none is."""
    return max((age_of(at) for (at,) in rows_of(FIND_FIRST, [priority])), default=0.0)


def age_of(moment: datetime) -> float:
    return max(0.0, (timezone.now() - in_utc(moment)).total_seconds())


def has_pending(author_id: int, count: int, priority: int) -> bool:
    """Say whether the author has so many jobs pending at this priority."""
    return bool(rows_of(FIND_PENDING, [priority, author_id, count - 1]))


def authors_after(author_id: int, priority: int, limit: int) -> list[tuple[int, bool]]:
    """Return the next authors who have jobs pending at this priority, in ascending order, and whether one is due."""
    query = FIND_AUTHORS.format(next=FIRST_OF_NEXT_AUTHOR.format(priority=priority), now=NOW[connection.vendor])
    return [(author, bool(is_due)) for author, is_due in rows_of(query, [author_id, limit])]


def jobs(parts: Sequence[DuePart], limit: int, untried: bool, private: bool | None = None) -> Query:
    """Return the query for the ids of due jobs, part after part up to the limit, and its parameters."""
    texts, values = [], []
    for priority, author, most in parts:
        of_one = "" if author is None else "AND author_id = %s "
        words = {"now": NOW[connection.vendor], "lock": LOCK[connection.vendor], "private": PRIVATE[private]}
        texts.append(DUE_PART.format(only=UNTRIED if untried else DECIDED, author=of_one, **words))
        values += [priority, *([] if author is None else [author]), most]
    return f"{' UNION ALL '.join(texts)} LIMIT %s", [*values, limit]


def these(ids: Sequence[int]) -> Query:
    """Return the query for these jobs."""
    return THESE_JOBS.format(portion=marks(ids)), ids


def measured(jobs: Query) -> list[Measured]:
    """Return these jobs in order, with the lengths of their entries; on PostgreSQL they are then locked."""
    query, values = jobs
    return [Measured(*row) for row in rows_of(MEASURE_ENTRIES.format(jobs=query), values)]
