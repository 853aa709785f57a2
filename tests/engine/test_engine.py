"""The engine's steps, with calls that end when the test says so: what is settled, and what goes wrong beside it."""

from datetime import timedelta

import pytest
from django.db import DataError, OperationalError
from django.db.models.functions import Now

from tagging import queues
from tagging.engine.attempting import make_attempt
from tagging.engine.engine import Engine
from tagging.engine.mailbox import Mailbox
from tagging.models import Attempt, Job, Spending
from tests.support.calls import CallsOfTheTest
from tests.support.extractors import Scripted
from tests.support.jobs import job_of

pytestmark = pytest.mark.django_db


class MailboxWithWork(Mailbox):
    """A mailbox whose first wait sees something happen."""

    def __init__(self, happens):
        super().__init__()
        self.happens = [happens]

    def wait(self, timeout, *, ignore_jobs=False):
        if self.happens:
            self.happens.pop()()
        return super().wait(timeout, ignore_jobs=ignore_jobs)


def finished_call(engine, make_devlog):
    """Have one call begin and finish, and leave its answer to be settled."""
    devlog = make_devlog("Wrote a Django view.")
    engine.step()
    engine.slots.finish(make_attempt(engine.extractor, engine.calls.jobs[-1]))
    return devlog


def test_an_answer_that_waited_for_longer_than_its_lease_is_settled_all_the_same(make_devlog, settings):
    settings.TAGGING_SWEEP_SECONDS = settings.TAGGING_LEASE_SECONDS = 0
    engine = Engine(Scripted(["Django"]), Mailbox(), make_calls=CallsOfTheTest)
    devlog = finished_call(engine, make_devlog)
    Job.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    settings.TAGGING_LEASE_SECONDS = 60

    engine.step()

    assert (job_of(devlog).state, [attempt.outcome for attempt in Attempt.objects.all()]) == ("done", ["answered"])
    engine.close()


def test_a_sweep_that_fails_keeps_no_answer_from_being_settled(make_devlog, settings, monkeypatch):
    settings.TAGGING_SWEEP_SECONDS = 0
    engine = Engine(Scripted(["Django"]), Mailbox(), make_calls=CallsOfTheTest)
    devlog = finished_call(engine, make_devlog)
    with monkeypatch.context() as broken:
        broken.setattr(engine.dispatcher, "recover", lambda in_flight: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            engine.step()

    assert job_of(devlog).state == "done"
    engine.close()


def test_what_was_settled_before_the_database_went_away_is_not_settled_again(make_devlog, monkeypatch):
    class Paid(Scripted):
        is_paid = True

    first, second = make_devlog("Wrote a Django view."), make_devlog("Wrote a Django app.")
    engine = Engine(Paid(["Django"], ["Django"]), Mailbox(), make_calls=CallsOfTheTest)
    engine.step()
    for job in engine.calls.jobs:
        engine.slots.finish(make_attempt(engine.extractor, job))
    complete = Job.objects.complete

    def complete_the_first_alone(answers):
        if len(answers) > 1:
            raise DataError("one of them is refused")
        if answers and answers[0].job_id == second.pk:
            raise OperationalError("gone")
        return complete(answers)

    with monkeypatch.context() as broken:
        broken.setattr(Job.objects, "complete", complete_the_first_alone)
        with pytest.raises(OperationalError):
            engine.step()

    engine.step()

    assert (job_of(first).state, job_of(second).state) == ("done", "done")
    assert Spending.objects.get().tokens == 20
    engine.close()


def test_in_a_backlog_a_finished_call_waits_a_moment_for_another_and_both_are_settled_together(make_devlog, settings):
    settings.TAGGING_CONCURRENCY = 2
    for _ in range(3):
        make_devlog("Wrote a Django view.")
    extractor = Scripted(["Django"], ["Django"])

    def finish(number):
        engine.slots.finish(make_attempt(extractor, engine.calls.jobs[number]))

    engine = Engine(extractor, MailboxWithWork(lambda: finish(1)), make_calls=CallsOfTheTest)
    engine.step()
    finish(0)

    engine.step()

    assert Job.objects.filter(state="done").count() == 2
    engine.close()


def test_an_entry_edited_while_its_call_runs_is_called_again_only_when_that_has_ended(make_devlog):
    devlog = make_devlog("Wrote a Django view.")
    extractor = Scripted(["Django"], ["Redis"])
    engine = Engine(extractor, Mailbox(), make_calls=CallsOfTheTest)
    engine.step()
    devlog.entry = "Cached it in Redis."
    devlog.save()
    queues.enqueue_again(devlog)
    engine.expect_work()
    engine.step()
    (old,) = engine.calls.jobs  # and no second one
    engine.slots.finish(make_attempt(extractor, old))
    engine.step()
    engine.step()
    engine.slots.finish(make_attempt(extractor, engine.calls.jobs[1]))

    engine.step()

    assert ([tag.name for tag in devlog.tags.all()], job_of(devlog).state) == (["Redis"], "done")
    assert (engine.slots.in_flight, job_of(devlog).attempts) == ({}, 1)
    engine.close()


@pytest.mark.parametrize("due, are_told", [(1, False), (3, True)])
def test_others_are_told_where_more_may_be_due_than_can_begin(make_devlog, due, are_told):
    told = []
    for _ in range(due):
        make_devlog()
    engine = Engine(
        Scripted(), Mailbox(), concurrency=2, make_calls=CallsOfTheTest, notify_others=lambda: told.append(1)
    )

    engine.step()

    assert bool(told) == are_told
    engine.close()


def test_a_word_to_others_that_fails_costs_no_claim_and_is_logged_once(make_devlog, settings, caplog):
    def notify_others():
        raise RuntimeError("can't start new thread")

    for number in range(4):
        make_devlog(f"Wrote a Django view, no. {number}.")
    engine = Engine(
        Scripted(["Django"], ["Django"]),
        Mailbox(),
        concurrency=1,
        make_calls=CallsOfTheTest,
        notify_others=notify_others,
    )
    for _ in range(2):
        engine.step()
        engine.slots.finish(make_attempt(engine.extractor, engine.calls.jobs[-1]))
    engine.step()

    assert Attempt.objects.filter(outcome="answered").count() == 2
    assert caplog.text.count("Telling other workers of jobs (they are picked up by the sweep) failed") == 1
    engine.close()
