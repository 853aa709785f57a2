"""Jobs, attempts, the pause and the spending, to look at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from tagging.admin import shown
from tagging.admin.read_only import ReadOnly
from tagging.extraction.base import ErrorCode
from tagging.models import Attempt, Job, Provider, Spending


class ErrorCodeFilter(admin.SimpleListFilter):
    """The codes there can be; to look up those there are would read every attempt."""

    title = "error code"
    parameter_name = "error_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code.value, code.value) for code in ErrorCode]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(error_code=self.value()) if self.value() else queryset


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
        return shown.link_to(job.devlog)


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
        return shown.link_to(attempt.job.devlog)


@admin.register(Provider)
class ProviderAdmin(ReadOnly, admin.ModelAdmin):
    """Whether the queue is paused, why and until when; no row means that nothing ever went wrong."""

    list_display = ["__str__", "resume_at", "error_code", "error_detail", "refusals", "failures"]


@admin.register(Spending)
class SpendingAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["day", "tokens", "cost"]
