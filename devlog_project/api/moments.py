"""Moments as a query names them, and as both databases compare them."""

import re
from datetime import UTC, datetime, time, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Value
from django.db.models.sql.compiler import SQLCompiler
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

STORED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?(\+00)?", re.ASCII)
NO_MOMENT = _(
    "A date (2026-03-31) or a moment (2026-03-31T08:00:00Z), in UTC unless it says otherwise. In an address the + of "
    "a time zone must be escaped."
)


class Moment(Value):
    """A moment, to be compared with stored ones by `<` and `>=` alone.

    SQLite stores texts, and one moment may be written with six digits after the second, with three or with none. The
    shortest comes before the others.
    """

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: object
    ) -> tuple[str, tuple[str]]:
        text = self.value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
        return "%s", (text.rstrip("0") if "." in text else text,)


class MomentField(forms.CharField):
    """A date or a moment; `is_end` takes a date for its end, so that the day belongs to what comes before it."""

    def __init__(self, *, is_end: bool = False, **kwargs: object) -> None:
        self.is_end = is_end
        super().__init__(**kwargs)  # type: ignore[arg-type]

    def to_python(self, value: str | None) -> datetime | None:  # type: ignore[override]
        text = super().to_python(value)
        return moment_of(text, self.is_end) if text else None


def moment_of(text: str, is_end: bool = False) -> datetime:
    """Return the moment that a text names, in UTC; raise ValidationError if it names none."""
    try:
        if day := parse_date(text):
            return datetime.combine(day, time(), UTC) + timedelta(days=is_end)
        if moment := parse_datetime(text):
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValidationError(NO_MOMENT)


def is_stored(text: str) -> bool:
    """Say whether a database could have written this for a moment."""
    return bool(STORED.fullmatch(text)) and parse_datetime(text) is not None
