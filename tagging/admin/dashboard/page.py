"""What the queue's page shows: its figures in words and numbers of the reader's language, and the charts of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from tagging.admin import shown
from tagging.admin.dashboard import drawings
from tagging.admin.dashboard.drawings import Chart, Figures, in_s, number
from tagging.admin.dashboard.waits import Pending, Wait, pending_of, wait_of
from tagging.models import Job

# Of so many days the spending is shown.
DAYS = 14, 30


class State(NamedTuple):
    """A state of jobs, and where its jobs are listed."""

    key: str
    name: str
    jobs: str
    address: str


@dataclass(frozen=True)
class Page:
    read_at: datetime
    states: Sequence[State]
    facts: Sequence[tuple[str, str]]
    waits: Sequence[Wait]
    pending: Sequence[Pending]
    workers: Sequence[Figures]
    failures: Sequence[Figures]
    charts: Sequence[Chart]
    is_paused: bool
    days: int


def page_of(figures: Figures, days: int) -> Page:
    """Lay out what `queue.overview` and the provider's state tell, with the spending of so many days."""
    waits = [wait_of(waiting) for waiting in (figures["waiting"], figures["provider"]) if waiting]
    is_paused = bool(waits) and waits[0].is_pause
    if not is_paused:
        waits = waits[:1]  # the provider's is both
    counts = {state: number(figures["jobs"][state.value]) for state in shown.STATES}
    return Page(
        timezone.now(),
        [State(state.value, str(name), counts[state], jobs_with(state)) for state, name in shown.STATES.items()],
        facts_of(figures),
        waits,
        pending_of(figures["pending"], figures["waiting"]),
        figures["workers"],
        [{**row, "jobs": jobs_with(Job.State.FAILED, row["code"])} for row in figures["failures"]],
        drawings.all_of(figures, days),
        is_paused,
        days,
    )


def jobs_with(state: Job.State, code: str = "") -> str:
    """Return the address of the list of the jobs in a state, and of these of those that failed with a code."""
    filters = {"state__exact": state.value} | ({"error_code": code} if code else {})
    return f"{reverse('admin:tagging_job_changelist')}?{urlencode(filters)}"


def facts_of(figures: Figures) -> list[tuple[str, str]]:
    seconds, now = figures["oldest_pending_seconds"], timezone.now()
    oldest = "–" if seconds is None else ago(now, seconds)
    until_done, of_call = figures["milliseconds_until_done"], figures["milliseconds_of_call"]
    return [
        (_("The oldest that waits was asked for"), oldest),
        (_("Tagged per minute, over the last five"), in_wholes(figures["finished_per_minute"])),
        (_("From asking to tags"), both(until_done)),
        (_("A call"), both(of_call)),
    ]


def in_wholes(value: float) -> str:
    """Write a number without digits behind the point; one that would be nought by that is not nothing."""
    return _("less than one") if 0 < value < 1 else number(value)


def ago(now: datetime, seconds: int) -> str:
    if seconds < 60:
        return _("%(seconds)s s ago") % {"seconds": seconds}
    return _("%(time)s ago") % {"time": timesince(now - timedelta(seconds=seconds), now)}


def both(percentiles: Mapping[str, int | None]) -> str:
    """Write the two percentiles of a time."""
    if percentiles["p50"] is None:
        return "–"
    return _("p50 %(half)s s, p95 %(most)s s") % {"half": in_s(percentiles["p50"]), "most": in_s(percentiles["p95"])}
