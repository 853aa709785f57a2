"""The API of dev-logs: a POST saves the row and its job in one transaction and answers; it never waits."""

from typing import Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from devlog_project.api.access import author_of, visible
from devlog_project.api.filters import one_of
from devlog_project.api.pages import PagesByTime
from devlog_project.api.requests import StrictView
from devlog_project.api.schema import problems
from devlogs import entries
from devlogs.bulk import NEW_DEVLOG, NewDevLogSerializer, known_as
from devlogs.conditional import ConditionalView
from devlogs.filters import PARAMETERS, REPEATABLE, DevLogFilter
from devlogs.models import AuthorSettings, DevLog
from devlogs.serializers import DEVLOG, AuthorSettingsSerializer, DevLogSerializer
from tagging import queues
from tagging.api.limits import TOO_MANY, refuse_one_more, refuse_too_many
from tagging.api.waiting import Followed
from tagging.models import Attempt, DevLogTag
from tagging.models.pace import queue_pace


class NewestFirst(PagesByTime):
    page_size = 50


BULK = OpenApiParameter("bulk", bool, description="Whether it waits behind all that people wait for.")


@extend_schema_view(
    list=extend_schema(summary="List dev-logs, the newest first"),
    retrieve=extend_schema(summary="Show a dev-log with its job and its tags"),
    destroy=extend_schema(summary="Delete a dev-log with all that belongs to it"),
    create=extend_schema(
        summary="Write a dev-log",
        request=NewDevLogSerializer,
        parameters=[BULK],
        responses={
            200: OpenApiResponse(DevLogSerializer, "It was there under its external id already; nothing was changed."),
            201: DevLogSerializer,
            **problems({409: "The external id names another entry already; `errors` says which dev-log it is."}),
            **TOO_MANY,
        },
    ),
    update=extend_schema(
        summary="Replace a dev-log; an edited entry is tagged anew", responses={200: DevLogSerializer, **TOO_MANY}
    ),
    partial_update=extend_schema(
        summary="Change a dev-log; an edited entry is tagged anew", responses={200: DevLogSerializer, **TOO_MANY}
    ),
)
class DevLogViewSet(ConditionalView, viewsets.ModelViewSet[DevLog]):
    waits = ["create", "retrieve", "retag"]
    parameters = {"list": [*PARAMETERS, *NewestFirst.parameters], "create": ["bulk"]}
    repeatable = REPEATABLE
    takes_body = ["create", "update", "partial_update"]
    queryset = (
        DevLog.objects.select_related("author", "job")
        .annotate(names_dropped=Attempt.objects.names_dropped_of("pk"))
        .prefetch_related(Prefetch("taggings", DevLogTag.objects.shown(), to_attr="shown_tags"))
    )
    serializer_class = DevLogSerializer
    pagination_class = NewestFirst
    filterset_class = DevLogFilter

    def get_queryset(self) -> QuerySet[DevLog]:
        return visible(super().get_queryset(), self.request)

    def create(self, request: Request, *args: object, **kwargs: object) -> Response:
        devlog = DevLog(author=author_of(request), **NEW_DEVLOG.run_validation(request.data))
        try:
            self.write(devlog)
        except entries.ExternalIdTakenError:
            return Response(DEVLOG.to_representation(self.get_queryset().get(pk=known_as(devlog))))
        devlog.shown_tags = []  # type: ignore[attr-defined]  # nothing to look up: it is new
        self.shown = devlog
        location = request.build_absolute_uri(f"{request.path}{devlog.pk}/")
        return Response(DEVLOG.to_representation(devlog), 201, headers={"Location": location})

    def write(self, devlog: DevLog) -> None:
        bulk = self.request.query_params.get("bulk", "false")
        if bulk not in ("true", "false"):
            raise ValidationError({"bulk": [one_of(["true", "false"])]})
        is_bulk = bulk == "true"
        refuse_too_many(devlog.author_id, is_bulk=is_bulk)
        entries.write(devlog, is_bulk=is_bulk)

    def perform_update(self, serializer: BaseSerializer[DevLog]) -> None:
        devlog: Any = serializer.instance
        changes = {name for name, value in serializer.validated_data.items() if getattr(devlog, name) != value}
        if changes:
            refuse_one_more(devlog)
        for name, value in serializer.validated_data.items():
            setattr(devlog, name, value)
        try:
            is_asked_again = entries.edit(devlog, serializer.validated_data)
        except DevLog.DoesNotExist as error:
            raise NotFound from error
        if is_asked_again:
            devlog.shown_tags = [tag for tag in devlog.shown_tags if tag.source == "person"]

    def perform_destroy(self, instance: DevLog) -> None:
        entries.remove([instance.pk])

    @extend_schema(
        summary="Ask once more for its tags",
        request=None,
        responses={
            202: OpenApiResponse(
                DevLogSerializer,
                "It is asked once more. One that is pending or running is too; `jobs/{id}/retry/` answers 409 there.",
            ),
            **TOO_MANY,
        },
    )
    @action(detail=True, methods=["post"])
    def retag(self, request: Request, pk: str) -> Response:
        """Ask once more for the tags of an entry; its tags stay until the new ones come, a person's beyond that."""
        devlog = self.get_object()
        refuse_too_many(devlog.author_id)
        with transaction.atomic():
            queues.retag([devlog.pk])
        return Response(self.get_serializer(self.get_object()).data, status=202)

    def seconds_until_done(self, job_id: int) -> int:
        if self.action == "create" and self.shown and self.shown.pk == job_id:
            return queue_pace.seconds_until_new_is_done(self.shown.job.priority, self.shown.author_id or 0)
        return super().seconds_until_done(job_id)

    def followed(self, shown: dict[str, Any]) -> Followed | None:
        tagging = shown.get("tagging")
        return Followed(shown["id"], tagging["state"], tagging["run_after"]) if tagging else None


@extend_schema_view(
    get=extend_schema(summary="Show what one has chosen", responses=AuthorSettingsSerializer),
    patch=extend_schema(summary="Choose", request=AuthorSettingsSerializer, responses=AuthorSettingsSerializer),
)
class AuthorSettingsView(StrictView, generics.RetrieveUpdateAPIView[AuthorSettings]):
    """What the user who asks has chosen for the dev-logs they write."""

    takes_body = ["patch"]
    http_method_names = ["get", "patch", "head", "options"]
    permission_classes = [IsAuthenticated]  # also where DEBUG opens the API: else there is nobody whose they are
    serializer_class = AuthorSettingsSerializer

    def get_object(self) -> AuthorSettings:
        user = author_of(self.request)
        chosen = AuthorSettings.objects.filter(user=user).first()
        return chosen or AuthorSettings(user=user, private_by_default=False)

    def perform_update(self, serializer: BaseSerializer[AuthorSettings]) -> None:
        chosen = serializer.validated_data
        serializer.instance, _ = AuthorSettings.objects.update_or_create(user=author_of(self.request), defaults=chosen)
