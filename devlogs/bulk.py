"""Many dev-logs in one request: all of them, or none."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from devlog_project.api.access import author_of
from devlog_project.api.headers import told
from devlog_project.api.parsers import BoundedJSONParser
from devlog_project.api.requests import StrictView
from devlog_project.api.schema import problems
from devlogs import repeats
from devlogs.models import DevLog
from devlogs.repeats import Result, Sent
from devlogs.serializers import SET_BY_US, EntryTextField, ExternalIdField, FlagField, refuse_unknown
from tagging.api.limits import TOO_MANY, refuse_too_many
from tagging.models.pace import queue_pace

MAX_ITEMS = 500
RESULTS = [(one.value, one.value) for one in (Result.CREATED, Result.EXISTING)]


class ExternalIdConflict(APIException):
    status_code = 409
    default_code = "external_id_conflict"


class NewDevLogSerializer(serializers.Serializer[DevLog]):
    """A new dev-log, which may come from elsewhere, and have been written earlier."""

    entry = EntryTextField()
    private = FlagField(
        source="is_private",
        required=False,
        help_text="Whether its text never leaves the machine; left out: as its author has set.",
    )
    external_id = ExternalIdField(
        help_text="What your own system calls it: so that to send it again makes no second one."
    )
    created_at = serializers.DateTimeField(
        required=False,
        help_text="When it was written, not in the future; left out: now. Without an offset: in UTC. It does not "
        "count for one that is there already: `existing` keeps its own.",
    )

    def to_internal_value(self, data: dict[str, Any]) -> dict[str, Any]:
        if isinstance(data, dict):
            if ours := [name for name in SET_BY_US if name in data and name not in self.fields]:
                raise serializers.ValidationError({name: ["Set by the service."] for name in ours})
            refuse_unknown(data, self.fields, "A new dev-log has")
        values: dict[str, Any] = super().to_internal_value(data)
        return values

    def validate_created_at(self, created_at: datetime) -> datetime:
        if created_at > timezone.now():
            raise serializers.ValidationError("This is in the future.")
        return created_at


class BulkSerializer(serializers.Serializer[Any]):
    """What is sent: up to 500 dev-logs."""

    devlogs = serializers.ListField(child=NewDevLogSerializer(), min_length=1, max_length=MAX_ITEMS)


class BulkItemSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    external_id = serializers.CharField(allow_null=True)
    result = serializers.ChoiceField(choices=RESULTS, help_text="Whether it was created, or there already.")


class BulkResultSerializer(serializers.Serializer[Any]):
    """What became of each, in the order sent."""

    devlogs = BulkItemSerializer(many=True)
    created = serializers.IntegerField(help_text="How many were created; the others were there.")


class OneAtATimeParser(BoundedJSONParser):
    """Parses one body at a time, once it is here: what megabytes of JSON take meanwhile is many times as much."""

    _parsing = threading.Lock()

    def content_of(self, body: bytes) -> dict[str, Any]:
        with self._parsing:
            content = super().content_of(body)
            if isinstance(content, dict):
                refuse_unknown(content, ["devlogs"], "The body has")
                refuse_no_list(content.get("devlogs"))
            return content


class BulkView(StrictView):
    takes_body = ["post"]
    parser_classes = [OneAtATimeParser]
    max_body_bytes = 4 * 1024 * 1024

    @extend_schema(
        summary="Write up to 500 dev-logs, all or none",
        operation_id="devlogs_bulk_create",
        request=BulkSerializer,
        parameters=[told("Retry-After", "Of 201: seconds after which the last of them is likely to be tagged.")],
        responses={
            200: OpenApiResponse(BulkResultSerializer, "All of them were there already; nothing was changed."),
            201: OpenApiResponse(
                BulkResultSerializer,
                "All are saved, and wait behind what people wait for; `Retry-After` says when to look.",
            ),
            **problems({409: "An external id names another entry already: nothing is saved, see `errors`."}),
            **TOO_MANY,
        },
    )
    def post(self, request: Request) -> Response:
        """Write up to 500 dev-logs, all or none; those whose external id is known with this entry stay as they are."""
        body = cast("dict[str, Any]", request.data)
        devlogs = checked(body["devlogs"])
        author = author_of(request)
        refuse_too_many(author.pk if author else None, is_bulk=True, count=len(devlogs))
        with transaction.atomic():
            sent = repeats.write_once([DevLog(author=author, **values) for values in devlogs])
            refuse_conflicts(sent)
        shown = [
            {"id": one.devlog.pk, "external_id": one.devlog.external_id, "result": one.result.value} for one in sent
        ]
        created = sum(one.result == Result.CREATED for one in sent)
        answer = {"devlogs": shown, "created": created}
        if not created:
            return Response(answer)
        last = max(one.devlog.pk for one in sent if one.result == Result.CREATED)
        return Response(answer, 201, headers={"Retry-After": str(queue_pace.seconds_until_done(last))})


def refuse_no_list(devlogs: object) -> None:
    if not isinstance(devlogs, list) or not 0 < len(devlogs) <= MAX_ITEMS:
        found = f"; these are {len(devlogs):,}" if isinstance(devlogs, list) else ""
        raise ValidationError({"devlogs": [f"A list of 1 to {MAX_ITEMS} dev-logs{found}."]})


def checked(items: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the values of these items, or raise ValidationError that names what is wrong by the index of each."""
    values, errors = [], {}
    for index, item in enumerate(items):
        try:
            values.append(NEW_DEVLOG.run_validation(item))
        except ValidationError as error:
            errors[str(index)] = error.detail
    if errors:
        raise ValidationError(errors)
    return values


def refuse_conflicts(sent: Sequence[Sent]) -> None:
    """Raise ExternalIdConflict where an external id names another entry."""
    new = {one.devlog.pk for one in sent if one.result == Result.CREATED}
    errors = {
        str(index): {"external_id": [conflict_of(one.devlog, is_new=one.devlog.pk in new)]}
        for index, one in enumerate(sent)
        if one.result == Result.CONFLICT
    }
    if errors:
        raise ExternalIdConflict({"detail": "Nothing was saved; see errors.", "errors": errors})


def known_as(sent: DevLog) -> int:
    """Return the id of the dev-log that is there under an external id; raise ExternalIdConflict for another one."""
    known = repeats.found(sent.author_id, [sent.external_id or ""]).first()
    if not known:
        raise ExternalIdConflict("The dev-log with this external id was deleted just now. Send the request again.")
    if repeats.compared(sent, known).result == Result.CONFLICT:
        errors = {"external_id": [conflict_of(known)]}
        raise ExternalIdConflict({"detail": "Nothing was saved; see errors.", "errors": errors})
    return known.pk


def conflict_of(known: DevLog, *, is_new: bool = False) -> str:
    which = "An earlier one in this list" if is_new else f"Dev-log {known.pk}"
    return f"{which} has this external id, with another entry or less private. Edit that one, or send another id."


NEW_DEVLOG = NewDevLogSerializer()
