"""The API of one tag: when it was used, and what it was used together with, in the dev-logs one may see."""

from datetime import UTC
from typing import Any

from django.db.models import Count, Max, Min, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from devlog_project.api.access import visible
from devlog_project.api.requests import StrictView
from devlogs.models import DevLog
from tagging.api.serializers import PlainSerializer, TagSerializer
from tagging.api.views import MostUsedFirst
from tagging.curation import vocabulary
from tagging.models import DevLogTag, Tag
from tagging.models.tag import slug_of

SLUG = OpenApiParameter(
    "slug",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    description="Its slug or its name; an alias, be it people's or the lexicon's, leads to the tag it stands for.",
)


class UsedTagSerializer(PlainSerializer):
    """A tag, as it is used in the dev-logs one may see."""

    name = serializers.CharField()
    slug = serializers.CharField()
    kind = serializers.CharField(help_text="What it is; empty where nobody knows.")
    count = serializers.IntegerField(help_text="How many dev-logs have it.")
    first_used = serializers.DateField(help_text="The day, in UTC, on which the first of them was written.")
    last_used = serializers.DateField(help_text="The day, in UTC, on which the last of them was written.")
    aliases = serializers.ListField(
        child=serializers.CharField(),
        help_text="The other names that people merged into it and that your dev-logs have it by; not the lexicon's.",
    )


class TagView(StrictView):
    """One tag; 404 unless a dev-log that one may see has it."""

    @extend_schema(
        summary="Show a tag, and when it was used",
        operation_id="tags_retrieve",
        parameters=[SLUG],
        responses=UsedTagSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return when a tag was first and last used, on how many dev-logs, and by which other names."""
        tag, devlogs = found(slug, request)
        used = devlogs.aggregate(count=Count("pk"), first_used=Min("created_at"), last_used=Max("created_at"))
        if not used["count"]:
            raise NotFound(carried_by_none(slug))
        used |= {end: used[end].astimezone(UTC).date() for end in ("first_used", "last_used")}
        named = {field: getattr(tag, field) for field in ("name", "slug", "kind")}
        return Response({**named, **used, "aliases": aliases(tag, devlogs)})


@extend_schema(summary="List the tags used together with one", parameters=[SLUG])
class RelatedTagsView(StrictView, generics.ListAPIView[Tag]):
    """The tags that were used together with one, most often first."""

    parameters = {"get": MostUsedFirst.parameters}
    filter_backends = []
    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    pagination_class = MostUsedFirst

    def get_queryset(self) -> QuerySet[Tag]:
        tag, devlogs = found(self.kwargs["slug"], self.request)
        if not devlogs.exists():
            raise NotFound(carried_by_none(self.kwargs["slug"]))
        beside = super().get_queryset().filter(taggings__devlog__in=devlogs.values("pk")).exclude(pk=tag.pk)
        return beside.annotate(count=Count("taggings"))


def carried_by_none(name: str) -> str:
    return f"No dev-log you may see carries the tag {name}."


def found(name: str, request: Request) -> tuple[Tag, QuerySet[Any]]:
    """Return the tag that a name or a slug stands for, and the dev-logs with it that one may see."""
    tag = vocabulary.find(name)
    if not tag:
        raise NotFound(carried_by_none(name))
    return tag, visible(DevLog.objects.order_by().filter(taggings__tag=tag), request)


def aliases(tag: Tag, devlogs: QuerySet[DevLog]) -> list[str]:
    """Return the names merged into a tag by which these dev-logs have it: what others wrote is theirs to see."""
    spelt = DevLogTag.objects.order_by().filter(tag=tag, devlog__in=devlogs.values("pk")).exclude(spelling="")
    slugs = {slug_of(spelling) for spelling in spelt.values_list("spelling", flat=True).distinct()}
    return [alias.name for alias in Tag.objects.filter(alias_of=tag).order_by("slug") if alias.slug in slugs]
