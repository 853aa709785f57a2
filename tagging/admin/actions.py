"""What people do to many jobs, on lists whose rows have one each: tag again, retry what failed, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import get_permission_codename
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from devlogs.models import DevLog
from tagging import queues
from tagging.admin.batches import BatchAdmin, Question, from_page
from tagging.models import Job
from tagging.models.forecast import cost_of, held_up, left_today, time_of

OPERATE = "tagging.operate_queue"
# What there is to do about one dev-log on its own page, by the state of its job; None has none.
ACTS = {
    Job.State.PENDING: ("cancel", gettext_lazy("Cancel …")),
    Job.State.RUNNING: ("cancel", gettext_lazy("Cancel …")),
    Job.State.FAILED: ("retry_failed", gettext_lazy("Retry …")),
    Job.State.DONE: ("tag_again", gettext_lazy("Tag again …")),
    None: ("tag_again", gettext_lazy("Tag again …")),
}


class QueueActions(BatchAdmin):
    """The rows' primary keys are those of their dev-logs."""

    # From a row to its job, as a filter has it.
    to_job = ""
    change_form_template = "admin/batches/change_form.html"

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Model | None = None,
    ) -> HttpResponse:
        job = Job.objects.filter(pk=obj.pk).first() if obj else None
        act, label = ACTS[Job.State(job.state) if job else None]
        if obj and act in self.get_actions(request):
            context |= {"queue_act": act, "queue_act_label": label, "checkbox": ACTION_CHECKBOX_NAME}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def leads_on(self, request: HttpRequest) -> list[tuple[str, str]]:
        links = [
            (
                f"{self.list_address}?{self.to_job}state__exact={Job.State.PENDING.value}",
                _("See what waits for its tags"),
            )
        ]
        if request.user.has_perm("tagging.view_job"):
            links.insert(0, (reverse("queue:dashboard"), _("See the queue")))
        return links

    def back(self, request: HttpRequest) -> HttpResponse | None:
        """Return to the page where an action was begun; Django itself returns to the list."""
        page = from_page(request)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", page) if page else None

    def has_operate_permission(self, request: HttpRequest) -> bool:
        own = f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}"
        return request.user.has_perm(OPERATE) or request.user.has_perm(own)

    @admin.action(description=gettext_lazy("Tag again …"), permissions=["operate"])
    def tag_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        rows = queryset.exclude(**{f"{self.to_job}state__in": Job.UNFINISHED})
        label = gettext_noop("Dev-logs queued to be tagged again")
        return self.queue(request, "tag_again", _("Tag again"), rows, label)

    @admin.action(description=gettext_lazy("Retry failed …"), permissions=["operate"])
    def retry_failed(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        rows = queryset.filter(**{f"{self.to_job}state": Job.State.FAILED})
        label = gettext_noop("Failed dev-logs queued to be tagged again")
        return self.queue(request, "retry_failed", _("Retry failed"), rows, label)

    @admin.action(description=gettext_lazy("Cancel …"), permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        rows = queryset.filter(**{f"{self.to_job}state__in": Job.UNFINISHED})
        rows = rows.filter(self.asked_for_before(self.asked_at(request)))
        if self.is_asked(request):
            self.begin_batch(request, [rows], cancel_portion, gettext_noop("Jobs cancelled"))
            return self.back(request)
        text = _(
            "These will be cancelled: they get no tags until they are tagged again. It costs nothing and takes no "
            "time of the queue; a call that runs already is paid for all the same. What is final already is left out."
        )
        counts = {_("jobs"): rows.count()}
        return self.ask(request, Question("cancel", _("Cancel jobs"), text, counts, takes_away=True))

    def queue(
        self, request: HttpRequest, action: str, title: str, rows: QuerySet[Any], label: str
    ) -> HttpResponse | None:
        """Ask for these dev-logs' tags once more, after it was said how many they are and what it takes."""
        rows = rows.filter(self.asked_for_before(self.asked_at(request)))
        if self.is_asked(request):
            self.begin_batch(request, [rows], queue_portion, label)
            return self.back(request)
        count = rows.count()
        # A list's own order and look-ups are of no use to what is only counted and measured.
        devlogs = rows if rows.model is DevLog else DevLog.objects.filter(pk__in=rows.order_by().values("pk"))
        told = {"cost": cost_of(devlogs, count), "time": time_of(count)}
        text = _("These will be tagged again, %(cost)s. %(time)s What waits for its tags already is left out.") % told
        return self.ask(request, Question(action, title, text, {_("dev-logs"): count}, notes=notes()))

    def asked_for_before(self, moment: datetime) -> Q:
        """Return the condition for those not asked for since: so that a yes given twice does nothing twice."""
        before = Q(**{f"{self.to_job}queued_at__lte": moment})
        return Q(**{f"{self.to_job}isnull": True}) | before if self.to_job else before


def notes() -> list[str]:
    """Say what keeps dev-logs from being tagged now: a pause, and what is left of the day's budget."""
    return [note for note in (held_up(), left_today()) if note]


def queue_portion(ids: Sequence[int]) -> None:
    queues.retag(ids, is_bulk=True)


def cancel_portion(ids: Sequence[int]) -> None:
    Job.objects.cancel(ids)
