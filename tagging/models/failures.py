"""The dev-logs whose tagging failed, by why: each kind with an example."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from devlogs.models import DevLog
from tagging.models.job import Job
from tagging.models.sql import rows_of

# So many of the latest dev-logs that failed are counted.
MOST_COUNTED = 10_000

# By the index that holds such jobs alone; a bound value would keep SQLite from using it.
COUNT_BY_CODE = (
    "SELECT error_code, COUNT(*), MAX(devlog_id) FROM (SELECT devlog_id, error_code FROM tagging_job "
    "WHERE state = 'failed' ORDER BY devlog_id DESC LIMIT %s) failed GROUP BY error_code ORDER BY 2 DESC, 1"
)


def by_code(*, may_see: bool) -> list[dict[str, Any]]:
    """Return each code with how many failed so, and the latest of them.

    may_see: whether its reader may see dev-logs; else, and of a private one, no more is told than its number.
    """
    found = rows_of(COUNT_BY_CODE, [MOST_COUNTED])
    latest = DevLog.objects.select_related("job").in_bulk([devlog_id for *_, devlog_id in found])
    return [
        {"code": code, "count": count, "example": example_of(latest[devlog_id], may_see)}
        for code, count, devlog_id in found
        if devlog_id in latest  # else it was deleted just now
    ]


def example_of(devlog: DevLog, may_see: bool) -> dict[str, Any]:
    return {
        "devlog": devlog.pk,
        "is_private": devlog.is_private,
        "detail": devlog.job.error_detail if may_see and not devlog.is_private else None,
        "finished_at": devlog.job.finished_at,
    }


def failed_with(code: str) -> QuerySet[DevLog]:
    """Return the dev-logs whose tagging failed with this code."""
    failed = Job.objects.filter(state=RawSQL("'failed'", ()), error_code=code)
    return DevLog.objects.filter(pk__in=failed.values("pk"))
