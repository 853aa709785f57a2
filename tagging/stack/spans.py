"""The day, the week and the month of a moment in UTC. Django's own call Python for each row of SQLite."""

from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateField, Func
from django.db.models.sql.compiler import SQLCompiler


class FirstDay(Func):
    """The first day of what a moment lies in."""

    unit: str
    output_field = DateField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Sequence[object]]:
        template = f"date_trunc('{self.unit}', %(expressions)s AT TIME ZONE 'UTC')::date"
        return self.as_sql(compiler, connection, template=template)


class Day(FirstDay):
    unit = "day"
    template = "date(%(expressions)s)"


class Monday(FirstDay):
    unit = "week"
    template = "date(%(expressions)s, 'weekday 0', '-6 days')"


class FirstOfMonth(FirstDay):
    unit = "month"
    template = "date(%(expressions)s, 'start of month')"
