"""An entry's own fault is proven by another entry's success; nothing else proves it."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tagging.engine.attempting import make_attempt
from tagging.engine.engine import Engine
from tagging.engine.mailbox import Mailbox
from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Attempt, Job, ProviderState, Spending
from tagging.models.doubt import FREE_REFUSALS
from tagging.models.provider_state import MANY_FAILURES
from tagging.models.spending import estimate
from tests.support.extractors import Paid, Scripted, error
from tests.support.jobs import job_of
from tests.support.provider import OUTAGE, TOO_FAST, let_the_pause_pass
from tests.support.running import drain, engine_for

pytestmark = pytest.mark.django_db

UNCLEAR = [
    *(ErrorCode.BAD_REQUEST, ErrorCode.PROVIDER_REFUSED, ErrorCode.TIMEOUT, ErrorCode.UNREACHABLE),
    *(ErrorCode.SERVER_ERROR, ErrorCode.BAD_ANSWER, ErrorCode.ANSWER_CUT_OFF, ErrorCode.INTERNAL),
]


@pytest.fixture(autouse=True)
def one_at_a_time(settings, monkeypatch):
    monkeypatch.setattr("tagging.engine.known_waits.PROVIDER_SECONDS", 0.0)
    settings.TAGGING_CONCURRENCY = 1
    settings.TAGGING_BACKOFF_SECONDS = 0


class Picky(Scripted):
    """Answers all entries but those named Bad, at which it raises."""

    def __init__(self, raised, **kwargs):
        super().__init__(**kwargs)
        self.raised = raised

    def extract(self, entry, *, safety_identifier=""):
        self.steps = [self.raised if entry.startswith("Bad") else ["Django"]]
        return super().extract(entry)


class CollectedCalls:
    """Makes no call, but collects the jobs, so that the test decides when each one ends."""

    def __init__(self, jobs):
        self.begin = jobs.extend

    def ensure_threads(self, calls): ...

    def close(self): ...


def run_for(extractor):
    """Run all jobs, and let each pause and then the shortest wait pass at once, until none is unfinished."""
    engine = engine_for(extractor)
    for _ in range(200):
        drain(engine)
        if not Job.objects.filter(state__in=Job.UNFINISHED).exists():
            break
        waiting = Job.objects.filter(in_doubt_since=None, state="pending").order_by("run_after").values("pk")[:1]
        Job.objects.filter(pk__in=list(waiting.values_list("pk", flat=True))).update(run_after=Now())
        ProviderState.objects.update(resume_at=Now())
        engine.expect_work()
    engine.close()


# -- alone in the queue ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", UNCLEAR)
def test_an_entry_that_fails_while_a_canary_is_answered_spends_its_attempt(make_devlog, run_jobs, code, settings):
    settings.TAGGING_MAX_ATTEMPTS = 1
    devlog = make_devlog()
    extractor = Scripted(error(code))

    run_jobs(extractor)

    assert (job_of(devlog).state, job_of(devlog).error_code, extractor.canaries) == ("failed", code, 1)


@pytest.mark.parametrize("code", UNCLEAR)
def test_an_entry_that_fails_like_the_canary_spends_nothing(make_devlog, run_jobs, code):
    devlog = make_devlog()

    run_jobs(Scripted(error(code), outage=error(code)))

    assert (job_of(devlog).state, job_of(devlog).attempts, Attempt.objects.count()) == ("pending", 0, 0)
    assert ProviderState.objects.current().is_paused


def test_an_outage_of_hours_is_asked_with_canaries_and_then_the_entry_is_tagged(make_devlog, settings):
    devlog = make_devlog("Wrote a Django view.")
    extractor = Scripted(OUTAGE, ["Django"], outage=OUTAGE)
    engine = engine_for(extractor)
    for _ in range(20):
        drain(engine)
        let_the_pause_pass()

    extractor.outage = None
    drain(engine)

    assert (job_of(devlog).state, job_of(devlog).attempts, len(extractor.entries)) == ("done", 1, 2)
    engine.close()


def test_an_entry_whose_own_fault_it_is_fails_after_its_attempts(make_devlog, settings):
    settings.TAGGING_MAX_ATTEMPTS = 3
    devlog = make_devlog("Bad.")

    run_for(Picky(error(ErrorCode.PROVIDER_REFUSED)))

    assert (job_of(devlog).state, devlog.job.timeline.count()) == ("failed", 3)


def test_what_no_other_attempt_can_help_fails_at_once(make_devlog, run_jobs):
    devlog = make_devlog()

    run_jobs(Scripted(error(ErrorCode.ENTRY_TOO_LONG, permanent=True)))

    assert (job_of(devlog).state, job_of(devlog).attempts) == ("failed", 1)


def test_an_unusable_answer_is_paid_for_no_more_than_twice(make_devlog):
    devlog = make_devlog("Bad.")
    prose = error(ErrorCode.BAD_ANSWER)
    prose.input_tokens = prose.output_tokens = 100

    run_for(Picky(prose))

    assert (job_of(devlog).state, job_of(devlog).attempts) == ("failed", 2)


# -- beside others -----------------------------------------------------------------------------------------------


def test_the_success_of_another_entry_needs_no_canary(make_devlog, run_jobs):
    bad = make_devlog("Bad.")
    make_devlog("Wrote a Django view.")
    extractor = Picky(error(permanent=True))

    run_jobs(extractor)

    assert (job_of(bad).state, extractor.canaries) == ("failed", 0)


def test_a_success_that_began_before_the_failure_proves_nothing(make_devlog):
    bad, _ = make_devlog("Bad."), make_devlog("Wrote a Django view.")
    failed, answered = Job.objects.claim(2, owner="me", lease_seconds=60)
    Job.objects.doubt(failed.new_attempt(outcome="failed", error_code="timeout"), fails_if_blamed=True)

    Job.objects.blame(answered.started_at - timedelta(seconds=1))

    assert job_of(bad).in_doubt_since


def test_what_failed_after_the_last_answered_call_had_begun_is_decided_by_a_canary(make_devlog, settings):
    settings.TAGGING_CONCURRENCY = 2
    bad, good = make_devlog("Bad."), make_devlog("Wrote a Django view.")
    calls = []
    extractor = Picky(error(permanent=True))
    engine = Engine(extractor, Mailbox(), make_calls=lambda *_: CollectedCalls(calls))
    engine.step()
    for job in list(calls):  # the bad one first
        engine.slots.finish(make_attempt(extractor, job))
        engine.step()
    engine.step()
    engine.slots.finish(make_attempt(extractor, calls[2]))

    engine.step()

    assert (job_of(good).state, job_of(bad).state, extractor.canaries) == ("done", "failed", 1)
    engine.close()


def test_entries_that_fail_like_the_canary_spend_nothing_also_in_hindsight(make_devlog, run_jobs):
    for number in range(MANY_FAILURES + 5):
        make_devlog(f"Bad, no. {number}.")
    extractor = Picky(OUTAGE, outage=OUTAGE)

    run_jobs(extractor)

    assert (len(extractor.entries), extractor.canaries) == (MANY_FAILURES, 1)
    assert ProviderState.objects.current().is_paused
    assert set(Job.objects.values_list("state", "attempts", "in_doubt_since")) == {("pending", 0, None)}
    assert not Attempt.objects.exists()


def test_the_timeline_of_an_earlier_tagging_outlives_an_excuse(make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(Scripted(error(permanent=True)))
    Job.objects.enqueue([devlog.pk])

    run_jobs(Scripted(OUTAGE, outage=OUTAGE))

    assert devlog.job.timeline.count() == 1


def test_an_answer_between_failures_needs_no_canary(make_devlog, run_jobs):
    for _ in range(2 * MANY_FAILURES):
        make_devlog("Wrote a Django view.")
    almost = [OUTAGE] * (MANY_FAILURES - 1)
    extractor = Scripted(*almost, ["Django"], *almost, *[["Django"]] * 99)

    run_jobs(extractor)

    assert (Job.objects.filter(state="done").count(), extractor.canaries) == (2 * MANY_FAILURES, 0)


def test_many_entries_that_fail_while_the_canary_is_answered_pause_nothing(make_devlog, run_jobs, settings):
    settings.TAGGING_MAX_ATTEMPTS = 1
    for number in range(10):
        make_devlog(f"Bad, no. {number}.")
    good = make_devlog("Wrote a Django view.")
    extractor = Picky(error(ErrorCode.PROVIDER_REFUSED))

    run_jobs(extractor)

    assert (Job.objects.filter(state="failed").count(), job_of(good).state) == (10, "done")
    assert extractor.canaries == 3


def test_an_entry_that_fails_as_the_probe_is_compared_with_a_canary_at_once(make_devlog, run_jobs):
    bad = make_devlog("Bad.")
    ProviderState.objects.pause(OUTAGE)
    extractor = Picky(error(permanent=True))

    run_jobs(extractor)

    assert (job_of(bad).state, extractor.canaries) == ("failed", 1)
    assert ProviderState.objects.current().is_clean


@pytest.mark.parametrize(
    "raised",
    [
        error(ErrorCode.PROVIDER_REFUSED),
        error(ErrorCode.PROVIDER_REFUSED, waiting_for=WaitingFor.PROVIDER),
        error(ErrorCode.RATE_LIMITED, waiting_for=WaitingFor.RATE_LIMIT),
    ],
    ids=["refused", "refused as everybody", "rate limited"],
)
@pytest.mark.parametrize("count", [1, 4])
def test_entries_refused_each_time_end_failed_and_all_others_are_tagged(make_devlog, settings, raised, count):
    settings.TAGGING_BACKOFF_SECONDS = 60
    bad = [make_devlog(f"Bad, no. {number}.") for number in range(count)]
    good = [make_devlog(f"Wrote a Django view, no. {number}.") for number in range(10)]
    Job.objects.filter(pk__in=[devlog.pk for devlog in good]).update(priority=Job.Priority.BULK)

    run_for(Picky(raised))

    assert {job_of(devlog).state for devlog in good} == {"done"}
    assert {job_of(devlog).state for devlog in bad} == {"failed"}


def test_a_busy_minutes_refusals_are_not_counted(make_devlog, settings):
    devlog = make_devlog("Wrote a Django view.")
    run_for(Scripted(*[TOO_FAST] * FREE_REFUSALS, ["Django"]))

    assert (job_of(devlog).state, job_of(devlog).attempts) == ("done", 1)


# -- undecided ---------------------------------------------------------------------------------------------------


def test_a_job_in_doubt_is_tried_by_no_process_until_it_is_decided(make_devlog, settings):
    make_devlog()
    (job,) = Job.objects.claim(1, owner="me", lease_seconds=60)

    Job.objects.doubt(job.new_attempt(outcome="failed", error_code="timeout"), fails_if_blamed=False)

    assert not Job.objects.due().exists()


def test_a_job_in_doubt_is_not_claimed_when_its_time_has_come_but_excused_first(make_devlog):
    make_devlog()
    (job,) = Job.objects.claim(1, owner="me", lease_seconds=60)
    Job.objects.doubt(job.new_attempt(outcome="failed", error_code="timeout"), fails_if_blamed=True)
    Job.objects.update(run_after=Now())

    assert Job.objects.claim(1, owner="me", lease_seconds=60) == []


def test_with_another_provider_doubts_of_before_are_forgotten(make_devlog, run_jobs):
    devlog = make_devlog("Wrote a Django view.")
    (job,) = Job.objects.claim(1, owner="me", lease_seconds=60)
    Job.objects.doubt(job.new_attempt(outcome="failed", error_code="timeout"), fails_if_blamed=True)
    Job.objects.update(run_after=Now() - timedelta(seconds=1))

    run_jobs(Scripted(["Django"]))

    assert (job_of(devlog).state, job_of(devlog).attempts) == ("done", 1)


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_too_a_job_about_which_nobody_decides_is_excused(make_devlog):
    make_devlog()
    (job,) = Job.objects.claim(1, owner="me", lease_seconds=60)
    Job.objects.doubt(job.new_attempt(outcome="failed", error_code="timeout"), fails_if_blamed=True)
    Job.objects.update(run_after=Now() - timedelta(seconds=1))

    Job.objects.excuse_undecided()

    assert Job.objects.get().in_doubt_since is None


def test_a_canary_that_meets_a_rate_limit_excuses_those_in_doubt(make_devlog, run_jobs):
    make_devlog()

    run_jobs(Scripted(error(), outage=TOO_FAST))

    assert (Job.objects.get().in_doubt_since, Job.objects.get().attempts) == (None, 0)


def test_a_job_about_which_nobody_decides_is_tried_again_at_no_cost(make_devlog):
    devlog = make_devlog()
    (job,) = Job.objects.claim(1, owner="me", lease_seconds=60)
    Job.objects.doubt(job.new_attempt(outcome="failed", error_code="timeout"), fails_if_blamed=True)
    Job.objects.update(run_after=Now() - timedelta(seconds=1))

    Job.objects.excuse_undecided()

    job = job_of(devlog)
    assert (job.state, job.attempts, job.in_doubt_since, Attempt.objects.count()) == ("pending", 0, None, 0)


# -- the canary --------------------------------------------------------------------------------------------------


def test_a_canary_is_paid_for_and_counted_and_is_no_dev_log(make_devlog, run_jobs, settings):
    settings.TAGGING_MAX_ATTEMPTS = 1
    make_devlog()

    run_jobs(Paid(error()))

    assert (Spending.objects.get().tokens, ProviderState.objects.get().canaries) == (10, 1)
    assert (Job.objects.count(), Attempt.objects.count()) == (1, 1)


def test_the_budget_holds_for_a_canary_too(make_devlog, run_jobs, settings):
    devlog = make_devlog("Wrote a Django view.")
    settings.TAGGING_DAILY_TOKENS = estimate(len(devlog.entry)).tokens
    costly = error()
    costly.input_tokens = 1000
    extractor = Paid(costly)

    run_jobs(extractor)

    assert extractor.canaries == 0
    assert ProviderState.objects.current().waiting_for == WaitingFor.BUDGET


def test_a_canary_waits_for_what_other_calls_hold_of_the_budget(make_devlog, run_jobs, settings):
    make_devlog()
    settings.TAGGING_DAILY_TOKENS = int(1.5 * estimate(20).tokens)
    Job.objects.claim(1, owner="elsewhere", lease_seconds=60, is_paid=True)
    tried = make_devlog()
    Job.objects.filter(pk=tried.pk).update(error_code="server_error")
    ProviderState.objects.pause(OUTAGE)
    extractor = Paid()

    run_jobs(extractor)

    assert extractor.canaries == 0
    assert ProviderState.objects.current().waiting_for == WaitingFor.PROVIDER


def test_a_claim_leaves_room_in_the_budget_for_the_canary_that_is_out(make_devlog, settings):
    devlog = make_devlog()
    settings.TAGGING_DAILY_TOKENS = int(1.5 * estimate(len(devlog.entry)).tokens)
    ProviderState.objects.note_failures(1)
    ProviderState.objects.take_probe()

    assert Job.objects.claim(1, owner="me", lease_seconds=60, is_paid=True) == []


def test_while_other_calls_run_they_decide_and_no_canary_is_sent(make_devlog):
    make_devlog("Bad.")
    make_devlog("Wrote a Django view.")
    (_,) = Job.objects.claim(1, owner="elsewhere", lease_seconds=60)
    extractor = Scripted(error())
    engine = engine_for(extractor)

    engine.step()
    engine.mailbox.wait(10)
    engine.step()
    engine.step()

    assert extractor.canaries == 0
    engine.close()


def test_extraction_error_of_the_canary_itself_is_everybodys(make_devlog, run_jobs):
    refusal = ExtractionError(ErrorCode.ENTRY_TOO_LONG, "The context is too small.", permanent=True)
    devlog = make_devlog()

    run_jobs(Scripted(refusal, outage=refusal))

    assert job_of(devlog).state == "pending"
    assert ProviderState.objects.current().error_code == ErrorCode.ENTRY_TOO_LONG
