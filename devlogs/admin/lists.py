"""The list of dev-logs: what it is filtered by, searched for and read with, within a second for 200,000."""

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils.text import smart_split, unescape_string_literal

from devlogs.models import DevLog
from tagging.models import DevLogTag, Job

TAGS_OFFERED = 20
DEVLOGS_COUNTED = 1_000
WORDS_SEARCHED = 20


class TagFilter(admin.SimpleListFilter):
    """Offer the tags most used of late: to count all of them would read the whole table."""

    title = "tag (most used of late)"
    parameter_name = "tags__slug"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        newest = DevLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        used = DevLog.objects.filter(pk__gt=newest - DEVLOGS_COUNTED, tags__isnull=False).order_by()
        most_used = used.values_list("tags__slug", "tags__name").annotate(count=Count("pk")).order_by("-count")
        offered = {slug: f"{name} ({count})" for slug, name, count in most_used[:TAGS_OFFERED]}
        if chosen := self.value():  # a link from a tag's page may name any
            offered.setdefault(chosen, chosen)
        return list(offered.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> QuerySet[DevLog]:
        return queryset.filter(tags__slug=self.value()) if self.value() else queryset


class JobFilter(admin.SimpleListFilter):
    """Find what came by another way than the API, a fixture or SQL, and has no job; only there while there is any.

    Each job has its dev-log: so how many have none is the difference of two counts, which no row is read for.
    """

    title = "job"
    parameter_name = "job__isnull"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        without = DevLog.objects.count() - Job.objects.count()
        return [("True", f"none: never tagged ({without:,})")] if without > 0 or self.value() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> QuerySet[DevLog]:
        return queryset.filter(job=None) if self.value() == "True" else queryset


class DevLogList(ChangeList):
    """The dev-logs of a page: their ids first, and the rows of these alone, so that what is skipped is not read."""

    def get_results(self, request: HttpRequest) -> None:
        ordering = self.queryset.query.order_by
        first = self.ids(self.queryset[: self.list_per_page + 1]) if self.page_num == 1 and not self.show_all else None
        if first is not None and len(first) <= self.list_per_page:
            # All there is: to count it would search once more.
            self.queryset = self.root_queryset.filter(pk__in=first).order_by(*ordering)
        super().get_results(request)
        shown = self.ids(self.result_list) if first is None else first[: self.list_per_page]
        rows = self.apply_select_related(self.root_queryset.filter(pk__in=shown)).order_by(*ordering)
        # With the tags of these alone: an action may read all there are.
        self.result_list = rows.prefetch_related(Prefetch("taggings", DevLogTag.objects.shown()))

    def ids(self, devlogs: QuerySet[DevLog]) -> list[int]:
        return list(devlogs.values_list("pk", flat=True))


def words_of(search_term: str) -> list[str]:
    """Return the words of a search; what stands in quotation marks is one."""
    words = smart_split(search_term)
    return [unescape_string_literal(word) if word[0] in "\"'" and word[0] == word[-1] else word for word in words]


def holding(devlogs: QuerySet[DevLog], words: list[str]) -> QuerySet[DevLog]:
    """Return those whose entry holds each word, or which carry a tag whose name does.

    The tags by themselves: joined to each entry they would take as long again for every tag there is.
    """
    for word in words:
        tagged = DevLogTag.objects.filter(tag__name__icontains=word).values("devlog")
        devlogs = devlogs.filter(Q(entry__icontains=word) | Q(pk__in=tagged))
    return devlogs
