"""What is paid for: noted on each attempt, held within the day's budget, and never paid for twice."""

import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devlogs import entries
from devlogs.models import DevLog
from tagging import queues
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import Attempt, Job, ProviderState, Spending
from tagging.models.shown_pause import shown_pause
from tagging.models.spending import CALLS, estimate
from tests.support.extractors import Paid, error
from tests.support.jobs import job_of
from tests.support.running import drain, engine_for

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def prices(settings):
    settings.OPENAI_INPUT_PRICE = 100_000  # dollars a million tokens
    settings.OPENAI_OUTPUT_PRICE = 200_000
    settings.TAGGING_CONCURRENCY = 1


def paid_error(*args, **kwargs):
    """Return a failure that cost what an answer of Scripted costs."""
    failed = error(*args, **kwargs)
    failed.input_tokens, failed.output_tokens = 7, 3
    return failed


def test_an_attempt_and_the_day_note_tokens_and_cost(make_devlog, run_jobs):
    make_devlog("Wrote a Django view.")

    run_jobs(Paid(["Django"]))

    assert (Attempt.objects.get().cost, Spending.objects.get().cost) == (Decimal("1.3"), Decimal("1.3"))
    assert Spending.objects.get().tokens == 10


def test_a_failed_attempt_is_paid_for_too(make_devlog, run_jobs):
    make_devlog()

    run_jobs(Paid(paid_error()))

    canary = 10
    assert (Attempt.objects.get().cost, Spending.objects.get().tokens) == (Decimal("1.3"), 10 + canary)


def test_an_answer_whose_repair_was_refused_is_paid_for_though_it_cost_no_attempt(make_devlog, run_jobs):
    devlog = make_devlog()

    run_jobs(Paid(paid_error(ErrorCode.RATE_LIMITED, waiting_for=WaitingFor.RATE_LIMIT)))

    assert (job_of(devlog).attempts, Spending.objects.get().tokens) == (0, 10)


@pytest.mark.parametrize("step", [["Django"], paid_error()])
def test_what_comes_after_its_claim_is_gone_is_charged_all_the_same(make_devlog, step):
    devlog = make_devlog("Wrote a Django view.")
    engine = engine_for(Paid(step))
    engine.step()
    engine.mailbox.wait(timeout=10)
    Job.objects.update(claim_token=uuid.uuid4())  # claimed by another meanwhile

    engine.step()

    assert (devlog.tags.count(), Attempt.objects.count()) == (0, 0)
    assert Spending.objects.get().tokens == 10
    engine.close()


@pytest.mark.parametrize(
    ("completion_tokens", "tokens", "answer"), [(500, None, 500), (None, 300, 300), (None, None, 2000)]
)
def test_the_answer_is_estimated_at_its_limit_or_at_a_full_one(settings, completion_tokens, tokens, answer):
    settings.OPENAI_MAX_COMPLETION_TOKENS, settings.OPENAI_MAX_TOKENS = completion_tokens, tokens
    longest = estimate(20_000).tokens
    settings.OPENAI_MAX_COMPLETION_TOKENS = answer + 1

    assert estimate(20_000).tokens == longest + CALLS


def test_the_reservation_ends_with_the_call(make_devlog, run_jobs, settings):
    settings.TAGGING_DAILY_TOKENS = 10**9
    devlog = make_devlog("Wrote a Django view.")
    (job,) = Job.objects.claim(1, owner="me", lease_seconds=60, is_paid=True)
    reserved = job_of(devlog).reserved_tokens
    Job.objects.release([job])

    run_jobs(Paid(["Django"]))

    assert reserved == estimate(len(devlog.entry)).tokens
    assert job_of(devlog).reserved_tokens == 0


@pytest.mark.parametrize("limit", ["TAGGING_DAILY_TOKENS", "TAGGING_DAILY_COST"])
def test_a_budget_too_small_for_a_call_lets_none_begin(make_devlog, run_jobs, settings, limit):
    setattr(settings, limit, 1)
    devlog = make_devlog()
    extractor = Paid()

    run_jobs(extractor)

    assert extractor.entries == []
    assert (job_of(devlog).state, job_of(devlog).attempts, job_of(devlog).waits_for(shown_pause)) == (
        "pending",
        0,
        "budget",
    )


def test_what_other_calls_have_reserved_is_not_given_twice(make_devlog, settings):
    first, second = make_devlog(), make_devlog()
    settings.TAGGING_DAILY_TOKENS = int(1.5 * estimate(len(first.entry)).tokens)
    Job.objects.claim(1, owner="one process", lease_seconds=60, is_paid=True)

    assert Job.objects.claim(1, owner="another process", lease_seconds=60, is_paid=True) == []
    assert job_of(second).state == "pending"


def test_a_claim_takes_as_many_as_the_budget_allows(make_devlog, settings):
    devlogs = [make_devlog() for _ in range(5)]
    settings.TAGGING_DAILY_TOKENS = int(3.5 * estimate(len(devlogs[0].entry)).tokens)

    assert len(Job.objects.claim(5, owner="me", lease_seconds=60, is_paid=True)) == 3


def test_a_new_day_or_a_raised_limit_lets_the_work_go_on(make_devlog, run_jobs, settings):
    settings.TAGGING_DAILY_TOKENS = 1
    devlog = make_devlog("Wrote a Django view.")
    run_jobs(Paid())
    settings.TAGGING_DAILY_TOKENS = 10**9
    ProviderState.objects.update(resume_at=None)

    run_jobs(Paid(["Django"]))

    assert job_of(devlog).state == "done"
    assert ProviderState.objects.get().is_clean


def test_what_costs_nothing_needs_no_budget(make_devlog, run_jobs, settings):
    settings.TAGGING_DAILY_TOKENS = 1
    devlog = make_devlog("Wrote a Django view.")

    run_jobs()

    assert job_of(devlog).state == "done"


def test_a_lost_call_is_charged_as_it_was_reserved(make_devlog, settings):
    settings.TAGGING_DAILY_TOKENS = 10**9
    devlog = make_devlog()
    Job.objects.claim(1, owner="dead", lease_seconds=60, is_paid=True)

    Job.objects.recover({"dead"})

    assert Spending.objects.get().tokens == estimate(len(devlog.entry)).tokens


def test_the_same_entry_is_answered_from_the_ledger_without_a_call(make_devlog, run_jobs):
    make_devlog("Wrote a Django view.")
    run_jobs(Paid(["Django"]))
    again = make_devlog("Wrote a Django view.")
    extractor = Paid()

    run_jobs(extractor)

    attempt = again.job.timeline.get()
    assert extractor.entries == []
    assert [tagging.tag.name for tagging in again.taggings.all()] == ["Django"]
    assert (attempt.source, attempt.input_tokens, attempt.cost) == ("paid:model-1", 0, 0)


def test_an_answer_from_the_ledger_is_grounded_anew(make_devlog, run_jobs):
    """So what has come to be known since shows; and rows of an earlier version, with their places, are read."""
    make_devlog("Wrote a Django view.")
    run_jobs(Paid(["Flask"]))
    Attempt.objects.update(answer=[["Flask", ""], ["Django", "a Django view", 8]])
    again = make_devlog("Wrote a Django view.")

    run_jobs(Paid())

    assert [tagging.tag.name for tagging in again.taggings.all()] == ["Django"]
    assert again.job.timeline.get().names_dropped == 1


def test_the_ledger_holds_what_the_model_said(make_devlog, run_jobs):
    make_devlog("Wrote a Django view.")

    run_jobs(Paid(["Django", "Flask"]))

    assert Attempt.objects.get().answer == [["Django", ""], ["Flask", ""]]


def test_a_person_who_asks_again_has_the_model_asked(make_devlog, run_jobs):
    devlog = make_devlog("Wrote a Django view with Redis.")
    run_jobs(Paid([]))
    queues.retag([devlog.pk])
    extractor = Paid(["Django", "Redis"])

    run_jobs(extractor)

    assert [tagging.tag.name for tagging in devlog.taggings.all()] == ["Django", "Redis"]
    assert len(extractor.entries) == 1


def test_what_was_asked_for_again_is_asked_though_it_failed_at_first(make_devlog, run_jobs, settings):
    settings.TAGGING_BACKOFF_SECONDS = 0
    devlog = make_devlog("Wrote a Django view.")
    run_jobs(Paid([]))
    queues.retag([devlog.pk])

    run_jobs(Paid(error(), ["Django"]))

    assert [tagging.tag.name for tagging in devlog.taggings.all()] == ["Django"]


def test_new_dev_logs_that_came_together_are_answered_from_the_ledger(make_devlog, run_jobs):
    make_devlog("Wrote a Django view.")
    run_jobs(Paid(["Django"]))
    entries.write_many([DevLog(entry="Wrote a Django view.")])
    extractor = Paid()

    run_jobs(extractor)

    assert (extractor.entries, Job.objects.filter(state="done").count()) == ([], 2)


def test_with_a_budget_an_idle_worker_writes_nothing(settings):
    settings.TAGGING_DAILY_TOKENS = 10**9
    engine = engine_for(Paid())
    drain(engine)

    with CaptureQueriesContext(connection) as queries:
        assert engine.dispatcher.claim(1).is_all

    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []
    engine.close()


def test_while_other_calls_hold_what_is_left_of_the_budget_the_queue_is_not_paused(make_devlog, settings):
    devlogs = [make_devlog(f"Wrote a Django view, no. {number}.") for number in range(3)]
    settings.TAGGING_CONCURRENCY = 3
    settings.TAGGING_DAILY_TOKENS = int(1.5 * estimate(len(devlogs[0].entry)).tokens)
    engine = engine_for(Paid(["Django"], ["Django"], ["Django"]))

    drain(engine)

    assert Job.objects.filter(state="done").count() == 3
    engine.close()


@pytest.mark.parametrize("other", [{"model": "model-2"}, {"prompt_version": 2}, {"name": "another"}])
def test_another_model_or_prompt_is_asked(make_devlog, run_jobs, other):
    make_devlog("Wrote a Django view.")
    run_jobs(Paid(["Django"]))
    make_devlog("Wrote a Django view.")
    extractor = Paid(["Django"])
    for name, value in other.items():
        setattr(extractor, name, value)

    run_jobs(extractor)

    assert len(extractor.entries) == 1


def test_a_failed_attempt_is_no_answer_in_the_ledger(make_devlog, run_jobs, settings):
    settings.TAGGING_BACKOFF_SECONDS = 0
    make_devlog("Wrote a Django view.")
    extractor = Paid(error(), ["Django"])

    run_jobs(extractor)

    assert len(extractor.entries) == 2
