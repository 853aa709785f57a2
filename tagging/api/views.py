"""The API of tags: which technologies occur and how often, and what people say of those of a dev-log."""

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import APIException, NotFound
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from devlog_project.api.access import author_of, private_to_others, sees_all, visible
from devlog_project.api.filters import ChoiceFilter
from devlog_project.api.pages import Pages
from devlog_project.api.requests import StrictView
from devlog_project.api.schema import problems
from devlogs.models import DevLog
from tagging.api.serializers import DEVLOG_TAG, DevLogTagSerializer, TagSerializer
from tagging.curation import edits, vocabulary
from tagging.models import Job, Tag
from tagging.models.tag import KINDS


class MostUsedFirst(Pages):
    page_size = 100
    ordering = ("-count", "slug")


class TagFilter(filters.FilterSet):
    kind = ChoiceFilter(method="of_kind", choices=KINDS, label="Technologies of this kind alone.")

    class Meta:
        model = Tag
        fields = ["kind"]

    def of_kind(self, tags: QuerySet[Tag], name: str, value: str) -> QuerySet[Tag]:
        # Not by the index on kinds: SQLite would read the author's dev-logs once for each tag of this kind.
        return tags.alias(its_kind=Coalesce("kind", Value(""))).filter(its_kind=value)


@extend_schema_view(list=extend_schema(summary="List tags with their counts, most used first"))
class TagViewSet(StrictView, mixins.ListModelMixin, viewsets.GenericViewSet[Tag]):
    """The tags of the dev-logs one may see, most used first."""

    parameters = {"list": ["kind", *MostUsedFirst.parameters]}
    filterset_class = TagFilter
    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    pagination_class = MostUsedFirst

    def get_queryset(self) -> QuerySet[Tag]:
        # From the taggings that count: from all tags, with what matches, SQLite took sixteen times as long.
        tags = super().get_queryset()
        if not sees_all(self.request):
            return tags.filter(taggings__devlog__author=self.request.user.pk).annotate(count=Count("taggings"))
        used = tags.filter(taggings__isnull=False)
        if settings.API_OPEN or self.request.user.is_superuser:
            return used.annotate(count=Count("taggings"))
        # What is private is little, and looked up once for all.
        private = DevLog.objects.filter(private_to_others(self.request.user)).values("pk")
        return used.annotate(count=Count("taggings", filter=~Q(taggings__devlog__in=private))).filter(count__gt=0)


class Full(APIException):
    status_code = 409
    default_code = "full"


class DevLogTagView(StrictView):
    """One tag on one dev-log, set or taken off by a person, by its name or its slug."""

    @extend_schema(
        summary="Set a tag by hand; no tagging takes it away",
        request=None,
        responses={
            200: OpenApiResponse(DevLogTagSerializer, "The dev-log carried it already."),
            201: OpenApiResponse(DevLogTagSerializer, "The dev-log carries it from now on."),
            **problems(
                {
                    400: "This cannot name a tag, or the name is blocked.",
                    409: "People have set as many tags on this dev-log as they may.",
                }
            ),
        },
    )
    def put(self, request: Request, id: int, name: str) -> Response:  # noqa: A002
        """Set a tag; no tagging takes it away. 201 when the dev-log did not carry it, 200 when it did."""
        with transaction.atomic():
            try:
                tagging, is_new = edits.add(self.locked(id), name, author_of(request))
            except vocabulary.NameRefusedError as error:
                raise serializers.ValidationError({"name": [str(error)]}) from error
            except edits.FullError as error:
                raise Full(str(error)) from error
        location = reverse("devlog-tag", [id, tagging.tag.slug], request=request)
        return Response(
            DEVLOG_TAG.to_representation(tagging),
            status=201 if is_new else 200,
            headers={"Location": location} if is_new else None,
        )

    @extend_schema(
        summary="Take a tag off; no tagging brings it back",
        responses={204: None, **problems({404: "There is no such dev-log, or it has no such tag."})},
    )
    def delete(self, request: Request, id: int, name: str) -> Response:  # noqa: A002
        """Take a tag off; no tagging brings it back."""
        with transaction.atomic():
            if not edits.remove(self.locked(id), name, author_of(request)):
                raise NotFound("This dev-log has no such tag.")
        return Response(status=204)

    def locked(self, devlog_id: int) -> DevLog:
        """Return the dev-log with its job locked: until the transaction ends no worker settles it."""
        devlogs: QuerySet[DevLog] = visible(DevLog.objects.filter(pk=devlog_id), self.request)
        list(Job.objects.filter(devlog__in=devlogs).select_for_update().values_list("pk"))
        return get_object_or_404(devlogs)
