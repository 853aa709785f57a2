"""What the page of the stack shows: tables of figures, and the charts that are drawn of the same ones."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devlogs.models import DevLog
from devlogs.pages.stack_form import NO_KIND
from tagging.looks import charts
from tagging.looks.drawing import figure
from tagging.looks.names import KINDS
from tagging.models import Tag
from tagging.stack.figures import PERSON, Stack, Technology, Trend, weeks_of
from tagging.stack.formats import OTHER
from tagging.stack.period import DAY, Period
from tagging.stack.spans import Day, FirstOfMonth, Monday

MOST_BARS, MOST_LINES, MOST_ROWS = 10, 5, 100
# Of a longer time the lines go by month.
MOST_DAYS_BY_WEEK = 190
YEAR = 365
TRENDS = {
    Trend.NEW: ("✚", gettext_lazy("new")),
    Trend.RISING: ("▲", gettext_lazy("rising")),
    Trend.STEADY: ("●", gettext_lazy("steady")),
    Trend.FALLING: ("▼", gettext_lazy("falling")),
}


def of_kind(stack: Stack, kind: str) -> Stack:
    """Return the stack with the technologies of one kind alone, or with all."""
    if not kind:
        return stack
    wanted = "" if kind == OTHER else kind
    return replace(stack, technologies=[each for each in stack.technologies if each.kind == wanted])


class Row(NamedTuple):
    """A technology as a row of the table."""

    technology: Technology
    devlogs: str
    kind: str
    sign: str
    trend: str
    finders: Sequence[str]


def rows_of(stack: Stack) -> list[Row]:
    return [
        Row(
            each,
            figure(each.devlogs),
            str(KINDS.get(each.kind, NO_KIND)),
            TRENDS[each.trend][0],
            str(TRENDS[each.trend][1]),
            [finder_name(finder) for finder in each.finders],
        )
        for each in stack.technologies[:MOST_ROWS]
    ]


def finder_name(finder: str) -> str:
    """Return how people call who found a technology: a model goes without who asks it."""
    return _("a person") if finder == PERSON else finder.partition(":")[2] or finder


def left_out(stack: Stack) -> int:
    """Return how many technologies the table does not show."""
    return stack.left_out + max(len(stack.technologies) - MOST_ROWS, 0)


def bars_of(stack: Stack) -> SafeString:
    most_used = [(each.name, each.devlogs) for each in stack.technologies[:MOST_BARS]]
    return charts.bars(most_used, _("The most used technologies, by their number of dev-logs"))


# -- over time -----------------------------------------------------------------------------------------------------


class Lines(NamedTuple):
    """The few most used technologies over time: drawn, and as a table of weeks or months."""

    chart: SafeString
    names: Sequence[str]
    is_by_week: bool
    rows: Sequence[tuple[str, Sequence[str]]]


def lines_of(devlogs: QuerySet[DevLog], stack: Stack) -> Lines:
    shown = stack.technologies[:MOST_LINES]
    # Nobody has to look at years before the first of them.
    since = max(stack.period.since or stack.period.until, min((each.first_used for each in shown), default=date.min))
    is_by_week = (stack.period.until - since).days < MOST_DAYS_BY_WEEK
    tags = Tag.objects.in_bulk([each.slug for each in shown], field_name="slug")
    counts = weeks_of(
        stack.period.of(devlogs.order_by()),
        {tag.pk: tag for tag in tags.values()},
        Monday if is_by_week else FirstOfMonth,
    )
    first_days = list((weeks if is_by_week else months)(since, stack.period.until))
    names = [date_format(day, "MONTH_DAY_FORMAT" if is_by_week else "YEAR_MONTH_FORMAT") for day in first_days]
    series = {each.name: [counts.get(day, {}).get(each.slug, 0) for day in first_days] for each in shown}
    label = _("Dev-logs of a week by technology") if is_by_week else _("Dev-logs of a month by technology")
    rows = [(names[at], [figure(counts[at]) for counts in series.values()]) for at in range(len(names))]
    return Lines(charts.lines(series, names, label), list(series), is_by_week, rows[::-1])


def weeks(since: date, until: date) -> Iterator[date]:
    """Yield the Mondays of these days."""
    monday = since - since.weekday() * DAY if since.toordinal() > since.weekday() else since
    while monday <= until:
        yield monday
        monday += 7 * DAY


def months(since: date, until: date) -> Iterator[date]:
    """Yield the first days of their months."""
    for month in range(since.year * 12 + since.month - 1, until.year * 12 + until.month):
        yield date(month // 12, month % 12 + 1, 1)


# -- days ----------------------------------------------------------------------------------------------------------


class Month(NamedTuple):
    """A month as a row of the table beside the calendar."""

    since: date
    until: date
    days: int
    devlogs: str


class Calendar(NamedTuple):
    chart: SafeString
    months: Sequence[Month]


def calendar_of(devlogs: QuerySet[DevLog], today: date) -> Calendar:
    """Return how many dev-logs each day of the last year has."""
    year = Period(today - (YEAR - 1) * DAY, today)
    counts = days_of(year.of(devlogs))
    chart = charts.calendar(counts, today - (YEAR - 1) * DAY, today, _("Dev-logs of each day of the last year"))
    return Calendar(chart, [month_of(first, counts) for first in months(today - (YEAR - 1) * DAY, today)][::-1])


def days_of(devlogs: QuerySet[Any]) -> dict[date, int]:
    return dict(
        devlogs.order_by().values(day=Day("created_at")).annotate(count=Count("pk")).values_list("day", "count")
    )


def month_of(first: date, counts: Mapping[date, int]) -> Month:
    its = [count for day, count in counts.items() if (day.year, day.month) == (first.year, first.month)]
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return Month(first, last, len(its), figure(sum(its)))
