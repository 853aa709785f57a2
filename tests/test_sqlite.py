"""Writers of one process take turns on SQLite."""

import threading

import pytest
from django.db import connection, transaction

from devlog_project.sqlite import base
from devlogs.models import DevLog

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite"),
]


def write_beside(writers, rounds):
    """Write from many threads at once, none of which SQLite itself lets wait; return what they raised."""
    raised = []
    together = threading.Barrier(writers)

    def write():
        try:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA busy_timeout = 0")
            together.wait(timeout=20)
            for _ in range(rounds):
                with transaction.atomic():
                    DevLog.objects.create(entry="one of many")
        except Exception as exception:
            raised.append(exception)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return raised


def test_writers_wait_for_each_other_and_never_find_the_database_locked():
    assert write_beside(writers=8, rounds=20) == []
    assert DevLog.objects.count() == 160


def test_a_transaction_that_is_rolled_back_passes_the_turn_on():
    with transaction.atomic():
        assert base._turn.locked()
        transaction.set_rollback(True)

    assert not base._turn.locked()


def test_a_connection_that_is_closed_in_a_transaction_passes_the_turn_on():
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    assert base._turn.locked()

    connection.close()

    assert not base._turn.locked()
