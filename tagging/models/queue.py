"""The queue at a glance. Nothing here reads the jobs that are done, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min
from django.db.models.functions import Coalesce
from django.utils import timezone

from tagging.models import failures, history, pace
from tagging.models.history import Remembered
from tagging.models.job import Job
from tagging.models.provider_state import ProviderState
from tagging.models.queue_pause import PAUSED, QueuePause
from tagging.models.spending import Spending, today
from tagging.models.sql import rows_of
from tagging.models.worker import ALIVE_SECONDS, Worker

# Up to so many rows are counted; of more it is estimated how many there are.
MOST_COUNTED = 10_000
# So old, in seconds, the counts of more pending ones may be: several people look, every few seconds.
PENDING_SECONDS = 15.0

# But for pending ones. Each by an index that holds such jobs alone; a bound value would keep SQLite from using it.
COUNT = (
    "SELECT (SELECT COUNT(*) FROM tagging_job WHERE lease_expires_at IS NOT NULL AND state = 'running'), "
    "(SELECT COUNT(*) FROM tagging_job WHERE state = 'failed'), "
    "(SELECT COUNT(*) FROM (SELECT 1 FROM tagging_job LIMIT %s) counted)"
)
ESTIMATE = {
    "sqlite": "SELECT MAX(devlog_id) FROM tagging_job",
    "postgresql": "SELECT GREATEST(reltuples, 0)::bigint FROM pg_class WHERE oid = 'tagging_job'::regclass",
}


Row = dict[str, Any]


def read_pending() -> Sequence[Row]:
    """Return by what pending jobs wait for, each its own reason, how many there are and when the first is due."""
    pending = Job.objects.filter(run_after__isnull=False).order_by()
    due_at = Coalesce("in_doubt_since", "run_after")
    figures = {"count": Count("pk"), "run_after": Min(due_at), "oldest": Min("queued_at")}
    rows: list[Row] = list(pending.values("waiting_for").annotate(**figures).order_by("waiting_for"))
    return [row | {"waiting_for": row["waiting_for"] or None} for row in rows]


def are_many(pending: Sequence[Row]) -> bool:
    return sum(row["count"] for row in pending) > MOST_COUNTED


pending_by_reason = Remembered(read_pending, PENDING_SECONDS, are_many)


def overview(*, may_see_entries: bool) -> dict[str, Any]:
    """Return what there is, how fast it moves, who works on it, and what it waits for.

    may_see_entries: whether its reader may see dev-logs, and so what went wrong with one.
    """
    measured, pending = pace.measured(), pending_by_reason()
    oldest = min((row["oldest"] for row in pending), default=None)
    return {
        "jobs": counts(),
        "pending": [{name: row[name] for name in ("waiting_for", "count", "run_after")} for row in pending],
        "oldest_pending_seconds": max(0, round((timezone.now() - oldest).total_seconds())) if oldest else None,
        "finished_per_minute": round(pace.answered_per_minute(), 1),
        "milliseconds_until_done": pace.percentiles(measured.waits),
        "milliseconds_of_call": pace.percentiles(measured.calls),
        "workers": workers(),
        "waiting": waiting(),
        "today": spent_today(),
        "failures": failures.by_code(may_see=may_see_entries),
        "hours": history.by_hour(),
        "days": history.by_day(),
        "weeks": history.technologies(),
    }


def counts() -> dict[str, int]:
    ((running, failed, total),) = rows_of(COUNT, [MOST_COUNTED + 1])
    pending = sum(row["count"] for row in pending_by_reason())
    if total > MOST_COUNTED:
        total = max(total, rows_of(ESTIMATE[connection.vendor], [])[0][0] or 0)
    done = max(0, total - pending - running - failed)
    return {"pending": pending, "running": running, "done": done, "failed": failed}


def workers() -> list[dict[str, Any]]:
    """Return who said that they are there, and who holds claims and says nothing, as SQS."""
    held = Job.objects.running().order_by().values("claimed_by")
    claims = {row["claimed_by"]: row for row in held.annotate(jobs=Count("pk"), lease=Max("lease_expires_at"))}
    known = {worker.name: worker for worker in Worker.objects.all()}
    now = timezone.now()
    shown = []
    for name in sorted(claims.keys() | known.keys()):
        worker, claim = known.get(name), claims.get(name)
        seconds = (now - worker.seen_at).total_seconds() if worker else None
        shown.append(
            {
                "name": name,
                "host": worker and worker.host,
                "pid": worker and worker.pid,
                "started_at": worker and worker.started_at,
                "seen_at": worker and worker.seen_at,
                "calls_at_once": worker and worker.calls_at_once,
                "is_alive": None if seconds is None else seconds < ALIVE_SECONDS,
                "jobs": claim["jobs"] if claim else 0,
                "lease_expires_at": claim["lease"] if claim else None,
            }
        )
    return shown


def waiting() -> Row | None:
    """Return what the whole queue waits for, a person's pause before the provider's; None for nothing."""
    if pause := QueuePause.objects.current():
        said: Row = {"waiting_for": PAUSED, "since": pause.since, "until": None, "error": None}
        return said | {"paused_by": pause.who, "reason": pause.reason}
    return provider_waiting()


def provider_waiting() -> Row | None:
    provider = ProviderState.objects.current()
    if not (provider.is_paused or provider.is_half_open):
        return None
    until = provider.resume_at if provider.is_paused else None
    error = {"code": provider.error_code, "detail": provider.error_detail} if provider.error_code else None
    said: Row = {"waiting_for": provider.waiting_for, "since": provider.since, "until": until, "error": error}
    return said | {"paused_by": None, "reason": ""}


def spent_today() -> dict[str, Any]:
    """Return today's spending and its limits, null for none."""
    spent = Spending.objects.filter(day=today()).first() or Spending(day=today())
    return {
        "day": spent.day,
        "tokens": spent.tokens,
        "cost": f"{spent.cost:.6f}",
        **history.limits(),
    }
