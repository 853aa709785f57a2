"""The provider's limits and outages pause the queue for all processes, and fail no job."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Job, Provider, Spending
from tagging.models.provider_state import FAILURES_THAT_OPEN, PAUSE_CAP_SECONDS
from tests.support.extractors import Paid, Scripted
from tests.support.jobs import job_of
from tests.support.running import drain, engine_for

pytestmark = pytest.mark.django_db

OUTAGE = ExtractionError(ErrorCode.SERVER_ERROR, "The model's server answered 503.")
REFUSED = ExtractionError(ErrorCode.PROVIDER_REFUSED, "The key was refused.", waiting_for=WaitingFor.PROVIDER)
TOO_FAST = ExtractionError(ErrorCode.RATE_LIMITED, "Too many requests.", waiting_for=WaitingFor.RATE_LIMIT)


TOO_FAST_FOR_A_MINUTE = ExtractionError(
    ErrorCode.RATE_LIMITED, "Too many requests.", waiting_for=WaitingFor.RATE_LIMIT, retry_after=60
)


def let_the_pause_pass():
    Provider.objects.update(resume_at=Now() - timedelta(seconds=1))
    Job.objects.filter(state="pending").update(run_after=Now())


@pytest.fixture(autouse=True)
def one_at_a_time(settings, monkeypatch):
    monkeypatch.setattr("tagging.engine.dispatch.PROVIDER_SECONDS", 0.0)
    settings.TAGGING_CONCURRENCY = 1
    settings.TAGGING_BACKOFF_SECONDS = 0


def test_a_pause_that_one_worker_was_told_holds_for_another(make_devlog, run_jobs):
    make_devlog()
    run_jobs(Scripted(TOO_FAST))
    make_devlog()
    other = Scripted()

    run_jobs(other)

    assert other.entries == []


def test_when_the_pause_has_passed_the_work_goes_on(make_devlog, run_jobs):
    devlog = make_devlog("Wrote a Django view.")
    run_jobs(Scripted(TOO_FAST))
    let_the_pause_pass()

    run_jobs(Scripted(["Django"]))

    assert (job_of(devlog).state, job_of(devlog).attempts, job_of(devlog).error) == ("done", 1, None)


def test_refusals_in_a_row_wait_longer_and_an_answer_forgets_them(make_devlog, run_jobs):
    make_devlog()
    waits = []
    for _ in range(3):
        run_jobs(Scripted(REFUSED))
        provider = Provider.objects.get()
        waits.append(provider.refusals)
        let_the_pause_pass()

    run_jobs(Scripted(["Django"]))

    assert waits == [1, 2, 3]
    assert Provider.objects.get().is_clean


def test_an_open_breaker_lets_one_probe_through_and_its_success_all_others(make_devlog, run_jobs, settings):
    settings.TAGGING_CONCURRENCY = 3
    for _ in range(3):
        make_devlog("Wrote a Django view.")
    run_jobs(Scripted(REFUSED, REFUSED, REFUSED))
    let_the_pause_pass()
    engine = engine_for(Scripted(["Django"], ["Django"], ["Django"]))

    engine.step()
    probes = len(engine.slots.in_flight)
    drain(engine)

    assert probes == 1
    assert Job.objects.filter(state="done").count() == 3
    engine.close()


def test_two_processes_send_one_probe_between_them(make_devlog, run_jobs):
    make_devlog()
    run_jobs(Scripted(REFUSED))
    let_the_pause_pass()

    assert [Provider.objects.take_probe() for _ in range(2)] == [True, False]


def test_many_failures_in_a_row_open_the_breaker(make_devlog, run_jobs):
    for _ in range(FAILURES_THAT_OPEN + 5):
        make_devlog()
    extractor = Scripted(*[OUTAGE] * (FAILURES_THAT_OPEN + 5))

    run_jobs(extractor)

    assert len(extractor.entries) == FAILURES_THAT_OPEN
    assert Provider.objects.get().is_refusing


def test_an_answer_between_failures_keeps_the_breaker_closed(make_devlog, run_jobs):
    for _ in range(2 * FAILURES_THAT_OPEN):
        make_devlog("Wrote a Django view.")
    almost = [OUTAGE] * (FAILURES_THAT_OPEN - 1)

    run_jobs(Scripted(*almost, ["Django"], *almost, *[["Django"]] * 99))

    assert Job.objects.filter(state="done").count() == 2 * FAILURES_THAT_OPEN


def test_an_outage_of_many_probes_costs_no_attempt(make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(Scripted(REFUSED))
    for _ in range(20):
        let_the_pause_pass()
        run_jobs(Scripted(OUTAGE))

    job = job_of(devlog)
    assert (job.state, job.attempts, job.waiting_for) == ("pending", 0, "provider")


def test_a_rate_limit_halves_the_calls_in_flight_and_answers_bring_them_back(make_devlog, settings):
    settings.TAGGING_CONCURRENCY = 8
    for _ in range(8):
        make_devlog("Wrote a Django view.")
    engine = engine_for(Scripted(*[TOO_FAST] * 8, *[["Django"]] * 100))
    drain(engine)
    after_refusals = engine.slots.free
    let_the_pause_pass()
    for _ in range(40):
        make_devlog("Wrote a Django view.")
    drain(engine)

    assert (after_refusals, engine.slots.free) == (4, 8)
    engine.close()


def test_a_paused_queue_is_shown_with_each_job_that_waits_in_it(api, make_devlog, run_jobs):
    make_devlog()
    run_jobs(Scripted(REFUSED))

    tagging = api.post("/api/v1/devlogs/", {"entry": "Wrote a Django view."}).json()["tagging"]

    assert (tagging["state"], tagging["waiting_for"]) == ("pending", "provider")


def test_the_pause_is_as_long_as_the_provider_asks():
    refused = ExtractionError(ErrorCode.RATE_LIMITED, "Slow down.", waiting_for=WaitingFor.RATE_LIMIT, retry_after=60)

    Provider.objects.pause(refused)

    wait = Provider.objects.get().resume_at - timezone.now()
    assert timedelta(seconds=55) < wait <= timedelta(seconds=60)


def test_a_pause_without_a_time_grows_but_not_for_ever():
    waits = []
    for _ in range(30):
        waits.append(Provider.objects.pause(REFUSED).wait_seconds)
        Provider.objects.update(resume_at=Now() - timedelta(seconds=1))

    assert waits[:3] == [5, 10, 20]
    assert waits[-1] == PAUSE_CAP_SECONDS


def test_an_answer_that_was_under_way_does_not_end_a_pause(make_devlog, settings):
    settings.TAGGING_CONCURRENCY = 2
    make_devlog("Wrote a Django view.")
    engine = engine_for(Scripted(["Django"]))
    engine.step()
    Provider.objects.pause(TOO_FAST_FOR_A_MINUTE)

    drain(engine)

    assert Provider.objects.current().is_paused
    engine.close()


def test_an_answer_from_the_ledger_says_nothing_of_the_provider(make_devlog, run_jobs):
    make_devlog("Wrote a Django view.")
    run_jobs(Paid(["Django"]))
    make_devlog("Cached it in Redis.")
    run_jobs(Paid(REFUSED))
    Job.objects.filter(state="pending").delete()
    make_devlog("Wrote a Django view.")
    let_the_pause_pass()

    run_jobs(Paid())

    assert Provider.objects.get().is_refusing
    assert Provider.objects.take_probe()


def test_tokens_paid_before_a_refusal_are_spending(make_devlog, run_jobs):
    make_devlog()
    refused = ExtractionError(ErrorCode.RATE_LIMITED, "Slow down.", waiting_for=WaitingFor.RATE_LIMIT)
    refused.input_tokens = 500

    run_jobs(Scripted(refused))

    assert Spending.objects.get().tokens == 500
