"""Work on many rows: in portions, beside other writers, and seen by all until it is done."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.models.functions import Now

from devlogs.models import DevLog
from tagging.engine import batches
from tagging.engine.batches import Portions, Run, RunThread
from tagging.models import Batch
from tests.support.jobs import portions_of
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db
PAGE = "devlogs.devlog"


@pytest.fixture
def devlogs():
    return DevLog.objects.bulk_create([DevLog(entry=f"No. {number}.") for number in range(5)])


@pytest.fixture
def naps(monkeypatch):
    naps = []
    monkeypatch.setattr(batches.time, "sleep", naps.append)
    return naps


def run_of(work, *rows, last_act=lambda: None):
    rows = rows or (DevLog.objects.all(),)
    batch = Batch.objects.begin(PAGE, "Dev-logs counted", sum(each.count() for each in rows), None)
    return Run(batch, Portions(rows), work, last_act)


def shown():
    return [str(batch) for batch in Batch.objects.shown(PAGE)]


def quiet_for(batch, seconds):
    Batch.objects.filter(pk=batch.pk).update(updated_at=Now() - timedelta(seconds=seconds))


# -- Portions --------------------------------------------------------------------------------------------------------


def test_rows_are_done_in_their_order_and_portion_by_portion(devlogs, monkeypatch, naps):
    portions_of(2, monkeypatch)
    done = []

    assert run_of(done.append).go_on(60)

    ids = [devlog.pk for devlog in devlogs]
    assert done == [ids[:2], ids[2:4], ids[4:]]


def test_each_of_several_choices_is_done_whatever_their_ids(devlogs, naps):
    done = []
    ids = [devlog.pk for devlog in devlogs]

    run_of(done.append, DevLog.objects.filter(pk__gt=ids[2]), DevLog.objects.filter(pk__lte=ids[2])).go_on(60)

    assert done == [ids[3:], ids[:3]]


def test_rows_that_leave_the_choice_by_the_work_are_not_missed(devlogs, monkeypatch, naps):
    portions_of(2, monkeypatch)
    monkeypatch.setattr(batches, "IDS_READ", 2)

    chosen = DevLog.objects.exclude(entry="Done.")
    run_of(lambda ids: DevLog.objects.filter(pk__in=ids).update(entry="Done."), chosen).go_on(60)

    assert not chosen.exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="elsewhere a portion may take longer")
@pytest.mark.parametrize("seconds, sizes", [(0.0, [100, 200, 400]), (0.04, [100, 100, 100]), (1.0, [100, 50, 25])])
def test_a_portion_is_what_takes_a_moment(seconds, sizes, monkeypatch, naps):
    DevLog.objects.bulk_create([DevLog(entry="Wrote.") for _ in range(1_000)])
    now = [0.0]
    monkeypatch.setattr(batches.time, "monotonic", lambda: now[0])

    def work(ids):
        now[0] += seconds

    portions = Portions([DevLog.objects.all()])

    assert [len(portions.do(work)) for _ in sizes] == sizes


@pytest.mark.skipif(connection.vendor != "sqlite", reason="elsewhere only rows are locked")
def test_sqlite_is_left_to_other_writers_for_as_long_as_it_was_held(devlogs, monkeypatch, naps):
    portions_of(2, monkeypatch)
    now = [0.0]
    monkeypatch.setattr(batches.time, "monotonic", lambda: now[0])

    def work(ids):
        now[0] += 0.25

    run_of(work).go_on(60)

    assert naps == [0.0, 0.25, 0.25]


def test_a_portion_that_failed_is_done_once_more_and_counted_once(devlogs, monkeypatch, naps):
    portions_of(2, monkeypatch)
    done = []

    def work(ids):
        done.append(ids)
        if len(done) == 2:
            raise DatabaseError

    run = run_of(work)
    run.step()
    with pytest.raises(DatabaseError):
        run.step()
    while not run.is_finished:
        run.step()

    assert done[1] == done[2]
    assert Batch.objects.get().done == 5


# -- What is seen of it ----------------------------------------------------------------------------------------------


def test_all_see_how_far_it_is_and_nothing_once_it_is_done(devlogs, monkeypatch, naps):
    portions_of(2, monkeypatch)
    run = run_of(lambda ids: None)

    run.step()
    half_way = shown()
    run.go_on(60)

    assert (half_way, shown()) == (["Dev-logs counted: 2 of 5 (40 %)"], [])


def test_what_its_process_left_undone_is_said(devlogs, monkeypatch, naps):
    portions_of(2, monkeypatch)
    run = run_of(lambda ids: None)
    run.step()

    quiet_for(run.batch, 120)

    assert shown() == [
        "Dev-logs counted: 2 of 5 (40 %). It stopped there: the process that worked on it has ended. "
        "Select the rest once more."
    ]


def test_what_stopped_is_shown_for_a_day_or_until_it_is_begun_once_more(devlogs):
    yesterday, today = run_of(lambda ids: None), run_of(lambda ids: None)
    quiet_for(yesterday.batch, 2 * 24 * 3600)
    quiet_for(today.batch, 120)
    before = len(shown())

    run_of(lambda ids: None)

    assert (before, shown()) == (1, ["Dev-logs counted: 0 of 5 (0 %)"])


def test_what_runs_beside_is_still_shown(devlogs):
    run_of(lambda ids: None)
    run_of(lambda ids: None)

    assert len(shown()) == 2


# -- Beside the requests ---------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_takes_longer_goes_on_beside_the_request(devlogs, monkeypatch):
    portions_of(2, monkeypatch)
    run = run_of(lambda ids: DevLog.objects.filter(pk__in=ids).delete())

    assert run.go_on(0) is False

    eventually(lambda: run.is_finished, "the batch is done")
    assert (DevLog.objects.count(), shown()) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_a_database_that_fails_for_a_moment_does_not_end_it(devlogs, monkeypatch):
    failures = [DatabaseError(), DatabaseError()]
    done = []

    def work(ids):
        if failures:
            raise failures.pop()
        done.extend(ids)

    run = run_of(work)
    assert run.go_on(60) is False

    eventually(lambda: run.is_finished, "the batch is done")
    assert done == [devlog.pk for devlog in devlogs]


@pytest.mark.django_db(transaction=True)
def test_a_portion_that_fails_again_and_again_ends_it_and_the_list_says_so(devlogs, monkeypatch):
    monkeypatch.setattr(batches, "TRIES", 2)
    run = run_of(lambda ids: 1 / 0)

    thread = RunThread(run)
    thread.start()

    assert thread.has_ended(20)
    assert shown() == [
        "Dev-logs counted: 0 of 5 (0 %). It stopped there: ZeroDivisionError, 2 times in a row (the log says more). "
        "Select the rest once more."
    ]
