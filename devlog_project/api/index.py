"""The API's front door."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from devlog_project.api import schema
from devlog_project.api.requests import StrictView

ADDRESSES = {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}


class IndexView(StrictView):
    """List the addresses that need no id, as the contract names them; open to all, as the contract is."""

    authentication_classes = []
    permission_classes = []

    @extend_schema(
        summary="What there is",
        tags=["index"],
        responses={200: ADDRESSES},
    )
    def get(self, request: Request) -> Response:
        here = request.path
        known = [path.removeprefix(here) for path in schema.schema()["paths"] if "{" not in path]
        names = sorted({*known, "docs/", "schema/"} - {""})
        return Response({name.strip("/"): request.build_absolute_uri(here + name) for name in names})
