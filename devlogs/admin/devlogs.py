"""The admin of dev-logs: the entry with its author, and beside it what became of it.

A dev-log created by hand may have no job: `devlog.job` then raises ObjectDoesNotExist, and the admin shows a dash.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from devlogs import entries
from devlogs.admin import lists
from devlogs.forms import EntryField
from devlogs.models import AuthorSettings, DevLog
from tagging import queues
from tagging.admin import shown
from tagging.admin.batches import NAMED, BatchAdmin, Question
from tagging.models import Job
from tagging.models.forecast import cost_of

# What it leads to that dev-logs become private, or public.
FOLLOWS = {
    True: "These will be tagged anew by the embedded extractor alone, and their text leaves this machine no more:",
    False: "These will be tagged anew by the extractor that is set, and where that is a model it gets their text:",
}


class DevLogForm(forms.ModelForm):
    entry = EntryField(widget=AdminTextareaWidget)
    # Compared with what the page showed: a form of before must not make public what was made private since.
    is_private = forms.BooleanField(
        label="private", required=False, show_hidden_initial=True, help_text="Its text never leaves this machine."
    )

    class Meta:
        model = DevLog
        fields = ["entry", "author", "is_private"]

    def clean_entry(self) -> str:
        """Keep an untouched entry exactly as it is stored, whatever the browser made of its newlines."""
        return self.cleaned_data["entry"] if "entry" in self.changed_data else self.instance.entry

    def clean_author(self) -> object:
        """Refuse an author who has another dev-log under its external id."""
        author, external_id = self.cleaned_data["author"], self.instance.external_id
        others = DevLog.objects.filter(author=author, external_id=external_id).exclude(pk=self.instance.pk)
        if external_id is not None and others.exists():
            raise forms.ValidationError(f"This author has a dev-log with the external id {external_id} already.")
        return author


@admin.register(DevLog)
class DevLogAdmin(BatchAdmin, admin.ModelAdmin):
    form = DevLogForm
    raw_id_fields = ["author"]
    list_display = ["title", "state", "tag_links", "author", "is_private", "created_at"]
    # What no index sorts or counts is not offered: a list of 200,000 would take seconds.
    sortable_by = ["created_at"]
    list_filter = ["job__state", lists.JobFilter, "is_private", "created_at", lists.TagFilter]
    list_select_related = ["author", "job"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["entry", "tags__name"]
    readonly_fields = ["created_at", "external_id", "state", "error", "run_after", "attempts"]
    readonly_fields += ["tags_found", "timeline"]
    actions = ["tag_again", "retry_failed", "make_private", "make_public", "delete_selected"]

    class Media:
        css = {"all": ["devlogs/admin.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[ChangeList]:
        return lists.DevLogList

    def get_fieldsets(self, request: HttpRequest, obj: DevLog | None = None) -> Any:
        written = (None, {"fields": ["entry", "author", "is_private"]})
        became = ("Tagging", {"fields": self.readonly_fields})
        return [written, became] if obj else [written]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        chosen = AuthorSettings.objects.filter(user=request.user.pk, private_by_default=True)
        known = {"author": request.user.pk, "is_private": chosen.exists()}
        return {**known, **super().get_changeform_initial_data(request)}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DevLog], search_term: str
    ) -> tuple[QuerySet[DevLog], bool]:
        words = lists.words_of(search_term)
        if len(words) > lists.WORDS_SEARCHED:
            self.message_user(request, f"Search for at most {lists.WORDS_SEARCHED} words.", messages.WARNING)
            return queryset.none(), False
        return lists.holding(queryset, words), False

    # -- What is shown --

    @admin.display
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

    def get_deleted_objects(
        self, objs: Sequence[DevLog] | QuerySet[DevLog], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Name the dev-log alone: job, attempts and tags go with it, and cannot be deleted by themselves."""
        return [shown.name_of(devlog, request) for devlog in objs], {"dev-logs": len(objs)}, set(), []

    # -- Actions: on a page of rows, or on all that the list's filter finds --

    @admin.action(description="Tag again", permissions=["change"])
    def tag_again(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> TemplateResponse | None:
        return self.queue(request, "tag_again", queryset.exclude(job__state__in=Job.UNFINISHED), "Dev-logs")

    @admin.action(description="Retry failed", permissions=["change"])
    def retry_failed(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> TemplateResponse | None:
        return self.queue(request, "retry_failed", queryset.filter(job__state=Job.State.FAILED), "Failed dev-logs")

    @admin.action(description="Make private", permissions=["change"])
    def make_private(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> TemplateResponse | None:
        return self.set_private(request, queryset, is_private=True)

    @admin.action(description="Make public", permissions=["change"])
    def make_public(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> TemplateResponse | None:
        return self.set_private(request, queryset, is_private=False)

    def set_private(
        self, request: HttpRequest, devlogs: QuerySet[DevLog], *, is_private: bool
    ) -> TemplateResponse | None:
        """Have these be private, or not, once it was said what follows."""
        others, word = devlogs.exclude(is_private=is_private), "private" if is_private else "public"
        if not self.is_asked(request):
            counts = {"dev-logs": others.count()}
            return self.ask(request, Question(f"make_{word}", f"Make {word}", FOLLOWS[is_private], counts))
        act = partial(entries.set_private, is_private=is_private)
        self.begin_batch(request, [others], act, f"Dev-logs made {word}")
        return None

    def queue(
        self, request: HttpRequest, action: str, devlogs: QuerySet[DevLog], whose: str
    ) -> TemplateResponse | None:
        """Ask for these dev-logs' tags once more; of a whole list after it was said how many and what they cost."""
        if self.is_of_all(request) and not self.is_asked(request):
            count = devlogs.count()
            text = (
                f"These will be tagged again, {cost_of(devlogs, count)}. What waits for its tags already is left out."
            )
            return self.ask(request, Question(action, "Tag again", text, {"dev-logs": count}))
        self.begin_batch(request, [devlogs], queue_portion, f"{whose} queued to be tagged again")
        return None

    @admin.action(description="Delete selected dev-logs", permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> TemplateResponse | None:
        if self.is_asked(request):
            self.begin_batch(request, [queryset], entries.remove, "Dev-logs deleted", is_deletion=True)
            return None
        text = "These will be deleted, with their jobs, attempts and tags:"
        named = [shown.name_of(devlog, request) for devlog in queryset.prefetch_related(None)[:NAMED]]
        counts = {"dev-logs": queryset.count()}
        return self.ask(request, Question("delete_selected", "Delete dev-logs", text, counts, named))


def queue_portion(ids: Sequence[int]) -> None:
    queues.retag(ids, is_bulk=True)
