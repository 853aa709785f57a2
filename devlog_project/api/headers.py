"""The headers that a request may have, and its answer: what a view takes, told to the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.views import APIView

from devlog_project.api import idempotency, preferences
from devlog_project.api.models.idempotency import MOST_CHARACTERS

CHANGES = ("PUT", "PATCH", "DELETE")
KEY: dict[str, Any] = {"type": "string", "pattern": f"^[!-~]{{1,{MOST_CHARACTERS}}}$"}
KEY_TEXT = (
    "Of your choice, and new for each request, such as a UUID. What is sent again with it within 24 hours changes "
    "nothing more and gets the first answer, with the dev-log or the job as it is now; not one of 429 or of 5xx, "
    "which are not kept. 409: the first is still being answered. 410: its dev-log was deleted since. 422: it came "
    "with another request before."
)
REPLAYED_TEXT = "`true` on the answer to a repeat."
WAIT_TEXT = (
    f"`wait=N`: answer as soon as the tagging is final, or after N seconds, at most {preferences.MOST_SECONDS}. Where "
    "too many wait already, the answer comes at once and without `Preference-Applied`."
)
IF_NONE_MATCH_TEXT = "The `ETag` that you have: where it still holds, the answer is 304 and has no body."
IF_MATCH_TEXT = (
    "The `ETag` that you have read: 412 where the author has written something else since. Tags that came meanwhile "
    "do not count. `*` holds for what there is."
)
ETAG_TEXT = "The version of what is shown, for `If-None-Match`; that of a dev-log for `If-Match` as well."


def headers_of(view: APIView, method: str) -> Iterator[OpenApiParameter]:
    """Yield those of one operation."""
    action = getattr(view, "action", None) or method.lower()
    if method == "POST" and getattr(view, "keeps_answers", False):
        yield asked(idempotency.HEADER, KEY_TEXT, KEY)
        yield told(idempotency.REPLAYED, REPLAYED_TEXT)
    if action in getattr(view, "waits", ()):
        yield asked(preferences.HEADER, WAIT_TEXT)
        yield told(preferences.APPLIED, "`wait=N`, where the answer waited, or had nothing to wait for.")
    if action in {*getattr(view, "waits", ()), *getattr(view, "versioned", ())} and method != "DELETE":
        yield told("Retry-After", "Seconds after which to look again, while the tagging is not final.")
    changes_version = action in getattr(view, "versioned", ())
    is_versioned = method == "GET" and not getattr(view, "is_streamed", False)
    if is_versioned:
        yield asked("If-None-Match", IF_NONE_MATCH_TEXT)
    if is_versioned or (changes_version and method != "DELETE"):
        yield told("ETag", ETAG_TEXT)
    if changes_version and method in CHANGES:
        yield asked("If-Match", IF_MATCH_TEXT)
    if getattr(view, "is_streamed", False):
        yield told("Content-Disposition", "The file's name.")


def asked(name: str, text: str, schema: dict[str, Any] | type = str) -> OpenApiParameter:
    return OpenApiParameter(name, schema, OpenApiParameter.HEADER, description=text)


def told(name: str, text: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text, response=["200", "201", "202"])
