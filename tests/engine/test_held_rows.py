"""A row that another session holds on PostgreSQL: it holds up its own job, and no other."""

import pytest
from django.db import connection

from tagging.engine.attempting import make_attempt
from tagging.engine.engine import Engine
from tagging.engine.mailbox import Mailbox
from tagging.engine.settlement import MOST_HELD_UP
from tagging.models import Attempt, Job, sql
from tests.support.calls import CallsOfTheTest
from tests.support.extractors import Scripted
from tests.support.jobs import job_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no locks on rows"),
]

JOB = "SELECT FROM tagging_job WHERE devlog_id = %s FOR UPDATE"
LIMIT = "SET LOCAL lock_timeout = 10"
DEVLOG = "SELECT FROM devlogs_devlog WHERE id = %s FOR UPDATE"


@pytest.fixture
def hold():
    """Hold what a statement locks, as a session does that was left open; return what ends it."""
    sessions = []

    def begin(sql, *parameters):
        session = connection.copy()
        sessions.append(session)
        session.set_autocommit(False)
        with session.cursor() as cursor:
            cursor.execute(sql, parameters)
        return session.rollback

    yield begin
    for session in sessions:
        session.close()


@pytest.fixture
def engine(monkeypatch, settings):
    settings.TAGGING_SWEEP_SECONDS = 0
    monkeypatch.setattr("tagging.engine.slots.HELD_UP_SECONDS", 0.0)
    engine = Engine(Scripted(["Django"], ["Django"]), Mailbox(), make_calls=CallsOfTheTest)
    yield engine
    engine.close()


@pytest.fixture
def two_answered(engine, make_devlog):
    """Two dev-logs whose answers wait to be stored."""
    devlogs = [make_devlog("Wrote a Django view."), make_devlog("Wrote a Django app.")]
    engine.step()
    for job in engine.calls.jobs:
        engine.slots.finish(make_attempt(engine.extractor, job))
    return devlogs


def states(devlogs):
    return [job_of(devlog).state for devlog in devlogs]


@pytest.mark.parametrize("held", [JOB, DEVLOG])
def test_one_held_row_holds_up_one_job_which_is_done_when_it_is_let_go(engine, two_answered, hold, held):
    let_go = hold(held, two_answered[0].pk)
    engine.step()
    assert states(two_answered) == ["running", "done"]

    let_go()
    engine.step()

    assert states(two_answered) == ["done", "done"]


def test_however_often_a_held_row_was_met_its_attempt_is_not_spent(engine, two_answered, hold, caplog):
    let_go = hold(JOB, two_answered[0].pk)
    for _ in range(5):
        engine.step()
    let_go()

    engine.step()

    assert [attempt.outcome for attempt in Attempt.objects.all()] == ["answered", "answered"]
    assert caplog.text.count("another session of the database holds its row") == 1


def test_what_is_held_up_leaves_room_for_as_many_calls_again_and_no_more(engine, make_devlog, hold):
    engine.slots.size = 1
    devlogs = [make_devlog("Wrote a Django view.") for _ in range(2)]
    engine.step()
    for devlog in devlogs:
        hold(JOB, devlog.pk)
    for job in engine.calls.jobs:
        engine.slots.finish(make_attempt(engine.extractor, job))
    free = engine.slots.free

    engine.step()

    assert engine.slots.free == free - 1


def test_a_locked_table_is_waited_for_a_few_times_and_not_for_each_row(engine, make_devlog, hold, monkeypatch):
    engine.extractor.steps += 6 * [["Django"]]
    devlogs = [make_devlog("Wrote a Django view.") for _ in range(8)]
    engine.step()
    for job in engine.calls.jobs:
        engine.slots.finish(make_attempt(engine.extractor, job))
    waits = []
    monkeypatch.setattr("tagging.models.sessions.limit_waits", lambda seconds: waits.append(sql.run(LIMIT, [])))
    let_go = hold("LOCK TABLE tagging_devlogtag IN SHARE ROW EXCLUSIVE MODE")

    engine.step()
    let_go()

    assert len(waits) == 1 + MOST_HELD_UP
    assert states(devlogs) == ["running"] * 8


def test_a_worker_that_stops_stores_what_was_held_up_if_it_is_let_go(engine, two_answered, hold, monkeypatch):
    monkeypatch.setattr("tagging.engine.slots.HELD_UP_SECONDS", 60.0)
    monkeypatch.setattr("tagging.engine.slots.MOST_HELD_UP_SECONDS", 60.0)
    let_go = hold(JOB, two_answered[0].pk)
    engine.step()
    let_go()

    engine.close()

    assert states(two_answered) == ["done", "done"]


def test_a_lease_is_renewed_beside_a_held_row(engine, two_answered, hold):
    hold(JOB, two_answered[0].pk)
    ids, owner = [devlog.pk for devlog in two_answered], engine.dispatcher.owner.name

    assert Job.objects.renew(ids, owner=owner, lease_seconds=60, skip_locked=True) == 1


def test_what_is_claimed_without_a_call_is_given_back_beside_a_held_row(engine, two_answered, hold):
    hold(JOB, two_answered[0].pk)

    engine.dispatcher.recover()

    assert states(two_answered) == ["running", "pending"]


def test_a_worker_that_stops_leaves_a_held_job_to_be_taken_back_at_once(engine, two_answered, hold):
    let_go = hold(JOB, two_answered[0].pk)
    engine.close()
    let_go()

    other = Engine(Scripted(), Mailbox(), make_calls=CallsOfTheTest)
    other.dispatcher.recover()

    assert states(two_answered) == ["pending", "done"]
    other.close()


def test_one_in_doubt_whose_row_is_held_is_decided_later(engine, two_answered, hold):
    Job.objects.filter(pk=two_answered[0].pk).update(
        state="pending", run_after="2020-01-01T00:00Z", in_doubt_since="2020-01-01T00:00Z", claim_token=None,
        lease_expires_at=None,
    )  # fmt: skip
    let_go = hold(JOB, two_answered[0].pk)

    Job.objects.excuse_undecided()
    assert job_of(two_answered[0]).in_doubt_since
    let_go()
    Job.objects.excuse_undecided()

    assert not job_of(two_answered[0]).in_doubt_since
