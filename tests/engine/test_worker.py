"""The worker's turns, drained in the test's own thread: what it does about answers, faults and losses."""

import logging
import re
import threading
from asyncio import CancelledError
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, DataError, OperationalError, transaction
from django.db.models.functions import Now

from tagging import queues
from tagging.engine.attempting import make_attempt
from tagging.engine.engine import Engine
from tagging.engine.guard import ErrorLog
from tagging.engine.mailbox import MAX_IDS, Mailbox
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import Attempt, Job, Spending
from tagging.transports.memory import MemoryTransport
from tests.support.extractors import Scripted, error
from tests.support.jobs import job_of
from tests.support.running import drain, engine_for
from tests.support.waiting import eventually

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


def test_a_failed_call_is_tried_again_later(make_devlog, run_jobs):
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


def test_what_the_database_says_of_a_row_stays_out_of_the_log(caplog):
    errors = ErrorLog(logging.getLogger("tagging"), "It")

    errors.note(DatabaseError("null value in column\nDETAIL: Failing row contains (secret entry)"))

    assert "null value" in caplog.text
    assert "secret entry" not in caplog.text


def test_an_error_is_said_when_it_begins_and_counted_when_it_ends(caplog):
    caplog.set_level(logging.INFO)
    errors = ErrorLog(logging.getLogger("tagging"), "It")

    for _ in range(3):
        errors.note(DatabaseError("gone"))
    for _ in range(2):
        errors.clear()

    assert [record.message for record in caplog.records] == [
        "It failed and continues (logged once until it recovers): DatabaseError: gone",
        "It works again, after 3 errors",
    ]


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


def test_a_full_mailbox_drops_ids_and_makes_no_caller_wait():
    mailbox = Mailbox()
    for job_id in range(1, MAX_IDS + 11):
        mailbox.notify(job_id)

    assert len(mailbox.wait(timeout=0).job_ids) == MAX_IDS


def test_a_reader_that_ignores_jobs_is_woken_by_a_finished_call_and_by_no_id():
    mailbox = Mailbox()
    with ThreadPoolExecutor(1) as reader:
        waiting = reader.submit(mailbox.wait, 10, ignore_jobs=True)
        eventually(lambda: mailbox._ignores_jobs, "the reader waits")
        mailbox.notify(1)
        mailbox.wake()

    assert waiting.result() == (set(), True)


def test_a_reader_hears_of_jobs_again_once_it_has_waited_without():
    mailbox = Mailbox()
    mailbox.wait(0, ignore_jobs=True)
    mailbox.notify(1)

    assert mailbox.wait(0) == ({1}, False)


def test_a_transport_that_is_down_does_not_fail_the_request_and_is_logged_once(
    api, settings, caplog, django_capture_on_commit_callbacks, monkeypatch
):
    class Down:
        def send(self, job_ids):
            raise ConnectionError("no broker")

    monkeypatch.setattr("tagging.queues.transport", Down)
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            with django_capture_on_commit_callbacks(execute=True):
                assert api.post("/api/v1/devlogs/", {"entry": "Wrote a Django view."}).status_code == 201

    assert len([record for record in caplog.records if "Notifying a worker" in record.message]) == 1


def test_a_worker_is_notified_after_the_commit(api, django_capture_on_commit_callbacks):
    MemoryTransport.mailbox.wait(timeout=0)
    with django_capture_on_commit_callbacks(execute=True):
        devlog_id = api.post("/api/v1/devlogs/", {"entry": "Wrote a Django view."}).json()["id"]
        assert MemoryTransport.mailbox.wait(timeout=0).job_ids == set()

    assert MemoryTransport.mailbox.wait(timeout=0).job_ids == {devlog_id}


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


# -- what is logged ----------------------------------------------------------------------------------------------


@pytest.fixture
def lines(caplog, django_capture_on_commit_callbacks):
    """Return what is logged while jobs run, as after a commit."""
    caplog.set_level(logging.INFO, "tagging")

    def logged(run):
        caplog.clear()
        with django_capture_on_commit_callbacks(execute=True):
            run()
        said = [re.sub(r"\d+ ms|[\d.]+ s\b|by \S+|Worker \S+", "…", record.message) for record in caplog.records]
        return [line for line in said if not line.startswith("…")]

    return logged


@pytest.mark.parametrize(
    "step, became",
    [
        (["Django"], ["job={pk} attempt=1 done (…)"]),
        (error(), ["job={pk} attempt=1 timeout: next try in … (…)"]),
        (error(ErrorCode.ENTRY_TOO_LONG, permanent=True), ["job={pk} attempt=1 entry_too_long: failed (…)"]),
        (
            error(ErrorCode.RATE_LIMITED, waiting_for=WaitingFor.RATE_LIMIT, retry_after=60),
            [
                "Queue paused for …, refusal 1 in a row: rate_limited, The model did not answer in time.",
                "job={pk} attempt=1 rate_limited, not counted: waits for rate_limit (…)",
            ],
        ),
    ],
)
def test_each_transition_is_one_line_without_a_word_of_the_entry(make_devlog, run_jobs, lines, step, became):
    devlog = make_devlog("Wrote a Zwetschgenknoedel with Django.")

    said = lines(lambda: run_jobs(Scripted(step)))

    assert said == [f"jobs={devlog.pk}:1 (job:attempt) claimed …", *(line.format(pk=devlog.pk) for line in became)]


def test_a_new_dev_log_and_one_whose_process_died_are_a_line_each(make_devlog, lines):
    said = lines(make_devlog)
    (job,) = Job.objects.claim(1, owner="dead", lease_seconds=60)

    said += lines(lambda: Job.objects.recover({"dead"}))

    assert said == [f"jobs={job.pk} pending", f"job={job.pk} attempt=1 lost with dead: tried again"]


# -- what goes wrong beside the calls ------------------------------------------------------------------------------


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


# -- how many are settled together -------------------------------------------------------------------------------


class CallsOfTheTest:
    """Calls that end when the test says so."""

    def __init__(self, extractor, slots):
        self.jobs = []

    def begin(self, job):
        self.jobs.append(job)

    def ensure_threads(self, in_flight):
        pass

    def close(self):
        pass


class MailboxWithWork(Mailbox):
    """A mailbox whose first wait sees something happen."""

    def __init__(self, happens):
        super().__init__()
        self.happens = [happens]

    def wait(self, timeout, *, ignore_jobs=False):
        if self.happens:
            self.happens.pop()()
        return super().wait(timeout, ignore_jobs=ignore_jobs)


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


def test_of_a_job_claimed_twice_by_one_process_the_later_answer_counts(make_devlog, settings):
    devlog = make_devlog("Wrote a Django view.")
    extractor = Scripted(["Django"], ["Redis"])
    engine = Engine(extractor, Mailbox(), make_calls=CallsOfTheTest)
    engine.step()
    devlog.entry = "Cached it in Redis."
    devlog.save()
    queues.enqueue_again(devlog)
    engine.expect_work()
    engine.step()
    for job in engine.calls.jobs:
        engine.slots.finish(make_attempt(extractor, job))

    engine.step()

    assert ([tag.name for tag in devlog.tags.all()], job_of(devlog).state) == (["Redis"], "done")
    assert engine.slots.in_flight == {}
    engine.close()
