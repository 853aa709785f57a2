"""Fill a database with pending jobs: the first few as the product writes them, all others as copies of these in SQL.

`python -m tests.load.benchmarks.backlog COUNT`
"""

import sys
from itertools import islice

import django
from django.db import connection, transaction

from tests.load.benchmarks.entries import TRIPLES, entries


def fill(count: int) -> None:
    from django.contrib.auth import get_user_model  # app ready

    from devlogs.models import DevLog
    from tagging import queues
    from tagging.models import Job

    with transaction.atomic():
        # Of an author of their own: what one may have pending is capped, and clients post beside it.
        author = get_user_model()._default_manager.create(username="backlog")
        for entry in islice(entries(), len(TRIPLES)):
            queues.enqueue(DevLog.objects.create(entry=entry, author=author))
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
