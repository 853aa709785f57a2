"""A job as JSON: what was asked, what came of it, and its attempts."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from devlogs.models import DevLog
from tagging.api.serializers import ErrorSerializer, PlainSerializer
from tagging.api.told import error_told
from tagging.models import Attempt, Job
from tagging.models.queue_pause import SHOWN_REASONS
from tagging.models.shown_pause import shown_pause


class AttemptSerializer(PlainSerializer):
    """One finished or lost attempt at a job."""

    number = serializers.IntegerField(help_text="Counted through, also where it was asked for anew.")
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField()
    milliseconds = serializers.IntegerField(help_text="From the claim to the end.")
    outcome = serializers.ChoiceField(Attempt.Outcome.choices)
    error = ErrorSerializer(allow_null=True)
    model = serializers.CharField(help_text="Who was asked; empty where nobody was.")
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=12, decimal_places=6, help_text="Dollars.")
    request_id = serializers.CharField(allow_null=True, help_text="Of the request that had asked for it.")

    def shown(self, number: int, attempt: Attempt, request: Request) -> dict[str, Any]:
        told = error_told(attempt.error_code, attempt.error_detail, request)
        return self.to_representation(attempt) | {"number": number, "error": told, "cost": f"{attempt.cost:.6f}"}


class JobSerializer(PlainSerializer):
    """The request for one dev-log's tags."""

    job_id = serializers.IntegerField(source="pk", help_text="The dev-log's number too.")
    status = serializers.ChoiceField(Job.State.choices)
    devlog = serializers.URLField(help_text="The dev-log's address.")
    input = serializers.CharField(help_text="The dev-log's entry.")
    output = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="The tags' names; null unless it is `done`."
    )
    init_time = serializers.DateTimeField(help_text="When it was asked for last.")
    finished_time = serializers.DateTimeField(allow_null=True)
    run_after = serializers.DateTimeField(
        allow_null=True, help_text="When it is due, if it is pending; null while the queue is `paused`: nobody knows."
    )
    attempts = AttemptSerializer(many=True, help_text="All so far, the oldest first.")
    error = ErrorSerializer(allow_null=True)
    waiting_for = serializers.ChoiceField(SHOWN_REASONS, allow_null=True, help_text="Of one that is pending.")
    request_id = serializers.CharField(
        allow_null=True, help_text="The `X-Request-ID` of the request that asked last: its lines in the log carry it."
    )

    def to_representation(self, instance: DevLog) -> dict[str, Any]:
        return self.shown(instance, self.context["request"])

    def shown(self, devlog: DevLog, request: Request) -> dict[str, Any]:
        """Show a dev-log's job; it came with its job, that one's timeline, `shown_tags`, and when it was `read_at`."""
        job = devlog.job
        is_done = job.state == Job.State.DONE
        tags = [tagging.tag.name for tagging in devlog.shown_tags]  # type: ignore[attr-defined]
        return {
            "job_id": job.pk,
            "status": job.shown_state,
            "devlog": reverse("devlog-detail", [job.pk], request=request),
            "input": devlog.entry,
            "output": tags if is_done else None,
            "init_time": job.queued_at,
            "finished_time": job.finished_at,
            "run_after": job.due_at(shown_pause),
            "attempts": [ATTEMPT.shown(*numbered, request) for numbered in enumerate(ended_attempts(devlog), 1)],
            "error": error_told(job.error_code, job.error_detail, request),
            "waiting_for": job.waits_for(shown_pause),
            "request_id": job.request_id,
        }


def ended_attempts(devlog: DevLog) -> list[Attempt]:
    """Return the attempts that had ended when the job was read: they are read a moment later."""
    job = devlog.job
    call_began = job.started_at if job.shown_state == Job.State.RUNNING else None
    began_before = call_began or devlog.read_at  # type: ignore[attr-defined]
    return [attempt for attempt in job.timeline.all() if attempt.started_at < began_before]


# Built once: to build its fields takes longer than to show a job.
ATTEMPT = AttemptSerializer()
JOB = JobSerializer()
