"""What a scrape tells of the queue, from whichever process."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError
from django.db.models.functions import Now
from django.utils import timezone

from devlogs.models import DevLog
from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Attempt, Job, ProviderState, QueuePause, Spending, Worker, queue
from tests.support.scraping import samples, value

pytestmark = pytest.mark.django_db

# By what Prometheus takes a series for one that never falls.
CUMULATIVE = ("attempts_total", "dollars_total", "seconds_count", "seconds_sum", "seconds_bucket", "usage_sum")
OUTAGE = ExtractionError(ErrorCode.SERVER_ERROR, "Away (HTTP 503).", waiting_for=WaitingFor.PROVIDER)


@pytest.fixture
def scrape(client):
    def ask():
        response = client.get("/metrics", REMOTE_ADDR="127.0.0.1", HTTP_HOST="localhost")
        assert (response.status_code, response["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        return response.content.decode()

    return ask


@pytest.fixture
def counting(scrape):
    """Have it be counted from now on, as the first scrape does."""
    scrape()


def ended(devlog, seconds=2.0, **fields):
    """Save an attempt of so many seconds that has just ended."""
    finished = timezone.now() - timedelta(seconds=1)
    known = {"outcome": "answered", "number": 1, "model": "gpt-6-luna"} | fields
    started = finished - timedelta(seconds=seconds)
    return Attempt.objects.create(job_id=devlog.pk, started_at=started, finished_at=finished, **known)


def test_jobs_are_told_by_state(scrape, make_devlog, run_jobs):
    make_devlog()
    run_jobs()
    make_devlog()
    make_devlog()

    text = scrape()

    assert [value(text, "devlog_jobs", state=state) for state in Job.State.values] == [2, 0, 1, 0]


def test_the_age_of_what_is_due_is_told_apart_for_people_and_imports(scrape, make_devlog):
    Job.objects.filter(pk=make_devlog().pk).update(run_after=Now() - timedelta(seconds=100))
    Job.objects.filter(pk=make_devlog().pk).update(run_after=Now() - timedelta(hours=1), priority=Job.Priority.BULK)

    text = scrape()

    ages = [value(text, "devlog_oldest_due_age_seconds", priority=name) for name in ("interactive", "bulk")]
    assert [round(age, -2) for age in ages] == [100, 3600]


def test_attempts_are_counted_by_outcome_and_code(scrape, counting, make_devlog):
    ended(make_devlog())
    for _ in range(2):
        ended(make_devlog(), outcome="failed", error_code="timeout")

    text = scrape()

    assert value(text, "devlog_attempts_total", outcome="answered", error_type="") == 1
    assert value(text, "devlog_attempts_total", outcome="failed", error_type="timeout") == 2
    assert value(text, "devlog_attempts_total", outcome="failed", error_type="refused") == 0


def test_tokens_and_cost_are_told_by_model(scrape, counting, make_devlog):
    for _ in range(2):
        ended(make_devlog(), input_tokens=300, output_tokens=40, cost=Decimal("0.25"))
    ended(make_devlog(), model="embedded")

    text = scrape()

    used = {"gen_ai_request_model": "gpt-6-luna"}
    assert value(text, "gen_ai_client_token_usage_sum", **used, gen_ai_token_type="input") == 600
    assert value(text, "gen_ai_client_token_usage_count", **used, gen_ai_token_type="output") == 2
    assert value(text, "devlog_cost_dollars_total", **used) == 0.5
    assert value(text, "devlog_cost_dollars_total", gen_ai_request_model="embedded") is None


def test_how_long_attempts_took_and_were_waited_for_falls_into_buckets(scrape, counting, make_devlog):
    devlog = make_devlog()
    attempt = ended(devlog, seconds=2.0)
    Job.objects.filter(pk=devlog.pk).update(queued_at=attempt.started_at - timedelta(seconds=7))

    text = scrape()

    took = [value(text, "messaging_process_duration_seconds_bucket", le=bound) for bound in ("1.28", "2.56", "+Inf")]
    waited = [value(text, "devlog_pickup_duration_seconds_bucket", le=bound) for bound in ("5.0", "10.0", "+Inf")]
    assert (took, waited) == ([0, 1, 1], [0, 1, 1])


def test_a_second_try_was_not_waited_for_since_the_asking(scrape, counting, make_devlog):
    devlog = make_devlog()
    Job.objects.filter(pk=devlog.pk).update(queued_at=Now() - timedelta(hours=1))
    ended(devlog, number=2)

    assert value(scrape(), "devlog_pickup_duration_seconds_count") is None


def test_counters_do_not_fall_when_what_they_counted_is_deleted(scrape, counting, make_devlog):
    for _ in range(3):
        ended(make_devlog(), input_tokens=300)
    before = scrape()
    Attempt.objects.all().delete()
    Job.objects.all().delete()
    DevLog.objects.all().delete()

    after = scrape()

    counted = {key: n for key, n in samples(before).items() if key[0].endswith(CUMULATIVE)}
    assert value(after, "devlog_attempts_total") == 3
    assert {key: samples(after)[key] for key in counted} == counted


def test_what_has_just_ended_is_left_for_the_next_scrape_lest_a_late_commit_is_missed(
    scrape, counting, make_devlog, monkeypatch
):
    ended(make_devlog())
    monkeypatch.setattr("tagging.models.totals.SETTLED_SECONDS", 60.0)
    assert value(scrape(), "devlog_attempts_total") == 0

    monkeypatch.setattr("tagging.models.totals.SETTLED_SECONDS", 0.0)
    assert value(scrape(), "devlog_attempts_total") == 1


def test_of_many_that_ended_each_scrape_adds_a_part_and_none_twice(scrape, counting, make_devlog, monkeypatch):
    monkeypatch.setattr("tagging.models.totals.MOST_AT_ONCE", 2)
    for _ in range(3):
        ended(make_devlog())

    assert [value(scrape(), "devlog_attempts_total") for _ in range(3)] == [2, 3, 3]


def test_sums_that_a_version_with_other_bounds_has_kept_begin_anew(scrape, counting, make_devlog, monkeypatch):
    ended(make_devlog())
    scrape()
    monkeypatch.setattr("tagging.models.totals.WORK_SECONDS", (1.0, 2.0))

    assert value(scrape(), "messaging_process_duration_seconds_count") == 0
    assert value(scrape(), "devlog_attempts_total") == 1


def test_the_breaker_and_what_the_queue_waits_for_are_told(scrape):
    assert value(scrape(), "devlog_breaker", state="closed") == 1

    ProviderState.objects.pause(OUTAGE)
    text = scrape()

    assert [value(text, "devlog_breaker", state=state) for state in ("open", "half_open", "closed")] == [1, 0, 0]
    assert value(text, "devlog_queue_waiting", waiting_for="provider") == 1
    assert 0 < value(text, "devlog_pause_left_seconds") <= 1


def test_a_pause_by_a_person_is_told(scrape):
    QueuePause.objects.pause()

    assert value(scrape(), "devlog_queue_waiting", waiting_for="paused") == 1


def test_the_days_spending_is_told_beside_its_limit_and_no_limit_is_no_number(scrape, settings):
    Spending.objects.create(day=queue.today(), tokens=500, cost=Decimal("0.5"))
    settings.TAGGING_DAILY_TOKENS, settings.TAGGING_DAILY_COST = 1000, 0

    text = scrape()

    assert (value(text, "devlog_today_spent_tokens"), value(text, "devlog_today_limit_tokens")) == (500, 1000)
    assert (value(text, "devlog_today_spent_dollars"), value(text, "devlog_today_limit_dollars")) == (0.5, None)


def test_workers_that_say_nothing_any_more_are_not_counted(scrape):
    for name, ago in (("here", 0), ("gone", 300)):
        seen = timezone.now() - timedelta(seconds=ago)
        Worker.objects.create(name=name, host="host", pid=1, calls_at_once=8, seen_at=seen)

    text = scrape()

    assert (value(text, "devlog_workers"), value(text, "devlog_worker_calls_at_once")) == (1, 8)


def test_while_the_database_is_down_it_tells_so_and_what_is_known_without_it(scrape, client, monkeypatch):
    def away(*args, **kwargs):
        raise DatabaseError("the server is gone")

    client.get("/api/v1/devlogs/")
    monkeypatch.setattr(DevLog, "save", away)
    monkeypatch.setattr("tagging.models.queue.counts", away)

    text = scrape()

    assert (value(text, "devlog_database_up"), value(text, "devlog_jobs")) == (0, None)
    assert value(text, "http_server_request_duration_seconds_count") == 1


def test_a_database_that_fails_in_the_midst_of_a_scrape_is_no_traceback(scrape, monkeypatch):
    def away(*args, **kwargs):
        raise DatabaseError("the server is gone")

    monkeypatch.setattr("tagging.models.queue.counts", away)

    assert value(scrape(), "devlog_database_up") == 0
