"""Views of a job on its way: the answer may wait for its end, `Prefer: wait=N`, or says when to ask again."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db import DatabaseError
from django.http import Http404, HttpResponse
from django.utils import timezone
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from devlog_project.api.access import visible
from devlog_project.api.preferences import APPLIED, wait_preferred, waiters
from devlog_project.api.requests import StrictView
from devlogs.models import DevLog
from tagging.models import Job
from tagging.models.endings import wait_for_end
from tagging.models.pace import queue_pace
from tagging.models.shown_pause import shown_pause

# When to look again while a person has paused the queue: nobody knows until when.
PAUSED_SECONDS = 10


class Followed(NamedTuple):
    """What an answer shows of a job."""

    job_id: int
    state: str
    run_after: datetime | None


class WaitingView(StrictView, GenericAPIView[Any]):
    """A view of what has one job, under its id: of the dev-log, or of the job itself."""

    # The actions, or the methods of a plain view, whose answers may wait.
    waits: Collection[str] = ()

    def followed(self, shown: dict[str, Any]) -> Followed | None:
        """Return the job that this body shows; None where it shows another thing, as a list."""
        raise NotImplementedError

    def number_of(self, shown: dict[str, Any]) -> int | None:
        job = self.followed(shown)
        return job and job.job_id

    def show_anew(self, number: int) -> dict[str, Any]:
        """Return the body that shows it as it is now; raise Http404 if it is gone."""
        self.kwargs = {**self.kwargs, "pk": number}
        shown: dict[str, Any] = self.get_serializer(self.get_object()).data
        return shown

    def finalize_response(self, request: Request, response: Response, *args: object, **kwargs: object) -> Response:
        data = getattr(response, "data", None)
        if isinstance(data, dict) and (job := self.followed(data)):
            self.tell_when(response, job)
        return super().finalize_response(request, response, *args, **kwargs)

    def tell_when(self, response: Response, job: Followed) -> None:
        """Tell a client that polls how long to wait, while the job is not final."""
        if job.state not in Job.UNFINISHED:
            return
        seconds = 1
        with suppress(DatabaseError):  # what was asked for is done all the same, and must be answered
            if job.state == Job.State.PENDING:
                seconds = PAUSED_SECONDS if shown_pause.queue() else self.seconds_until_done(job.job_id)
        response["Retry-After"] = str(max(seconds, seconds_until(job.run_after)))

    def seconds_until_done(self, job_id: int) -> int:
        return queue_pace.seconds_until_done(job_id)

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        action = getattr(self, "action", None) or str(request.method).lower()
        if action in self.waits and (seconds := wait_preferred(request)):
            self.answer_by(partial(self.answer_late if request.method == "POST" else self.look_late, seconds))

    def look_late(
        self, seconds: int, handler: Callable[..., HttpResponse], request: Request, *args: object, **kwargs: object
    ) -> HttpResponse:
        """Answer a GET once the job is final; what is another's is not waited for."""
        job_id = str(kwargs.get("pk", ""))
        state = None
        if job_id.isdecimal():
            jobs = Job.objects.filter(devlog__in=visible(DevLog.objects.filter(pk=int(job_id)), request))
            state = jobs.values_list("state", flat=True).first()
        is_applied = waited(int(job_id), seconds) if state in Job.UNFINISHED else state is not None
        response = handler(request, *args, **kwargs)
        if is_applied:
            response[APPLIED] = f"wait={seconds}"
        return response

    def answer_late(
        self, seconds: int, handler: Callable[..., HttpResponse], request: Request, *args: object, **kwargs: object
    ) -> HttpResponse:
        """Answer a POST, which is done by then, with what became of the job."""
        response = handler(request, *args, **kwargs)
        if not isinstance(response, Response) or response.exception:  # refused, or the repeat of a refusal
            return response
        # Whatever may happen now: what was asked for is committed, and that is what the client has to hear.
        with suppress(DatabaseError, Http404):
            job = self.followed(response.data)
            if job and waited(job.job_id, seconds):
                response.data = self.show_anew(job.job_id)
                response[APPLIED] = f"wait={seconds}"
        return response


def seconds_until(moment: datetime | None) -> int:
    """Whole seconds until a time, at least one; one as well when there is no time to wait for."""
    return max(1, math.ceil((moment - timezone.now()).total_seconds())) if moment else 1


def waited(job_id: int, seconds: int) -> bool:
    """Wait for the end of a job; return False at once where as many wait as may."""
    with waiters.take() as is_ours:
        if is_ours:
            wait_for_end(job_id, seconds)
        return is_ours
