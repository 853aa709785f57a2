"""Dev-logs with all that their cards show, in a constant number of queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Prefetch

from devlogs.models import DevLog
from devlogs.pages.access import mine
from tagging.models import DevLogTag, Removal

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


def queryset(request: HttpRequest) -> QuerySet[DevLog]:
    removals = Removal.objects.filter(devlog=OuterRef("pk"))
    devlogs = DevLog.objects.select_related("author", "job").annotate(has_removals=Exists(removals))
    return mine(
        devlogs.prefetch_related(Prefetch("taggings", DevLogTag.objects.shown(), to_attr="shown_tags")), request
    )
