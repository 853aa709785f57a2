"""The API of jobs: what was asked for, how far it is, what came of it; to ask once more, and to cancel."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from devlog_project.api.access import visible
from devlog_project.api.filters import AUTHOR_HELP, AuthorFilter, ChoiceFilter, Since, Until
from devlog_project.api.pages import Pages
from devlog_project.api.schema import problems
from devlogs.models import DevLog
from tagging import queues
from tagging.api.job_shapes import JOB, JobSerializer
from tagging.api.limits import TOO_MANY, refuse_too_many
from tagging.api.serializers import named
from tagging.api.waiting import Followed, WaitingView
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import Attempt, DevLogTag, Job
from tagging.models.queue_pause import PAUSED, SHOWN_REASONS
from tagging.models.shown_pause import shown_pause

FAILED = RawSQL("'failed'", ())  # in the words of its index


class Conflict(APIException):
    status_code = 409
    default_code = "conflict"


class JobFilter(filters.FilterSet):
    status = ChoiceFilter(
        method="in_state", choices=[(state.value, str(state.label)) for state in Job.State], label="Status of the job."
    )
    waiting_for = ChoiceFilter(method="waiting", choices=SHOWN_REASONS, label="What it waits for.")
    error = ChoiceFilter(
        method="with_error",
        choices=named(ErrorCode),
        label="What went wrong last: `cancelled` where a person ended it.",
    )
    since = Since("job__queued_at", "Asked for")
    until = Until("job__queued_at", "Asked for")
    author = AuthorFilter(label=AUTHOR_HELP)

    class Meta:
        model = DevLog
        fields: list[str] = []

    def in_state(self, devlogs: QuerySet[DevLog], name: str, value: str) -> QuerySet[DevLog]:
        # Of those that are claimed: one cancelled is final, and one edited is shown as pending, as its new text is.
        running = Q(lease_expires_at__isnull=False, state=Job.State.RUNNING)
        found = {
            Job.State.PENDING: Job.objects.filter(Q(run_after__isnull=False) | running & Q(started_at=None)),
            Job.State.RUNNING: Job.objects.filter(running, started_at__isnull=False),
        }
        if value in (Job.State.PENDING, Job.State.RUNNING):
            # Looked up first, by the indexes that hold such jobs alone.
            return devlogs.filter(pk__in=found[Job.State(value)].values("pk"))
        return devlogs.filter(job__state=value)

    def with_error(self, devlogs: QuerySet[DevLog], name: str, value: str) -> QuerySet[DevLog]:
        # By the indexes that hold such jobs alone: what is done has no error.
        may_have_one = Q(run_after__isnull=False) | Q(lease_expires_at__isnull=False) | Q(state=FAILED)
        return devlogs.filter(pk__in=Job.objects.filter(may_have_one, error_code=value).values("pk"))

    def waiting(self, devlogs: QuerySet[DevLog], name: str, value: str) -> QuerySet[DevLog]:
        """Keep those that `Job.waits_for` says wait for this."""
        pending = Job.objects.filter(run_after__isnull=False)
        if shown_pause.queue() or value == PAUSED:
            is_told = bool(shown_pause.queue()) and value == PAUSED
            return devlogs.filter(pk__in=pending.values("pk")) if is_told else devlogs.none()
        waiting = Q(waiting_for=value)
        if provider := shown_pause.provider():
            like_all = Q(is_private=False) & ~Q(waiting_for=WaitingFor.RETRY)
            waiting = like_all | waiting if provider.waiting_for == value else waiting & ~like_all
        return devlogs.filter(pk__in=pending.filter(waiting).values("pk"))


class NewestFirst(Pages):
    page_size = 50
    ordering = ("-pk",)


@extend_schema_view(
    list=extend_schema(summary="List jobs, the newest dev-log's first"),
    retrieve=extend_schema(summary="Show a job with its attempts"),
)
class JobViewSet(WaitingView, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[DevLog]):
    """The jobs of the dev-logs one may see, each under its dev-log's number."""

    waits = ["retrieve", "retry"]
    parameters = {"list": [*JobFilter.base_filters, *NewestFirst.parameters]}
    # From the dev-logs, whose index finds those of an author.
    queryset = (
        DevLog.objects.filter(job__isnull=False)
        .select_related("job")
        .annotate(read_at=Now())
        .prefetch_related(
            Prefetch("job__timeline", Attempt.objects.defer("answer", "redacted")),
            Prefetch("taggings", DevLogTag.objects.shown(), to_attr="shown_tags"),
        )
    )
    serializer_class = JobSerializer
    pagination_class = NewestFirst
    filterset_class = JobFilter

    def get_queryset(self) -> QuerySet[DevLog]:
        return visible(super().get_queryset(), self.request)

    def followed(self, shown: dict[str, Any]) -> Followed | None:
        return Followed(shown["job_id"], shown["status"], shown["run_after"]) if "job_id" in shown else None

    @extend_schema(
        summary="Ask once more",
        request=None,
        responses={
            202: JobSerializer,
            **TOO_MANY,
            **problems({409: "It is pending or running already; `devlogs/{id}/retag/` answers 202 there too."}),
        },
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Ask the model once more, as a retag of the dev-log does; its tags stay until the new ones come."""
        devlog = self.get_object()
        refuse_too_many(devlog.author_id)
        with transaction.atomic():
            if not queues.retag([devlog.pk]):
                raise Conflict("This job is pending or running already.")
        return Response(JOB.shown(self.get_object(), request), status=202)

    @extend_schema(
        summary="Cancel a job",
        request=None,
        responses={202: JobSerializer, **problems({409: "It is final: `done` or `failed`."})},
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """End a job that is not final as `failed`, code `cancelled`; an answer that is on its way is dropped."""
        if not Job.objects.cancel([self.get_object().pk]):
            raise Conflict("This job is final already.")
        return Response(JOB.shown(self.get_object(), request), status=202)
