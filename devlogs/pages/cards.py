"""Dev-logs with all that their cards show, in a constant number of queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Prefetch

from devlogs.models import DevLog
from devlogs.pages.access import mine
from tagging.models import DevLogTag

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


def queryset(request: HttpRequest) -> QuerySet[DevLog]:
    devlogs = DevLog.objects.select_related("author", "job")
    return mine(
        devlogs.prefetch_related(Prefetch("taggings", DevLogTag.objects.shown(), to_attr="shown_tags")), request
    )
