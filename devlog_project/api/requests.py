"""Refuse what an address does not know: a slip must never read, change or delete more than was meant."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping
from functools import partial

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from devlog_project.api.idempotency import HEADER as IDEMPOTENCY_KEY
from devlog_project.api.idempotency import answer_once

JSON = JSONRenderer()


class LengthRequired(APIException):
    status_code = 411
    default_code = "length_required"
    default_detail = "This server reads no chunked body: send it with a Content-Length."


class StrictView(APIView):
    """Every view of the API: it says what it takes, and refuses the rest.

    All but `repeatable` and `keeps_answers` name an action of the view set, or the method of a plain view.
    """

    parameters: Mapping[str, Collection[str]] = {}
    repeatable: Collection[str] = ()
    takes_body: Collection[str] = ()
    # Whether what a POST answers may be kept for its repeats: not where it holds a secret, or a refusal writes too.
    keeps_answers = True

    max_body_bytes: int = settings.API_MAX_BODY_BYTES

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        method = str(request.method).lower()
        if not hasattr(self, method):
            return  # a 405 says more
        action = getattr(self, "action", None) or ("get" if method == "head" else method)
        refuse_parameters(request, self.parameters.get(action, ()), self.repeatable)
        if action in self.takes_body:
            load_unmeasured(request, self.max_body_bytes)
            if request.stream is None:
                raise ParseError("The body is empty; send a JSON object.")
            if not isinstance(request.data, dict):
                raise ParseError('The body must be a JSON object, {"…": …}.')
        elif method in ("post", "put", "patch"):
            load_unmeasured(request, self.max_body_bytes)
            if request.data:
                names = request.data if isinstance(request.data, dict) else [api_settings.NON_FIELD_ERRORS_KEY]
                raise ValidationError({name: ["This address takes no body."] for name in names})
        if method == "post" and IDEMPOTENCY_KEY in request.headers:
            if not self.keeps_answers:
                raise ValidationError({IDEMPOTENCY_KEY: ["No answer is kept here for a repeat."]})
            self.answer_by(partial(answer_once, self))

    def answer_by(self, around: Callable[..., HttpResponse]) -> None:
        """Have this request answered by a function that gets its handler first, and then what the handler gets."""
        method = str(self.request.method).lower()
        setattr(self, method, partial(around, getattr(self, method)))

    def finalize_response(self, request: Request, response: Response, *args: object, **kwargs: object) -> Response:
        """Write JSON, also where a page or YAML would have come had all been well."""
        response = super().finalize_response(request, response, *args, **kwargs)
        is_ours = isinstance(response, Response) and not response.template_name
        if is_ours and not isinstance(response.accepted_renderer, JSONRenderer):
            response.accepted_renderer, response.accepted_media_type = JSON, JSON.media_type
        if request.method in ("GET", "HEAD") and self.authentication_classes:
            # No proxy hands one user's to another, and a browser asks whether its own still holds.
            patch_vary_headers(response, ["Authorization"])
            response.setdefault("Cache-Control", "private, no-cache")
        return response


def refuse_parameters(request: Request, known: Collection[str], repeatable: Collection[str]) -> None:
    """Raise ValidationError for a query parameter that is unknown, empty, or given twice where one counts."""
    errors = {}
    for name, values in request.query_params.lists():
        if name not in known:
            errors[name] = [f"Unknown parameter. Known here: {', '.join(known) or 'none'}."]
        elif not all(value.strip() for value in values):
            errors[name] = ["This parameter is empty: give it a value, or leave it out."]
        elif len(values) > 1 and name not in repeatable:
            errors[name] = ["Give this parameter once."]
    if errors:
        raise ValidationError(errors)


def load_unmeasured(request: Request, max_bytes: int) -> None:
    """Read a body that came without a length, chunked or by HTTP/2: DRF takes "no length" for "no body"."""
    http = request._request
    if request.stream is not None or http.META.get("CONTENT_LENGTH"):
        return
    read = http.read
    if isinstance(http, WSGIRequest):  # it reads no further than the length it was told
        if not http.META.get("wsgi.input_terminated"):
            if "HTTP_TRANSFER_ENCODING" in http.META:
                raise LengthRequired
            return
        read = http.META["wsgi.input"].read
    try:
        body = read(max_bytes + 1)
    except Exception as error:  # each server has its own for a body that is malformed or breaks off
        raise ParseError("The body could not be read to its end.") from error
    if body:
        request._stream = io.BytesIO(body)
