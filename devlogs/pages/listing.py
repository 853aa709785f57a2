"""The list on the page at `/`: the dev-logs that a query names, by day, and the links that narrow or widen it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import urlsplit

from django.db.models import Count
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from devlog_project.api.pages import PagesByTime
from devlogs.filters import MAX_TAGS, PARAMETERS, REPEATABLE, DevLogFilter
from devlogs.models import DevLog
from devlogs.pages import cards
from devlogs.pages.access import mine
from tagging.curation import vocabulary
from tagging.looks import names
from tagging.models import DevLogTag, Tag

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.generics import GenericAPIView

# The author of one's own list is oneself.
FILTERS = tuple(name for name in PARAMETERS if name != "author")
# What the box above the list is told in the query.
OF_THE_BOX = ("example", "new")
KNOWN = {*FILTERS, *OF_THE_BOX, "cursor"}
PRIVATE = {"true": gettext_lazy("private"), "false": gettext_lazy("not private")}
TEXTS: Mapping[str, Mapping[str, object]] = {"kind": names.KINDS, "state": names.STATES, "private": PRIVATE}
RANGES = {
    7: gettext_lazy("7 days"),
    30: gettext_lazy("30 days"),
    90: gettext_lazy("90 days"),
    365: gettext_lazy("a year"),
}
# The tags offered are the most used of so many, the newest.
DEVLOGS_COUNTED, TAGS_OFFERED = 200, 12


class Day(NamedTuple):
    date: date
    devlogs: list[DevLog]

    @property
    def name(self) -> str:
        age = (timezone.localdate() - self.date).days
        return {0: _("Today"), 1: _("Yesterday")}.get(age) or date_format(self.date, "l")


class Link(NamedTuple):
    text: str
    url: str
    is_chosen: bool = False


class Group(NamedTuple):
    """What one filter offers."""

    title: str
    links: list[Link]


class PagesOfDays(PagesByTime):
    page_size = 30


class Listing:
    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.query = request.GET
        self.problems = [
            _("There is no filter “%(name)s”.") % {"name": name} for name in sorted({*self.query} - KNOWN)
        ]
        self.newer = self.older = ""
        devlogs = [] if self.problems else self.found()
        self.days = by_day(devlogs)

    def get_queryset(self) -> QuerySet[DevLog]:
        return cards.queryset(self.request)

    def found(self) -> list[DevLog]:
        """Return the dev-logs of this page; none, and the problems, where the query cannot be answered."""
        filters = DevLogFilter(self.query, self.get_queryset(), request=self.request)
        self.problems = self.problems_of(filters)
        if self.problems:
            return []
        pages = PagesOfDays()
        try:
            # Of its view a page asks for the queryset alone.
            view = cast("GenericAPIView[DevLog]", self)
            devlogs: list[DevLog] = pages.paginate_queryset(filters.qs, Request(self.request), view)
        except ValidationError:
            self.problems = [_("This address leads to no page of the list.")]
            return []
        self.newer = relative(pages.get_previous_link())
        self.older = relative(pages.get_next_link())
        return devlogs

    def problems_of(self, filters: DevLogFilter) -> list[str]:
        """Return what is wrong with the values of the filters."""
        if filters.is_valid():
            unknown = [text for text, tag in self.tags.items() if not tag]
            return [_("There is no tag “%(name)s”.") % {"name": text} for text in unknown]
        return [f"“{self.query[name]}”: {error}" for name, errors in filters.errors.items() for error in errors]

    @property
    def is_filtered(self) -> bool:
        return any(self.query.get(name) for name in FILTERS)

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was written yet."""
        return not (self.days or self.problems or self.is_filtered or "cursor" in self.query)

    @property
    def is_unfinished(self) -> bool:
        jobs = [getattr(devlog, "job", None) for day in self.days for devlog in day.devlogs]
        return any(job and not job.is_final for job in jobs)

    def values(self, name: str) -> list[str]:
        """Return what one filter is set to, and no more than what it is refused for."""
        given = self.query.getlist(name)
        return [value for value in (given[: MAX_TAGS + 1] if name in REPEATABLE else given[-1:]) if value]

    @cached_property
    def tags(self) -> dict[str, Tag | None]:
        """The tags that the query names, in whatever words."""
        return {text: vocabulary.find(text) for name in REPEATABLE for text in self.values(name)}

    @property
    def chips(self) -> list[Link]:
        """What the list is narrowed by, each with the address of the list without it."""
        return [
            Link(self.named(name, value), self.url(**{name: without(self.values(name), value)}))
            for name in FILTERS
            for value in self.values(name)
        ]

    def named(self, name: str, value: str) -> str:
        """Return what people call a value of a filter."""
        if name in REPEATABLE:
            tag = self.tags[value]
            return tag.name if tag else value
        return text_of(name, value)

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a search keeps of the filters."""
        return [(name, value) for name in FILTERS if name != "q" for value in self.values(name)]

    @property
    def groups(self) -> list[Group]:
        today = timezone.localdate()
        since = {str(today - timedelta(days=days)): text for days, text in RANGES.items()}
        return [
            Group(_("Tag"), self.tags_offered()),
            Group(_("Kind"), self.choices("kind", names.KINDS)),
            Group(_("State"), self.choices("state", names.STATES)),
            Group(_("Private"), self.choices("private", PRIVATE)),
            Group(_("The last"), self.choices("since", since)),
        ]

    def choices(self, name: str, texts: Mapping[str, object]) -> list[Link]:
        chosen = self.query.get(name)
        return [Link(str(text), self.url(**{name: [value]}), value == chosen) for value, text in texts.items()]

    def tags_offered(self) -> list[Link]:
        newest = mine(DevLog.objects.all(), self.request).order_by("-created_at", "-pk").values_list("pk", flat=True)
        used = DevLogTag.objects.filter(devlog__in=list(newest[:DEVLOGS_COUNTED])).order_by()
        by_name = used.values_list("tag__slug", "tag__name")
        counted = by_name.annotate(count=Count("pk")).order_by("-count", "tag__slug")
        chosen = self.values("tag")
        return [
            Link(name, self.url(tag=[*without(chosen, slug), slug]), slug in chosen)
            for slug, name, _count in counted[:TAGS_OFFERED]
        ]

    def url(self, **changed: list[str]) -> str:
        """Return the address of this list with other values of some filters, from its beginning."""
        query = QueryDict(mutable=True)
        for name in FILTERS:
            query.setlist(name, changed.get(name, self.values(name)))
        home = reverse("pages:home")
        return f"{home}?{query.urlencode()}" if any(query.values()) else home


def by_day(devlogs: list[DevLog]) -> list[Day]:
    def day_of(devlog: DevLog) -> date:
        return timezone.localdate(devlog.created_at)

    return [Day(day, list(some)) for day, some in groupby(devlogs, day_of)]


def without(values: list[str], value: str) -> list[str]:
    return [each for each in values if each != value]


def text_of(name: str, value: str) -> str:
    if name in ("since", "until"):
        day = parse_day(value)
        text = date_format(day) if day else value
        return _("since %(day)s") % {"day": text} if name == "since" else _("until %(day)s") % {"day": text}
    if name == "q":
        return f"“{value}”"
    return str(TEXTS[name].get(value, value))


def parse_day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def relative(link: str | None) -> str:
    """Return an address of ours without its host, which a proxy may call otherwise."""
    return urlsplit(link)._replace(scheme="", netloc="").geturl() if link else ""
