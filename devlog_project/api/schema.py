"""The contract as OpenAPI, with the problems that may be answered; generated once, as two at a time would fail."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from devlog_project.api.problems import CONTENT_TYPE
from devlog_project.api.requests import StrictView

RENDERERS = [OpenApiYamlRenderer, OpenApiYamlRenderer2, OpenApiJsonRenderer, OpenApiJsonRenderer2]
BY_FORMAT = {"yaml": OpenApiYamlRenderer, "json": OpenApiJsonRenderer}
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
}
# What else is answered where a request may have such a header.
BY_HEADER = {
    "Idempotency-Key": {
        "409": "The first request with this `Idempotency-Key` is still being answered; repeat it in a moment.",
        "422": "This `Idempotency-Key` came with another request before.",
    },
    "If-Match": {"412": "The dev-log was edited since that `ETag`; nothing was changed."},
}
REFERENCE = {"$ref": "#/components/schemas/Problem"}
_generating = threading.Lock()


class TokenScheme(KnoxTokenScheme):
    target_class = "devlog_project.api.access.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token, by a login or from `auth/tokens/`."}


class SchemaView(StrictView):
    """Open to all, and so without a look at who asks."""

    authentication_classes = []
    permission_classes = []
    renderer_classes = RENDERERS
    parameters = {"get": ["format"]}

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        chosen = request.query_params.get("format")
        if chosen and chosen not in BY_FORMAT:
            raise ValidationError({"format": [f"One of: {', '.join(BY_FORMAT)}."]})
        renderer = BY_FORMAT[chosen] if chosen else type(request.accepted_renderer)
        with _generating:
            return HttpResponse(rendered(renderer), content_type=renderer.media_type)


class DocsView(StrictView, SpectacularSwaggerView):
    authentication_classes = []
    permission_classes = []


@cache
def schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


@cache
def rendered(renderer: type) -> bytes:
    content: bytes = renderer().render(schema(), renderer_context={})
    return content


def add_problems(result: dict[str, Any], **kwargs: object) -> dict[str, Any]:
    """Name the problem that each operation may answer with: a hook of drf-spectacular."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            described = {"400": "What was sent is not valid.", "default": "Any other problem."}
            if operation.get("security"):
                described["401"] = "Who asks is not known, or a token is no longer valid."
            if "{" in path:
                described["404"] = "There is no such thing, or it is another's."
            if "requestBody" in operation:
                described |= {"413": "The body is too large.", "415": "The body is no JSON."}
            for parameter in operation.get("parameters", ()):
                described |= BY_HEADER.get(parameter["name"], {})
            for status, text in described.items():
                content = {CONTENT_TYPE: {"schema": REFERENCE}}
                operation["responses"].setdefault(status, {"description": text, "content": content})
            if method == "get":
                operation["responses"].setdefault("304", {"description": "Nothing has changed since that `ETag`."})
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def problems(described: Mapping[int, str]) -> dict[tuple[int, str], OpenApiResponse]:
    """Return these statuses as `extend_schema` takes them, where there is more to say than of all addresses."""
    return {(status, CONTENT_TYPE): OpenApiResponse(REFERENCE, text) for status, text in described.items()}
