"""What the dev-logs of a list have in common: how many there are of each state, tag, kind and month."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, CharField, Count, F, Func, QuerySet, Value, When
from django.db.models.sql.compiler import SQLCompiler
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from devlog_project.api.access import visible
from devlog_project.api.requests import StrictView
from devlogs.filters import PARAMETERS, REPEATABLE, DevLogFilter
from devlogs.models import DevLog
from tagging.models import DevLogTag, Job
from tagging.models.tag import KINDS

# So many are counted, the newest of them: the work stays the same however many there are.
MOST_COUNTED = 10_000
MOST_TAGS = 50


class Month(Func):
    """The month of a moment, in UTC, as `2026-03`."""

    output_field: ClassVar[Any] = CharField()
    template = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM')"

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: str
    ) -> tuple[str, tuple[str | int, ...]]:
        sql, params = self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, 1, 7)", **context)
        return sql, tuple(params)


class TagCount(serializers.Serializer[Any]):
    name = serializers.CharField()
    slug = serializers.CharField()
    kind = serializers.CharField(help_text="What it is; empty where nobody knows.")
    count = serializers.IntegerField()


class KindCount(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=KINDS)
    count = serializers.IntegerField()


class MonthCount(serializers.Serializer[Any]):
    month = serializers.RegexField(r"^\d{4}-\d{2}$")
    count = serializers.IntegerField()


class StateCounts(serializers.Serializer[Any]):
    pending = serializers.IntegerField()
    running = serializers.IntegerField()
    done = serializers.IntegerField()
    failed = serializers.IntegerField()


class Facets(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="How many dev-logs are counted here.")
    complete = serializers.BooleanField(
        help_text=f"Whether these are all that the filters find; false where only the newest {MOST_COUNTED:,} of them "
        "are counted."
    )
    states = StateCounts()
    tags = TagCount(many=True, help_text=f"The {MOST_TAGS} on most of them.")
    kinds = KindCount(many=True, help_text="How many of them carry a tag of each kind.")
    months = MonthCount(many=True, help_text="By the month in which they were written, in UTC; the latest first.")


class FacetsView(StrictView, generics.GenericAPIView[DevLog]):
    parameters = {"get": PARAMETERS}
    repeatable = REPEATABLE
    queryset = DevLog.objects.all()
    filterset_class = DevLogFilter
    pagination_class = None
    serializer_class = Facets

    @extend_schema(
        summary="Count the dev-logs of a list by state, tag, kind and month", responses=Facets, filters=True
    )
    def get(self, request: Request) -> Response:
        return Response(facets(self.filter_queryset(visible(self.get_queryset(), request))))


def facets(devlogs: QuerySet[DevLog]) -> dict[str, Any]:
    """Return the facets of these dev-logs, or of the newest of them."""
    # Looked up once, as to ask for them may take longer than to count them.
    found = list(devlogs.order_by("-created_at", "-pk").values_list("pk", flat=True)[: MOST_COUNTED + 1])
    counted = found[:MOST_COUNTED]
    states, months = states_and_months(counted)
    taggings = DevLogTag.objects.filter(devlog__in=counted).order_by()
    named = {"name": F("tag__name"), "slug": F("tag__slug"), "kind": F("tag__kind")}
    tags: QuerySet[Any, Any] = taggings.values(**named).annotate(count=Count("pk")).order_by("-count", "tag__slug")
    kinds = taggings.exclude(tag__kind="").values(kind=F("tag__kind")).annotate(count=Count("devlog", distinct=True))
    return {
        "count": len(counted),
        "complete": len(found) == len(counted),
        "states": {state: states[state] for state in Job.State.values},
        "tags": list(tags[:MOST_TAGS]),
        "kinds": list(kinds.order_by("-count", "kind")),
        "months": [{"month": month, "count": months[month]} for month in sorted(months, reverse=True)],
    }


def states_and_months(counted: list[int]) -> tuple[Counter[str], Counter[str]]:
    """Count dev-logs by the state they are shown in, and by month."""
    is_edited = When(job__state=Job.State.RUNNING, job__started_at=None, then=Value(Job.State.PENDING))
    grouped = {"state": Case(is_edited, default=F("job__state")), "month": Month("created_at")}
    counts: QuerySet[Any, Any] = (
        DevLog.objects.filter(pk__in=counted).order_by().values(**grouped).annotate(count=Count("pk"))
    )
    states, months = Counter[str](), Counter[str]()
    for row in counts:
        states[row["state"]] += row["count"]
        months[row["month"]] += row["count"]
    return states, months
