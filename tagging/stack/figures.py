"""The technologies of some dev-logs, counted: how often, since when, whether more or less of late, and who said so.

One statement counts the dev-logs and one their tags, however many there are. Equal data gives equal answers, in the
same order: a provider keeps the beginning of a prompt that it has seen before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count, F, Max, Min, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from devlogs.models import DevLog
from tagging.models import Attempt, DevLogTag, Job, Tag
from tagging.stack.period import Period
from tagging.stack.spans import FirstDay, Monday

# A share that changes by less than a quarter is steady.
RISING, FALLING = 1.25, 0.75
PERSON = "person"


class Trend(StrEnum):
    NEW = "new"
    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


class Grouping(StrEnum):
    KIND = "kind"
    WEEK = "week"
    NONE = "none"


@dataclass(frozen=True)
class Quote:
    """The words that show a technology, in the newest dev-log that has any."""

    quote: str
    date: date
    devlog: int


@dataclass(frozen=True)
class Technology:
    name: str
    slug: str
    kind: str
    devlogs: int
    share: float
    first_used: date
    last_used: date
    trend: Trend
    source: str
    evidence: Quote | None = None
    # Who found it first and last, and a person where one set it anywhere.
    finders: Sequence[str] = ()


@dataclass(frozen=True)
class Stack:
    """The technologies of a period, most used first, and of how many dev-logs they are."""

    period: Period
    devlogs: int
    pending: int
    failed: int
    left_out: int
    technologies: Sequence[Technology]
    # By the Monday of a week: the places of the technologies in it, each with its number of dev-logs.
    weeks: Mapping[date, Mapping[str, int]] = field(default_factory=dict)


def stack_of(
    devlogs: QuerySet[DevLog],
    period: Period,
    limit: int,
    *,
    by_week: bool = False,
    reader: AbstractBaseUser | None = None,
    with_quotes: bool = False,
) -> Stack:
    """Return the stack of these dev-logs in a period, with quotes that the reader may see if they are wanted."""
    devlogs = devlogs.order_by()
    period = period.begun(devlogs)
    written = period.of(devlogs)
    counts = written.aggregate(
        all=Count("pk"),
        late=Count("pk", filter=Q(created_at__gte=period.middle)),
        pending=Count("pk", filter=Q(job__state__in=Job.UNFINISHED)),
        failed=Count("pk", filter=Q(job__state=Job.State.FAILED)),
    )
    rows = list(counted(written, period.middle)[:limit])
    tags = Tag.objects.in_bulk([row["tag"] for row in rows])
    sources = sources_of({row[which] for row in rows for which in ("first_attempt", "last_attempt") if row[which]})
    quotes = quotes_in(written, list(tags), reader) if with_quotes else {}
    technologies = [
        technology(tags[row["tag"]], row, counts, sources, quotes.get(row["tag"]))
        for row in rows
        if row["tag"] in tags  # and was not deleted meanwhile
    ]
    return Stack(
        period,
        counts["all"],
        counts["pending"],
        counts["failed"],
        rows[0]["rows"] - len(rows) if rows else 0,
        technologies,
        weeks_of(written, tags) if by_week else {},
    )


def counted(devlogs: QuerySet[Any], middle: datetime) -> QuerySet[Any, dict[str, Any]]:
    """Return a row for each tag of these dev-logs, and in each how many rows there are."""
    return (
        devlogs.filter(taggings__isnull=False)
        .values(tag=F("taggings__tag"))
        .annotate(
            count=Count("taggings"),
            late=Count("taggings", filter=Q(created_at__gte=middle)),
            by_people=Count("taggings", filter=Q(taggings__attempt=None)),
            first=Min("created_at"),
            last=Max("created_at"),
            first_attempt=Min("taggings__attempt"),
            last_attempt=Max("taggings__attempt"),
            slug=Min("taggings__tag__slug"),  # the only one: to group by a text as well takes twice as long
            rows=Window(Count("*")),
        )
        .order_by("-count", "slug")
    )


def technology(
    tag: Tag, row: Mapping[str, Any], counts: Mapping[str, int], sources: Mapping[int, str], quote: Quote | None
) -> Technology:
    early = row["count"] - row["late"], counts["all"] - counts["late"]
    finders = finders_of(row, sources)
    return Technology(
        tag.name,
        tag.slug,
        tag.kind,
        row["count"],
        round(100 * share(row["count"], counts["all"]), 1),
        row["first"].astimezone(UTC).date(),
        row["last"].astimezone(UTC).date(),
        trend_of(early, (row["late"], counts["late"])),
        finders[-1],
        quote,
        finders,
    )


def finders_of(row: Mapping[str, Any], sources: Mapping[int, str]) -> list[str]:
    """Return by whom it was found first and last, and at the end a person, where one set it."""
    found = [sources[row[which]] for which in ("first_attempt", "last_attempt") if row[which] in sources]
    return list(dict.fromkeys([*found, *([PERSON] if row["by_people"] or not found else [])]))


def share(part: int, whole: int) -> float:
    """Return what share it is; the two are counted one after the other, and meanwhile others write."""
    return min(part / whole, 1.0) if whole else 0.0


def trend_of(early: tuple[int, int], late: tuple[int, int]) -> Trend:
    """Compare the shares of both halves, each a number of dev-logs and of how many."""
    if not early[0]:
        return Trend.NEW
    before, after = share(*early), share(*late)
    if after >= RISING * before:
        return Trend.RISING
    return Trend.FALLING if after <= FALLING * before else Trend.STEADY


def sources_of(attempts: Collection[int]) -> dict[int, str]:
    """Return who answered in these attempts, without their whole answers."""
    named = Attempt.objects.only("extractor", "model").in_bulk(attempts)
    return {pk: attempt.source for pk, attempt in named.items()}


def quotes_in(devlogs: QuerySet[Any], tags: Collection[int], reader: AbstractBaseUser | None) -> dict[int, Quote]:
    """Return by tag the words that show it, of the newest dev-log; a private one's are for its author alone."""
    readable = Q(is_private=False)
    if reader:
        readable |= Q(author=reader.pk)
    latest_first = [F("created_at").desc(), F("pk").desc()]
    newest = (
        devlogs.filter(readable, taggings__evidence__gt="")
        .annotate(place=Window(RowNumber(), partition_by=F("taggings__tag"), order_by=latest_first))
        .filter(place=1)
    )
    shown = DevLogTag.objects.order_by().select_related("devlog").defer("devlog__entry")
    # Chosen here: with a condition on tags SQLite may begin with them, and read what everybody wrote.
    found = shown.filter(
        pk__in=[place for place, tag in newest.values_list("taggings", "taggings__tag") if tag in tags]
    )
    return {
        place.tag_id: Quote(place.evidence, place.devlog.created_at.astimezone(UTC).date(), place.devlog_id)
        for place in found
    }


def weeks_of(
    devlogs: QuerySet[Any], tags: Mapping[int, Tag], unit: type[FirstDay] = Monday
) -> dict[date, dict[str, int]]:
    """Return by week, or by month, how many dev-logs have each of these tags, most first, the newest week first."""
    rows = (
        # By a sum that no index knows: else SQLite may begin with the tags, and read what everybody wrote.
        devlogs.annotate(shown=F("taggings__tag") + 0)
        .filter(shown__in=list(tags))
        .values("shown", first_day=unit("created_at"))
        .annotate(count=Count("pk"))
        .values_list("first_day", "count", "shown")
    )
    weeks: dict[date, dict[str, int]] = {}
    for first_day, count, tag in sorted(rows, key=lambda row: (-row[0].toordinal(), -row[1], tags[row[2]].slug)):
        weeks.setdefault(first_day, {})[tags[tag].slug] = count
    return weeks
