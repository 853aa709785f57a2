"""How often each tag is used, and when: figures that are counted now and then, so that a list need not count all.

To keep them up with each answer would cost every writer a row that all others write, too. Nobody pays for them but
who looks: see tagging/engine/recount.py.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import cast

from django.db import connection, connections, models, transaction

from tagging.models import sql
from tagging.models.batch import Batch
from tagging.models.tag import Tag

# The list on which it is shown how far a count is.
PAGE = "tagging.tag"
COUNT = (
    "SELECT tagging.tag_id, {month}, COUNT(*), {first}, {last}, COUNT({public}), {public_first}, {public_last} "
    "FROM devlogs_devlog devlog "
    "JOIN tagging_devlogtag tagging ON tagging.devlog_id = devlog.id "
    "WHERE devlog.id > %s AND devlog.id <= %s GROUP BY 1, 2"
)
# As texts, by the days of UTC: SQLite has no others, and texts are compared as they are.
DAY = {"sqlite": "SUBSTR({at}, 1, 10)", "postgresql": "({at} AT TIME ZONE 'UTC')::date::text"}
WRITTEN = "devlog.created_at"
PUBLIC = "CASE WHEN NOT devlog.is_private THEN devlog.created_at END"
FIGURES = ("devlogs", "first_used", "last_used", "months")
FIELDS = (*FIGURES, *(f"public_{name}" for name in FIGURES))

# Of one tag in one month: the tag, the month, on how many dev-logs, and the days of the first and the last of them;
# then the same three of those that are not private.
Row = tuple[int, str, int, str, str, int, str | None, str | None]


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

    def lock(self) -> None:
        """Keep all others from these figures to the end of the transaction.

        On SQLite a transaction that writes is alone from its beginning.
        """
        connection = connections[self.db]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {self.model._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")

    def expire(self) -> None:
        """Have them counted anew when they are next looked at."""
        Batch.objects.filter(page=PAGE).delete()


class TagUse(models.Model):
    """On how many dev-logs a tag is, since when and until when, and on how many of each month.

    All of it twice: the figures of what is not private are for those who may not read the rest.
    """

    # A tag that is deleted while they are counted may leave a row behind: the next count takes it away.
    tag = models.OneToOneField(Tag, models.CASCADE, primary_key=True, db_constraint=False, related_name="use")
    devlogs = models.PositiveIntegerField()
    first_used = models.DateField()
    last_used = models.DateField()
    # By month, as in "2026-11": on how many dev-logs. Months without any are left out.
    months = models.JSONField(default=dict)
    public_devlogs = models.PositiveIntegerField("dev-logs that are not private")
    public_first_used = models.DateField(null=True)
    public_last_used = models.DateField(null=True)
    public_months = models.JSONField(default=dict)

    objects = TagUseQuerySet.as_manager()

    class Meta:
        verbose_name = "use of a tag"
        verbose_name_plural = "uses of tags"

    def __str__(self) -> str:
        return f"{self.tag_id}: {self.devlogs}"

    def equals(self, other: TagUse) -> bool:
        return all(getattr(self, name) == getattr(other, name) for name in FIELDS)


class Figures:
    """The uses of one tag, added up."""

    def __init__(self) -> None:
        self.months = Counter[str]()
        self.first, self.last = "", ""

    def add(self, month: str, count: int, first: str | None, last: str | None) -> None:
        if first and last:  # as texts, of which each is a day
            self.months[month] += count
            self.first, self.last = min(self.first or first, first), max(self.last, last)

    def fields(self) -> Iterable[tuple[str, object]]:
        """Return them as the fields of a row, by their names."""
        days = [date.fromisoformat(day) if day else None for day in (self.first, self.last)]
        return zip(FIGURES, (self.months.total(), *days, dict(self.months)), strict=True)


class Tally:
    """The uses of tags, added up from one portion of the dev-logs after the other."""

    def __init__(self) -> None:
        self._all = defaultdict[int, Figures](Figures)
        self._public = defaultdict[int, Figures](Figures)

    def add(self, rows: Iterable[Row]) -> None:
        for tag_id, month, count, first, last, public, public_first, public_last in rows:
            self._all[tag_id].add(month, count, first, last)
            self._public[tag_id].add(month, public, public_first, public_last)

    def uses(self) -> Iterator[TagUse]:
        for tag_id, figures in self._all.items():
            public = {f"public_{name}": value for name, value in self._public[tag_id].fields()}
            yield TagUse(tag_id=tag_id, **dict(figures.fields()), **public)


def rows_between(after: int, up_to: int) -> Sequence[Row]:
    """Count the uses of each tag by month, on the dev-logs with these ids."""
    day = DAY[connection.vendor].format
    columns = {
        "month": f"SUBSTR({day(at=WRITTEN)}, 1, 7)",
        "public": PUBLIC,
        "first": day(at=f"MIN({WRITTEN})"),
        "last": day(at=f"MAX({WRITTEN})"),
        "public_first": day(at=f"MIN({PUBLIC})"),
        "public_last": day(at=f"MAX({PUBLIC})"),
    }
    return cast("Sequence[Row]", sql.rows_of(COUNT.format(**columns), [after, up_to]))
