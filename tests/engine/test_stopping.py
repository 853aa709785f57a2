"""A worker that stops gives back what it holds, whatever else fails."""

import pytest
from django.db import OperationalError, connection

from tagging.models import Job, Worker
from tests.support.extractors import Paid
from tests.support.running import engine_for


@pytest.mark.django_db(transaction=True)
def test_its_jobs_are_due_again_where_the_row_that_says_it_is_there_cannot_be_deleted(make_devlog):
    engine = engine_for(Paid())
    engine.dispatcher.recover()
    make_devlog()
    engine.dispatcher.claim(1)

    def refuse(execute, sql, *rest):
        if sql.startswith("DELETE") and Worker._meta.db_table in sql:
            raise OperationalError("database is locked")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        engine.dispatcher.close()

    assert (Worker.objects.count(), Job.objects.get().state) == (1, "pending")
    engine.close()
