"""What a tag's page tells of its use: by month, in which words, beside what, and by whom it was set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from django.db.models import Count
from django.utils.translation import gettext

from tagging.admin.tag_sight import Person, places_for
from tagging.models import Attempt, DevLogTag, Tag

# Of a tag that is everywhere, so many of its latest places tell how it is used.
LATEST = 2_000
NEWEST = 20
MOST_WORDS = 20
MOST_RELATED = 20
Rows = Sequence[tuple[str, int]]


class Place(NamedTuple):
    """A tag on a dev-log, with what is told of it."""

    devlog_id: int
    evidence: str
    spelling: str
    extractor: str | None
    model: str | None

    @property
    def source(self) -> str:
        if self.extractor is None:
            return gettext("a person")
        return Attempt(extractor=self.extractor, model=self.model or "").source


class Places:
    """The latest places of a tag that a person may read."""

    def __init__(self, tag: Tag, user: Person) -> None:
        columns = ("devlog", "evidence", "spelling", "attempt__extractor", "attempt__model")
        rows = places_for(user).filter(tag=tag).order_by("-pk").values_list(*columns)[:LATEST]
        self.tag = tag
        self.latest = [Place(*row) for row in rows]

    def sources(self) -> Rows:
        return most(place.source for place in self.latest)

    def words(self) -> Rows:
        return most(place.evidence for place in self.latest)

    def spellings(self) -> Rows:
        return most(place.spelling for place in self.latest)

    def related(self) -> list[tuple[Tag, int]]:
        """Return the tags of the same dev-logs, each with on how many of them it is, most first."""
        beside = DevLogTag.objects.order_by().filter(devlog__in=[place.devlog_id for place in self.latest])
        counts = beside.exclude(tag=self.tag).values("tag").annotate(count=Count("pk")).order_by("-count", "tag")
        rows = list(counts.values_list("tag", "count")[:MOST_RELATED])
        tags = Tag.objects.in_bulk([pk for pk, _ in rows])
        return [(tags[pk], count) for pk, count in rows if pk in tags]


def newest(tag: Tag, user: Person) -> list[DevLogTag]:
    """Return the newest places of a tag whose entries a person may read, with their dev-logs."""
    places = places_for(user).filter(tag=tag)
    # By the column itself: by "-devlog" it would be the ordering of dev-logs, the other way round.
    return list(places.select_related("devlog__author").order_by("-devlog_id")[:NEWEST])


def most(words: Iterable[str]) -> Rows:
    """Return the most frequent of these words with their counts; of equals the first by the alphabet."""
    counts = Counter(filter(None, words))
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))[:MOST_WORDS]


def months_since(first: date, until: date) -> int:
    """Return how many months there are from that of one day to that of another, both with them."""
    return (until.year - first.year) * 12 + until.month - first.month + 1


def monthly(months: Mapping[str, int], until: date, count: int) -> list[tuple[date, int]]:
    """Return so many months up to that of a day, each by its first day, with the dev-logs of each."""
    last = until.year * 12 + until.month - 1
    days = [date(month // 12, month % 12 + 1, 1) for month in range(last - count + 1, last + 1)]
    return [(day, months.get(f"{day:%Y-%m}", 0)) for day in days]
