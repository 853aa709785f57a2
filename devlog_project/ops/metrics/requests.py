"""The requests that this process answered: how many, how long they took, by route and status."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from tagging.engine import traces
from tagging.engine.fork import on_fork
from tagging.models.histogram import REQUEST_SECONDS, Histogram

# Method, route and status.
Kind = tuple[str, str, int]
Answer = HttpResponseBase | Awaitable[HttpResponseBase]


class Requests:
    """The requests by kind; to note one is an update of a dict."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._guard = threading.Lock()
        self._seen: dict[Kind, Histogram] = {}

    def note(self, kind: Kind, seconds: float) -> None:
        with self._guard:
            histogram = self._seen.get(kind)
            if histogram is None:
                histogram = self._seen[kind] = Histogram(REQUEST_SECONDS)
            histogram.note(seconds)

    def seen(self) -> dict[Kind, Histogram]:
        """Return a copy that stays as it is."""
        with self._guard:
            return {kind: Histogram(one.bounds, [*one.counts], one.total) for kind, one in self._seen.items()}


requests = Requests()
# A forked child counts its own: what its parent has answered is told by that.
on_fork(requests.forget)


def kind_of(request: HttpRequest, status: int) -> Kind:
    """Return under what it is counted; without a route where none was found, as for a file or a redirect."""
    return traces.method_of(request), traces.route_of(request), status


class CountRequests:
    """Middleware: note each request with the time until its answer begins."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Answer]) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        if self._is_async:
            return self._answer(request)
        began = time.perf_counter()
        response = cast(HttpResponseBase, self._get_response(request))
        requests.note(kind_of(request, response.status_code), time.perf_counter() - began)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = await cast(Awaitable[HttpResponseBase], self._get_response(request))
        requests.note(kind_of(request, response.status_code), time.perf_counter() - began)
        return response
