"""Jobs, attempts, what is known of providers and the spending, to look at; and the end of a pause."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from devlog_project.api.access import readable
from devlogs.models import DevLog
from tagging.admin import shown
from tagging.admin.actions import OPERATE, QueueActions
from tagging.admin.lists import ManyRows
from tagging.admin.read_only import ReadOnly
from tagging.extraction.base import ErrorCode
from tagging.models import Attempt, AuthorSpending, Job, ProviderState, Spending, Worker


class ErrorCodeFilter(admin.SimpleListFilter):
    """The codes there can be; to look up those there are would read every attempt."""

    title = _("error code")
    parameter_name = "error_code"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(code.value, code.value) for code in ErrorCode]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(error_code=self.value()) if self.value() else queryset


class OfDevLog(ReadOnly, ManyRows, admin.ModelAdmin):
    """Rows about a dev-log. They show words of its entry only to people who may read it themselves."""

    # From a row to its dev-log.
    to_devlog = "pk"
    # Fields with words of an entry, or what lets one guess at them.
    words = ("answer", "entry_digest")
    # What no index sorts or counts is not offered: a list of 200,000 would take seconds.
    sortable_by: ClassVar[list[str]] = []

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Have each row say whether its dev-log may be read by who asks."""
        rows = super().get_queryset(request)
        if not shown.may_see_entries(request):
            return rows.annotate(is_readable=Value(False))
        own = DevLog.objects.order_by().filter(pk=OuterRef(self.to_devlog))
        return rows.annotate(is_readable=Exists(readable(own, request.user)))

    def get_fields(self, request: HttpRequest, obj: object = None) -> list[Any]:
        fields = super().get_fields(request, obj)
        return [name for name in fields if name not in self.words or getattr(obj, "is_readable", False)]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Keep people from guessing by filters at what they may not read: who may read all of it has no need to."""
        if lookup.partition("__")[0] in self.words and not request.user.is_superuser:
            return False
        return super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("dev-log"))
    def dev_log(self, row: Job | Attempt) -> SafeString | str:
        """Show the beginning of the entry, or to who may not read it the dev-log's number."""
        devlog = row.devlog if isinstance(row, Job) else row.job.devlog
        return shown.link_to(devlog) if vars(row)["is_readable"] else str(devlog)


@admin.register(Job)
class JobAdmin(QueueActions, OfDevLog):
    actions = ["tag_again", "retry_failed", "cancel"]
    list_display = ["number", "dev_log", "state_told", "attempts", "due"]
    list_filter = ["state", "waiting_for", "error_code"]
    list_select_related = ["devlog"]
    sortable_by = ["number"]
    readonly_fields = ["dev_log", "state_told", "error_told", "timeline"]
    fields = [
        *("dev_log", "state_told", "error_told", "timeline"),
        *("attempts", "priority", "queued_at", "run_after", "in_doubt_since", "started_at", "finished_at"),
        *("claimed_by", "lease_expires_at"),
    ]

    @admin.display(description=_("job"), ordering="pk")
    def number(self, job: Job) -> int:
        return job.pk

    @admin.display(description=_("state"))
    def state_told(self, job: Job) -> SafeString:
        return shown.state(job)

    @admin.display(description=_("run after"))
    def due(self, job: Job) -> SafeString | str:
        return shown.moment(job.run_after)

    @admin.display(description=_("error"))
    def error_told(self, job: Job) -> SafeString | str:
        return shown.value(shown.error_told(job))

    @admin.display(description=_("timeline"))
    def timeline(self, job: Job) -> SafeString | str:
        return shown.timeline(job)


@admin.register(Attempt)
class AttemptAdmin(OfDevLog):
    list_display = ["number", "dev_log", "outcome", "error_code", "source", "finished"]
    list_filter = ["outcome", ErrorCodeFilter]
    list_select_related = ["job__devlog"]
    ordering = ["-pk"]
    to_devlog = "job"
    readonly_fields = ["dev_log", "error_told", "source", "milliseconds"]
    fields = [
        *("dev_log", "number", "outcome", "error_told", "source", "prompt_version", "started_at", "finished_at"),
        *("milliseconds", "entries_in_call", "input_tokens", "output_tokens", "cost", "answer", "names_dropped"),
        *("redacted", "entry_digest"),
    ]

    @admin.display(description=_("finished at"))
    def finished(self, attempt: Attempt) -> SafeString | str:
        return shown.moment(attempt.finished_at)

    @admin.display(description=_("by"))
    def source(self, attempt: Attempt) -> str:
        return attempt.source

    @admin.display(description=_("milliseconds"))
    def milliseconds(self, attempt: Attempt) -> int:
        return attempt.milliseconds

    @admin.display(description=_("error"))
    def error_told(self, attempt: Attempt) -> SafeString | str:
        return shown.value(shown.error_told(attempt))


@admin.register(ProviderState)
class ProviderStateAdmin(ReadOnly, admin.ModelAdmin):
    """What the queue waits for, why and until when, and the button that ends it; one row for each provider.

    No row means that nothing ever went wrong.
    """

    list_display = ["state", "in_use", "began", "until", "error", "refused", "failed", "test_calls"]
    exclude = ["waiting_for"]  # the page is called so
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
            self.log_change(request, row, gettext("Resumed."))
            self.message_user(request, row.resumption, messages.SUCCESS)
        if not waited:
            self.message_user(request, gettext("Nothing is paused."))
        is_of_queue = request.POST.get("back") == "queue"  # its page has the button, too
        return redirect("queue:dashboard" if is_of_queue else "admin:tagging_providerstate_changelist")

    @admin.display(description=_("state"))
    def state(self, provider: ProviderState) -> str:
        return str(shown.WAITING.get(provider.waiting_for) or gettext("well"))

    @admin.display(description=_("in use"))
    def in_use(self, provider: ProviderState) -> str:
        return gettext("yes") if provider.is_current else gettext("no, of earlier settings")

    @admin.display(description=_("since"))
    def began(self, provider: ProviderState) -> SafeString | str:
        return shown.moment(provider.since)

    @admin.display(description=_("until"))
    def until(self, provider: ProviderState) -> SafeString | str:
        if provider.is_half_open:
            return gettext("a probe is answered")
        return shown.moment(provider.resume_at if provider.is_paused else None)

    @admin.display(description=_("error"))
    def error(self, provider: ProviderState) -> str:
        return shown.error(provider)

    @admin.display(description=_("refused in a row"))
    def refused(self, provider: ProviderState) -> int:
        return provider.refusals

    @admin.display(description=_("entries failed in a row"))
    def failed(self, provider: ProviderState) -> int:
        return provider.failures

    @admin.display(description=_("test calls"))
    def test_calls(self, provider: ProviderState) -> int:
        return provider.canaries


def may_resume(request: HttpRequest) -> bool:
    return request.user.has_perm(OPERATE) or request.user.has_perm("tagging.change_providerstate")


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
