"""All dev-logs that a list's filters find, as a file: portion by portion, so that no export is held in memory."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from devlog_project.api.access import visible
from devlog_project.api.filters import one_of
from devlog_project.api.framework import MOMENT_FORMAT
from devlog_project.api.preferences import Places
from devlog_project.api.requests import StrictView
from devlog_project.api.schema import problems
from devlogs.filters import PARAMETERS, REPEATABLE, DevLogFilter
from devlogs.models import DevLog
from tagging.models import DevLogTag, Removal

# So many dev-logs are read at once, at most 20,000 characters each.
PORTION = 100
# Exports at once in this process: each has a thread as long as its client is slow to take it.
MOST_EXPORTS = 3
# Of what is exported, the fields with a name that a dev-log of the API has mean the same.
COLUMNS = [
    "external_id",
    "id",
    "author",
    "created_at",
    "entry",
    "private",
    "tags",
    "person_tags",
    "removed_tags",
]
# A spreadsheet takes a cell that begins so for a formula; with an apostrophe before it, it is text.
FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")

places = Places(MOST_EXPORTS)

Row = dict[str, Any]
Write = Callable[[Sequence[Row]], str]


def escaped(text: str) -> str:
    """Return the text for a cell; what looks escaped already gets one apostrophe more, so that all can be undone."""
    return f"'{text}" if FORMULA.match(text) else text


def unescaped(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def rows_of(devlogs: QuerySet[DevLog]) -> Iterator[list[Row]]:
    """Yield what is exported of these dev-logs, the oldest first; what is written meanwhile is left out."""
    fields = ("external_id", "pk", "author__username", "created_at", "entry", "is_private")
    newest = DevLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    after = 0
    while after < newest:
        portion = devlogs.filter(pk__gt=after, pk__lte=newest).order_by("pk").values_list(*fields)[:PORTION]
        rows = [dict(zip(COLUMNS, values, strict=False)) for values in portion]
        if not rows:
            return
        after = rows[-1]["id"]
        add_tags({row["id"]: row for row in rows})
        yield rows


def add_tags(rows: dict[int, Row]) -> None:
    """Add the names of the tags found, of those that people set, and of those that they took off."""
    for row in rows.values():
        row |= {"created_at": in_utc(row["created_at"]), "tags": [], "person_tags": [], "removed_tags": []}
    taggings = DevLogTag.objects.filter(devlog__in=rows).order_by("position", "pk")
    for devlog_id, name, attempt_id in taggings.values_list("devlog", "tag__name", "attempt"):
        rows[devlog_id]["tags" if attempt_id else "person_tags"].append(name)
    for devlog_id, name in Removal.objects.filter(devlog__in=rows).order_by("pk").values_list("devlog", "tag__name"):
        rows[devlog_id]["removed_tags"].append(name)


def in_utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime(MOMENT_FORMAT)


def as_ndjson(rows: Sequence[Row]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def as_csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([escaped(cell(row[name])) for name in COLUMNS])
    return text.getvalue()


def cell(value: object) -> str:
    """Return a value as text: a list as JSON, since a name may hold any comma."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# By the word of the address: the type, what comes first, and how rows are written.
FORMATS: dict[str, tuple[str, str, Write]] = {
    "ndjson": ("application/x-ndjson", "", as_ndjson),
    "csv": ("text/csv; charset=utf-8", f"{','.join(COLUMNS)}\r\n", as_csv),
}
FORMAT = OpenApiParameter("format", str, enum=list(FORMATS), default="ndjson", description="What the file is.")


class TooManyExports(APIException):
    status_code = 503
    default_code = "too_many_exports"
    default_detail = "Others are being handed out exports at the moment. Ask again in a while."
    wait = 30  # the seconds of Retry-After


class Export(StreamingHttpResponse):
    """An answer that keeps a place until it is closed, however that comes."""

    def __init__(self, texts: Iterator[str] | AsyncIterator[str], place: ExitStack, content_type: str) -> None:
        super().__init__(texts, content_type=content_type)
        self._place = place

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._place.close()


class ExportView(StrictView, generics.GenericAPIView[DevLog]):
    parameters = {"get": ["format", *PARAMETERS]}
    repeatable = REPEATABLE
    is_streamed = True
    queryset = DevLog.objects.all()
    filterset_class = DevLogFilter
    pagination_class = None

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """Leave the format to the parameter, whatever the client accepts."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        summary="Hand out the dev-logs of a list as a file",
        operation_id="devlogs_export",
        filters=True,
        parameters=[FORMAT],
        responses={
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR, "One JSON object in each line."),
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "The same as a table, with a line of names."),
            **problems({503: "Others are being handed out exports; `Retry-After` says when to ask again."}),
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Return all dev-logs that the filters find as one file, the oldest first, as `import_devlogs` reads it."""
        name = request.query_params.get("format", "ndjson")
        if name not in FORMATS:
            raise ValidationError({"format": [one_of(FORMATS)]})
        devlogs = self.filter_queryset(visible(self.get_queryset(), request))
        return as_file(devlogs, name, request._request)


def as_file(devlogs: QuerySet[DevLog], name: str, request: HttpRequest) -> StreamingHttpResponse:
    """Return these dev-logs in the format of this name; raise TooManyExports where others take all places."""
    content_type, head, write = FORMATS[name]
    is_read = request.method != "HEAD"
    with ExitStack() as stack:
        if is_read and not stack.enter_context(places.take()):
            raise TooManyExports
        portions = map(write, rows_of(devlogs))
        # The first is read now: what is wrong with the database can still be answered.
        texts = chain([head + next(portions, "")], portions) if is_read else iter(())
        parts = one_by_one(texts) if isinstance(request, ASGIRequest) else texts
        answer = Export(parts, stack.pop_all(), content_type)
    answer["Content-Disposition"] = f'attachment; filename="devlogs-{timezone.now():%Y-%m-%d}.{name}"'
    return answer


async def one_by_one(texts: Iterator[str]) -> AsyncIterator[str]:
    """Yield these texts, each made in the thread of the request while the loop serves others."""

    @sync_to_async
    def following() -> str | None:
        return next(texts, None)

    while (text := await following()) is not None:
        yield text
