"""Tags and tagging as JSON: on a dev-log, and by themselves."""

from enum import Enum
from operator import attrgetter
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from tagging.api.told import error_told
from tagging.extraction.base import ErrorCode
from tagging.models import Job, Tag
from tagging.models.queue_pause import SHOWN_REASONS
from tagging.models.shown_pause import ShownPause
from tagging.models.tag import KINDS


def named(choices: type[Enum]) -> list[tuple[str, str]]:
    """Return an enum's values as choices, which the contract then names as the enum."""
    return [(choice.value, choice.name) for choice in choices]


# Shows values as they are: the fields name them, for the schema too, and the renderer writes them. To ask each field
# what it makes of its value would take longer than to save the job. A docstring would stand in the contract.
class PlainSerializer(serializers.Serializer[Any]):
    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {name: attrgetter(str(field.source))(instance) for name, field in self.fields.items()}


KIND_HELP = "What it is; empty where nobody knows."


class ErrorSerializer(PlainSerializer):
    """What went wrong last."""

    code = serializers.ChoiceField(named(ErrorCode))
    detail = serializers.CharField()


class TaggingSerializer(PlainSerializer):
    """The job, as far as it matters outside."""

    state = serializers.ChoiceField(Job.State.choices, source="shown_state")
    attempts = serializers.IntegerField()
    queued_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    run_after = serializers.DateTimeField(allow_null=True)
    waiting_for = serializers.ChoiceField(SHOWN_REASONS, allow_null=True)
    error = ErrorSerializer(allow_null=True)
    names_dropped = serializers.IntegerField(
        allow_null=True,
        help_text="How many names the extractor gave that do not stand in the entry, and so became no tags; "
        "null unless the state is `done`.",
    )

    def shown(self, job: Job, pause: ShownPause, names_dropped: int | None, request: Request | None) -> dict[str, Any]:
        """Show a job; `names_dropped` is what its newest attempt noted, which counts once the job is done."""
        looked_up = {"names_dropped": names_dropped} if job.state == Job.State.DONE else {}
        waiting: dict[str, Any] = {"waiting_for": job.waits_for(pause), "run_after": job.due_at(pause)}
        waiting["error"] = error_told(job.error_code, job.error_detail, request)
        return self.to_representation(job) | waiting | looked_up


class DevLogTagSerializer(PlainSerializer):
    """A tag on one dev-log: who found it, and in which words."""

    name = serializers.CharField(source="tag.name")
    slug = serializers.CharField(source="tag.slug")
    kind = serializers.ChoiceField(KINDS, source="tag.kind", allow_blank=True, help_text=KIND_HELP)
    source = serializers.CharField()  # type: ignore[assignment]  # a field called source, not a field's source
    evidence = serializers.CharField()


# Built once. As fields of a dev-log's serializer they would be copied with each request, a fifth of its time.
TAGGING = TaggingSerializer()
DEVLOG_TAG = DevLogTagSerializer()


class TagSerializer(serializers.ModelSerializer[Tag]):
    slug = serializers.CharField(read_only=True)  # of any letters: the field for slugs would tell clients of ASCII
    kind = serializers.ChoiceField(KINDS, allow_blank=True, read_only=True, help_text=KIND_HELP)
    count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Tag
        fields = ["name", "slug", "kind", "count"]
        read_only_fields = ["name", "kind"]  # so that the schema says that they are always there
