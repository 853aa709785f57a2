"""Writers of one process take turns on SQLite."""

import shutil
import signal
import sqlite3
import threading
import time
from contextlib import closing

import pytest
from django.db import OperationalError, connection, transaction

from devlog_project.sqlite import base
from devlogs.models import DevLog
from tagging.engine.engine import Engine
from tagging.engine.mailbox import SOME_JOB, Mailbox
from tagging.models import Job
from tests.support.calls import CallsOfTheTest
from tests.support.extractors import Scripted
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


@pytest.fixture
def held():
    """Another program that holds the database."""
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as program:
        program.execute("BEGIN IMMEDIATE")
        yield
        program.execute("ROLLBACK")


@pytest.fixture
def impatient(monkeypatch):
    """A connection on which a second is a short time no more, and that has two tenths of one to wait in all."""
    monkeypatch.setattr(base, "SHORT_SECONDS", 0.05)
    connection.ensure_connection()
    with connection.short_waits(0.2):
        yield


@pytest.fixture
def idle():
    """An engine that has found nothing to do."""
    engine = Engine(Scripted(["Django"]), Mailbox(), make_calls=CallsOfTheTest)
    engine.step()
    yield engine
    engine.close()


def test_a_worker_told_of_what_others_have_taken_already_waits_for_no_lock(idle, held, impatient):
    idle.mailbox.notify(SOME_JOB)
    idle.wait()

    idle.step()


def test_a_worker_told_of_some_job_claims_what_is_due(idle):
    DevLog.objects.create(entry="Wrote a Django view.")
    Job.objects.enqueue([*DevLog.objects.values_list("pk", flat=True)])
    idle.mailbox.notify(SOME_JOB)
    idle.wait()

    idle.step()

    assert [job.devlog.entry for job in idle.calls.jobs] == ["Wrote a Django view."]


def seconds_to_begin():
    began = time.monotonic()
    with pytest.raises(OperationalError, match="locked"), transaction.atomic():
        pass
    return time.monotonic() - began


def test_a_transaction_after_one_that_waited_in_vain_does_not_wait_anew(held, impatient):
    first = seconds_to_begin()

    assert first > 0.15
    assert seconds_to_begin() < first / 2


def test_what_was_waited_for_other_threads_is_not_waited_for_another_program_too(held, impatient):
    base._turns.acquire(timeout=0)
    threading.Timer(0.15, base._turns.release).start()

    assert seconds_to_begin() < 0.3


def test_a_statement_outside_a_transaction_does_not_wait_anew_either(held, impatient):
    seconds_to_begin()
    began = time.monotonic()

    with pytest.raises(OperationalError, match="locked"):
        DevLog.objects.create(entry="one too many")

    assert time.monotonic() - began < 0.15


def test_a_thread_that_waits_too_long_for_others_is_told_that_the_database_is_locked(impatient):
    base._turns.acquire(timeout=0)

    try:
        assert seconds_to_begin() < 2
    finally:
        base._turns.release()


def test_short_waits_end_with_their_block(impatient):
    def patience():
        return connection.connection.execute("PRAGMA busy_timeout").fetchone()[0]

    before = patience()
    with connection.short_waits(0.1):
        within = patience()

    assert (within, patience()) == (100, before)


def test_a_connection_that_stays_open_follows_a_file_that_was_replaced(tmp_path):
    name, path = connection.settings_dict["NAME"], tmp_path / "db.sqlite3"
    own = connection.copy()
    own.settings_dict = own.settings_dict | {"NAME": str(path)}
    try:
        own.ensure_connection()
        own.close_if_replaced()
        assert own.connection
        shutil.copy(name, tmp_path / "restored")
        (tmp_path / "restored").replace(path)

        own.close_if_replaced()

        assert own.connection is None
    finally:
        own.close()
