"""The limits of the API on what one writes, in words for people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.views import APIView

from devlog_project.api.posts import PostsPerMinute
from tagging.api.limits import RETRY_AFTER_SECONDS


class RefusedError(Exception):
    """One may not write this now; the message says why, to people."""

    def __init__(self, text: str, retry_after: int) -> None:
        super().__init__(text)
        self.retry_after = retry_after


def count(request: HttpRequest) -> None:
    """Count one write of this minute, together with those at the API; raise RefusedError for one too many."""
    asked = Request(request)
    asked.user = request.user
    try:
        PostsPerMinute().allow_request(asked, APIView())
    except Throttled as error:
        seconds = ceil(error.wait or 0)  # type: ignore[attr-defined]  # the stubs leave it out
        text = _("That was too much in one minute. Nothing was saved; try again in %(seconds)d seconds.")
        raise RefusedError(text % {"seconds": seconds}, seconds) from error


@contextmanager
def of_pending() -> Iterator[None]:
    """Have the API's rules on how many dev-logs may wait for their tags raise RefusedError."""
    try:
        yield
    except Throttled as error:
        text = _(
            "So many of your dev-logs are waiting for their tags. Nothing was changed; try again when some are done."
        )
        raise RefusedError(text, RETRY_AFTER_SECONDS) from error
