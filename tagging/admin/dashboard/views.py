"""What requests to `/admin/queue/` do: who sees jobs sees it, who operates the queue may pause, resume and retry."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import cast

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from devlogs.models import DevLog
from tagging import queues
from tagging.admin import shown
from tagging.admin.actions import OPERATE, QueueActions
from tagging.admin.dashboard.page import DAYS, page_of
from tagging.admin.dashboard.waits import still_waiting
from tagging.admin.jobs import may_resume
from tagging.extraction.base import ErrorCode
from tagging.models import Batch, QueuePause, failures, queue

SEE = "tagging.view_job"

View = Callable[[HttpRequest], HttpResponse]


def needing(permission: str) -> Callable[[View], View]:
    """Refuse those who may not."""

    def decorated(view: View) -> View:
        @wraps(view)
        def refusing(request: HttpRequest) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request)

        return refusing

    return decorated


@needing(SEE)
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the page; or its figures alone, where a script asks for these, if they are not what it has."""
    rights = request.user.has_perm(OPERATE), shown.may_see_entries(request)
    figures = {**queue.overview(may_see_entries=rights[1]), "provider": queue.provider_waiting()}
    days = days_asked(request)
    may_try = may_resume(request)
    batches = list(Batch.objects.shown(DevLog._meta.label_lower))
    context = {
        "page": page_of(figures, days),
        "batches": batches,
        "days_offered": DAYS,
        "may_operate": rights[0],
        "may_try": may_try,
        "may_see_entries": rights[1],
    }
    if "X-Fragment" not in request.headers:
        context |= {**admin.site.each_context(request), "title": _("Queue")}
        return TemplateResponse(request, "admin/queue/dashboard.html", context)
    answer = TemplateResponse(request, "admin/queue/_figures.html", context)
    # Of the figures, as each form has another token; a middleware compares it.
    answer["ETag"] = etag_of([figures, days, rights, may_try, get_language(), [str(batch) for batch in batches]])
    return answer


def days_asked(request: HttpRequest) -> int:
    said = request.GET.get("days", "")
    return int(said) if said in map(str, DAYS) else DAYS[0]


def etag_of(values: object) -> str:
    return f'"{blake2b(json.dumps(values, default=str).encode(), digest_size=16).hexdigest()}"'


@needing(OPERATE)
def pause(request: HttpRequest) -> HttpResponse:
    if QueuePause.objects.current():
        messages.info(request, _("The queue was paused already."))
        return redirect("queue:dashboard")
    paused = QueuePause.objects.pause(person(request), request.POST.get("reason", ""))
    why = {"reason": paused.reason}
    log(request, paused, _("Paused the queue: %(reason)s") % why if paused.reason else _("Paused the queue."))
    messages.success(request, _("The queue is paused. What runs is finished; dev-logs are taken in and wait."))
    return redirect("queue:dashboard")


@needing(OPERATE)
def resume(request: HttpRequest) -> HttpResponse:
    if ended := queues.resume(person(request)):
        log(request, ended, _("Resumed the queue."))
        waiting = queue.provider_waiting()
        messages.success(request, still_waiting(waiting) if waiting else _("The queue goes on."))
    else:
        messages.info(request, _("The queue was not paused."))
    return redirect("queue:dashboard")


def person(request: HttpRequest) -> User:
    return cast("User", request.user)  # whoever is not logged in was asked to


def log(request: HttpRequest, paused: QueuePause, what: str) -> None:
    LogEntry.objects.create(
        user=person(request),
        content_type=ContentType.objects.get_for_model(paused),
        object_id=str(paused.pk),
        object_repr=what[:200],
        action_flag=CHANGE,
    )


@needing(OPERATE)
def retry(request: HttpRequest) -> HttpResponse:
    """Ask for the tags of all that failed with one code once more, after it was said how many and what that costs."""
    if request.method != "POST":  # also the way back from the question
        return redirect("queue:dashboard")
    code = request.GET.get("code", "")
    if code not in list(ErrorCode):
        raise Http404
    devlog_admin = cast("QueueActions", admin.site.get_model_admin(DevLog))
    label = gettext_noop("Failed dev-logs queued to be tagged again")
    question = devlog_admin.queue(request, "retry_failed", _("Retry failed"), failures.failed_with(code), label)
    return question or redirect("queue:dashboard")
