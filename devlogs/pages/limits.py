"""The limits of the API on what one writes, in words for people."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.views import APIView

from devlog_project.api.posts import PostsPerMinute
from tagging import queues
from tagging.api.limits import RETRY_AFTER_SECONDS


class Refusal(NamedTuple):
    text: str
    retry_after: int


def refusal(request: HttpRequest) -> Refusal | None:
    """Return why one may not ask for more tags now; None where one may."""
    asked = Request(request)
    asked.user = request.user
    try:
        PostsPerMinute().allow_request(asked, APIView())
        queues.refuse_too_many(request.user.pk)
    except Throttled as error:
        seconds = ceil(error.wait or 0)  # type: ignore[attr-defined]  # the stubs leave it out
        text = _("That was too much in one minute. Nothing was saved; try again in %(seconds)d seconds.")
        return Refusal(text % {"seconds": seconds}, seconds)
    except queues.TooManyPendingError as error:
        text = _("You have %(most)d dev-logs waiting for their tags. Nothing was saved; try again when some are done.")
        return Refusal(text % {"most": error.most}, RETRY_AFTER_SECONDS)
    return None
