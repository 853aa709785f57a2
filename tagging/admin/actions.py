"""What people do to many jobs, on lists whose rows have one each: tag again, retry what failed, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from devlogs.models import DevLog
from tagging import queues
from tagging.admin.batches import BatchAdmin, Question
from tagging.models import Job
from tagging.models.forecast import cost_of, time_of

OPERATE = "tagging.operate_queue"


class QueueActions(BatchAdmin):
    """The rows' primary keys are those of their dev-logs."""

    # From a row to its job, as a filter has it.
    to_job = ""

    def has_operate_permission(self, request: HttpRequest) -> bool:
        own = f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}"
        return request.user.has_perm(OPERATE) or request.user.has_perm(own)

    @admin.action(description=gettext_lazy("Tag again …"), permissions=["operate"])
    def tag_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
        rows = queryset.exclude(**{f"{self.to_job}state__in": Job.UNFINISHED})
        return self.queue(request, "tag_again", rows, gettext_noop("Dev-logs queued to be tagged again"))

    @admin.action(description=gettext_lazy("Retry failed …"), permissions=["operate"])
    def retry_failed(self, request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
        rows = queryset.filter(**{f"{self.to_job}state": Job.State.FAILED})
        return self.queue(request, "retry_failed", rows, gettext_noop("Failed dev-logs queued to be tagged again"))

    @admin.action(description=gettext_lazy("Cancel …"), permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
        rows = queryset.filter(**{f"{self.to_job}state__in": Job.UNFINISHED})
        rows = rows.filter(self.asked_for_before(self.asked_at(request)))
        if self.is_asked(request):
            self.begin_batch(request, [rows], cancel_portion, gettext_noop("Jobs cancelled"))
            return None
        text = _(
            "These will be cancelled: they get no tags until they are tagged again. It costs nothing and takes no "
            "time of the queue; a call that runs already is paid for all the same. What is final already is left out."
        )
        return self.ask(request, Question("cancel", _("Cancel jobs"), text, {_("jobs"): rows.count()}))

    def queue(self, request: HttpRequest, action: str, rows: QuerySet[Any], label: str) -> TemplateResponse | None:
        """Ask for these dev-logs' tags once more, after it was said how many they are and what it takes."""
        rows = rows.filter(self.asked_for_before(self.asked_at(request)))
        if self.is_asked(request):
            self.begin_batch(request, [rows], queue_portion, label)
            return None
        count = rows.count()
        # A list's own order and look-ups are of no use to what is only counted and measured.
        devlogs = rows if rows.model is DevLog else DevLog.objects.filter(pk__in=rows.order_by().values("pk"))
        told = {"cost": cost_of(devlogs, count), "time": time_of(count)}
        text = _("These will be tagged again, %(cost)s. %(time)s What waits for its tags already is left out.") % told
        return self.ask(request, Question(action, _("Tag again"), text, {_("dev-logs"): count}))

    def asked_for_before(self, moment: datetime) -> Q:
        """Return the condition for those not asked for since: so that a yes given twice does nothing twice."""
        before = Q(**{f"{self.to_job}queued_at__lte": moment})
        return Q(**{f"{self.to_job}isnull": True}) | before if self.to_job else before


def queue_portion(ids: Sequence[int]) -> None:
    queues.retag(ids, is_bulk=True)


def cancel_portion(ids: Sequence[int]) -> None:
    Job.objects.cancel(ids)
