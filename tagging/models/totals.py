"""What all attempts came to, for counters that never fall.

The attempts themselves cannot be counted: they go with their dev-log, and a million of them take seconds. To count
each where it is settled would cost every worker a row that all others write, too. So nobody pays for it but who looks:
each look adds what has ended since the last one to a single row. What is deleted before anybody looked is not in it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.db import DatabaseError, connection, models, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from tagging.models.attempt import Attempt
from tagging.models.histogram import TOKENS, WAIT_SECONDS, WORK_SECONDS, Histogram
from tagging.models.job import Job
from tagging.models.sql import NOW, rows_of

if TYPE_CHECKING:
    from devlog_project.postgresql.base import DatabaseWrapper as PostgreSQL
    from devlog_project.sqlite.base import DatabaseWrapper as SQLite

logger = logging.getLogger(__name__)

# There is one row.
ONLY = 1
# An attempt is counted once it ended so many seconds ago: on PostgreSQL one with a lower id may be committed later.
SETTLED_SECONDS = 5.0
# So many are added in one look, for which nobody waits long; the next one goes on from there.
MOST_AT_ONCE = 2_000
# How long a look waits for another that adds, or for whoever else writes.
WAIT_FOR_LOCK_SECONDS = 0.5

SECONDS = {
    "sqlite": "(JULIANDAY({end}) - JULIANDAY({start})) * 86400",
    "postgresql": "EXTRACT(EPOCH FROM {end} - {start})::float",
}
# What ended since, with its age, how long it took, and how long its dev-log waited for it where it was the first try.
# By index for each: of a join a planner might read all jobs there are.
READ_ENDED = (
    "SELECT id, {age}, outcome, error_code, model, input_tokens, output_tokens, cost, {took}, "
    "CASE WHEN number = 1 AND queued_at <= started_at THEN {waited} END, priority FROM (SELECT part.*, "
    "(SELECT queued_at FROM tagging_job WHERE devlog_id = job_id) AS queued_at, "
    "(SELECT priority FROM tagging_job WHERE devlog_id = job_id) AS priority "
    "FROM (SELECT id, job_id, number, started_at, finished_at, outcome, error_code, model, input_tokens, "
    "output_tokens, cost FROM tagging_attempt WHERE id > %s ORDER BY id LIMIT %s) part) ended ORDER BY id"
)


class Ended(NamedTuple):
    """An attempt, as it is added."""

    id: int
    age: float
    outcome: str
    error_code: str
    model: str
    input_tokens: int
    output_tokens: int
    cost: float
    took: float
    waited: float | None
    priority: int | None


class Counted:
    """The sums, each under its labels: they are kept as JSON."""

    def __init__(self, kept: dict[str, list[Any]]) -> None:
        self.attempts: dict[tuple[str, ...], int] = {tuple(labels): n for *labels, n in kept.get("attempts", [])}
        self.cost: dict[tuple[str, ...], float] = {tuple(labels): sum_ for *labels, sum_ in kept.get("cost", [])}
        self.took = histograms(kept.get("took", []), WORK_SECONDS)
        self.waited = histograms(kept.get("waited", []), WAIT_SECONDS)
        self.tokens = histograms(kept.get("tokens", []), TOKENS)

    def kept(self) -> dict[str, list[Any]]:
        sums = {name: [[*labels, n] for labels, n in getattr(self, name).items()] for name in ("attempts", "cost")}
        for name in ("took", "waited", "tokens"):
            sums[name] = [[*labels, each.counts, each.total] for labels, each in getattr(self, name).items()]
        return sums

    def add(self, ended: Iterable[Ended]) -> None:
        for one in ended:
            key = one.outcome, one.error_code
            self.attempts[key] = self.attempts.get(key, 0) + 1
            if one.outcome != Attempt.Outcome.LOST:  # which ended when it was found
                self.took.setdefault((one.outcome, one.model), Histogram(WORK_SECONDS)).note(max(0.0, one.took))
            if one.waited is not None:
                priority = Job.Priority(one.priority or 0).name.lower()
                self.waited.setdefault((priority,), Histogram(WAIT_SECONDS)).note(max(0.0, one.waited))
            if one.input_tokens or one.output_tokens:
                self.cost[one.model,] = self.cost.get((one.model,), 0.0) + float(one.cost)
                self.tokens.setdefault((one.model, "input"), Histogram(TOKENS)).note(one.input_tokens)
                self.tokens.setdefault((one.model, "output"), Histogram(TOKENS)).note(one.output_tokens)


def histograms(kept: Iterable[list[Any]], bounds: tuple[float, ...]) -> dict[tuple[str, ...], Histogram]:
    return {tuple(labels): Histogram(bounds, counts, total) for *labels, counts, total in kept}


def ended_since(attempt_id: int, most: int) -> list[Ended]:
    """Return the next attempts after this one that ended long enough ago, up to the first that did not."""
    seconds, now = SECONDS[connection.vendor], NOW[connection.vendor]
    sql = READ_ENDED.format(
        age=seconds.format(end=now, start="finished_at"),
        took=seconds.format(end="finished_at", start="started_at"),
        waited=seconds.format(end="started_at", start="queued_at"),
    )
    rows = map(Ended._make, rows_of(sql, [attempt_id, most]))
    return list(takewhile(lambda one: one.age >= SETTLED_SECONDS, rows))


class TotalsQuerySet(models.QuerySet["Totals"]):
    def renewed(self) -> Counted:
        """Add what has ended since the last look, and return the sums; without it, where the row cannot be written."""
        try:
            known = self.first() or self._begin()
            if ended_since(known.last_attempt, most=1):
                known = self._add()
        except DatabaseError:
            if connection.in_atomic_block:  # nothing more can be asked in it
                raise
            logger.warning("What has ended could not be counted for /metrics; it is with the next look", exc_info=True)
            known = self.first() or Totals()
        return Counted(known.counted)

    def _begin(self) -> Totals:
        """Begin to count, from now on."""
        newest = Attempt.objects.aggregate(newest=Max("pk"))["newest"] or 0
        return self.get_or_create(pk=ONLY, defaults={"last_attempt": newest})[0]

    def _add(self) -> Totals:
        wrapper = cast("SQLite | PostgreSQL", connection)
        with wrapper.short_waits(WAIT_FOR_LOCK_SECONDS), transaction.atomic():
            row = self.select_for_update().get(pk=ONLY)
            if ended := ended_since(row.last_attempt, MOST_AT_ONCE):  # else another look was faster
                counted = Counted(row.counted)
                counted.add(ended)
                row.counted, row.last_attempt = counted.kept(), ended[-1].id
                row.save(update_fields=["counted", "last_attempt"])
        return row


class Totals(models.Model):
    """The sums over the attempts that ended since somebody looked first, and up to which one they go."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    last_attempt = models.BigIntegerField(default=0)
    counted = models.JSONField(default=dict)

    objects = TotalsQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("totals")

    def __str__(self) -> str:
        return f"up to attempt {self.last_attempt}"
