"""Who may send a message: those whom the API would let write, with the API's own answers to all others."""

from __future__ import annotations

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devlog_project.api.access import is_json
from devlog_project.api.parsers import PayloadTooLarge
from devlog_project.api.requests import LengthRequired

NOT_JSON = "A message is JSON: send it with the header `Content-Type: application/json`."


class DoorView(APIView):
    """Lets a message in. Messages are not counted: what they write is, where it is written."""

    throttle_classes = ()

    def post(self, request: Request) -> Response:
        if not is_json(request.content_type):
            raise UnsupportedMediaType(request.content_type, NOT_JSON)
        http = request._request
        if isinstance(http, WSGIRequest) and "HTTP_TRANSFER_ENCODING" in http.META:
            raise LengthRequired  # Django would take "no length" for "no body"
        try:
            size = len(http.body)
        except UnreadablePostError as error:  # the client went away
            raise ParseError("The body could not be read to its end.") from error
        if size > settings.API_MAX_BODY_BYTES:
            raise PayloadTooLarge(f"The message is larger than {settings.API_MAX_BODY_BYTES // 1024:,} KB.")
        return Response()


door = DoorView.as_view()


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Return the answer to a message that may not be sent; None lets it in."""
    response: HttpResponse = door(request)
    return response if response.status_code >= 400 else None
