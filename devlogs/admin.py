"""Dev-logs as the staff sees them: the entry with its author, and beside it what became of it.

A dev-log created by hand may have no job. Whatever reads `devlog.job` then raises ObjectDoesNotExist, and the
admin shows a dash.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import display_for_value
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from devlogs.models import DevLog
from tagging import queues
from tagging.models.provider_state import shown_pause

EMPTY = "-"
IDS_PER_BATCH = 1_000
TAGS_OFFERED = 20
DEVLOGS_COUNTED = 1_000
DELETIONS_NAMED = 100


class EntryField(forms.CharField):
    """An entry under the API's own rules, from a browser, which sends CRLF for every newline."""

    widget = AdminTextareaWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)

    def to_python(self, value: Any) -> str:
        return re.sub("\r\n?", "\n", super().to_python(value) or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.to_python(initial), data)

    def clean(self, value: Any) -> str:
        # Slow import, of what commands and a starting worker do not need; the admin itself is loaded with them.
        from rest_framework.exceptions import ValidationError as RefusedByAPI

        from devlogs.serializers import EntryField as APIField

        try:
            return APIField().run_validation(super().clean(value))
        except RefusedByAPI as error:
            raise forms.ValidationError([str(detail) for detail in error.detail]) from error


class DevLogForm(forms.ModelForm):
    entry = EntryField()

    class Meta:
        model = DevLog
        fields = ["entry", "author"]

    def clean_entry(self) -> str:
        """Keep an untouched entry exactly as it is stored, whatever the browser made of its newlines."""
        return self.cleaned_data["entry"] if "entry" in self.changed_data else self.instance.entry


class TagFilter(admin.SimpleListFilter):
    """The tags most used of late: all of them would be thousands, and counting all would read the whole table."""

    title = "tag (most used of late)"
    parameter_name = "tags__slug"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = DevLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        used = DevLog.objects.filter(pk__gt=newest - DEVLOGS_COUNTED, tags__isnull=False).order_by()
        most_used = used.values_list("tags__slug", "tags__name").annotate(count=Count("pk")).order_by("-count")
        offered = {slug: f"{name} ({count})" for slug, name, count in most_used[:TAGS_OFFERED]}
        if chosen := self.value():  # a link from a tag's page may name any
            offered.setdefault(chosen, chosen)
        return list(offered.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> QuerySet[DevLog]:
        return queryset.filter(tags__slug=self.value()) if self.value() else queryset


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> SafeString | str:
    """Return an HTML table with every cell escaped, or a dash when there are no rows."""
    lines = [
        (format_html_join("", "<td>{}</td>", ((display_for_value(cell, EMPTY),) for cell in row)),) for row in rows
    ]
    if not lines:
        return EMPTY
    return format_html(
        "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>",
        format_html_join("", '<th scope="col">{}</th>', ((column,) for column in columns)),
        format_html_join("", "<tr>{}</tr>", lines),
    )


def error_of(job_or_attempt: Any) -> str:
    code, detail = job_or_attempt.error_code, job_or_attempt.error_detail
    return f"{code}: {detail}" if code else ""


def seconds_of(attempt: Any) -> str:
    return f"{(attempt.finished_at - attempt.started_at).total_seconds():.1f} s"


def source_of(tagging: Any) -> str:
    return f"{tagging.source}: {tagging.person}" if tagging.person else tagging.source


def why(job: Any) -> str:
    """Say what a job waits for, by itself or with the whole queue, or why it failed."""
    if waiting_for := job.waits_for(shown_pause):
        return f"waiting for {waiting_for.replace('_', ' ')}"
    return error_of(job) if job.state == "failed" else ""


@admin.register(DevLog)
class DevLogAdmin(admin.ModelAdmin):
    form = DevLogForm
    raw_id_fields = ["author"]
    list_display = ["__str__", "state", "tag_links", "author", "created_at"]
    list_filter = ["job__state", TagFilter]
    list_select_related = ["author", "job"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["entry", "tags__name"]
    date_hierarchy = "created_at"
    readonly_fields = ["created_at", "state", "error", "run_after", "attempts", "tags_found", "timeline"]
    actions = ["tag_again", "retry_failed"]

    class Media:
        css = {"all": ["devlogs/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[DevLog]:
        return super().get_queryset(request).prefetch_related("taggings__tag")

    def get_fieldsets(self, request: HttpRequest, obj: DevLog | None = None) -> Any:
        written = (None, {"fields": ["entry", "author"]})
        became = ("Tagging", {"fields": self.readonly_fields})
        return [written, became] if obj else [written]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"author": request.user.pk, **super().get_changeform_initial_data(request)}

    # -- What is shown --

    @admin.display(ordering="job__state")
    def state(self, devlog: DevLog) -> SafeString:
        job = devlog.job
        return format_html(
            '<span class="job-state job-state-{}">{}</span> <span class="job-why">{}</span>',
            job.state,
            job.state,
            why(job),
        )

    @admin.display(description="tags")
    def tag_links(self, devlog: DevLog) -> SafeString:
        tags = [tagging.tag for tagging in devlog.taggings.all()]
        links = ((urlencode({"tags__slug": tag.slug}), tag.name) for tag in tags)
        return format_html_join(" · ", '<a href="?{}">{}</a>', links)

    @admin.display
    def error(self, devlog: DevLog) -> str:
        return display_for_value(error_of(devlog.job), EMPTY)

    @admin.display
    def run_after(self, devlog: DevLog) -> str:
        return display_for_value(devlog.job.run_after, EMPTY)

    @admin.display
    def attempts(self, devlog: DevLog) -> int:
        return devlog.job.attempts

    @admin.display(description="tags")
    def tags_found(self, devlog: DevLog) -> SafeString | str:
        taggings = devlog.taggings.select_related("tag", "attempt", "person")
        return table(
            ["tag", "source", "evidence"],
            ([tagging.tag, source_of(tagging), tagging.evidence] for tagging in taggings),
        )

    @admin.display(description="timeline")
    def timeline(self, devlog: DevLog) -> SafeString | str:
        return table(
            ["attempt", "started", "took", "outcome", "error", "by"],
            (
                [each.number, each.started_at, seconds_of(each), each.outcome, error_of(each), each.source]
                for each in devlog.job.timeline.all()
            ),
        )

    # -- What is changed --

    def save_model(self, request: HttpRequest, obj: DevLog, form: forms.ModelForm, change: bool) -> None:
        """Save with the job in one transaction, which the admin has opened around us.

        Only what was changed is written: an entry that another request changes meanwhile stays with its job.
        """
        if not change:
            obj.save()
            queues.enqueue(obj)
            return
        obj.save(update_fields=form.changed_data)
        if "entry" in form.changed_data:
            queues.enqueue_again(obj)

    def delete_model(self, request: HttpRequest, obj: DevLog) -> None:
        queues.withdraw([obj.pk])
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> None:
        with transaction.atomic():
            ids = list(queryset.values_list("pk", flat=True))
            queues.withdraw(ids)
            # By id: a list filtered by the job's state would be empty now.
            DevLog.objects.filter(pk__in=ids).delete()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the dev-logs alone: jobs, attempts and tags go with them, and nobody may delete those themselves."""
        count = len(objs)
        named = [str(devlog) for devlog in objs[:DELETIONS_NAMED]]
        if count > len(named):
            named.append(f"… and {count - len(named)} more")
        return named, {DevLog._meta.verbose_name_plural: count}, set(), []

    # -- Actions --

    @admin.action(description="Tag again", permissions=["change"])
    def tag_again(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> None:
        count = enqueue_all(queryset)
        self.message_user(request, f"Dev-logs queued to be tagged again: {count}.", messages.SUCCESS)

    @admin.action(description="Retry failed", permissions=["change"])
    def retry_failed(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> None:
        count = enqueue_all(queryset.filter(job__state="failed"))
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"Failed dev-logs queued to be tagged again: {count}.", level)


def enqueue_all(devlogs: QuerySet[DevLog]) -> int:
    """Ask for these dev-logs' tags once more, batch by batch in short transactions; return how many there were."""
    count, last = 0, 0
    while True:
        with transaction.atomic():
            ids = list(devlogs.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:IDS_PER_BATCH])
            if not ids:
                return count
            queues.retag(ids, is_bulk=True)
        count, last = count + len(ids), ids[-1]
