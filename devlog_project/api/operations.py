"""How one operation is described."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import Serializer

from devlog_project.api.headers import headers_of


class Operation(AutoSchema):
    """Say what `extend_schema` says, and no more: docstrings are for who reads the code."""

    def get_description(self) -> str:  # type: ignore[override]  # the stubs are for DRF's own
        return ""

    def _map_basic_serializer(self, serializer: Serializer[Any], direction: str) -> dict[str, Any]:
        """Describe a body by its serializer's own docstring, not by one that it inherits."""
        described: dict[str, Any] = super()._map_basic_serializer(serializer, direction)
        if not vars(force_instance(serializer).__class__).get("__doc__"):
            described.pop("description", None)
        return described

    def get_override_parameters(self) -> list[OpenApiParameter | Serializer[Any] | type[Serializer[Any]]]:
        return [*super().get_override_parameters(), *headers_of(self.view, self.method)]
