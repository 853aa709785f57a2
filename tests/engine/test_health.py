"""The two addresses for machines tell the truth."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, connections
from django.db.models.functions import Now
from django.utils import timezone

from devlog_project import VERSION
from devlog_project.ops.readiness import Findings, Readiness
from devlogs.models import DevLog
from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Attempt, Job, ProviderState

pytestmark = pytest.mark.django_db


def test_the_process_is_well_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"status": "ok"}


def test_a_process_whose_task_is_not_the_worker_is_ready(client):
    response = client.get("/readyz")

    assert response.status_code == 200
    well = dict.fromkeys(["status", "database", "migrations", "provider", "queue"], "ok")
    assert response.json() == well | {"worker": "off", "version": VERSION}


WRONG_KEY = ExtractionError(
    ErrorCode.PROVIDER_REFUSED, "The provider refuses us (HTTP 401, request req_1).", waiting_for=WaitingFor.PROVIDER
)
FOR_AN_HOUR = ExtractionError(
    ErrorCode.RATE_LIMITED, "Too many requests.", waiting_for=WaitingFor.RATE_LIMIT, retry_after=3600
)


def waiting(client):
    """Return what is waited for, why, and how many seconds ago it began and ahead it ends."""
    response = client.get("/readyz")
    body, now = response.json(), timezone.now()
    assert (response.status_code, body["status"]) == (200, "degraded")  # degraded, but requests are not turned away
    moments = [body["waiting"][name] for name in ("since", "until")]
    seconds = [round((datetime.fromisoformat(at) - now).total_seconds(), -1) if at else None for at in moments]
    return body["provider"], body["waiting"]["code"], *seconds


def test_a_wrong_key_is_told_with_its_code_and_since_when(client):
    ProviderState.objects.pause(WRONG_KEY)
    ProviderState.objects.update(since=Now() - timedelta(hours=1), resume_at=Now() - timedelta(seconds=1))

    assert waiting(client) == ("provider", "provider_refused", -3600, None)  # the next probe decides


def test_a_rate_limit_is_told_with_its_end(client):
    ProviderState.objects.pause(FOR_AN_HOUR)

    assert waiting(client) == ("rate_limit", "rate_limited", 0, 3600)


def test_a_spent_budget_is_told_without_a_code_and_with_when_it_is_looked_at_again(client):
    ProviderState.objects.pause_for_budget()

    assert waiting(client) == ("budget", None, 0, 30)


def test_the_waiting_is_told_without_the_words_and_the_digest_of_the_provider(client):
    ProviderState.objects.pause(WRONG_KEY)

    assert set(client.get("/readyz").json()["waiting"]) == {"code", "since", "until"}


def test_a_database_that_is_away_turns_requests_away(client, monkeypatch):
    def away():
        raise DatabaseError("the server is gone")

    monkeypatch.setattr(ProviderState.objects, "current", away)

    assert client.get("/readyz").status_code == 503


@pytest.mark.parametrize("worker", ["dead", "silent", "troubled", "stopped"])
def test_a_worker_that_does_not_turn_is_told(client, monkeypatch, worker):
    monkeypatch.setattr("tagging.engine.startup.health", lambda: worker)

    response = client.get("/readyz")

    assert (response.status_code, response.json()["worker"]) == (503, worker)


def told(client):
    response = client.get("/readyz")
    return response.status_code, response.json()["queue"], " ".join(response.json().get("advice", []))


def test_a_database_in_which_no_entry_can_be_saved_turns_requests_away_and_says_what_to_do(client, monkeypatch):
    def refuse(*args, **kwargs):
        raise DatabaseError("attempt to write a readonly database") from caused_by_sqlite(8)

    monkeypatch.setattr(DevLog, "save", refuse)

    status, _, advice = told(client)

    assert (status, "cannot be written" in advice) == (503, True)


def caused_by_sqlite(code):
    error = sqlite3.OperationalError()
    error.sqlite_errorcode = code
    return error


def test_asking_whether_an_entry_can_be_saved_leaves_nothing_behind(client, make_devlog):
    before = make_devlog().pk

    client.get("/readyz")

    assert DevLog.objects.count() == 1
    assert make_devlog().pk == before + 1


def test_a_probe_each_moment_does_not_write_each_moment(client, django_assert_max_num_queries):
    client.get("/readyz")

    with django_assert_max_num_queries(1):  # the provider's pause has a memory of its own
        for _ in range(5):
            client.get("/readyz")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's disk is not ours to see")
def test_a_full_disk_is_told_before_a_write_meets_it(client, monkeypatch):
    monkeypatch.setattr("devlog_project.ops.readiness.free_bytes", lambda: 0)

    status, _, advice = told(client)

    assert (status, "make room" in advice) == (503, True)


def test_while_one_look_does_not_come_back_the_next_callers_are_told_so(monkeypatch):
    monkeypatch.setattr("devlog_project.ops.readiness.HANGING_SECONDS", 0.01)
    seen, looks, ends = Readiness(), threading.Event(), threading.Event()

    def hang():
        looks.set()
        ends.wait(20)
        return Findings()

    def found() -> Findings:
        try:
            return seen.findings()
        finally:
            connections.close_all()  # this thread's own

    monkeypatch.setattr("devlog_project.ops.readiness.look", hang)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(found)
        looks.wait(20)

        assert seen.findings().database == "down"
        ends.set()
        assert first.result(20).database == "ok"


def overdue(devlog, **fields):
    Job.objects.filter(pk=devlog.pk).update(run_after=Now() - timedelta(seconds=30), **fields)


def test_a_queue_that_stands_still_is_told_and_entries_are_taken_all_the_same(client, make_devlog):
    overdue(make_devlog())

    status, queue, advice = told(client)

    assert (status, queue, "run_worker" in advice) == (200, "still", True)


def test_a_backlog_that_is_worked_on_does_not_stand_still(client, make_devlog):
    make_devlog()
    Job.objects.claim(1, owner="worker", lease_seconds=120)
    overdue(make_devlog())

    assert told(client)[1] == "ok"


def test_a_claim_that_nobody_renews_hides_no_standstill(client, make_devlog):
    make_devlog()
    Job.objects.claim(1, owner="dead", lease_seconds=60)
    overdue(make_devlog())

    assert told(client)[1] == "still"


def test_a_queue_that_waits_for_the_provider_does_not_stand_still(client, make_devlog):
    overdue(make_devlog())
    ProviderState.objects.pause(WRONG_KEY)

    status, queue, advice = told(client)

    assert (status, queue, "manage.py resume" in advice) == (200, "ok", True)


def attempt_at(devlog, **fields):
    job = Job.objects.get(pk=devlog.pk)
    return Attempt.objects.create(job=job, number=1, started_at=timezone.now(), **fields)


def test_calls_that_all_fail_are_told_with_their_code(client, make_devlog):
    for _ in range(3):
        attempt_at(make_devlog(), outcome="failed", error_code="bad_answer")

    status, queue, advice = told(client)

    assert (status, queue, "bad_answer" in advice) == (200, "failing", True)


def test_one_answer_among_the_failures_or_one_dev_log_that_fails_again_and_again_says_nothing(client, make_devlog):
    for _ in range(3):
        attempt_at(make_devlog(), outcome="failed", error_code="bad_answer")
    attempt_at(make_devlog(), outcome="answered")
    assert told(client)[1] == "ok"

    Attempt.objects.all().delete()
    alone = make_devlog()
    for _ in range(5):
        attempt_at(alone, outcome="failed", error_code="bad_answer")

    assert told(client)[1] == "ok"


def test_failures_of_yesterday_say_nothing(client, make_devlog):
    for _ in range(3):
        attempt_at(make_devlog(), outcome="failed", finished_at=timezone.now() - timedelta(days=1))

    assert told(client)[1] == "ok"
