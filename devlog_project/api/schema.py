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

from devlog_project.api.answers import REFERENCE
from devlog_project.api.problems import CONTENT_TYPE
from devlog_project.api.requests import StrictView

RENDERERS = [OpenApiYamlRenderer, OpenApiYamlRenderer2, OpenApiJsonRenderer, OpenApiJsonRenderer2]
BY_FORMAT = {"yaml": OpenApiYamlRenderer, "json": OpenApiJsonRenderer}
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
    """Swagger UI, by a page of ours that holds no script and no style inside."""

    template_name = "api/docs.html"
    authentication_classes = []
    permission_classes = []


@cache
def schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


@cache
def rendered(renderer: type) -> bytes:
    content: bytes = renderer().render(schema(), renderer_context={})
    return content


def problems(described: Mapping[int, str]) -> dict[tuple[int, str], OpenApiResponse]:
    """Return these statuses as `extend_schema` takes them, where there is more to say than of all addresses."""
    return {(status, CONTENT_TYPE): OpenApiResponse(REFERENCE, text) for status, text in described.items()}
