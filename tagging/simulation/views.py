"""Jobs in the shapes of the job service; behind them the same rows, queue and worker as dev-logs have.

Its two services, API and worker, are two sets of addresses here, and both see all jobs.
"""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import JsonResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.request import Request
from rest_framework.views import APIView

from devlog_project.api.access import AuthenticatedUnlessOpen, author_of, visible
from devlogs import entries
from devlogs.models import DevLog
from tagging.extraction.fibonacci import MAX_N, PREFIX, Task, task_in
from tagging.models import Attempt, Job

# No more digits than any id has, or any n that is taken.
DIGITS = re.compile(r"[0-9]{1,18}")


class BareJobs(AuthenticatedUnlessOpen):
    """Take a POST that is nothing but its address, as the service's clients send it."""

    posts_are_json = False


@extend_schema(exclude=True)
class JobView(APIView):
    """`POST /job/{number}` takes a job, `GET /job/{id}` shows one."""

    permission_classes = [BareJobs]

    def post(self, request: Request, number: str) -> JsonResponse:
        return take(request, from_text(number))

    def get(self, request: Request, number: str) -> JsonResponse:
        return show(request, from_text(number))


@extend_schema(exclude=True)
class ProcessView(APIView):
    """`POST /process {"n": 100}` takes a job."""

    def post(self, request: Request) -> JsonResponse:
        return take(request, from_body(request, "n"))


@extend_schema(exclude=True)
class InfoView(APIView):
    """`GET /info {"id": 1}` or `GET /info?id=1` shows a job; many clients cannot send a body with a GET."""

    def get(self, request: Request) -> JsonResponse:
        text = request.query_params.get("id")
        job_id = from_text(text) if text is not None else from_body(request, "id")
        if not is_number(job_id):
            raise ParseError('Send the id of a job: {"id": 1} as the JSON body, or ?id=1.')
        return show(request, job_id)


@extend_schema(exclude=True)
class JobListView(APIView):
    """`GET /list-all` and `GET /all`: every job, oldest first."""

    def get(self, request: Request) -> JsonResponse:
        jobs = [shown for devlog in simulated(request).order_by("pk") if (shown := shape(devlog))]
        return JsonResponse(jobs, safe=False)


def from_text(text: str) -> Any:
    """Return the number that a piece of an address is, or the text as it is."""
    return int(text) if DIGITS.fullmatch(text) else text


def from_body(request: Request, name: str) -> Any:
    return request.data.get(name) if isinstance(request.data, dict) else None


def is_number(value: Any) -> bool:
    return type(value) is int  # JSON's true and false are ints to isinstance


def take(request: Request, n: Any) -> JsonResponse:
    if not is_number(n) or not 0 <= n <= MAX_N:
        raise ParseError(f"n must be a whole number from 0 to {MAX_N}.")
    devlog = DevLog(entry=Task(n, settings.TAGGING_SIMULATED_MOD).entry, author=author_of(request))
    entries.write(devlog)
    return JsonResponse({"status": "taken", "job_id": devlog.pk})


def show(request: Request, job_id: Any) -> JsonResponse:
    devlog = simulated(request).filter(pk=job_id).first() if is_number(job_id) else None
    shown = shape(devlog) if devlog else None
    if not shown:
        raise NotFound(f"There is no simulated job {job_id}.")
    return JsonResponse(shown)


def simulated(request: Request) -> QuerySet[DevLog]:
    """Return the dev-logs of simulated jobs that one may see, each with the newest answer to it as `answer`."""
    answers = Attempt.objects.filter(job=OuterRef("pk"), outcome=Attempt.Outcome.ANSWERED).order_by("-pk")
    devlogs = DevLog.objects.filter(entry__startswith=PREFIX, job__isnull=False)
    return visible(devlogs.select_related("job").annotate(answer=Subquery(answers.values("answer")[:1])), request)


def output_of(answer: Any) -> int | None:
    """Return what was computed; None where another extractor answered, before SIMULATION was on."""
    return answer["output"] if isinstance(answer, dict) else None


def shape(devlog: DevLog) -> dict[str, Any] | None:
    """Return the object that clients know, its keys in order; None where a developer wrote the entry."""
    task = task_in(devlog.entry)
    if not task:
        return None
    job = devlog.job
    return {
        "job_id": devlog.pk,
        "status": job.state,
        "input": task.n,
        "output": output_of(devlog.answer) if job.state == Job.State.DONE else None,  # type: ignore[attr-defined]
        "init_time": job.queued_at,
        "finished_time": job.finished_at,
        "mod": task.mod,
    }
