"""The provider's limits and outages pause the queue for all processes, and fail no job."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from tagging import queues
from tagging.engine.engine import Engine
from tagging.engine.mailbox import Mailbox
from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Job, ProviderState, Spending
from tagging.models.provider_state import PAID_PAUSE_CAP_SECONDS, PAUSE_CAP_SECONDS
from tests.support.extractors import Paid, Scripted
from tests.support.jobs import job_of
from tests.support.provider import OUTAGE, REFUSED, TOO_FAST, TOO_FAST_FOR_A_MINUTE, let_the_pause_pass
from tests.support.running import drain, engine_for

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_at_a_time(settings, monkeypatch):
    monkeypatch.setattr("tagging.engine.known_waits.PROVIDER_SECONDS", 0.0)
    settings.TAGGING_CONCURRENCY = 1
    settings.TAGGING_BACKOFF_SECONDS = 0


def test_a_pause_that_one_worker_was_told_holds_for_another(make_devlog, started):
    one, other = started(Scripted(TOO_FAST_FOR_A_MINUTE)), started(Scripted())
    make_devlog()
    one.expect_work()
    drain(one)
    make_devlog()

    other.expect_work()
    drain(other)

    assert other.extractor.entries == []


def test_when_the_pause_has_passed_the_work_goes_on(make_devlog, run_jobs):
    devlog = make_devlog("Wrote a Django view.")
    run_jobs(Scripted(TOO_FAST))
    let_the_pause_pass()

    run_jobs(Scripted(["Django"]))

    assert (job_of(devlog).state, job_of(devlog).attempts, job_of(devlog).error) == ("done", 1, None)


def test_refusals_in_a_row_are_counted_and_an_answer_forgets_them(make_devlog, started):
    engine = started(Scripted(REFUSED, REFUSED, REFUSED, *[["Django"]] * 3))
    counted = []
    for _ in range(3):
        make_devlog("Wrote a Django view.")
        engine.expect_work()
        drain(engine)
        counted.append(ProviderState.objects.get().refusals)
        let_the_pause_pass()

    drain(engine)

    assert counted == [1, 2, 3]
    assert ProviderState.objects.get().is_clean
    assert ProviderState.objects.get().since is None


@pytest.mark.parametrize("error", [REFUSED, TOO_FAST])
def test_after_a_pause_one_probe_goes_out_and_its_success_lets_all_others_follow(
    make_devlog, started, settings, error
):
    settings.TAGGING_CONCURRENCY = 4
    engine = started(Scripted(error, error, error, *[["Django"]] * 4))
    for _ in range(4):
        make_devlog("Wrote a Django view.")
    engine.concurrency = 3
    engine.expect_work()
    drain(engine)
    let_the_pause_pass()

    engine.step()
    probes = len(engine.slots.in_flight)
    drain(engine)

    assert probes == 1
    assert Job.objects.filter(state="done").count() == 4


def test_two_processes_send_one_probe_between_them():
    ProviderState.objects.pause(REFUSED)
    let_the_pause_pass()

    assert [bool(ProviderState.objects.take_probe()) for _ in range(2)] == [True, False]


def test_a_probe_whose_process_died_keeps_no_other_from_probing_for_ever(settings):
    ProviderState.objects.pause(REFUSED)
    let_the_pause_pass()
    ProviderState.objects.take_probe()
    ProviderState.objects.update(probing_until=Now())

    assert ProviderState.objects.take_probe()


def test_a_queue_that_was_paused_meanwhile_is_not_probed():
    ProviderState.objects.pause(REFUSED)

    assert ProviderState.objects.take_probe() is None


def test_a_probe_whose_entry_was_edited_meanwhile_lets_the_next_go_out(make_devlog, started):
    devlog = make_devlog("Bad.")
    engine = started(Scripted(REFUSED))
    let_the_pause_pass()
    Job.objects.update(error_code="")
    engine.extractor.steps = [OUTAGE]
    engine.step()
    queues.enqueue_again(devlog)

    engine.mailbox.wait(10)
    engine.step()

    assert not ProviderState.objects.current().is_probing


def stop(engine, other):
    engine.close()


def die(engine, other):
    engine.dispatcher.owner.drop_lock()
    other.dispatcher.recover()


@pytest.mark.parametrize("end", [stop, die])
def test_a_probe_of_a_process_that_has_ended_is_not_waited_for(make_devlog, started, end):
    other = started(Scripted())  # its own start would clear it
    ProviderState.objects.pause(OUTAGE)
    make_devlog()
    endless = SimpleNamespace(begin=lambda job: None, ensure_threads=lambda count: None, close=lambda: None)
    ended = Engine(Scripted(), Mailbox(), make_calls=lambda *_: endless)
    ended.step()
    assert ProviderState.objects.current().is_probing

    end(ended, other)

    assert not ProviderState.objects.current().is_probing


def test_each_probe_is_another_entry(make_devlog, started):
    engine = started(Scripted(*[REFUSED] * 3, outage=REFUSED))
    entries = [make_devlog(f"Wrote a Django view, no. {number}.").entry for number in range(3)]
    for _ in range(5):
        engine.expect_work()
        drain(engine)
        let_the_pause_pass()

    assert engine.extractor.entries == entries
    assert engine.extractor.canaries == 2  # when all had been one


def test_an_outage_of_many_probes_costs_no_attempt(make_devlog, started):
    devlog = make_devlog()
    engine = started(Scripted(OUTAGE, outage=OUTAGE))
    for _ in range(20):
        let_the_pause_pass()
        drain(engine)

    job = job_of(devlog)
    assert (job.state, job.attempts, job.waiting_for) == ("pending", 0, "provider")


@pytest.mark.parametrize("code", [ErrorCode.RATE_LIMITED, ErrorCode.TIMEOUT])
def test_a_provider_that_is_too_slow_for_us_halves_the_calls_in_flight_and_answers_bring_them_back(
    make_devlog, settings, code
):
    settings.TAGGING_CONCURRENCY = 8
    for _ in range(8):
        make_devlog("Wrote a Django view.")
    too_fast = ExtractionError(code, "Too many.", waiting_for=WaitingFor.RATE_LIMIT)
    engine = engine_for(Scripted(*[too_fast] * 8, *[["Django"]] * 100))
    drain(engine)
    after_refusals = engine.slots.free
    let_the_pause_pass()
    for _ in range(80):
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
    ProviderState.objects.pause(TOO_FAST_FOR_A_MINUTE)

    wait = ProviderState.objects.get().resume_at - timezone.now()
    assert timedelta(seconds=55) < wait <= timedelta(seconds=60)


def paid_for_nothing() -> ExtractionError:
    error = ExtractionError(ErrorCode.BAD_ANSWER, "Prose.")
    error.input_tokens = error.output_tokens = 100
    return error


@pytest.mark.parametrize("error, cap", [(REFUSED, PAUSE_CAP_SECONDS), (paid_for_nothing(), PAID_PAUSE_CAP_SECONDS)])
def test_a_pause_without_a_time_grows_but_not_for_ever(error, cap):
    waits = []
    for _ in range(30):
        waits.append(ProviderState.objects.pause(error).pause_seconds)
        let_the_pause_pass()

    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == cap


def test_an_answer_that_was_under_way_does_not_end_a_rate_limit(make_devlog):
    make_devlog("Wrote a Django view.")
    engine = engine_for(Scripted(["Django"]))
    engine.step()
    ProviderState.objects.pause(TOO_FAST_FOR_A_MINUTE)

    drain(engine)

    assert ProviderState.objects.current().is_paused
    engine.close()


def test_an_answer_that_was_under_way_shows_that_there_is_no_outage(make_devlog):
    make_devlog("Wrote a Django view.")
    engine = engine_for(Scripted(["Django"]))
    engine.step()
    ProviderState.objects.pause(OUTAGE)

    drain(engine)

    assert ProviderState.objects.current().is_clean
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

    assert ProviderState.objects.current().is_half_open
    assert ProviderState.objects.take_probe()


def test_tokens_paid_before_a_refusal_are_spending(make_devlog, run_jobs):
    make_devlog()
    refused = ExtractionError(ErrorCode.RATE_LIMITED, "Slow down.", waiting_for=WaitingFor.RATE_LIMIT)
    refused.input_tokens = 500

    run_jobs(Scripted(refused))

    assert Spending.objects.get().tokens == 500


# -- whose pause it is -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "setting, value",
    [
        ("OPENAI_BASE_URL", "https://another.example/v1"),
        ("OPENAI_API_KEY", "another-key"),
        ("OPENAI_MODEL", "another-model"),
        ("TAGGING_EXTRACTOR", "tagging.extraction.openai.client.OpenAIExtractor"),
    ],
)
def test_another_provider_or_extractor_is_not_paused_and_the_first_still_is(settings, setting, value):
    ProviderState.objects.pause(TOO_FAST_FOR_A_MINUTE)
    before = getattr(settings, setting)

    setattr(settings, setting, value)
    assert ProviderState.objects.current().is_clean

    setattr(settings, setting, before)
    assert ProviderState.objects.current().is_paused


def test_the_row_does_not_tell_the_key(settings):
    settings.OPENAI_API_KEY = "sk-secret"

    ProviderState.objects.pause(REFUSED)

    assert "sk-secret" not in str(ProviderState.objects.values().get())


def test_a_start_sends_a_probe_at_once(make_devlog, run_jobs):
    devlog = make_devlog("Wrote a Django view.")
    run_jobs(Scripted(TOO_FAST_FOR_A_MINUTE))

    run_jobs(Scripted(["Django"]))

    assert job_of(devlog).state == "done"
