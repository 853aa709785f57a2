"""Fill a database with pending jobs: the first few as the product writes them, all others as copies of these in SQL.

`python -m tests.load.benchmarks.backlog COUNT`
"""

import sys
from itertools import islice

import django
from django.db import connection, transaction

from tests.load.benchmarks.entries import TRIPLES, entries


def fill(count: int) -> None:
    from devlogs.models import DevLog  # app ready
    from tagging import queues
    from tagging.models import Job

    with transaction.atomic():
        for entry in islice(entries(), len(TRIPLES)):
            queues.enqueue(DevLog.objects.create(entry=entry))
        while (have := DevLog.objects.count()) < count:
            for model in (DevLog, Job):
                double(model, have, count - have)


def double(model: type, have: int, wanted: int) -> None:
    """Copy up to `wanted` rows, with `have` added to their primary keys, and no entry twice."""
    key = model._meta.pk.column
    columns = [field.column for field in model._meta.local_concrete_fields]
    names = ", ".join(columns)
    changed = {key: f"{key} + {have}", "entry": f"entry || ' ' || (id + {have})"}
    values = ", ".join(changed.get(column, column) for column in columns)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} ORDER BY {key} LIMIT {wanted}")


if __name__ == "__main__":
    django.setup()
    fill(int(sys.argv[1]))
