"""From which day to which a stack is looked at: whole days in UTC."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

DAY = timedelta(days=1)


class Range(StrEnum):
    LAST_30_DAYS = "last_30_days"
    LAST_6_MONTHS = "last_6_months"
    LAST_YEAR = "last_year"
    ALL_TIME = "all_time"


MONTHS = {Range.LAST_6_MONTHS: 6, Range.LAST_YEAR: 12}


class PeriodError(Exception):
    """No period is meant by this; the message is a sentence for people."""


class Period(NamedTuple):
    """Both days belong to it; without a first one it begins with the first dev-log."""

    since: date | None
    until: date

    def of(self, devlogs: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of these dev-logs that were written in it."""
        devlogs = devlogs.filter(created_at__lt=start_of(self.until + DAY)) if self.until < date.max else devlogs
        return devlogs.filter(created_at__gte=start_of(self.since)) if self.since else devlogs

    def begun(self, devlogs: QuerySet[Any]) -> Period:
        """Return it with a first day, which for all time is that of the first of these dev-logs."""
        if self.since:
            return self
        first = self.of(devlogs).order_by("created_at").values_list("created_at", flat=True).first()
        return self._replace(since=first.astimezone(UTC).date() if first else self.until)

    @property
    def middle(self) -> datetime:
        """Return when its later half begins; of an odd number of days that is the longer one."""
        since = self.since or self.until
        return start_of(since + (self.until + DAY - since) // (2 * DAY) * DAY)


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def period(chosen: str | None, since: date | None, until: date | None) -> Period:
    """Return the period that is meant; raise PeriodError for one that cannot be."""
    today = timezone.now().astimezone(UTC).date()
    if chosen and (since or until):
        raise PeriodError("Give either a range, or the days since and until.")
    if since or until:
        until = min(until or today, today)
        if since and since > until:
            raise PeriodError(f"It would end, on {until}, before it begins, on {since}.")
        return Period(since, until)
    return Period(first_day(Range(chosen or Range.LAST_6_MONTHS), today), today)


def first_day(chosen: Range, today: date) -> date | None:
    if chosen == Range.ALL_TIME:
        return None
    if chosen == Range.LAST_30_DAYS:
        return today - 29 * DAY
    return months_before(today, MONTHS[chosen]) + DAY


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
