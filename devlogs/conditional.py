"""Dev-logs under conditions: nobody is sent what they have, or overwrites what they never saw."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.http import HttpResponse
from django.utils.http import parse_etags
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from devlogs import entries
from devlogs.models import DevLog
from devlogs.versions import WRITTEN, edit_version, edit_version_in, etag_of, etag_of_page
from tagging.api.waiting import Followed, WaitingView
from tagging.models.shown_pause import shown_pause

NO_BODY = 304


class PreconditionFailed(APIException):
    status_code = 412
    default_code = "precondition_failed"
    default_detail = "This dev-log was edited since the ETag of If-Match. Read it again, and then change it."


class ConditionalView(WaitingView):
    """A view set of dev-logs with `If-None-Match` and `If-Match`; it shows the dev-log in `shown`."""

    # The actions that write what an ETag is the version of.
    versioned = ("create", "update", "partial_update", "destroy", "retag")
    shown: DevLog | None = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in ("PUT", "PATCH", "DELETE") and "If-Match" in request.headers:
            self.answer_by(self.answer_if_match)

    def get_object(self) -> DevLog:
        self.shown = super().get_object()
        return self.shown

    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        devlog = self.get_object()
        if is_known(etag_of(devlog, request), request):
            response = Response(status=NO_BODY)
            if job := getattr(devlog, "job", None):
                self.tell_when(response, Followed(devlog.pk, job.shown_state, job.due_at(shown_pause)))
            return response
        return Response(self.get_serializer(devlog).data)

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        links = self.paginator.get_next_link(), self.paginator.get_previous_link()  # type: ignore[union-attr]
        etag = etag_of_page(page, request, *links)
        if is_known(etag, request):
            response = Response(status=NO_BODY)
        else:
            response = self.get_paginated_response(self.get_serializer(page, many=True).data)
        response["ETag"] = etag
        return response

    def answer_if_match(
        self, handler: Callable[..., HttpResponse], request: Request, *args: object, **kwargs: object
    ) -> HttpResponse:
        """Change a dev-log if its author has written nothing else since; it stays locked until it is changed."""
        known = {edit_version_in(etag) for etag in parse_etags(request.headers["If-Match"])}
        with transaction.atomic():
            now = entries.locked([self.get_object().pk]).values_list(*WRITTEN).first()
            if now and not known & {edit_version(now), "*"}:
                raise PreconditionFailed
            return handler(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Response, *args: object, **kwargs: object) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.shown and response.status_code in (200, 201, 202, NO_BODY):
            response["ETag"] = etag_of(self.shown, request)
        return response


def is_known(etag: str, request: Request) -> bool:
    """Say whether the client has this version, by the weak comparison of RFC 9110."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag.removeprefix("W/") in {each.removeprefix("W/") for each in known}
