"""Actions on many rows: asked with their count first, done in portions, and seen on the list until all are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from devlog_project.api.ids import is_id
from tagging.engine.batches import Portions, Run, Work
from tagging.models import Batch

if TYPE_CHECKING:
    BaseAdmin = admin.ModelAdmin[Any]
else:
    BaseAdmin = object

# What is done in so many seconds is done when the page comes back; what takes longer goes on beside the requests.
ANSWER_SECONDS = 25
REFRESH_SECONDS = 5
# Short, as the writers of this process take turns with it anyway; it is for those of others.
GAP = 0.5
NAMED = 100


@dataclass(frozen=True)
class Question:
    """What a person is asked before many rows are changed."""

    action: str
    title: str
    text: str
    counts: dict[str, int]
    named: Iterable[str] = ()
    perms_lacking: Iterable[str] = ()
    # What one should know before one says yes, each in a line of its own.
    notes: Iterable[str] = ()
    # Whether something is lost: then the button is red.
    takes_away: bool = False


def nothing_more() -> None:
    """Have nothing left to do after the last portion."""


class BatchAdmin(BaseAdmin):
    """A ModelAdmin on whose list batches are begun and shown: mix it in before ModelAdmin.

    In an action, `ask` while `is_asked` says no; then `begin_batch` with what does a portion.
    """

    change_list_template = "admin/batches/change_list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        batches = list(Batch.objects.shown(self.opts.label_lower))
        response = super().changelist_view(request, {"batches": batches} | (extra_context or {}))
        is_watched = any(not batch.is_stopped and batch.person_id == request.user.pk for batch in batches)
        # Not where it would take from people what they have begun: a search, a choice in a window of its own.
        if request.method == "GET" and not request.GET and is_watched:
            response["Refresh"] = str(REFRESH_SECONDS)
        return response

    def newest(self, request: HttpRequest) -> int:
        """Return the highest id that was there when the person was asked, or else is there now."""
        seen = request.POST.get("newest", "")
        return int(seen) if is_id(seen) else newest_of(self.model)

    def asked_at(self, request: HttpRequest) -> datetime:
        """Return when the person was asked, or else the time now, by the database's clock."""
        try:
            said = parse_datetime(request.POST.get("asked", ""))
        except ValueError:
            said = None
        if said and timezone.is_aware(said):
            return said
        now: datetime | None = self.model._default_manager.order_by().values_list(Now(), flat=True).first()
        return now or timezone.now()

    def is_asked(self, request: HttpRequest) -> bool:
        """Say whether the person was shown what is going to happen, and said yes."""
        return bool(request.POST.get("post"))

    def ask(self, request: HttpRequest, question: Question) -> TemplateResponse:
        """Show the count and what it leads to; the form carries the list's filter in its address, not all the ids."""
        named = list(question.named)
        if left := max(question.counts.values(), default=0) - len(named):
            named.append(_("… and %(count)s more") % {"count": number_format(left, force_grouping=True)})
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": question.title,
            "question": question,
            "model_count": question.counts,
            "counted": [(name, number_format(count, force_grouping=True)) for name, count in question.counts.items()],
            "deletable_objects": [named] if question.named else [],
            "perms_lacking": question.perms_lacking,
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "newest": self.newest(request),
            "asked": self.asked_at(request).isoformat(),
            "checkbox": ACTION_CHECKBOX_NAME,
            "filters": self.filters_of(request),
            "from_page": from_page(request),
        }
        return TemplateResponse(request, "admin/batches/confirm.html", context)

    @property
    def list_address(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def filters_of(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Return what the rows are narrowed to: each filter of the list by its name, with what is chosen in it."""
        if not request.GET or request.path != self.list_address:
            # Another page's own choice, in its words; its name is one that is translated elsewhere.
            return [(_(name), str(chosen)) for name, chosen in request.GET.items()]
        listed = self.get_changelist_instance(request)
        chosen = [(_("search"), listed.query)] if listed.query else []
        others = {key: values[-1] for key, values in listed.get_filters_params().items()}
        for spec in listed.filter_specs:
            if [key for key in spec.expected_parameters() if key and others.pop(key, None) is not None]:
                choices = [str(choice["display"]) for choice in spec.choices(listed) if choice["selected"]]
                chosen.append((str(spec.title), ", ".join(choices)))
        return [*chosen, *others.items()]

    def begin_batch(
        self,
        request: HttpRequest,
        rows: Sequence[QuerySet[Any]],
        work: Work,
        label: str,
        *,
        is_deletion: bool = False,
        last_act: Callable[[], object] = nothing_more,
    ) -> None:
        """Do this work on all these rows, and tell how far it came.

        rows: as they are chosen, which may be by what the work changes. label: "Dev-logs deleted", in English; it is
        shown in the language of who looks.
        last_act: what is to be done after the last portion, once or, if it failed, again.
        """
        chosen = [self.there_already(request, each) for each in rows]
        total = sum(each.count() for each in chosen)
        if is_deletion and total <= NAMED:
            for each in chosen:
                self.log_deletions(request, each)
        elif total:
            self.log_batch(request, chosen[0].model, told(label, total), DELETION if is_deletion else CHANGE)
        batch = Batch.objects.begin(self.opts.label_lower, label, total, request.user.pk)
        run = Run(batch, Portions(chosen, GAP), work, last_act)
        if run.go_on(ANSWER_SECONDS):
            level = messages.SUCCESS if batch.done or is_deletion else messages.WARNING
            said = told(label, batch.done)
        else:
            level = messages.INFO
            said = _("This takes longer, and goes on by itself. %(batch)s.") % {"batch": batch}
        links = [] if is_deletion or not total else self.leads_on(request)
        led_on = format_html_join("", ' <a href="{}">{}</a>.', links)
        self.message_user(request, format_html("{}{}", said, led_on), level)

    def leads_on(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Return the addresses where one sees what becomes of a batch, each with its name."""
        return []

    def there_already(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the rows that were there when the person was asked, or are there now."""
        up_to = self.newest(request) if rows.model is self.model else newest_of(rows.model)
        return rows.filter(pk__lte=up_to)

    def log_batch(self, request: HttpRequest, model: type[Model], what: str, flag: int) -> None:
        """Note in the admin's log what was begun, in one line: a line for each row would be as many rows again."""
        LogEntry.objects.create(
            user_id=request.user.pk or 0,  # who is logged in has one
            content_type=ContentType.objects.get_for_model(model),
            object_repr=what[:200],
            action_flag=flag,
        )


def from_page(request: HttpRequest) -> str:
    """Return the row on whose page an action was begun, by its id; empty where it was the list."""
    page = request.POST.get("from_page", "")
    return page if is_id(page) else ""


def told(label: str, count: int) -> str:
    """Say what was done to how many."""
    what = {"label": _(label), "count": number_format(count, force_grouping=True)}
    return _("%(label)s: %(count)s.") % what


def newest_of(model: type[Model]) -> int:
    newest: int | None = model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0
