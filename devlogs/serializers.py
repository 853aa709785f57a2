"""The shapes of a dev-log outside: what may be sent, and what is shown with it."""

from operator import attrgetter
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from devlogs.models import ENTRY_MAX_LENGTH, DevLog
from tagging.models.provider_state import shown_pause


class EntryField(serializers.CharField):
    """Text, kept exactly as sent; DRF's own field would take numbers and cut white space."""

    default_error_messages = {"not_text": "The entry must be a text (a JSON string)."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, max_length=ENTRY_MAX_LENGTH, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_text")
        if not data.strip():
            self.fail("blank")
        return super().to_internal_value(data)


class PlainSerializer(serializers.Serializer[Any]):
    """A shape whose values are shown as they are: the fields name them, for the schema too, and the renderer writes
    them. Asking each field what it makes of its value would take longer than saving the job."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {name: attrgetter(str(field.source))(instance) for name, field in self.fields.items()}


class ErrorSerializer(PlainSerializer):
    code = serializers.CharField()
    detail = serializers.CharField()


class TaggingSerializer(PlainSerializer):
    """The job, as far as it matters outside."""

    state = serializers.CharField()
    attempts = serializers.IntegerField()
    queued_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    run_after = serializers.DateTimeField(allow_null=True)
    waiting_for = serializers.CharField(allow_null=True)
    error = ErrorSerializer(allow_null=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return super().to_representation(instance) | {"waiting_for": instance.waits_for(shown_pause)}


class DevLogTagSerializer(PlainSerializer):
    """A tag on one dev-log: who found it, and in which words."""

    name = serializers.CharField(source="tag.name")
    slug = serializers.CharField(source="tag.slug")
    source = serializers.CharField()  # type: ignore[assignment]  # a field called source, not a field's source
    evidence = serializers.CharField()


# Built once. As fields of DevLogSerializer they would be copied with each request, a fifth of what an answer costs.
TAGGING = TaggingSerializer()
TAG = DevLogTagSerializer()


class DevLogSerializer(serializers.ModelSerializer[DevLog]):
    entry = EntryField()
    author = serializers.CharField(source="author.username", allow_null=True, read_only=True)
    tagging = serializers.SerializerMethodField()
    tags = serializers.SerializerMethodField()

    class Meta:
        model = DevLog
        fields = ["id", "entry", "author", "created_at", "tagging", "tags"]
        read_only_fields = ["created_at"]

    def update(self, instance: DevLog, validated_data: dict[str, Any]) -> DevLog:
        """Write what was sent and nothing else: the rest may have been edited meanwhile."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=list(validated_data))
        return instance

    @extend_schema_field(TaggingSerializer(allow_null=True))
    def get_tagging(self, devlog: DevLog) -> dict[str, Any] | None:
        job = getattr(devlog, "job", None)
        return TAGGING.to_representation(job) if job else None

    @extend_schema_field(DevLogTagSerializer(many=True))
    def get_tags(self, devlog: DevLog) -> list[dict[str, Any]]:
        return [TAG.to_representation(tagging) for tagging in devlog.shown_tags]  # type: ignore[attr-defined]
