"""A dev-log as JSON: what may be sent, and what is shown with it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from devlogs.models import ENTRY_MAX_LENGTH, DevLog, EntryField
from tagging.api.serializers import DEVLOG_TAG, TAGGING, DevLogTagSerializer, TaggingSerializer


class EntryTextField(serializers.CharField):
    """Text under the model's rules, kept exactly as sent; DRF's own field would take numbers and cut white space."""

    default_error_messages = {"not_text": "The entry must be a text (a JSON string)."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=ENTRY_MAX_LENGTH, **kwargs)
        self.validators = list(EntryField.default_validators)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_text")
        return data


class DevLogSerializer(serializers.ModelSerializer[DevLog]):
    # Its context holds the `pause` that is shown beside each pending job.
    entry = EntryTextField()
    author = serializers.CharField(source="author.username", allow_null=True, read_only=True)
    tagging = serializers.SerializerMethodField()
    tags = serializers.SerializerMethodField()

    class Meta:
        model = DevLog
        fields = ["id", "entry", "author", "created_at", "tagging", "tags"]
        read_only_fields = ["created_at"]

    def to_internal_value(self, data: dict[str, Any]) -> dict[str, Any]:
        """Refuse what no dev-log has. What it has and only the service sets may come back as it was read."""
        if unknown := data.keys() - self.fields.keys():
            raise serializers.ValidationError(
                {name: [f"Unknown field. A dev-log has: {', '.join(self.fields)}."] for name in sorted(unknown)}
            )
        return super().to_internal_value(data)

    @extend_schema_field(TaggingSerializer(allow_null=True))
    def get_tagging(self, devlog: DevLog) -> dict[str, Any] | None:
        job = getattr(devlog, "job", None)
        return TAGGING.shown(job, self.context["pause"], getattr(devlog, "names_dropped", None)) if job else None

    @extend_schema_field(DevLogTagSerializer(many=True))
    def get_tags(self, devlog: DevLog) -> list[dict[str, Any]]:
        return [DEVLOG_TAG.to_representation(tagging) for tagging in devlog.shown_tags]  # type: ignore[attr-defined]
