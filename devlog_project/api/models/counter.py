"""Counts that hold for all processes: how often something happened in a stretch of time."""

from __future__ import annotations

from itertools import count

from django.db import models, transaction
from django.db.models import F

# Add to a count, which begins anew where its time is over. Clocks differ: who is late counts in others' time.
ADD = (
    "INSERT INTO api_counter (key, ends_at, count) VALUES (%s, %s, %s) ON CONFLICT (key) DO UPDATE SET "
    "count = excluded.count + CASE WHEN api_counter.ends_at < excluded.ends_at THEN 0 ELSE api_counter.count END, "
    "ends_at = CASE WHEN api_counter.ends_at < excluded.ends_at THEN excluded.ends_at ELSE api_counter.ends_at END "
    "RETURNING key, count"
)
# How many rows are cleared away at a time, with each how-manieth addition: more than can have come meanwhile.
CLEARED, CLEARED_EACH = 500, 100

_additions = count(1)


class Counters(models.Manager["Counter"]):
    def add(self, key: str, number: int, ends_at: int) -> int:
        """Return the count of this key after so many more, in the time that ends then."""
        with transaction.atomic():
            (counter,) = self.raw(ADD, [key, ends_at, number])
        return int(counter.count)

    def take_back(self, key: str, number: int, ends_at: int) -> None:
        self.filter(key=key, ends_at=ends_at).update(count=F("count") - number)

    def clear_away(self, now: float) -> None:
        """Delete what has ended, now and then; in no other transaction, as the rows are locked in any order."""
        if next(_additions) % CLEARED_EACH:
            return
        with transaction.atomic():
            ended = self.filter(ends_at__lt=now).select_for_update(skip_locked=True)
            self.filter(pk__in=list(ended.values_list("pk", flat=True)[:CLEARED])).delete()


class Counter(models.Model):
    """So many within the time that ends then, in seconds since 1970."""

    key = models.CharField(max_length=40, primary_key=True)
    ends_at = models.BigIntegerField(db_index=True)
    count = models.BigIntegerField()

    objects = Counters()

    def __str__(self) -> str:
        return self.key
