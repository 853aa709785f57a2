"""The queue at a glance, for staff."""

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from devlog_project.api.access import may_view_devlogs, sees_all
from devlog_project.api.requests import StrictView
from devlog_project.api.schema import problems
from tagging.api.serializers import ErrorSerializer, PlainSerializer, named
from tagging.extraction.base import ErrorCode
from tagging.models import queue
from tagging.models.queue_pause import SHOWN_REASONS


class CountsSerializer(PlainSerializer):
    pending = serializers.IntegerField()
    running = serializers.IntegerField()
    done = serializers.IntegerField(help_text="About, where there are more than 10,000 jobs.")
    failed = serializers.IntegerField()


class PercentilesSerializer(PlainSerializer):
    p50 = serializers.IntegerField(allow_null=True)
    p95 = serializers.IntegerField(allow_null=True)


class WorkerSerializer(PlainSerializer):
    name = serializers.CharField()
    host = serializers.CharField(allow_null=True, help_text="Null of what is no process of ours, as SQS.")
    pid = serializers.IntegerField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    seen_at = serializers.DateTimeField(allow_null=True, help_text="It says every 10 s that it is there.")
    calls_at_once = serializers.IntegerField(allow_null=True, help_text="How many calls it may have under way.")
    is_alive = serializers.BooleanField(allow_null=True)
    jobs = serializers.IntegerField(help_text="How many it has claimed.")
    lease_expires_at = serializers.DateTimeField(allow_null=True, help_text="Of its last claim.")


class WaitingSerializer(PlainSerializer):
    waiting_for = serializers.ChoiceField(SHOWN_REASONS)
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(
        allow_null=True, help_text="Null: until a probe is answered, or a person resumes it."
    )
    error = ErrorSerializer(allow_null=True)
    paused_by = serializers.CharField(allow_null=True, help_text="Who paused it, if a person did.")
    reason = serializers.CharField(allow_blank=True, help_text="Why, as that person said.")


class PendingSerializer(PlainSerializer):
    waiting_for = serializers.ChoiceField(
        SHOWN_REASONS, allow_null=True, help_text="Of its own: null for one that waits for nothing but the others."
    )
    count = serializers.IntegerField()
    run_after = serializers.DateTimeField(help_text="When the first of them is due.")


class SpendingSerializer(PlainSerializer):
    day = serializers.DateField()
    tokens = serializers.IntegerField()
    cost = serializers.CharField(help_text="Dollars.")
    tokens_limit = serializers.IntegerField(allow_null=True)
    cost_limit = serializers.FloatField(allow_null=True)
    tokens_limit_per_author = serializers.IntegerField(allow_null=True)


class ExampleSerializer(PlainSerializer):
    """The latest dev-log that failed so."""

    devlog = serializers.IntegerField(help_text="Its number.")
    is_private = serializers.BooleanField()
    detail = serializers.CharField(
        allow_null=True, help_text="Null of a private one, and for staff without the permission to view dev-logs."
    )
    finished_at = serializers.DateTimeField(allow_null=True)


class FailuresSerializer(PlainSerializer):
    code = serializers.ChoiceField(named(ErrorCode))
    count = serializers.IntegerField()
    example = ExampleSerializer()


class HourSerializer(PlainSerializer):
    hour = serializers.DateTimeField(help_text="Its beginning.")
    answered = serializers.IntegerField(help_text="Attempts that ended in it with an answer.")
    failed = serializers.IntegerField(help_text="Attempts that ended in it without one.")
    milliseconds_until_done = PercentilesSerializer(help_text="From the asking to the answer, of its last 100.")
    milliseconds_of_call = PercentilesSerializer(help_text="Of its last 100 answers.")


class DaySerializer(PlainSerializer):
    day = serializers.DateField()
    tokens = serializers.IntegerField()
    cost = serializers.CharField(help_text="Dollars.")


class UsedSerializer(PlainSerializer):
    name = serializers.CharField()
    slug = serializers.CharField()
    devlogs = serializers.ListField(child=serializers.IntegerField(), help_text="By week, of those looked at.")


class WeeksSerializer(PlainSerializer):
    weeks = serializers.ListField(child=serializers.DateField(), help_text="The Monday of each.")
    devlogs = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="How many were looked at, of each week the last 300 without private ones.",
    )
    technologies = UsedSerializer(many=True, help_text="The six that most of them have.")


class QueueSerializer(PlainSerializer):
    jobs = CountsSerializer()
    pending = PendingSerializer(
        many=True,
        help_text="Those that are pending, by what each waits for itself; of `budget` that is its author's share. "
        "More than 10,000 are counted every 15 s.",
    )
    oldest_pending_seconds = serializers.IntegerField(allow_null=True)
    finished_per_minute = serializers.FloatField(help_text="Measured over the last five minutes.")
    milliseconds_until_done = PercentilesSerializer(help_text="From the asking to the end.")
    milliseconds_of_call = PercentilesSerializer()
    workers = WorkerSerializer(many=True)
    waiting = WaitingSerializer(allow_null=True, help_text="What the whole queue waits for.")
    today = SpendingSerializer()
    failures = FailuresSerializer(many=True, help_text="Of the latest 10,000 that are `failed`, most first.")
    hours = HourSerializer(many=True, help_text="The last 24 in UTC, the present one last; some seconds old.")
    days = DaySerializer(many=True, help_text="The last 30 in UTC, the present one last.")
    weeks = WeeksSerializer(help_text="Technologies over the last 12 weeks, the present one last; up to a minute old.")


class QueueView(StrictView):
    @extend_schema(
        summary="The queue at a glance",
        tags=["jobs"],
        responses={200: QueueSerializer, **problems({403: "Who asks is not staff."})},
    )
    def get(self, request: Request) -> Response:
        if not sees_all(request):
            raise PermissionDenied("The queue is shown to staff.")
        may_see_entries = settings.API_OPEN or may_view_devlogs(request.user)
        return Response(queue.overview(may_see_entries=may_see_entries))
