"""What a request is answered while the database is in trouble: 503, and when to come back."""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from devlog_project.api import problems
from devlog_project.ops.readiness import readiness
from devlog_project.ops.trouble import is_trouble
from devlog_project.ops.waiting_room import WaitingRoom
from devlogs.pages import errors

logger = logging.getLogger(__name__)

# Where no database is asked, or where waiting for it is bounded in another way.
FOR_MACHINES = ("/healthz", "/livez", "/readyz", "/metrics")
# Long enough for a restart or a short lock, short enough for a person.
RETRY_AFTER_SECONDS = 5
SAID = "The database cannot be used at the moment."
TITLE = _("Please try again in a moment")
TEXT = _(
    "The database cannot be used at the moment. What you sent may not have been saved. Go back, and send it again in "
    "a few seconds: the form still holds it. If this stays, tell who runs this site: its log and /readyz say what is "
    "wrong."
)

Answer = HttpResponseBase | Awaitable[HttpResponseBase]


def is_database_down() -> bool:
    return readiness.findings().database != "ok"


class Unavailable:
    """Middleware: let only so many requests wait for the database, and turn its trouble into 503.

    On an ASGI server each request has a thread of its own, so that no number of them keeps others out.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Answer], room: WaitingRoom | None = None) -> None:
        self._get_response = get_response
        self._room = room or WaitingRoom(is_stuck=is_database_down)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        if self._is_async or request.path in FOR_MACHINES:
            return self._get_response(request)
        if not self._room.enter():
            return unavailable(request)
        try:
            return self._get_response(request)
        finally:
            self._room.leave()

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for a view that met the trouble."""
        if not is_trouble(exception):
            return None
        logger.error("The database failed: %s %s", request.method, request.path, exc_info=exception)
        return unavailable(request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for a middleware that met the trouble, and for all other errors."""
    error = sys.exc_info()[1]
    return unavailable(request) if error and is_trouble(error) else errors.server_error(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Return 503 with Retry-After: a page in the admin and for browsers, a problem elsewhere."""
    if request.path.startswith("/admin/") or errors.wants_page(request):
        response = errors.bare_page(request, 503, TITLE, TEXT)
    else:
        response = problems.unavailable(f"{SAID} Send the request again after the seconds of Retry-After.")
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store"
    return response
