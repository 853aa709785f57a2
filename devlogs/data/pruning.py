"""What has had its time, kind by kind, and how it is deleted. Nothing here takes a tag off a dev-log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone
from knox.models import AuthToken

from devlog_project.api.models import Counter, IdempotencyKey
from devlog_project.api.models.idempotency import oldest
from devlogs import entries
from devlogs.models import DevLog
from tagging.curation import unused
from tagging.engine.batches import Portions, Work
from tagging.models import AuthorSpending, Batch, Worker, obsolete, sql
from tagging.models.worker import FORGOTTEN_SECONDS

# How many days what tells of the past is kept; what has ended by itself (keys, tokens, sessions …) goes at once.
ATTEMPTS, BATCHES, AUTHOR_SPENDING, ADMIN_LOG = 90, 30, 90, 365
# What is younger is read still: the figures of the last day, the share of a day that has just ended somewhere.
FEWEST_DAYS = 2
DEVLOGS = "dev-logs"


@dataclass(frozen=True, eq=False)
class Kind:
    """Rows that may go, by what they are; `at` names when each came or ended, empty where nothing says it."""

    name: str
    rows: QuerySet[Any]
    at: str
    # Deletes those of these ids that may go still, in a transaction; None: as any rows are.
    work: Work | None = None

    def count(self) -> tuple[int, str]:
        """Return how many may go, and of which day the oldest is."""
        figures = {"count": Count("pk")} | ({"oldest": Min(self.at)} if self.at else {})
        counted = self.rows.order_by().aggregate(**figures)
        return counted["count"], day_of(counted["oldest"]) if counted.get("oldest") else "-"

    def delete(self) -> Iterator[int]:
        """Delete them in portions, and yield of each how many it were."""
        portions = Portions([self.rows])
        while ids := portions.do(self.work or partial(delete, self.rows)):
            yield len(ids)


def delete(rows: QuerySet[Any], ids: Sequence[Any]) -> None:
    """Delete those of these rows that may go still; what others have in hand waits for the next time."""
    for some in sql.portions(ids):
        there = rows.filter(pk__in=some).order_by("pk").select_for_update(skip_locked=True, of=("self",))
        rows.model._default_manager.filter(pk__in=list(there.values_list("pk", flat=True))).delete()


def day_of(moment: datetime | date | int) -> str:
    """Return the day of a moment, which may stand there in seconds since 1970."""
    at = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int) else moment
    return f"{at:%Y-%m-%d}"


def kinds(older_than: int | None = None) -> list[Kind]:
    """Return what may go. older_than: so many days what tells of the past is kept, whatever it is."""
    now = timezone.now()

    def before(days: int) -> datetime:
        return now - timedelta(days=older_than or days)

    authors = get_user_model()._default_manager.filter(pk=OuterRef("author_id"))
    of_old_days = Q(day__lt=before(AUTHOR_SPENDING).date()) | Q(~Exists(authors), author_id__gt=0)
    gone = now - timedelta(seconds=FORGOTTEN_SECONDS)
    return [
        Kind("attempts, superseded", obsolete.obsolete(before(ATTEMPTS)), "finished_at", obsolete.delete),
        Kind("spending by author", AuthorSpending.objects.filter(of_old_days), "day"),
        Kind("admin log", LogEntry.objects.filter(action_time__lt=before(ADMIN_LOG)), "action_time"),
        Kind("batches", Batch.objects.filter(updated_at__lt=before(BATCHES)), "updated_at"),
        Kind("idempotency keys", IdempotencyKey.objects.filter(created_at__lt=oldest()), "created_at"),
        Kind("tokens, expired", AuthToken.objects.filter(expiry__lt=now), "expiry"),
        Kind("sessions, ended", Session.objects.filter(expire_date__lt=now), "expire_date"),
        Kind("counts of logins, undos", Counter.objects.filter(ends_at__lt=int(now.timestamp())), "ends_at"),
        Kind("workers, gone", Worker.objects.filter(seen_at__lt=gone), "seen_at"),
    ]


def entries_before(moment: datetime) -> Kind:
    return Kind(DEVLOGS, DevLog.objects.filter(created_at__lt=moment), "created_at", entries.remove)


def unused_tags() -> Kind:
    return Kind("tags on no dev-log", unused.unused(), "", unused.delete)
