"""What each operation may answer besides what its view says: hooks of drf-spectacular."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from devlog_project.api.problems import CONTENT_TYPE

MESSAGES = {"type": "array", "items": {"type": "string"}}
BY_NAME = {"type": "object", "additionalProperties": MESSAGES}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `errors` names what is wrong, by field or parameter; of many items by index.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"oneOf": [MESSAGES, BY_NAME]}},
    },
    "required": ["type", "title", "status", "detail"],
    "examples": [
        {
            "type": "about:blank",
            "title": "Bad Request",
            "status": 400,
            "detail": "The request is not valid; see errors.",
            "errors": {"entry": ["This field may not be blank."]},
        },
        {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "There is no such thing, or it is another's.",
        },
    ],
}
# What else is answered where a request may have such a header.
BY_HEADER = {
    "Idempotency-Key": {
        "409": "The first request with this `Idempotency-Key` is still being answered; repeat it in a moment.",
        "410": "The first request with this `Idempotency-Key` was carried out; its dev-log was deleted since.",
        "422": "This `Idempotency-Key` came with another request before.",
    },
    "If-Match": {"412": "The dev-log was edited since that `ETag`; nothing was changed."},
}
NO_LENGTH = "The body came in chunks, and this server reads none: send it with a Content-Length."
UNAVAILABLE = "The database, or a place for this, is not to be had now; `Retry-After` says when to try again."
TOO_LARGE = "The body is too large."
TOO_MANY_WRITES = "Too many writes in a minute, of this user or address; `Retry-After` says when to try again."
HEADERS_OF = {
    "201": ["Location"],
    "401": ["WWW-Authenticate"],
    "409": ["Retry-After"],
    "429": ["Retry-After"],
    "503": ["Retry-After"],
}
SAYS = {
    "Location": "Where the new thing is; absent where it has no address of its own.",
    "WWW-Authenticate": "How to say who asks.",
    "Retry-After": "Seconds after which to try again, where that helps.",
}
IN_PATH = {"id": "The id of what is meant.", "name": "Name or slug of the tag; a name may have a slash."}
REFERENCE = {"$ref": "#/components/schemas/Problem"}


def add_problems(result: dict[str, Any], **kwargs: object) -> dict[str, Any]:
    """Name the problems that each operation may answer with."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    for path, method, operation in operations(result):
        content = {CONTENT_TYPE: {"schema": REFERENCE}}
        for status, text in problems_of(path, method, operation).items():
            operation["responses"].setdefault(status, {"description": text, "content": content})
        if asks(operation, "If-None-Match"):
            operation["responses"].setdefault("304", {"description": "Nothing has changed since that `ETag`."})
        operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def problems_of(path: str, method: str, operation: dict[str, Any]) -> dict[str, str]:
    """Return by status when an operation answers with it."""
    described = {"400": "What was sent is not valid.", "406": "`Accept` takes nothing that there is."}
    described |= {"503": UNAVAILABLE, "default": "Any other problem: of ours, or of what stands in front."}
    if operation.get("security"):
        described["401"] = "Who asks is not known, or a token is no longer valid."
    if "{" in path:
        described["404"] = "There is no such thing, or it is another's."
    if method in ("post", "put", "patch"):
        described |= {"411": NO_LENGTH, "413": TOO_LARGE, "415": "The body is no JSON.", "429": TOO_MANY_WRITES}
    for name, problems in BY_HEADER.items():
        if asks(operation, name):
            described |= problems
    return described


def add_headers(result: dict[str, Any], **kwargs: object) -> dict[str, Any]:
    """Name the headers that answers have by their status, and say what the parameters of a path are."""
    for _, _, operation in operations(result):
        for status, names in HEADERS_OF.items():
            if answer := operation["responses"].get(status):
                headers = {name: {"schema": {"type": "string"}, "description": SAYS[name]} for name in names}
                answer["headers"] = headers | answer.get("headers", {})
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path":
                parameter.setdefault("description", IN_PATH.get(parameter["name"], ""))
    return result


def operations(result: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def asks(operation: dict[str, Any], header: str) -> bool:
    return any(parameter["name"] == header for parameter in operation.get("parameters", ()))
