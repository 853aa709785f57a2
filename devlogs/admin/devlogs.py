"""The admin of dev-logs: the entry with its author, and beside it what became of it.

A dev-log created by hand may have no job: `devlog.job` then raises ObjectDoesNotExist, and the admin shows a dash.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from devlog_project.api.access import readable
from devlogs import entries, search
from devlogs.admin import lists
from devlogs.admin.forms import DevLogForm, TaggedForm
from devlogs.models import AuthorSettings, DevLog
from tagging.admin import shown
from tagging.admin.actions import QueueActions, notes
from tagging.admin.batches import NAMED, Question
from tagging.admin.lists import ManyRows
from tagging.looks.marks import marked
from tagging.models.forecast import cost_of, time_of

SUGGESTED = 200


@admin.register(DevLog)
class DevLogAdmin(QueueActions, ManyRows, admin.ModelAdmin):
    to_job = "job__"
    raw_id_fields = ["author"]
    list_display = ["name", "state", "tag_links", "author", "private", "created"]
    # What no index sorts or counts is not offered: a list of 200,000 would take seconds.
    sortable_by = ["created"]
    list_filter = [("job__state", lists.StateFilter), lists.JobFilter, "is_private", "created_at", lists.TagFilter]
    list_select_related = ["author", "job"]
    search_fields = ["entry"]  # for the box; what is done with it is in `get_search_results`
    search_help_text = _("Whole words of the entry, “phrases” in double quotes, or the name of a tag.")
    readonly_fields = ["created_at", "external_id", "state", "error", "run_after", "attempts"]
    readonly_fields += ["marked_entry", "tags_found", "timeline"]
    actions = ["tag_again", "retry_failed", "cancel", "make_private", "make_public", "delete_selected"]

    class Media:
        css = {"all": ["tagging/marks.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[DevLog]:
        """What others keep private is not there, on no page and for no action."""
        return readable(super().get_queryset(request), request.user)

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[ChangeList]:
        return lists.DevLogList

    def get_fieldsets(self, request: HttpRequest, obj: DevLog | None = None) -> Any:
        written = (None, {"fields": ["entry", "author", "is_private"]})
        if not obj:
            return [written]
        by_hand = ["add_tag", "remove_tags"] if self.has_change_permission(request, obj) else []
        tags = (_("Tags"), {"fields": ["marked_entry", "tags_found", *by_hand]})
        tagging = ["state", "error", "run_after", "attempts", "timeline", "created_at", "external_id"]
        return [written, tags, (_("Tagging"), {"fields": tagging})]

    def get_form(
        self, request: HttpRequest, obj: DevLog | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        may_tag = obj and self.has_change_permission(request, obj)
        form = super().get_form(request, obj, change, form=TaggedForm if may_tag else DevLogForm, **kwargs)
        if may_tag:
            cast(type[TaggedForm], form).suggested = [
                name for _slug, name, _count in lists.tags_of_late(request, SUGGESTED)
            ]
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        chosen = AuthorSettings.objects.filter(user=request.user.pk, private_by_default=True)
        known = {"author": request.user.pk, "is_private": chosen.exists()}
        return {**known, **super().get_changeform_initial_data(request)}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DevLog], search_term: str
    ) -> tuple[QuerySet[DevLog], bool]:
        if not search_term.strip():
            return queryset, False
        if len(search_term) > search.MAX_CHARACTERS:
            most = gettext("Search for at most %(count)s characters.") % {"count": search.MAX_CHARACTERS}
            self.message_user(request, most, messages.WARNING)
            return queryset.none(), False
        return lists.holding(queryset, search_term), False

    # -- What is shown --

    @admin.display(description=_("title"))
    def name(self, devlog: DevLog) -> SafeString:
        return format_html("<bdi>{}</bdi>", devlog.title)

    @admin.display(description=_("state"))
    def state(self, devlog: DevLog) -> SafeString:
        return shown.state(devlog.job)

    @admin.display(description=_("tags"))
    def tag_links(self, devlog: DevLog) -> SafeString:
        tags = [tagging.tag for tagging in devlog.taggings.all()]
        links = ((urlencode({"tags__slug": tag.slug}), tag.name) for tag in tags)
        return format_html_join(" · ", '<a href="?{}"><bdi>{}</bdi></a>', links)

    @admin.display(description=_("private"))
    def private(self, devlog: DevLog) -> str:
        return gettext("private") if devlog.is_private else ""

    @admin.display(description=_("created at"), ordering="created_at")
    def created(self, devlog: DevLog) -> SafeString | str:
        return shown.moment(devlog.created_at)

    @admin.display(description=_("error"))
    def error(self, devlog: DevLog) -> SafeString | str:
        return shown.value(shown.error_told(devlog.job))

    @admin.display(description=_("run after"))
    def run_after(self, devlog: DevLog) -> str:
        return shown.value(devlog.job.run_after)

    @admin.display(description=_("attempts"))
    def attempts(self, devlog: DevLog) -> int:
        return devlog.job.attempts

    @admin.display(description=_("words that show them"))
    def marked_entry(self, devlog: DevLog) -> SafeString:
        taggings = devlog.taggings.select_related("tag")
        return format_html('<bdi class="marked-entry">{}</bdi>', marked(devlog.entry, taggings))

    @admin.display(description=_("tags"))
    def tags_found(self, devlog: DevLog) -> SafeString | str:
        return shown.tags(devlog)

    @admin.display(description=_("timeline"))
    def timeline(self, devlog: DevLog) -> SafeString | str:
        return shown.timeline(devlog.job)

    # -- What is changed --

    def save_model(self, request: HttpRequest, obj: DevLog, form: forms.ModelForm, change: bool) -> None:
        """Write only what was changed: an entry that another request changes meanwhile stays with its job."""
        if not change:
            entries.write(obj)
            return
        written = cast(TaggedForm, form)
        try:
            entries.edit(obj, written.fields_written)
        except DevLog.DoesNotExist as error:
            raise Http404 from error
        written.save_tags(cast(User, request.user))

    def delete_model(self, request: HttpRequest, obj: DevLog) -> None:
        entries.remove([obj.pk])

    def get_deleted_objects(
        self, objs: Sequence[DevLog] | QuerySet[DevLog], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Name the dev-log alone: job, attempts and tags go with it, and cannot be deleted by themselves."""
        return [shown.name_of(devlog, request) for devlog in objs], {gettext("dev-logs"): len(objs)}, set(), []

    # -- Actions: on a page of rows, or on all that the list's filter finds --

    @admin.action(description=_("Make private …"), permissions=["change"])
    def make_private(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> TemplateResponse | None:
        others, act = queryset.exclude(is_private=True), partial(entries.set_private, is_private=True)
        if self.is_asked(request):
            self.begin_batch(request, [others], act, gettext_noop("Dev-logs made private"))
            return None
        follows = gettext(
            "These will be tagged anew by the embedded extractor alone, for nothing, and their text leaves this "
            "machine no more."
        )
        return self.ask_first(request, "make_private", gettext("Make private"), others, follows)

    @admin.action(description=_("Make public …"), permissions=["change"])
    def make_public(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> TemplateResponse | None:
        others, act = queryset.exclude(is_private=False), partial(entries.set_private, is_private=False)
        if self.is_asked(request):
            self.begin_batch(request, [others], act, gettext_noop("Dev-logs made public"))
            return None
        follows = gettext(
            "These will be tagged anew by the extractor that is set, and where that is a model it gets their text: "
            "%(cost)s."
        ) % {"cost": cost_of(others, others.count(), as_public=True)}
        return self.ask_first(request, "make_public", gettext("Make public"), others, follows, notes())

    def ask_first(
        self,
        request: HttpRequest,
        action: str,
        title: str,
        devlogs: QuerySet[DevLog],
        follows: str,
        notes: Sequence[str] = (),
    ) -> TemplateResponse:
        """Say what follows for how many, and how long it takes."""
        count = devlogs.count()
        text = f"{follows} {time_of(count)}"
        return self.ask(request, Question(action, title, text, {gettext("dev-logs"): count}, notes=notes))

    @admin.action(description=_("Delete selected dev-logs"), permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[DevLog]) -> TemplateResponse | None:
        if self.is_asked(request):
            deleted = gettext_noop("Dev-logs deleted")
            self.begin_batch(request, [queryset], entries.remove, deleted, is_deletion=True)
            return None
        text = gettext("These will be deleted, with their jobs, attempts and tags:")
        named = [shown.name_of(devlog, request) for devlog in queryset.prefetch_related(None)[:NAMED]]
        counts = {gettext("dev-logs"): queryset.count()}
        title = gettext("Delete dev-logs")
        return self.ask(request, Question("delete_selected", title, text, counts, named, takes_away=True))
