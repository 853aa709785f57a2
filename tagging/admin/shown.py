"""Jobs, attempts and tags as pieces of a page, for every admin that shows them; all text is escaped."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib.admin.utils import display_for_value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devlog_project.api.access import may_view_devlogs
from devlogs.models import DevLog
from tagging.admin.advice import advice_for
from tagging.extraction.base import ErrorCode
from tagging.models import Attempt, DevLogTag, Job, ProviderState
from tagging.models.shown_pause import shown_pause

EMPTY = "-"
# Of an error's detail, where many stand below each other.
MOST_CHARACTERS = 80
STATES = {
    Job.State.PENDING: gettext_lazy("pending"),
    Job.State.RUNNING: gettext_lazy("running"),
    Job.State.DONE: gettext_lazy("done"),
    Job.State.FAILED: gettext_lazy("failed"),
}
# What a person ended is no fault.
CANCELLED = gettext_lazy("cancelled")
# By what waits: a job, or the whole queue.
WAITING = {
    "retry": gettext_lazy("waiting for retry"),
    "rate_limit": gettext_lazy("waiting for rate limit"),
    "provider": gettext_lazy("waiting for provider"),
    "budget": gettext_lazy("waiting for budget"),
    "paused": gettext_lazy("paused by a person"),
}
OUTCOMES = {
    Attempt.Outcome.ANSWERED: gettext_lazy("answered"),
    Attempt.Outcome.FAILED: gettext_lazy("failed"),
    Attempt.Outcome.LOST: gettext_lazy("lost"),
}


def value(cell: object) -> str:
    return display_for_value(cell, EMPTY)


def table(columns: Iterable[object], rows: Iterable[Iterable[Any]]) -> SafeString | str:
    """Return an HTML table, or a dash when there are no rows."""
    return framed(columns, [format_html_join("", "<td>{}</td>", ((value(cell),) for cell in row)) for row in rows])


def framed(columns: Iterable[object], lines: Sequence[SafeString]) -> SafeString | str:
    if not lines:
        return EMPTY
    return format_html(
        '<div class="scrolled" tabindex="0"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>',
        format_html_join("", '<th scope="col">{}</th>', ((column,) for column in columns)),
        format_html_join("", "<tr>{}</tr>", ((line,) for line in lines)),
    )


def may_see_entries(request: HttpRequest) -> bool:
    return may_view_devlogs(request.user)


def name_of(devlog: DevLog, request: HttpRequest) -> str:
    """Return the beginning of an entry, or for those who may not see it the dev-log's number."""
    return devlog.title if may_see_entries(request) else str(devlog)


def link_to(devlog: DevLog) -> SafeString:
    url = reverse("admin:devlogs_devlog_change", args=[devlog.pk])
    return format_html('<a href="{}"><bdi>{}</bdi></a>', url, Truncator(devlog.title).chars(50))


def state(job: Job) -> SafeString:
    """Return the job's state, with what it waits for or why it failed."""
    why: object = Truncator(error(job)).chars(MOST_CHARACTERS) if job.state == Job.State.FAILED else ""
    if waiting_for := job.waits_for(shown_pause):
        why = WAITING[waiting_for]
    look, name = job.state, STATES[Job.State(job.state)]
    if job.error_code == ErrorCode.CANCELLED and job.state == Job.State.FAILED:
        look, name, why = ErrorCode.CANCELLED.value, CANCELLED, ""  # no fault, and its detail says no more
    return format_html(
        '<span class="job-state job-state-{}">{}</span> <span class="job-why">{}</span>', look, name, why
    )


def moment(at: datetime | None) -> SafeString | str:
    """Return a time in few characters, which stay on one line of a list."""
    if at is None:
        return EMPTY
    return format_html('<span class="moment">{}</span>', date_format(localtime(at), "SHORT_DATETIME_FORMAT"))


def error(row: Job | Attempt | ProviderState) -> str:
    # What the provider said stays as it was; what we say of it is translated.
    return f"{row.error_code}: {row.error_detail and _(row.error_detail)}" if row.error_code else ""


def error_told(row: Job | Attempt) -> SafeString | str:
    """Return what an error means, in a sentence, with its own words, and what to do as its job stands now."""
    if not row.error_code:
        return ""
    advice, job = advice_for(row.error_code), row if isinstance(row, Job) else row.job
    return format_html(
        '<div class="job-error"><p>{}</p><p class="job-advice">{} {}</p><p class="job-detail">{}</p></div>',
        *(advice.meaning, _("What to do:"), advice.for_state(job.state), error(row)),
    )


def timeline(job: Job) -> SafeString | str:
    """Return the attempts at a job: who answered or did not, how long it took, what it cost, and what went wrong."""
    columns = [_("attempt"), _("started"), _("milliseconds"), _("outcome"), _("by")]
    columns += [_("tokens in"), _("tokens out"), _("cost in $")]
    lines = []
    for attempt in job.timeline.all():
        lines.append(format_html_join("", "<td>{}</td>", ((value(fact),) for fact in facts(attempt))))
        if attempt.error_code:  # below, as it needs the whole width
            lines.append(format_html('<td colspan="{}" class="job-detail">{}</td>', len(columns), error(attempt)))
    return framed(columns, lines)


def facts(attempt: Attempt) -> list[object]:
    outcome = OUTCOMES[Attempt.Outcome(attempt.outcome)]
    price = [attempt.input_tokens, attempt.output_tokens, number_format(attempt.cost.normalize())]
    return [attempt.number, moment(attempt.started_at), attempt.milliseconds, outcome, attempt.source, *price]


def tags(devlog: DevLog) -> SafeString | str:
    """Return the tags of a dev-log with who set them and which words show them."""
    taggings = devlog.taggings.select_related("tag", "attempt", "person")
    rows = ([each.tag, source(each), each.evidence] for each in taggings)
    return table((_("tag"), _("source"), _("evidence")), rows)


def source(tagging: DevLogTag) -> str:
    return _("person: %(name)s") % {"name": tagging.person} if tagging.person else tagging.source
