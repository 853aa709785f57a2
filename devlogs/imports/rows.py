"""What a file may say of a dev-log, beyond what a request may: whose it is, and what people said of its tags."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from devlogs.bulk import NewDevLogSerializer
from tagging.curation import vocabulary
from tagging.extraction.base import MAX_TECHNOLOGIES


class NameField(serializers.CharField):
    def to_internal_value(self, data: object) -> str:
        try:
            return vocabulary.checked(super().to_internal_value(cast("str", data)))
        except vocabulary.NameRefusedError as error:
            raise serializers.ValidationError(str(error)) from error


class NamesField(serializers.ListField):
    child = NameField()

    def __init__(self) -> None:
        super().__init__(required=False, max_length=MAX_TECHNOLOGIES)


class RowSerializer(NewDevLogSerializer):
    """A row of an export, or of what looks like one."""

    id = serializers.IntegerField(required=False, allow_null=True)
    author = serializers.CharField(required=False, allow_null=True)
    tags = serializers.JSONField(required=False)  # found anew
    person_tags = NamesField()
    removed_tags = NamesField()


class BadRowError(Exception):
    """A row that cannot be imported; the message says why."""


def checked(values: Mapping[str, object]) -> dict[str, Any]:
    """Return the values of a row, or raise BadRowError."""
    try:
        row: dict[str, Any] = ROW.run_validation(cast("dict[str, Any]", values))
    except ValidationError as error:
        raise BadRowError("; ".join(sentences(error.detail))) from error
    return row


def sentences(detail: object, where: str = "") -> Iterator[str]:
    """Yield what errors say, each with the name of its field."""
    if isinstance(detail, Mapping):
        for name, more in detail.items():
            yield from sentences(more, where or str(name))
    elif isinstance(detail, list):
        for more in detail:
            yield from sentences(more, where)
    else:
        yield f"{where}: {detail}" if where else str(detail)


def derived_id(row: Mapping[str, Any]) -> str:
    """Return an external id for a row that has none: the same each time, another one for another row."""
    at = row["created_at"].isoformat() if "created_at" in row else None
    what = json.dumps([row.get("id"), at, row["entry"]])
    return f"import:{hashlib.sha256(what.encode()).hexdigest()[:40]}"


ROW = RowSerializer()
