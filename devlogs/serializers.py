"""A dev-log as JSON: what may be sent, and what is shown with it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework import serializers

from devlogs.models import ENTRY_MAX_LENGTH, EXTERNAL_ID_MAX_LENGTH, AuthorSettings, DevLog, EntryField
from tagging.api.serializers import DEVLOG_TAG, TAGGING, DevLogTagSerializer, TaggingSerializer
from tagging.models.shown_pause import shown_pause

NEVER_CHANGED = "It is set when the dev-log is made, and never changed."


class ExactTextField(serializers.CharField):
    """Text kept exactly as sent; DRF's own field would take numbers and cut white space."""

    default_error_messages = {"not_text": "This must be a text (a JSON string)."}

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("not_text")
        return data


class EntryTextField(ExactTextField):
    """Text under the model's rules."""

    default_error_messages = {"not_text": "The entry must be a text (a JSON string)."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=ENTRY_MAX_LENGTH, **kwargs)
        self.validators = list(EntryField.default_validators)


class ExternalIdField(ExactTextField):
    """What a client's own system calls a dev-log."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=EXTERNAL_ID_MAX_LENGTH, required=False, allow_null=True, **kwargs)


class FlagField(serializers.BooleanField):
    """A JSON boolean; DRF's own field would take "yes", 1 and their like."""

    default_error_messages = {"not_boolean": "This must be true or false (a JSON boolean)."}

    def to_internal_value(self, data: object) -> bool:
        if not isinstance(data, bool):
            self.fail("not_boolean")
        return data


class DevLogSerializer(serializers.Serializer[DevLog]):
    """A dev-log.

    An edit may send back all that was read: `id`, `author` and `created_at` must then be as they are; `tagging` and
    `tags` change by themselves, and are ignored.
    """

    id = serializers.IntegerField(read_only=True)
    entry = EntryTextField()
    private = FlagField(
        source="is_private",
        required=False,
        help_text="Whether it is tagged by the embedded extractor alone, so that its text never leaves the machine. "
        "Of a new dev-log that does not say it: as its author has set. Where it changes, the dev-log is tagged anew.",
    )
    external_id = ExternalIdField(
        help_text="What your own system calls it, or null. Each author has an external id once: what is sent again "
        "under it makes no second dev-log. Set when the dev-log is made, and never changed.",
    )
    author = serializers.CharField(allow_null=True, read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    tagging = TaggingSerializer(allow_null=True, read_only=True)
    tags = DevLogTagSerializer(many=True, read_only=True)

    def to_internal_value(self, data: dict[str, Any]) -> dict[str, Any]:
        """Refuse what no dev-log has. What it has and only the service sets may come back as it was read."""
        refuse_unknown(data, WRITTEN, "A dev-log has", allowed=SET_BY_US)
        if isinstance(self.instance, DevLog):
            refuse_changes(data, self.instance)
        return super().to_internal_value(data)

    def validate_external_id(self, external_id: str | None) -> str | None:
        if self.instance and external_id != self.instance.external_id:
            raise serializers.ValidationError(NEVER_CHANGED)
        return external_id

    def to_representation(self, devlog: DevLog) -> dict[str, Any]:
        """Show a dev-log that came with its job, `shown_tags` and, where it is one read back, `names_dropped`."""
        job = getattr(devlog, "job", None)
        return {
            "id": devlog.pk,
            "entry": devlog.entry,
            "private": devlog.is_private,
            "external_id": devlog.external_id,
            "author": devlog.author and devlog.author.username,
            "created_at": devlog.created_at,
            "tagging": job
            and TAGGING.shown(job, shown_pause, getattr(devlog, "names_dropped", None), self.context.get("request")),
            "tags": [DEVLOG_TAG.to_representation(tagging) for tagging in devlog.shown_tags],  # type: ignore[attr-defined]
        }


class AuthorSettingsSerializer(serializers.ModelSerializer[AuthorSettings]):
    """What the user has chosen for the dev-logs they write."""

    author = serializers.CharField(
        source="user.username", read_only=True, help_text="Who asks: the name that `?author=` takes."
    )
    private_by_default = FlagField(required=False, help_text="Whether a new dev-log is private that does not say it.")

    class Meta:
        model = AuthorSettings
        fields = ["author", "private_by_default"]

    def to_internal_value(self, data: dict[str, Any]) -> dict[str, Any]:
        refuse_unknown(data, self.fields, "The settings are")
        values: dict[str, Any] = super().to_internal_value(data)
        return values


def refuse_unknown(
    data: Collection[str], known: Collection[str], which: str, *, allowed: Collection[str] = ()
) -> None:
    """Raise ValidationError for each field of a body that there is not; those allowed beside it are not named."""
    if unknown := set(data) - {*known, *allowed}:
        message = f"Unknown field. {which}: {', '.join(known)}."
        raise serializers.ValidationError({name: [message] for name in sorted(unknown)})


def refuse_changes(data: dict[str, Any], devlog: DevLog) -> None:
    """Raise ValidationError where what is sent back of a dev-log is not what was read."""
    now = {"id": devlog.pk, "author": devlog.author and devlog.author.username}
    changed = [name for name, value in now.items() if data.get(name, value) != value]
    if "created_at" in data and not is_at(data["created_at"], devlog.created_at):
        changed.append("created_at")
    if changed:
        raise serializers.ValidationError({name: [NEVER_CHANGED] for name in changed})


def is_at(text: object, moment: datetime) -> bool:
    try:
        return isinstance(text, str) and parse_datetime(text) == moment
    except ValueError:
        return False


# Built once, for the way that most requests take: to build its fields takes longer than to check an entry.
DEVLOG = DevLogSerializer()
SET_BY_US = [name for name, field in DEVLOG.fields.items() if field.read_only]
WRITTEN = [str(name) for name in DEVLOG.fields if name not in SET_BY_US]
