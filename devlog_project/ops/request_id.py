"""A number for each request, by which its lines in the log are found: the client's own, or one of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from devlog_project.api.origin import HEADER, Origin, asked_by, id_of
from devlog_project.ops.probes import PROBES
from tagging.engine import traces

if TYPE_CHECKING:
    from opentelemetry.trace import Span

Answer = HttpResponseBase | Awaitable[HttpResponseBase]


class RequestId:
    """Middleware, around all others: note who asks while the request is answered, and say it in the answer."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Answer]) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        return self._answer_later(request) if self._is_async else self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        request_id = note(request)
        with asked_by(Origin(request_id)), traced(request) as span:
            response = cast(HttpResponseBase, self._get_response(request))
            traces.answered(span, request, response.status_code)
        response.headers[HEADER] = request_id
        return response

    async def _answer_later(self, request: HttpRequest) -> HttpResponseBase:
        request_id = note(request)
        with asked_by(Origin(request_id)), traced(request) as span:
            response = await cast(Awaitable[HttpResponseBase], self._get_response(request))
            traces.answered(span, request, response.status_code)
        response.headers[HEADER] = request_id
        return response


def traced(request: HttpRequest) -> AbstractContextManager[Span | None]:
    """Have a span around the answer, unless it is one to a machine that asks each second."""
    return nullcontext() if request.path_info in PROBES else traces.serving(request)


def note(request: HttpRequest) -> str:
    """Return the request's id, and leave it on the request: Django logs its answer when we are through with it."""
    request_id = id_of(request.headers.get(HEADER, ""))
    request.META["devlog.request_id"] = request_id
    return request_id
