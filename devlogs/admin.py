"""The admin of dev-logs: the entry with its author, and beside it what became of it.

A dev-log created by hand may have no job: `devlog.job` then raises ObjectDoesNotExist, and the admin shows a dash.
"""

import re
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db import transaction
from django.db.models import Count, Prefetch, QuerySet
from django.http import Http404, HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from devlogs import entries
from devlogs.models import DevLog
from tagging import queues
from tagging.admin import shown
from tagging.models import DevLogTag, Job

IDS_PER_BATCH = 1_000
TAGS_OFFERED = 20
DEVLOGS_COUNTED = 1_000
DELETIONS_NAMED = 100


class EntryField(forms.CharField):
    """An entry from a browser, which sends CRLF for every newline."""

    widget = AdminTextareaWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)

    def to_python(self, value: Any) -> str:
        return re.sub("\r\n?", "\n", super().to_python(value) or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.to_python(initial), data)


class DevLogForm(forms.ModelForm):
    entry = EntryField()

    class Meta:
        model = DevLog
        fields = ["entry", "author"]

    def clean_entry(self) -> str:
        """Keep an untouched entry exactly as it is stored, whatever the browser made of its newlines."""
        return self.cleaned_data["entry"] if "entry" in self.changed_data else self.instance.entry


class TagFilter(admin.SimpleListFilter):
    """Offer the tags most used of late: to count all of them would read the whole table."""

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


class DevLogList(ChangeList):
    """The dev-logs of a page, with the tags of these alone: an action may read all there are."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = self.result_list.prefetch_related(Prefetch("taggings", DevLogTag.objects.shown()))


@admin.register(DevLog)
class DevLogAdmin(admin.ModelAdmin):
    form = DevLogForm
    raw_id_fields = ["author"]
    list_display = ["title", "state", "tag_links", "author", "created_at"]
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

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[ChangeList]:
        return DevLogList

    def get_fieldsets(self, request: HttpRequest, obj: DevLog | None = None) -> Any:
        written = (None, {"fields": ["entry", "author"]})
        became = ("Tagging", {"fields": self.readonly_fields})
        return [written, became] if obj else [written]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"author": request.user.pk, **super().get_changeform_initial_data(request)}

    # -- What is shown --

    @admin.display(ordering="job__state")
    def state(self, devlog: DevLog) -> SafeString:
        return shown.state(devlog.job)

    @admin.display(description="tags")
    def tag_links(self, devlog: DevLog) -> SafeString:
        tags = [tagging.tag for tagging in devlog.taggings.all()]
        links = ((urlencode({"tags__slug": tag.slug}), tag.name) for tag in tags)
        return format_html_join(" · ", '<a href="?{}">{}</a>', links)

    @admin.display
    def error(self, devlog: DevLog) -> str:
        return shown.value(shown.error(devlog.job))

    @admin.display
    def run_after(self, devlog: DevLog) -> str:
        return shown.value(devlog.job.run_after)

    @admin.display
    def attempts(self, devlog: DevLog) -> int:
        return devlog.job.attempts

    @admin.display(description="tags")
    def tags_found(self, devlog: DevLog) -> SafeString | str:
        return shown.tags(devlog)

    @admin.display
    def timeline(self, devlog: DevLog) -> SafeString | str:
        return shown.timeline(devlog.job)

    # -- What is changed --

    def save_model(self, request: HttpRequest, obj: DevLog, form: forms.ModelForm, change: bool) -> None:
        """Write only what was changed: an entry that another request changes meanwhile stays with its job."""
        if not change:
            entries.write(obj)
            return
        try:
            entries.edit(obj, form.changed_data)
        except DevLog.DoesNotExist as error:
            raise Http404 from error

    def delete_model(self, request: HttpRequest, obj: DevLog) -> None:
        entries.remove([obj.pk])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> None:
        entries.remove(list(queryset.values_list("pk", flat=True)))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the dev-logs alone: jobs, attempts and tags go with them, and cannot be deleted by themselves."""
        count = len(objs)
        named = [shown.name_of(devlog, request) for devlog in objs[:DELETIONS_NAMED]]
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
        count = enqueue_all(queryset.filter(job__state=Job.State.FAILED))
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"Failed dev-logs queued to be tagged again: {count}.", level)


def enqueue_all(devlogs: QuerySet[DevLog]) -> int:
    """Ask for these dev-logs' tags once more, batch by batch; return how many were not asked for already."""
    count, last = 0, 0
    while True:
        with transaction.atomic():
            ids = list(devlogs.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:IDS_PER_BATCH])
            if not ids:
                return count
            count += len(queues.retag(ids, is_bulk=True))
        last = ids[-1]
