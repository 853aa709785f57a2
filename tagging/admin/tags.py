"""Tags, jobs and attempts as the staff sees them: the worker writes them, people look, and say what names mean."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from tagging.curation import vocabulary
from tagging.extraction.base import ErrorCode
from tagging.models import Attempt, Job, Provider, Spending, Tag


class Unchangeable:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(Unchangeable):
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ErrorCodeFilter(admin.SimpleListFilter):
    """The codes there can be; to look up those there are would read every attempt."""

    title = "error code"
    parameter_name = "error_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code.value, code.value) for code in ErrorCode]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(error_code=self.value()) if self.value() else queryset


def link_to_devlog(devlog: Any) -> SafeString:
    url = reverse("admin:devlogs_devlog_change", args=[devlog.pk])
    return format_html('<a href="{}">{}</a>', url, Truncator(devlog).chars(50))


class ConfirmForm(forms.Form):
    """Nothing but a yes."""


class MergeForm(forms.Form):
    into = forms.CharField(label="Merge into", help_text="Name or slug of the tag that stays.")

    def __init__(self, data: Any, sources: list[Tag]) -> None:
        super().__init__(data)
        self.sources = sources

    def clean_into(self) -> Tag:
        target = vocabulary.find(self.cleaned_data["into"])
        if not target:
            raise forms.ValidationError("There is no such tag.")
        try:
            for source in self.sources:
                vocabulary.refuse_to_merge(source, target)
        except vocabulary.VocabularyError as error:
            raise forms.ValidationError(str(error)) from error
        return target


@admin.register(Tag)
class TagAdmin(Unchangeable, admin.ModelAdmin):
    list_display = ["name", "slug", "count", "alias_of", "is_blocked"]
    list_filter = ["is_blocked", ("alias_of", admin.EmptyFieldListFilter)]
    list_select_related = ["alias_of"]
    search_fields = ["name", "slug"]
    fields = ["name", "slug", "count", "alias_of", "is_blocked"]
    readonly_fields = ["count"]
    actions = ["merge", "block", "unblock"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        return super().get_queryset(request).annotate(count=Count("taggings"))

    def has_vocabulary_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tagging.change_tag")

    @admin.action(description="Merge into another tag …", permissions=["vocabulary"])
    def merge(self, request: HttpRequest, queryset: QuerySet[Tag]) -> TemplateResponse | None:
        sources = list(queryset.select_related("alias_of"))
        form = MergeForm(request.POST if "confirmed" in request.POST else None, sources)
        if not form.is_valid():
            consequence = "Their dev-logs move to the tag that stays, and their names become its aliases:"
            return self.confirm(request, "merge", sources, "Merge tags", consequence, form)
        target = form.cleaned_data["into"]
        try:
            with transaction.atomic():
                for source in sources:
                    vocabulary.merge(source, target)
                    self.log_change(request, source, f"Merged into {target}.")
        except vocabulary.VocabularyError as error:  # somebody was faster
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, f"Merged into {target}: {', '.join(map(str, sources))}.", messages.SUCCESS)
        return None

    @admin.action(description="Block …", permissions=["vocabulary"])
    def block(self, request: HttpRequest, queryset: QuerySet[Tag]) -> TemplateResponse | None:
        tags = list(queryset)
        if "confirmed" not in request.POST:
            consequence = "These names leave all dev-logs, also where people set them, and are not stored any more:"
            return self.confirm(request, "block", tags, "Block names", consequence, ConfirmForm())
        with transaction.atomic():
            vocabulary.block([tag.pk for tag in tags])
            for tag in tags:
                self.log_change(request, tag, "Blocked.")
        self.message_user(request, f"Blocked: {', '.join(map(str, tags))}.", messages.SUCCESS)
        return None

    @admin.action(description="Unblock", permissions=["vocabulary"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        tags = list(queryset.filter(is_blocked=True))
        vocabulary.unblock([tag.pk for tag in tags])
        for tag in tags:
            self.log_change(request, tag, "Unblocked.")
        self.message_user(request, f"May be found again: {', '.join(map(str, tags)) or 'nothing new'}.")

    def confirm(
        self, request: HttpRequest, action: str, tags: list[Tag], title: str, consequence: str, form: forms.Form
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "consequence": consequence,
            "action": action,
            "tags": tags,
            "form": form,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/tagging/tag/confirm.html", context)

    @admin.display(description="dev-logs", ordering="count")
    def count(self, tag: Any) -> SafeString:
        query = urlencode({"tags__slug": tag.slug})
        return format_html('<a href="{}?{}">{}</a>', reverse("admin:devlogs_devlog_changelist"), query, tag.count)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count the places a tag stands in: to list them could be half of all dev-logs."""
        tags = list(objs)
        uses = Tag.objects.filter(pk__in=[tag.pk for tag in tags]).aggregate(uses=Count("taggings"))["uses"]
        return [str(tag) for tag in tags], {"tags": len(tags), "tags on dev-logs": uses}, set(), []


class Timeline(ReadOnly, admin.TabularInline):
    model = Attempt
    verbose_name_plural = "timeline"
    fields = ["number", "started_at", "finished_at", "outcome", "error_code", "error_detail", "source"]
    readonly_fields = ["source"]


@admin.register(Job)
class JobAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["number", "dev_log", "state", "waiting_for", "error_code", "attempts", "run_after"]
    list_filter = ["state", "waiting_for", "error_code"]
    list_select_related = ["devlog"]
    list_per_page = 50
    show_full_result_count = False
    readonly_fields = ["dev_log"]
    fields = [
        "dev_log",
        "state",
        "waiting_for",
        "error_code",
        "error_detail",
        "attempts",
        "priority",
        "queued_at",
        "run_after",
        "started_at",
        "finished_at",
        "claimed_by",
        "lease_expires_at",
    ]
    inlines = [Timeline]

    @admin.display(description="job", ordering="pk")
    def number(self, job: Job) -> int:
        return job.pk

    @admin.display(description="dev-log")
    def dev_log(self, job: Job) -> SafeString:
        return link_to_devlog(job.devlog)


@admin.register(Attempt)
class AttemptAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["number", "dev_log", "outcome", "error_code", "source", "finished_at"]
    list_filter = ["outcome", ErrorCodeFilter]
    list_select_related = ["job__devlog"]
    list_per_page = 50
    show_full_result_count = False
    ordering = ["-pk"]

    @admin.display(description="dev-log")
    def dev_log(self, attempt: Attempt) -> SafeString:
        return link_to_devlog(attempt.job.devlog)


@admin.register(Provider)
class ProviderAdmin(ReadOnly, admin.ModelAdmin):
    """Whether the queue is paused, why and until when; no row means that nothing ever went wrong."""

    list_display = ["__str__", "resume_at", "error_code", "error_detail", "refusals", "failures"]


@admin.register(Spending)
class SpendingAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["day", "tokens", "cost"]
