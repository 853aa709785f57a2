"""Jobs, attempts, what is known of providers and the spending, to look at; and the end of a pause."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from tagging.admin import shown
from tagging.admin.read_only import ReadOnly
from tagging.extraction.base import ErrorCode
from tagging.models import Attempt, AuthorSpending, Job, ProviderState, Spending, Worker


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
    fields = [
        *("number", "started_at", "finished_at", "outcome", "error_code", "error_detail", "source"),
        "entries_in_call",
    ]
    readonly_fields = ["source"]


class OfDevLog(ReadOnly, admin.ModelAdmin):
    """Rows about a dev-log. They show words of its entry only to people who may see dev-logs themselves."""

    # Columns and fields with words of an entry, and what is shown in their place.
    in_place_of_words = {"dev_log": "dev_log_number", "answer": None}

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return self.shown_to(request, super().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj: object = None) -> list[Any]:
        return self.shown_to(request, super().get_fields(request, obj))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Keep people from guessing by filters at what they may not see."""
        has_words = self.in_place_of_words.keys() & {lookup.partition("__")[0]}
        return super().lookup_allowed(lookup, value, request) and (not has_words or shown.may_see_entries(request))

    def shown_to(self, request: HttpRequest, names: Iterable[Any]) -> list[Any]:
        if shown.may_see_entries(request):
            return list(names)
        return [other for name in names if (other := self.in_place_of_words.get(name, name))]

    @admin.display(description="dev-log")
    def dev_log(self, row: Job | Attempt) -> SafeString:
        return shown.link_to(row.devlog if isinstance(row, Job) else row.job.devlog)

    @admin.display(description="dev-log")
    def dev_log_number(self, row: Job | Attempt) -> int:
        return row.pk if isinstance(row, Job) else row.job_id


@admin.register(Job)
class JobAdmin(OfDevLog):
    list_display = ["number", "dev_log", "state", "waiting_for", "error_code", "attempts", "run_after"]
    list_filter = ["state", "waiting_for", "error_code"]
    list_select_related = ["devlog"]
    # What no index sorts or counts is not offered: a list of 200,000 would take seconds.
    sortable_by = ["number"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    readonly_fields = ["dev_log", "dev_log_number"]
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
        "in_doubt_since",
        "started_at",
        "finished_at",
        "claimed_by",
        "lease_expires_at",
    ]
    inlines = [Timeline]
    actions = ["cancel"]

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tagging.change_job")

    @admin.action(description="Cancel selected jobs", permissions=["cancel"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """End them `failed` where they are not final; what is selected goes in portions."""
        cancelled = Job.objects.cancel(list(jobs.values_list("pk", flat=True)))
        self.message_user(request, f"{cancelled} cancelled; the others were final already.", messages.SUCCESS)

    @admin.display(description="job", ordering="pk")
    def number(self, job: Job) -> int:
        return job.pk


@admin.register(Attempt)
class AttemptAdmin(OfDevLog):
    list_display = ["number", "dev_log", "outcome", "error_code", "source", "finished_at"]
    list_filter = ["outcome", ErrorCodeFilter]
    list_select_related = ["job__devlog"]
    sortable_by = ()
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    ordering = ["-pk"]


@admin.register(ProviderState)
class ProviderStateAdmin(ReadOnly, admin.ModelAdmin):
    """What the queue waits for, why and until when, and the button that ends it; one row for each provider.

    No row means that nothing ever went wrong.
    """

    list_display = [
        *("__str__", "of_the_settings", "since", "until"),
        *("error_code", "error_detail", "refusals", "failures", "canaries"),
    ]
    ordering = ["-since"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderState]:
        return ProviderState.objects.timed()

    def get_urls(self) -> list[URLPattern]:
        resume = self.admin_site.admin_view(require_POST(self.resume))
        return [path("resume/", resume, name="tagging_providerstate_resume"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"may_resume": may_resume(request)} | (extra_context or {}))

    def resume(self, request: HttpRequest) -> HttpResponse:
        if not may_resume(request):
            raise PermissionDenied
        waited = ProviderState.objects.probe_now()
        for row in waited:
            self.log_change(request, row, "Resumed.")
            self.message_user(request, row.resumption, messages.SUCCESS)
        if not waited:
            self.message_user(request, "Nothing is paused.")
        return redirect("admin:tagging_providerstate_changelist")

    @admin.display(description="of the settings", boolean=True)
    def of_the_settings(self, provider: ProviderState) -> bool:
        return provider.is_current

    @admin.display
    def until(self, provider: ProviderState) -> datetime | str | None:
        if provider.is_half_open:
            return "a probe is answered"
        return provider.resume_at if provider.is_paused else None


def may_resume(request: HttpRequest) -> bool:
    return request.user.has_perm("tagging.change_providerstate")


@admin.register(Spending)
class SpendingAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["day", "tokens", "cost"]


@admin.register(AuthorSpending)
class AuthorSpendingAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["day", "author_id", "tokens", "waits_under"]
    ordering = ["-day", "author_id"]
    list_per_page = 50
    show_full_result_count = False


@admin.register(Worker)
class WorkerAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "host", "pid", "started_at", "seen_at"]
