"""What the list of tags is narrowed by; how much a tag is used is told by the figures in each row."""

from __future__ import annotations

from datetime import UTC, timedelta

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tagging.admin.tag_sight import IS_TAG
from tagging.models import Tag


class UsedWithinFilter(admin.SimpleListFilter):
    """Tags on a dev-log that was written within some days, today among them."""

    title = _("used within")
    parameter_name = "used_within"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [
            ("7", gettext("7 days")),
            ("30", gettext("30 days")),
            ("90", gettext("90 days")),
            ("365", gettext("a year")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> QuerySet[Tag]:
        if self.value() not in dict(self.lookups(request, None)):
            return queryset
        today = timezone.now().astimezone(UTC).date()
        return queryset.filter(IS_TAG, Q(("last__gt", today - timedelta(days=int(self.value() or 0)))))


class UsedFilter(admin.SimpleListFilter):
    title = _("used")
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("once", gettext("on one dev-log")), ("never", gettext("on none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> QuerySet[Tag]:
        count = {"once": 1, "never": 0}.get(self.value() or "")
        return queryset if count is None else queryset.filter(Q(("count", count)))


class NameFilter(admin.SimpleListFilter):
    """Of all names in the list: those for dev-logs to carry, those that stand for one, and those kept away."""

    title = _("name")
    parameter_name = "name_is"
    conditions = {"tag": IS_TAG, "alias": Q(alias_of__isnull=False), "blocked": Q(is_blocked=True)}

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("tag", gettext("a tag")), ("alias", gettext("an alias")), ("blocked", gettext("blocked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> QuerySet[Tag]:
        condition = self.conditions.get(self.value() or "")
        return queryset.filter(condition) if condition else queryset
