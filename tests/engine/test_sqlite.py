"""Writers of one process take turns on SQLite."""

import signal
import threading

import pytest
from django.db import connection, transaction

from devlog_project.sqlite import base
from devlogs.models import DevLog
from tests.support.waiting import eventually

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
        assert not is_free(base._turns)
        transaction.set_rollback(True)

    assert is_free(base._turns)


def test_a_connection_that_is_closed_in_a_transaction_passes_the_turn_on():
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    assert not is_free(base._turns)

    connection.close()

    assert is_free(base._turns)


def test_a_forked_child_leaves_the_turn_of_its_parent_alone(monkeypatch):
    with transaction.atomic():
        parents = base._turns
        monkeypatch.setattr(base, "_turns", base.Turns())  # as after a fork

    assert not is_free(parents)
    parents.release()


def is_free(turns):
    if turns.acquire(timeout=0):
        turns.release()
        return True
    return False


def order_of(turns, waiters):
    """Have these wait for a turn that is taken, one after another, then pass it on; return who got it when."""
    order = []

    def wait(name):
        assert turns.acquire(timeout=20)
        order.append(name)
        turns.release()

    threads = [threading.Thread(target=wait, args=[name]) for name in waiters]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        eventually(lambda number=number: len(turns._waiting) == number, "a thread that waits")
    turns.release()
    for thread in threads:
        thread.join(timeout=20)
    return order


def test_the_newest_comes_first_and_the_oldest_when_it_was_overtaken_often_enough():
    turns = base.Turns()
    turns.acquire(timeout=0)

    assert order_of(turns, "abcde") == list("eadbc")
    assert is_free(turns)


def test_who_waited_in_vain_is_not_given_the_turn():
    turns = base.Turns()
    turns.acquire(timeout=0)

    assert not turns.acquire(timeout=0.001)
    turns.release()

    assert is_free(turns)


@pytest.mark.parametrize("is_passed_to_it", [False, True])
def test_who_is_stopped_while_it_waits_does_not_keep_the_turn(is_passed_to_it):
    turns = base.Turns()
    turns.acquire(timeout=0)

    def stop(*_):
        if is_passed_to_it:
            turns.release()
        raise SystemExit

    def be_stopped_while_waiting():
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        turns.acquire(timeout=20)

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with pytest.raises(SystemExit):
            be_stopped_while_waiting()
    finally:
        signal.signal(signal.SIGALRM, before)

    if not is_passed_to_it:
        turns.release()
    assert is_free(turns)
