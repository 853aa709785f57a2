"""What the queue's page shows: its figures in words and numbers of the reader's language, and the charts of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tagging.admin import shown
from tagging.looks import charts
from tagging.models.queue_pause import PAUSED

# Of so many days the spending is shown.
DAYS = 14, 30

# What the whole queue waits for.
WAITS: dict[str | None, Promise] = {
    PAUSED: gettext_lazy("a person who resumes it"),
    "rate_limit": gettext_lazy("the provider's rate limit"),
    "provider": gettext_lazy("the provider"),
    "budget": gettext_lazy("the budget of the next day"),
}
# What a dev-log waits for by itself.
OWN_WAITS: dict[str | None, Promise] = {
    **WAITS,
    None: gettext_lazy("nothing but those before it"),
    "retry": gettext_lazy("its next try"),
    "budget": gettext_lazy("its author's share of the budget"),
}

Figures = Mapping[str, Any]


class Table(NamedTuple):
    """The numbers of a chart."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Chart(NamedTuple):
    """A drawing, and its numbers for those who want them exactly or do not see it."""

    key: str
    title: str
    drawing: SafeString
    table: Table


@dataclass(frozen=True)
class Page:
    read_at: datetime
    states: Sequence[tuple[str, int]]
    facts: Sequence[tuple[str, str]]
    waits: Sequence[Figures]
    pending: Sequence[Figures]
    workers: Sequence[Figures]
    failures: Sequence[Figures]
    charts: Sequence[Chart]
    is_paused: bool
    days: int


def page_of(figures: Figures, days: int) -> Page:
    """Lay out what `queue.overview` and the provider's state tell, with the spending of so many days."""
    waits = [waiting for waiting in (figures["waiting"], figures["provider"]) if waiting]
    is_paused = bool(waits) and waits[0]["waiting_for"] == PAUSED
    if not is_paused:
        waits = waits[:1]  # the provider's is both
    return Page(
        timezone.now(),
        [(str(name), figures["jobs"][state.value]) for state, name in shown.STATES.items()],
        facts_of(figures),
        [{**waiting, "what": WAITS[waiting["waiting_for"]]} for waiting in waits],
        [{**row, "what": OWN_WAITS[row["waiting_for"]]} for row in figures["pending"]],
        figures["workers"],
        figures["failures"],
        [*charts_of_hours(figures["hours"]), *charts_of_days(figures, days), chart_of_weeks(figures["weeks"])],
        is_paused,
        days,
    )


def facts_of(figures: Figures) -> list[tuple[str, str]]:
    seconds, now = figures["oldest_pending_seconds"], timezone.now()
    oldest = "–" if seconds is None else ago(now, seconds)
    until_done, of_call = figures["milliseconds_until_done"], figures["milliseconds_of_call"]
    return [
        (_("The oldest that waits was asked for"), oldest),
        (_("Done per minute"), number(figures["finished_per_minute"], 1)),
        (_("From asking to tags"), both(until_done)),
        (_("A call"), both(of_call)),
    ]


def ago(now: datetime, seconds: int) -> str:
    if seconds < 60:
        return _("%(seconds)s s ago") % {"seconds": seconds}
    return _("%(time)s ago") % {"time": timesince(now - timedelta(seconds=seconds), now)}


def both(percentiles: Mapping[str, int | None]) -> str:
    """Write the two percentiles of a time."""
    if percentiles["p50"] is None:
        return "–"
    return _("p50 %(half)s s, p95 %(most)s s") % {"half": in_s(percentiles["p50"]), "most": in_s(percentiles["p95"])}


def in_s(milliseconds: int | None) -> str:
    return "–" if milliseconds is None else number(milliseconds / 1000, 1)


def number(value: float | Decimal, places: int = 0) -> str:
    return formats.number_format(value, places, force_grouping=True)


def charts_of_hours(hours: Sequence[Figures]) -> list[Chart]:
    names = [formats.date_format(timezone.localtime(hour["hour"]), "H:i") for hour in hours]
    answered = [(name, hour["answered"]) for name, hour in zip(names, hours, strict=True)]
    done = _("Dev-logs tagged by hour")
    table = Table(
        [_("Hour"), _("Answered"), _("Failed")],
        [[name, number(hour["answered"]), number(hour["failed"])] for name, hour in zip(names, hours, strict=True)],
    )
    times = _("Seconds from asking to tags by hour")
    series = {
        _("half are quicker (p50)"): [(hour["milliseconds_until_done"]["p50"] or 0) / 1000 for hour in hours],
        _("95 in 100 are quicker (p95)"): [(hour["milliseconds_until_done"]["p95"] or 0) / 1000 for hour in hours],
    }
    kinds = ("milliseconds_until_done", "milliseconds_of_call")
    taken = Table(
        [_("Hour"), _("To tags, p50"), _("To tags, p95"), _("Call, p50"), _("Call, p95")],
        [
            [name, *(in_s(hour[kind][part]) for kind in kinds for part in ("p50", "p95"))]
            for name, hour in zip(names, hours, strict=True)
        ],
    )
    return [
        Chart("hours", done, charts.columns(answered, done), table),
        Chart("times", times, charts.lines(series, names, times), taken),
    ]


def charts_of_days(figures: Figures, days: int) -> list[Chart]:
    """Draw tokens and cost against what a day may have of them; the cost not where nothing costs any."""
    shown, limits = figures["days"][-days:], figures["today"]
    names = [formats.date_format(day["day"], "SHORT_DATE_FORMAT") for day in shown]
    tokens, cost = _("Tokens by day"), _("Dollars by day")
    drawn = charts.columns(
        [(name, day["tokens"]) for name, day in zip(names, shown, strict=True)], tokens, limits["tokens_limit"]
    )
    table = Table(
        [_("Day"), _("Tokens"), _("Dollars")],
        [
            [name, number(day["tokens"]), number(Decimal(day["cost"]), 4)]
            for name, day in zip(names, shown, strict=True)
        ],
    )
    found = [Chart("tokens", tokens, drawn, table)]
    if limits["cost_limit"] or any(Decimal(day["cost"]) for day in shown):
        costs = [(name, float(day["cost"])) for name, day in zip(names, shown, strict=True)]
        found.append(Chart("cost", cost, charts.columns(costs, cost, limits["cost_limit"]), table))
    return found


def chart_of_weeks(weeks: Figures) -> Chart:
    """Draw in how many of a hundred dev-logs of each week the technologies are that most of all have."""
    names = [formats.date_format(week, "SHORT_DATE_FORMAT") for week in weeks["weeks"]]
    shares = {each["name"]: in_hundred(each["devlogs"], weeks["devlogs"]) for each in weeks["technologies"]}
    title = _("Technologies by week, in 100 dev-logs")
    table = Table(
        [_("Week from"), _("Dev-logs"), *shares],
        [
            [name, number(weeks["devlogs"][at]), *(number(share[at], 1) for share in shares.values())]
            for at, name in enumerate(names)
        ],
    )
    return Chart("technologies", title, charts.lines(shares, names, title), table)


def in_hundred(having: Sequence[int], seen: Sequence[int]) -> list[float]:
    return [round(100 * some / max(1, all_), 1) for some, all_ in zip(having, seen, strict=True)]
