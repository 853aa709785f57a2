"""How one operation is described."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import Serializer

from devlog_project.api.headers import headers_of


class Operation(AutoSchema):
    """Say what `extend_schema` says, and no more: docstrings are for who reads the code."""

    def get_description(self) -> str:  # type: ignore[override]  # the stubs are for DRF's own
        return ""

    def get_override_parameters(self) -> list[OpenApiParameter | Serializer[Any] | type[Serializer[Any]]]:
        return [*super().get_override_parameters(), *headers_of(self.view, self.method)]
