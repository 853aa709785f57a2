"""Jobs, attempts and tags as pieces of a page, for every admin that shows them; all text is escaped."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.utils import display_for_value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from devlogs.models import DevLog
from tagging.models import Attempt, DevLogTag, Job
from tagging.models.shown_pause import shown_pause

EMPTY = "-"


def value(cell: object) -> str:
    return display_for_value(cell, EMPTY)


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> SafeString | str:
    """Return an HTML table, or a dash when there are no rows."""
    lines = [(format_html_join("", "<td>{}</td>", ((value(cell),) for cell in row)),) for row in rows]
    if not lines:
        return EMPTY
    return format_html(
        "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>",
        format_html_join("", '<th scope="col">{}</th>', ((column,) for column in columns)),
        format_html_join("", "<tr>{}</tr>", lines),
    )


def may_see_entries(request: HttpRequest) -> bool:
    return request.user.has_perm("devlogs.view_devlog") or request.user.has_perm("devlogs.change_devlog")


def name_of(devlog: DevLog, request: HttpRequest) -> str:
    """Return the beginning of an entry, or for those who may not see it the dev-log's number."""
    return devlog.title if may_see_entries(request) else str(devlog)


def link_to(devlog: DevLog) -> SafeString:
    url = reverse("admin:devlogs_devlog_change", args=[devlog.pk])
    return format_html('<a href="{}">{}</a>', url, Truncator(devlog.title).chars(50))


def state(job: Job) -> SafeString:
    """Return the job's state, with what it waits for or why it failed."""
    why = error(job) if job.state == Job.State.FAILED else ""
    if waiting_for := job.waits_for(shown_pause):
        why = f"waiting for {waiting_for.replace('_', ' ')}"
    return format_html(
        '<span class="job-state job-state-{}">{}</span> <span class="job-why">{}</span>', job.state, job.state, why
    )


def error(row: Job | Attempt) -> str:
    return f"{row.error_code}: {row.error_detail}" if row.error_code else ""


def timeline(job: Job) -> SafeString | str:
    return table(
        ["attempt", "started", "took", "outcome", "error", "by"],
        (
            [each.number, each.started_at, seconds(each), each.outcome, error(each), each.source]
            for each in job.timeline.all()
        ),
    )


def seconds(attempt: Attempt) -> str:
    return f"{(attempt.finished_at - attempt.started_at).total_seconds():.1f} s"


def tags(devlog: DevLog) -> SafeString | str:
    """Return the tags of a dev-log with who set them and which words show them."""
    taggings = devlog.taggings.select_related("tag", "attempt", "person")
    return table(["tag", "source", "evidence"], ([each.tag, source(each), each.evidence] for each in taggings))


def source(tagging: DevLogTag) -> str:
    return f"{tagging.source}: {tagging.person}" if tagging.person else tagging.source
