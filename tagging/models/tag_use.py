"""How often each tag is used, and when: figures that are counted now and then, so that a list need not count all.

To keep them up with each answer would cost every writer a row that all others write, too. Nobody pays for them but
who looks: see tagging/engine/recount.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import cast

from django.db import connection, models, transaction

from tagging.models import sql
from tagging.models.batch import Batch
from tagging.models.tag import Tag

# The list on which it is shown how far a count is.
PAGE = "tagging.tag"
COUNT = (
    "SELECT tagging.tag_id, {month}, COUNT(*), SUM(CASE WHEN devlog.is_private THEN 0 ELSE 1 END), {first}, {last} "
    "FROM devlogs_devlog devlog "
    "JOIN tagging_devlogtag tagging ON tagging.devlog_id = devlog.id "
    "WHERE devlog.id > %s AND devlog.id <= %s GROUP BY 1, 2"
)
# As texts, by the days of UTC: SQLite has no others, and texts are compared as they are.
DAYS = {
    "sqlite": {
        "month": "SUBSTR(devlog.created_at, 1, 7)",
        "first": "SUBSTR(MIN(devlog.created_at), 1, 10)",
        "last": "SUBSTR(MAX(devlog.created_at), 1, 10)",
    },
    "postgresql": {
        "month": "LEFT((devlog.created_at AT TIME ZONE 'UTC')::date::text, 7)",
        "first": "(MIN(devlog.created_at) AT TIME ZONE 'UTC')::date::text",
        "last": "(MAX(devlog.created_at) AT TIME ZONE 'UTC')::date::text",
    },
}
FIELDS = ("devlogs", "public", "first_used", "last_used", "months")

# Of one tag in one month: the tag, the month, on how many dev-logs, how many of these are not private, and the days of
# the first and the last of them.
Row = tuple[int, str, int, int, str, str]


class TagUseQuerySet(models.QuerySet["TagUse"]):
    def keep(self, uses: Iterable[TagUse]) -> None:
        """Have these be the figures, in place of those of before; only what differs is written."""
        counted = {use.pk: use for use in uses}
        known = {use.pk: use for use in self.all()}
        gone = sorted(known.keys() - counted.keys())
        changed = [use for pk, use in sorted(counted.items()) if pk not in known or not use.equals(known[pk])]
        for portion in sql.portions(gone):
            self.filter(pk__in=portion).delete()
        for some in sql.portions(changed):
            with transaction.atomic():
                there = set(Tag.objects.filter(pk__in=[use.pk for use in some]).values_list("pk", flat=True))
                kept = [use for use in some if use.pk in there]
                TagUse.objects.bulk_create(kept, update_conflicts=True, unique_fields=["tag"], update_fields=FIELDS)

    def expire(self) -> None:
        """Have them counted anew when they are next looked at."""
        Batch.objects.filter(page=PAGE).delete()


class TagUse(models.Model):
    """On how many dev-logs a tag is, since when and until when, and on how many of each month."""

    # A tag that is deleted while they are counted may leave a row behind: the next count takes it away.
    tag = models.OneToOneField(Tag, models.CASCADE, primary_key=True, db_constraint=False, related_name="use")
    devlogs = models.PositiveIntegerField()
    public = models.PositiveIntegerField("dev-logs that are not private")
    first_used = models.DateField()
    last_used = models.DateField()
    # By month, as in "2026-11": on how many dev-logs. Months without any are left out.
    months = models.JSONField(default=dict)

    objects = TagUseQuerySet.as_manager()

    class Meta:
        verbose_name = "use of a tag"
        verbose_name_plural = "uses of tags"

    def __str__(self) -> str:
        return f"{self.tag_id}: {self.devlogs}"

    def equals(self, other: TagUse) -> bool:
        return all(getattr(self, name) == getattr(other, name) for name in FIELDS)


class Tally:
    """The uses of tags, added up from one portion of the dev-logs after the other."""

    def __init__(self) -> None:
        # Of each tag the days of the first and the last use, as texts, and the dev-logs by month.
        self._ends: dict[int, tuple[str, str]] = {}
        self._months: dict[int, dict[str, int]] = {}
        self._public = Counter[int]()

    def add(self, rows: Iterable[Row]) -> None:
        for tag_id, month, count, public, first, last in rows:
            self._public[tag_id] += public
            months = self._months.setdefault(tag_id, {})
            months[month] = months.get(month, 0) + count
            begin, end = self._ends.get(tag_id, (first, last))
            self._ends[tag_id] = min(begin, first), max(end, last)

    def uses(self) -> Iterator[TagUse]:
        for tag_id, (first, last) in self._ends.items():
            months = self._months[tag_id]
            ends = {"first_used": date.fromisoformat(first), "last_used": date.fromisoformat(last)}
            counts = {"devlogs": sum(months.values()), "public": self._public[tag_id]}
            yield TagUse(tag_id=tag_id, months=months, **counts, **ends)


def rows_between(after: int, up_to: int) -> Sequence[Row]:
    """Count the uses of each tag by month, on the dev-logs with these ids."""
    return cast("Sequence[Row]", sql.rows_of(COUNT.format(**DAYS[connection.vendor]), [after, up_to]))
