"""The charts of the queue's page, each with its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils import formats, timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tagging.looks import charts
from tagging.looks.drawing import figure

Figures = Mapping[str, Any]


class Table(NamedTuple):
    """The numbers of a chart."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Drawing(NamedTuple):
    """One of the pictures of a chart; its note says what it is measured by."""

    title: str
    note: str
    picture: SafeString


class Chart(NamedTuple):
    """What is drawn, and its numbers for those who want them exactly or do not see it."""

    key: str
    title: str
    drawings: Sequence[Drawing]
    table: Table


def all_of(figures: Figures, days: int) -> list[Chart]:
    hours, spending = charts_of_hours(figures["hours"]), chart_of_days(figures, days)
    return [*hours, spending, chart_of_weeks(figures["weeks"])]


def number(value: float | Decimal, places: int = 0) -> str:
    return formats.number_format(round(Decimal(value), places), places, force_grouping=True)  # it cuts off


def dollars(cost: Decimal) -> str:
    """Write cents, and of less than one as many digits as it needs."""
    return number(cost, 2) if cost >= Decimal("0.01") else figure(float(cost))


def in_s(milliseconds: int | None) -> str:
    return "–" if milliseconds is None else number(milliseconds / 1000, 1)


def charts_of_hours(hours: Sequence[Figures]) -> list[Chart]:
    names = [formats.date_format(timezone.localtime(hour["hour"]), "H:i") for hour in hours]
    return [attempts_by_hour(hours, names), times_by_hour(hours, names)]


def attempts_by_hour(hours: Sequence[Figures], names: Sequence[str]) -> Chart:
    title = _("Attempts by hour")
    series = {_("Answered"): [hour["answered"] for hour in hours], _("Failed"): [hour["failed"] for hour in hours]}
    rows = [[name, *(number(each[at]) for each in series.values())] for at, name in enumerate(names)]
    return Chart(
        "hours",
        title,
        [Drawing("", "", charts.lines(series, names, title))],
        Table([_("Hour"), *series], rows),
    )


def times_by_hour(hours: Sequence[Figures], names: Sequence[str]) -> Chart:
    title = _("Seconds from asking to tags by hour")
    kinds = ("milliseconds_until_done", "milliseconds_of_call")
    until_done = [hour[kinds[0]] for hour in hours]
    series = {
        _("half are quicker (p50)"): [in_seconds(each["p50"]) for each in until_done],
        _("95 in 100 are quicker (p95)"): [in_seconds(each["p95"]) for each in until_done],
    }
    table = Table(
        [_("Hour"), _("To tags, p50"), _("To tags, p95"), _("Call, p50"), _("Call, p95")],
        [
            [name, *(in_s(hour[kind][part]) for kind in kinds for part in ("p50", "p95"))]
            for name, hour in zip(names, hours, strict=True)
        ],
    )
    return Chart("times", title, [Drawing("", "", charts.lines(series, names, title))], table)


def in_seconds(milliseconds: int | None) -> float | None:
    """Return seconds; None, which is a gap in the line, of an hour in which nothing was tagged."""
    return None if milliseconds is None else milliseconds / 1000


def chart_of_days(figures: Figures, days: int) -> Chart:
    """Draw tokens and cost against what a day may have of them; the cost not where nothing costs any."""
    shown, limits = figures["days"][-days:], figures["today"]
    names = [formats.date_format(day["day"], "SHORT_DATE_FORMAT") for day in shown]
    tokens = [day["tokens"] for day in shown]
    costs = [Decimal(day["cost"]) for day in shown]
    columns, rows = [_("Day"), _("Tokens")], [[name, number(each)] for name, each in zip(names, tokens, strict=True)]
    drawings = [spent(_("Tokens by day"), names, tokens, limits["tokens_limit"])]
    if limits["cost_limit"] or any(costs):
        columns.append(_("Dollars"))
        rows = [[*row, dollars(cost)] for row, cost in zip(rows, costs, strict=True)]
        drawings.append(spent(_("Dollars by day"), names, [float(cost) for cost in costs], limits["cost_limit"]))
    title = _("Tokens and dollars by day") if len(drawings) > 1 else drawings[0].title
    return Chart("spending", title, drawings, Table(columns, rows))


def spent(title: str, names: Sequence[str], values: Sequence[float], limit: float | None) -> Drawing:
    note = _("daily budget: %(limit)s") % {"limit": figure(limit)} if limit else _("no daily budget")
    return Drawing(title, note, charts.columns(list(zip(names, values, strict=True)), title, limit))


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
    return Chart("technologies", title, [Drawing("", "", charts.lines(shares, names, title))], table)


def in_hundred(having: Sequence[int], seen: Sequence[int]) -> list[float]:
    return [round(100 * some / max(1, all_), 1) for some, all_ in zip(having, seen, strict=True)]
