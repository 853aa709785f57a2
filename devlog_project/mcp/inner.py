"""How a tool asks the API: by a request of its own to the API's own view, in this process and as the same caller.

So whose a dev-log is, limits, validation and errors are the API's, and there is no second place that decides on them.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.urls import resolve
from django_mcpz.server import ToolError

from devlog_project.ops.trouble import is_trouble
from devlog_project.ops.unavailable import unavailable
from devlog_project.texts import OddValuesMiddleware, Utf8WSGIRequest

logger = logging.getLogger(__name__)

API = "/api/v1/"
WAIT = "wait=10"  # for the tags, as long as the API lets anybody wait
# What of the outer request says who asks, from where, and of which host; cookies never do.
KEPT = (
    "HTTP_AUTHORIZATION",
    "HTTP_HOST",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "REMOTE_ADDR",
    "SCRIPT_NAME",
    "SERVER_NAME",
    "SERVER_PORT",
    "wsgi.multithread",
)
TRY_LATER = (409, 429, 503)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered that is no error."""

    status: int
    text: str

    @property
    def json(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.text)
        return content


def ask(
    outer: HttpRequest,
    method: str,
    address: str,
    *,
    query: Mapping[str, object] | None = None,
    body: Mapping[str, object] | None = None,
    names: Mapping[str, str] | None = None,
    prefer: str = "",
) -> Answer:
    """Return what the API answers at this address; raise ToolError, in sentences, where it refuses.

    query: None stands for a parameter that is left out. names: what a tool calls a field or parameter of the API.
    """
    given = {name: value for name, value in (query or {}).items() if value is not None}
    request = inner_request(outer, method, API + address, urlencode(given), body, prefer)
    response = answered(request)
    text = response.content.decode()
    if response.status_code >= 400:
        raise ToolError(sentences(json.loads(text), response.headers.get("Retry-After"), names or {}))
    return Answer(response.status_code, text)


def inner_request(
    outer: HttpRequest, method: str, path: str, query: str, body: Mapping[str, object] | None, prefer: str
) -> Utf8WSGIRequest:
    """Return the request to the API, the same under WSGI and ASGI."""
    content = b"" if body is None else json.dumps(body).encode()
    environ = {name: outer.META[name] for name in KEPT if name in outer.META}
    if body is not None:
        environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(content))}
    return Utf8WSGIRequest(
        environ
        | {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.encode().decode("latin-1"),  # as WSGI has it
            "QUERY_STRING": query,
            "HTTP_PREFER": prefer,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.input": io.BytesIO(content),
            "wsgi.url_scheme": outer.scheme,
        }
    )


def answered(request: Utf8WSGIRequest) -> HttpResponse:
    """Return the view's answer, with as much of the middleware as is not done for the outer request already."""
    try:
        response = OddValuesMiddleware(view_of)(request)
        if isinstance(response, SimpleTemplateResponse):
            response.render()
    except (DatabaseError, InterfaceError) as error:
        if not is_trouble(error):
            raise
        logger.error("The database failed: %s %s", request.method, request.path, exc_info=error)
        response = unavailable(request)
    return cast("HttpResponse", response)


def view_of(request: HttpRequest) -> HttpResponse:
    """Have the view that the address leads to answer."""
    request.resolver_match = match = resolve(request.path_info)
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return response


def sentences(problem: Mapping[str, Any], retry_after: str | None, names: Mapping[str, str]) -> str:
    """Return a problem (RFC 9457) as a model reads it: what is wrong, by argument, and when to try again."""
    said = [f"{problem['title']} ({problem['status']})."]
    if errors := problem.get("errors"):
        said += [f"{names.get(name, name)}: {' '.join(map(str, messages))}" for name, messages in errors.items()]
    else:
        said.append(problem["detail"])
    if retry_after and problem["status"] in TRY_LATER:
        said.append(f"Try again in {retry_after} seconds.")
    return " ".join(said)
