"""A calendar of days, a week in each column; the more a day has, the larger its square."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.safestring import SafeString

from tagging.looks.drawing import drawn, element, empty, figure

# In pixels: a day with the room around it, and what stands at the left and above.
CELL, LEFT, ABOVE = 13, 34, 18
# The sides of the squares: five sizes, from one entry up to as many as the fullest day.
SIDES = [3, 5, 7, 9, 11]
# A name of a month needs so many weeks.
WEEKS_OF_NAME = 3


def calendar(days: Mapping[date, int], since: date, until: date, label: str) -> SafeString:
    """Draw how much each day has, between two days which both belong to it."""
    if since > until:
        return empty("calendar", label)
    monday = since - timedelta(days=since.weekday())
    shown = [since + timedelta(days=count) for count in range((until - since).days + 1)]
    highest = max((days.get(day, 0) for day in shown), default=0)
    width = LEFT + CELL * (week_of(until, monday) + 1)
    height = ABOVE + 7 * CELL
    return drawn(
        "calendar",
        label,
        {"width": width, "height": height, "viewBox": f"0 0 {width} {height}"},
        *weekdays(monday),
        *months(shown, monday),
        empty_days([day for day in shown if days.get(day, 0) <= 0], monday),
        *(full_day(day, days[day], highest, monday) for day in shown if days.get(day, 0) > 0),
    )


def week_of(day: date, monday: date) -> int:
    return (day - monday).days // 7


def corner(day: date, side: int, monday: date) -> tuple[int, int]:
    """Return where a square of this side begins, in the middle of the day's cell."""
    indent = (CELL - side) // 2
    return LEFT + CELL * week_of(day, monday) + indent, ABOVE + CELL * day.weekday() + indent


def empty_days(days: list[date], monday: date) -> SafeString:
    """Draw all days that have nothing in one path of small dots."""
    places = (corner(day, 1, monday) for day in days)
    return element("path", {"class": "chart-none", "d": "".join(f"M{x} {y}h1v1h-1z" for x, y in places)})


def full_day(day: date, count: int, highest: int, monday: date) -> SafeString:
    side = SIDES[min(len(SIDES) * (count - 1) // max(highest - 1, 1), len(SIDES) - 1)]
    x, y = corner(day, side, monday)
    title = element("title", {}, f"{date_format(day, 'DATE_FORMAT')}: {figure(count)}")
    return element("rect", {"class": "chart-fill", "x": x, "y": y, "width": side, "height": side}, title)


def weekdays(monday: date) -> Iterator[SafeString]:
    for count in (0, 2, 4):
        name = date_format(monday + timedelta(days=count), "D")
        yield element("text", {"class": "chart-name", "x": 0, "y": ABOVE + CELL * count + 11}, name)


def months(days: list[date], monday: date) -> Iterator[SafeString]:
    """Yield the names of the months where they begin; that of one begun before, if it does not run into the next."""
    begun = [day for day in days if day.day == 1]
    if not begun or week_of(begun[0], monday) >= WEEKS_OF_NAME:
        begun.insert(0, days[0])
    last = week_of(days[-1], monday)
    for day in begun:
        week = week_of(day, monday)
        is_at_end = last - week < WEEKS_OF_NAME - 1
        anchor = {"text-anchor": "end"} if is_at_end and week else {}
        x = LEFT + CELL * (last + 1 if anchor else week)
        yield element("text", {"class": "chart-name", "x": x, "y": 11, **anchor}, date_format(day, "M"))
