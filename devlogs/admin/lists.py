"""The list of dev-logs: what it is filtered by and searched for, each by an index or up to a bound."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devlog_project.api.access import readable
from devlogs import search
from devlogs.filters import DevLogFilter
from devlogs.models import DevLog
from tagging.admin.lists import MOST_COUNTED, IdsFirst
from tagging.curation import vocabulary
from tagging.models import DevLogTag, Job, Tag
from tagging.models.history import Remembered

TAGS_OFFERED = 20
DEVLOGS_COUNTED = 1_000
# So old, in seconds, the count of those without a job may be, where there are many dev-logs.
COUNTED_SECONDS = 60.0


class StateFilter(admin.ChoicesFieldListFilter):
    """As the API has it, by the indexes of jobs."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> QuerySet[DevLog]:
        chosen = cast("dict[str, list[str]]", self.used_parameters)
        for state in chosen.get(self.lookup_kwarg, ()):
            if state in Job.State:
                queryset = DevLogFilter().in_state(queryset, "state", state)
            else:
                queryset = queryset.filter(job__state=state)
        return queryset


class TagFilter(admin.SimpleListFilter):
    """Offer the tags most used of late: to count all of them would read the whole table."""

    title = gettext_lazy("tag (most used of late)")
    parameter_name = "tags__slug"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        used = tags_of_late(request, TAGS_OFFERED)
        offered = {slug: f"{name} ({count})" for slug, name, count in used}
        if chosen := self.value():  # a link from a tag's page may name any
            offered.setdefault(chosen, chosen)
        return list(offered.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> QuerySet[DevLog]:
        if not self.value():
            return queryset
        # The tag is looked up first: of a join a database may begin with the dev-logs.
        tag = Tag.objects.filter(slug=self.value()).first()
        return queryset.filter(pk__in=DevLogTag.objects.filter(tag=tag).values("devlog")) if tag else queryset.none()


class JobFilter(admin.SimpleListFilter):
    """Find what came by another way than the API, a fixture or SQL, and has no job; only there while there is any."""

    title = gettext_lazy("job")
    parameter_name = "job__isnull"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        _all, without = devlogs_and_without_job()
        told = _("none: never tagged (%(count)s)") % {"count": number_format(without, force_grouping=True)}
        return [("True", told)] if without > 0 or self.value() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> QuerySet[DevLog]:
        return queryset.filter(job=None) if self.value() == "True" else queryset


def count_without_job() -> tuple[int, int]:
    """Return how many dev-logs there are, and how many without a job.

    Each job has its dev-log: so how many have none is the difference of two counts, which no row is read for.
    """
    count = DevLog.objects.count()
    return count, count - Job.objects.count()


def are_many(counts: tuple[int, int]) -> bool:
    return counts[0] > MOST_COUNTED


devlogs_and_without_job = Remembered(count_without_job, COUNTED_SECONDS, are_many)


class DevLogList(IdsFirst):
    def with_more(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.prefetch_related(Prefetch("taggings", DevLogTag.objects.shown()))


def tags_of_late(request: HttpRequest, limit: int) -> list[tuple[str, str, int]]:
    """Return the tags most used in the latest dev-logs that may be read, with their slugs, names and counts."""
    newest = DevLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    latest = readable(DevLog.objects.order_by().filter(pk__gt=newest - DEVLOGS_COUNTED), request.user)
    # By the dev-logs' ids, the tags' ids, and the names of these few: joined, either database may go through all.
    used = DevLogTag.objects.order_by().filter(devlog__in=list(latest.values_list("pk", flat=True))).values_list("tag")
    counts = dict(used.annotate(count=Count("pk")).order_by("-count", "tag")[:limit])
    tags = Tag.objects.in_bulk(counts)
    return [(tags[pk].slug, tags[pk].name, count) for pk, count in counts.items() if pk in tags]


def holding(devlogs: QuerySet[DevLog], question: str) -> QuerySet[DevLog]:
    """Return those whose entry has all words and phrases of a question, or which carry the tag that it names."""
    phrases = search.phrases(question)
    tag = vocabulary.find(question)
    if not tag:
        return search.containing(devlogs, phrases) if phrases else devlogs.none()
    found = Q(pk__in=DevLogTag.objects.filter(tag=tag).values("devlog"))
    if phrases:
        found |= Q(pk__in=search.containing(DevLog.objects.order_by(), phrases).values("pk"))
    return devlogs.filter(found)
