"""The worker's turns, drained in the test's own thread: what it does about answers, faults and losses."""

import threading
from asyncio import CancelledError

import pytest
from django.db import DataError, OperationalError, transaction

from tagging.engine.engine import TRIES_TOGETHER
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import Attempt, Job
from tagging.transports.memory import MemoryTransport
from tests.support.extractors import Scripted, error
from tests.support.jobs import job_of
from tests.support.running import drain, engine_for

pytestmark = pytest.mark.django_db


def test_an_answer_is_grounded_stored_and_noted(make_devlog, run_jobs):
    devlog = make_devlog("Wrote a Django view.")

    run_jobs(Scripted(["django", "Kubernetes"]))

    attempt = Attempt.objects.get()
    assert [tag.name for tag in devlog.tags.all()] == ["Django"]
    assert (attempt.source, attempt.input_tokens, attempt.output_tokens) == ("scripted:model-1", 7, 3)
    assert (attempt.outcome, attempt.number, attempt.names_dropped, len(attempt.entry_digest)) == (
        "answered",
        1,
        1,
        64,
    )


def test_an_entry_without_technology_ends_done_and_empty(make_devlog, run_jobs):
    devlog = make_devlog("Slept well.")

    run_jobs(Scripted([]))

    assert (job_of(devlog).state, devlog.tags.count()) == ("done", 0)


def test_a_failed_call_is_tried_again_later(make_devlog, run_jobs, settings):
    # The wait is random, from none at all on: within days it is over during the test as good as never.
    settings.TAGGING_BACKOFF_SECONDS = settings.TAGGING_BACKOFF_CAP_SECONDS = 1e6
    devlog = make_devlog()

    run_jobs(Scripted(error()))

    job = job_of(devlog)
    assert (job.state, job.waiting_for, job.attempts, job.error_code) == ("pending", "retry", 1, "timeout")


def test_the_last_attempt_fails_the_job(make_devlog, run_jobs, settings):
    settings.TAGGING_BACKOFF_SECONDS = 0
    devlog = make_devlog()

    run_jobs(Scripted(*[error()] * 5))

    job = job_of(devlog)
    assert (job.state, job.error_code, job.attempts) == ("failed", "timeout", 5)
    assert [attempt.number for attempt in job.timeline.all()] == [1, 2, 3, 4, 5]


def test_a_permanent_fault_fails_the_job_at_once(make_devlog, run_jobs):
    devlog = make_devlog()

    run_jobs(Scripted(error(ErrorCode.ENTRY_TOO_LONG, permanent=True)))

    assert (job_of(devlog).state, job_of(devlog).attempts) == ("failed", 1)


@pytest.mark.parametrize("waiting_for", [WaitingFor.RATE_LIMIT, WaitingFor.PROVIDER])
def test_the_providers_fault_pauses_the_queue_and_costs_no_attempt(make_devlog, run_jobs, settings, waiting_for):
    settings.TAGGING_CONCURRENCY = 1
    first, second = make_devlog(), make_devlog()
    extractor = Scripted(error(ErrorCode.RATE_LIMITED, waiting_for=waiting_for, retry_after=60))

    run_jobs(extractor)

    assert len(extractor.entries) == 1
    assert (job_of(first).state, job_of(first).attempts, job_of(first).waiting_for) == ("pending", 0, waiting_for)
    assert (job_of(second).state, job_of(second).attempts) == ("pending", 0)


def test_an_extractor_that_raises_anything_costs_an_attempt_and_logs_no_entry(make_devlog, run_jobs, caplog):
    devlog = make_devlog("secret entry")

    run_jobs(Scripted(RuntimeError("quoting: secret entry")))

    assert (job_of(devlog).state, job_of(devlog).error_code) == ("pending", "internal")
    assert "secret entry" not in caplog.text + job_of(devlog).error_detail


def test_an_extractor_that_raises_what_is_no_exception_leaves_the_slot_alive(make_devlog, run_jobs, settings):
    settings.TAGGING_CONCURRENCY = 1
    first, second = make_devlog(), make_devlog("Wrote a Django view.")

    run_jobs(Scripted(CancelledError(), ["Django"]))

    assert (job_of(first).error_code, job_of(second).state) == ("internal", "done")


def test_an_outcome_the_database_refuses_does_not_hold_up_the_others(make_devlog, monkeypatch):
    refused, other = make_devlog("Wrote a Django view."), make_devlog("Wrote a Django app.")
    engine = engine_for(Scripted(["Django"], ["Django"]))
    complete = Job.objects.complete

    def complete_but_one(answers):
        if refused.pk in {attempt.job_id for attempt in answers}:
            raise DataError("value too long for type character varying(100)")
        return complete(answers)

    monkeypatch.setattr(Job.objects, "complete", complete_but_one)

    drain(engine)

    assert (job_of(refused).state, job_of(refused).error_code, job_of(other).state) == ("failed", "internal", "done")
    engine.close()


@pytest.fixture
def engine_whose_database_refuses(make_devlog, monkeypatch):
    """Return an engine with an answer that the database refuses each time, as if it were away, and the dev-log."""
    devlog = make_devlog("Wrote a Django view.")
    engine = engine_for(Scripted(["Django"]))

    def refuse(answers):
        if answers:
            raise OperationalError("Expression tree is too large")
        return set()

    monkeypatch.setattr(Job.objects, "complete", refuse)
    engine.step()
    engine.mailbox.wait(10)
    yield engine, devlog
    engine.close()


def test_an_outcome_that_the_database_refuses_again_and_again_is_not_kept_for_ever(engine_whose_database_refuses):
    engine, devlog = engine_whose_database_refuses
    for _ in range(TRIES_TOGETHER):
        with pytest.raises(OperationalError):
            engine.step()

    engine.step()

    assert (job_of(devlog).error_code, job_of(devlog).waiting_for, job_of(devlog).attempts) == ("internal", "retry", 1)
    assert engine.slots.in_flight == {}


def test_an_outcome_is_kept_as_long_as_the_database_takes_nothing_at_all(engine_whose_database_refuses, monkeypatch):
    engine, devlog = engine_whose_database_refuses
    with monkeypatch.context() as away:
        away.setattr(Job.objects, "retry", lambda *args, **kwargs: Job.objects.complete([None]))
        for _ in range(TRIES_TOGETHER + 3):
            with pytest.raises(OperationalError):
                engine.step()

    assert job_of(devlog).state == "running"
    assert len(engine.slots.in_flight) == 1


def test_a_failed_settling_can_be_repeated_beside_new_attempts(make_devlog, settings):
    """Also where the rolled back attempt had been given an id that another has by now."""
    failed, other = make_devlog(), make_devlog("Wrote a Django view.")
    first, second = Job.objects.claim(2, owner="me", lease_seconds=60)
    attempt = first.new_attempt(outcome="failed", error_code="timeout")
    with transaction.atomic():
        Job.objects.retry(attempt, wait_seconds=60)
        transaction.set_rollback(True)
    Job.objects.complete([second.new_attempt(outcome="answered", answer=[])])

    assert Job.objects.retry(attempt, wait_seconds=60) == {first.fence}
    assert (job_of(failed).timeline.count(), job_of(other).timeline.count()) == (1, 1)


def test_a_job_notified_twice_is_run_once(make_devlog, run_jobs):
    devlog = make_devlog()
    MemoryTransport().send([devlog.pk, devlog.pk])
    extractor = Scripted(["Django"])

    run_jobs(extractor)

    assert len(extractor.entries) == 1


def test_a_job_of_which_no_id_came_begins_as_soon_as_the_sweep_has_found_it(make_devlog, settings):
    settings.TAGGING_SWEEP_SECONDS = 0
    engine = engine_for(Scripted(["Django"]))
    engine.step()  # there is nothing to do, and none is likely
    devlog = make_devlog()

    engine.step()

    assert job_of(devlog).attempts == 1
    engine.close()


def test_more_jobs_than_slots_are_all_done(make_devlog, run_jobs, settings):
    settings.TAGGING_CONCURRENCY = 2
    for _ in range(7):
        make_devlog()

    run_jobs(Scripted(*[["Django"]] * 7))

    assert Job.objects.filter(state="done").count() == 7


def test_closing_gives_back_what_is_claimed_with_its_attempt(make_devlog):
    devlog = make_devlog()
    engine = engine_for(Scripted())
    claim_for(engine)

    engine.close()

    job = job_of(devlog)
    assert (job.state, job.attempts, job.claimed_by) == ("pending", 0, "")


def claim_for(engine):
    return Job.objects.claim(10, owner=engine.dispatcher.owner.name, lease_seconds=60)


def test_an_outcome_that_could_not_be_committed_is_settled_in_the_next_turn(make_devlog, monkeypatch):
    devlog = make_devlog("Wrote a Django view.")
    engine = engine_for(Scripted(["Django"]))
    engine.step()
    engine.mailbox.wait(timeout=10)
    with monkeypatch.context() as broken:
        broken.setattr(Job.objects, "complete", lambda answers: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            engine.step()

    engine.step()

    assert (job_of(devlog).state, devlog.tags.count()) == ("done", 1)
    engine.close()


def test_while_settling_fails_no_further_call_begins(make_devlog, settings, monkeypatch):
    settings.TAGGING_CONCURRENCY = 1
    for _ in range(3):
        make_devlog("Wrote a Django view.")
    extractor = Scripted(["Django"], ["Django"], ["Django"])
    engine = engine_for(extractor)
    engine.step()
    engine.mailbox.wait(timeout=10)
    monkeypatch.setattr(Job.objects, "complete", lambda answers: 1 / 0)

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            engine.step()

    assert Job.objects.filter(state="running").count() == 2


def test_a_claim_after_which_trouble_came_is_given_back(make_devlog, monkeypatch):
    devlog = make_devlog("Wrote a Django view.")
    engine = engine_for(Scripted(["Django"]))
    with monkeypatch.context() as broken:
        broken.setattr(engine.slots, "start", lambda jobs, known, calls: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            engine.step()

    drain(engine)

    assert (job_of(devlog).state, job_of(devlog).attempts) == ("done", 1)
    engine.close()


def test_a_job_of_a_dead_process_is_taken_back_by_its_lock(make_devlog, run_jobs):
    devlog = make_devlog("Wrote a Django view.")
    dead = engine_for(Scripted())
    claim_for(dead)
    dead.dispatcher.owner.drop_lock()  # what the end of a process does: the lock falls, the file stays

    run_jobs(Scripted(["Django"]))

    assert (job_of(devlog).state, job_of(devlog).attempts) == ("done", 2)


def test_a_job_of_a_living_process_is_left_alone(make_devlog, run_jobs):
    devlog = make_devlog()
    alive = engine_for(Scripted())
    claim_for(alive)

    run_jobs(Scripted(["Django"]))

    assert job_of(devlog).claimed_by == alive.dispatcher.owner.name
    alive.close()


def test_an_extractor_that_only_computes_gets_one_thread(make_devlog):
    threads = set()

    class Computing(Scripted):
        only_computes = True

        def extract(self, entry, *, safety_identifier=""):
            threads.add(threading.get_ident())
            return super().extract(entry)

    devlogs = [make_devlog() for _ in range(4)]
    engine = engine_for(Computing([], [], [], []))

    drain(engine)

    assert (len(threads), [job_of(devlog).state for devlog in devlogs]) == (1, ["done"] * 4)
    engine.close()
