"""`/api/v1/queue/`: the queue at a glance, for staff; and what the same figures tell a client that waits."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devlogs import entries
from devlogs.models import DevLog
from tagging.extraction.base import WaitingFor
from tagging.models import Attempt, Job, ProviderState, Worker, pace
from tagging.models.pace import queue_pace
from tests.support.extractors import Paid, error
from tests.support.jobs import answer, claim
from tests.support.running import engine_for

pytestmark = pytest.mark.django_db

QUEUE = "/api/v1/queue/"


@pytest.fixture(autouse=True)
def closed(settings):
    settings.API_OPEN = False


@pytest.fixture
def staff(api, django_user_model):
    api.force_authenticate(django_user_model.objects.create(username="boss", is_staff=True))


def test_an_author_is_refused(api, django_user_model):
    api.force_authenticate(django_user_model.objects.create(username="author"))

    assert api.get(QUEUE).status_code == 403


def test_an_empty_queue_says_so(api, staff):
    told = api.get(QUEUE).json()

    assert told["jobs"] == {"pending": 0, "running": 0, "done": 0, "failed": 0}
    assert (told["oldest_pending_seconds"], told["finished_per_minute"], told["waiting"]) == (None, 0, None)
    assert told["pending"] == []
    assert (told["workers"], told["today"]["tokens"], told["today"]["tokens_limit"]) == ([], 0, None)


def test_jobs_are_counted_by_state_and_the_oldest_that_waits_is_told(api, staff, make_devlog):
    devlogs = [make_devlog() for _ in range(5)]
    Job.objects.complete([answer(claim(limit=3)[0], "Django")])
    Job.objects.cancel([devlogs[1].pk])
    Job.objects.filter(pk=devlogs[4].pk).update(queued_at=Now() - timedelta(seconds=90))

    told = api.get(QUEUE).json()

    assert told["jobs"] == {"pending": 2, "running": 1, "done": 1, "failed": 1}
    assert 90 <= told["oldest_pending_seconds"] < 100


def test_pace_and_times_are_measured_over_the_last_minutes(api, staff, make_devlog, run_jobs):
    for number in range(10):
        make_devlog(f"Wrote Django view {number}.")
    run_jobs(Paid(*[["Django"]] * 10))
    for number, attempt in enumerate(Attempt.objects.all(), 1):
        Attempt.objects.filter(pk=attempt.pk).update(started_at=attempt.finished_at - timedelta(seconds=number))
        Job.objects.filter(pk=attempt.job_id).update(
            queued_at=attempt.finished_at - timedelta(seconds=2 * number), finished_at=attempt.finished_at
        )
    Attempt.objects.filter(pk=Attempt.objects.first().pk).update(finished_at=Now() - timedelta(minutes=6))

    told = api.get(QUEUE).json()

    assert told["finished_per_minute"] == pytest.approx(9 / 5, abs=0.1)
    assert told["milliseconds_of_call"] == {"p50": 6000, "p95": 10_000}
    assert told["milliseconds_until_done"] == {"p50": 12_000, "p95": 20_000}


def test_workers_say_that_they_are_there_and_those_that_are_silent_are_told(api, staff, make_devlog):
    make_devlog()
    claim(owner="sqs")
    engine = engine_for(Paid())
    engine.step()
    Worker.objects.create(name="gone", host="host-2", pid=7, seen_at=Now() - timedelta(minutes=5))

    workers = {worker["name"]: worker for worker in api.get(QUEUE).json()["workers"]}

    here = workers.pop(engine.dispatcher.owner.name)
    assert (here["host"], here["pid"], here["is_alive"]) == (
        engine.dispatcher.owner.host,
        engine.dispatcher.owner.pid,
        True,
    )
    assert {name: (worker["host"], worker["is_alive"], worker["jobs"]) for name, worker in workers.items()} == {
        "gone": ("host-2", False, 0),
        "sqs": (None, None, 1),
    }
    engine.close()
    assert set(Worker.objects.values_list("name", flat=True)) == {"gone"}


def test_what_the_queue_waits_for_and_the_budget_are_told(api, staff, make_devlog, run_jobs, settings):
    settings.TAGGING_DAILY_TOKENS, settings.TAGGING_DAILY_TOKENS_PER_AUTHOR = 10**9, 10**6
    make_devlog("Wrote a Django view.")
    run_jobs(Paid(["Django"]))
    ProviderState.objects.pause(error(waiting_for=WaitingFor.RATE_LIMIT, retry_after=60))

    told = api.get(QUEUE).json()

    assert (told["waiting"]["waiting_for"], told["waiting"]["error"]["code"]) == ("rate_limit", "timeout")
    assert told["waiting"]["until"] > told["waiting"]["since"]
    today = told["today"]
    assert (today["tokens"], today["tokens_limit"], today["tokens_limit_per_author"]) == (10, 10**9, 10**6)


def test_no_query_reads_the_jobs_that_are_done(api, staff, make_devlog, run_jobs):
    make_devlog("Wrote a Django view.")
    run_jobs(Paid(["Django"]))
    if connection.vendor == "postgresql":
        pytest.skip("its planner scans a table of one row")
    with CaptureQueriesContext(connection) as captured:
        api.get(QUEUE)

    plans = []
    with connection.cursor() as cursor:
        for query in captured:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plans += [row[-1] for row in cursor.fetchall()]
    scans = [plan for plan in plans if plan.startswith("SCAN")]
    assert [scan for scan in scans if "tagging_job" in scan and "job_" not in scan] == []


# -- when a job is likely to be done -----------------------------------------------------------------------------


@pytest.fixture
def one_a_second(monkeypatch):
    monkeypatch.setattr(pace, "measured", lambda: pace.Pace(1.0, [], []))


def seconds(devlog):
    return queue_pace.seconds_until_done(devlog.pk)


def test_with_nothing_measured_a_client_may_look_every_second(make_devlog):
    devlogs = [make_devlog() for _ in range(3)]

    assert seconds(devlogs[-1]) == 1


def test_a_job_s_place_and_the_pace_tell_when_it_is_done(make_devlog, one_a_second):
    *_, fifth = [make_devlog() for _ in range(5)]

    assert seconds(fifth) == 5


def test_it_is_never_more_than_five_minutes(make_devlog, monkeypatch):
    monkeypatch.setattr(pace, "measured", lambda: pace.Pace(0.001, [], []))

    assert seconds(make_devlog()) == 300


def test_an_author_s_first_does_not_wait_for_all_of_another(make_devlog, one_a_second, django_user_model):
    for _ in range(20):
        make_devlog()

    assert seconds(make_devlog(author=django_user_model.objects.create(username="author"))) == 2


def test_what_came_in_bulk_waits_for_all_that_people_wait_for(make_devlog, one_a_second):
    bulk = DevLog(entry="Wrote a Django view.")
    entries.write_many([bulk])
    for _ in range(10):
        make_devlog()

    assert seconds(bulk) == 11


def test_a_client_is_told_so_by_retry_after(api, make_devlog, one_a_second, settings):
    settings.API_OPEN = True
    *_, fifth = [make_devlog() for _ in range(5)]

    assert api.get(f"/api/v1/devlogs/{fifth.pk}/")["Retry-After"] == "5"


def test_a_queue_that_is_seldom_asked_is_taken_to_be_as_fast_as_its_calls(make_tagged, make_devlog):
    make_tagged("Django")

    assert seconds(make_devlog()) == 1


@pytest.mark.parametrize(
    "calls, busy", [([(0, 2)], 2), ([(0, 2), (1, 3)], 3), ([(0, 4), (1, 2)], 4), ([(0, 1), (5, 6)], 2), ([], 0)]
)
def test_time_is_busy_where_at_least_one_call_runs(calls, busy):
    start = timezone.now()
    times = [(start + timedelta(seconds=begins), start + timedelta(seconds=ends)) for begins, ends in calls]

    assert pace.busy_seconds(times) == busy


def test_an_author_s_new_jobs_are_counted_once_a_second(api, make_devlog, one_a_second, settings, monkeypatch):
    settings.API_OPEN = True
    monkeypatch.setattr(pace, "SEEN_SECONDS", 3600)

    def statements():
        with CaptureQueriesContext(connection) as captured:
            assert api.post("/api/v1/devlogs/", {"entry": "Wrote a Django view."})["Retry-After"] == "5"
        return len(captured)

    for _ in range(4):
        make_devlog()
    first, second, third = statements(), statements(), statements()

    assert first > second == third


def test_who_has_the_dev_log_already_is_told_when_to_look_again(api, make_devlog, one_a_second, settings):
    settings.API_OPEN = True
    *_, fifth = [make_devlog() for _ in range(5)]
    url = f"/api/v1/devlogs/{fifth.pk}/"
    etag = api.get(url)["ETag"]

    again = api.get(url, headers={"If-None-Match": etag})

    assert (again.status_code, again["Retry-After"]) == (304, "5")


def test_a_post_that_is_saved_is_answered_though_nobody_can_say_when_it_is_done(api, settings, db, monkeypatch):
    settings.API_OPEN = True
    monkeypatch.setattr(pace, "measured", Mock(side_effect=OperationalError))

    answer = api.post("/api/v1/devlogs/", {"entry": "Wrote a Django view."})

    assert (answer.status_code, answer["Retry-After"]) == (201, "1")
