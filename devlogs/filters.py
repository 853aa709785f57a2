from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters

from devlogs.models import DevLog


class DevLogFilter(filters.FilterSet):
    tag = filters.CharFilter(method="carrying", label="slug of a tag, or of one that was merged into it")

    class Meta:
        model = DevLog
        fields = ["tag"]

    def carrying(self, devlogs: QuerySet[DevLog], name: str, slug: str) -> QuerySet[DevLog]:
        # Two lookups by index; as one condition over both joins, SQLite would read every dev-log.
        tagged = DevLog.objects.filter(tags__slug=slug).values("pk")
        merged = DevLog.objects.filter(tags__aliases__slug=slug).values("pk")
        return devlogs.filter(Q(pk__in=tagged) | Q(pk__in=merged))
