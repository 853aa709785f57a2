"""`/api/v1/jobs/`: what was asked for, how far it is, what came of it; to ask once more, and to cancel."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devlogs import entries
from devlogs.models import DevLog
from tagging import queues
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import Job, ProviderState
from tagging.models.shown_pause import shown_pause
from tests.support.extractors import Paid, Scripted, error
from tests.support.jobs import answer, claim, failure, job_of

pytestmark = pytest.mark.django_db

JOBS = "/api/v1/jobs/"
SECRET = "401 from https://llm.intern:8443 with key sk-…abcd: budget of 5 $ is spent"


@pytest.fixture(autouse=True)
def closed(settings):
    settings.API_OPEN = False


@pytest.fixture
def people(django_user_model):
    create = django_user_model.objects.create
    return create(username="mine"), create(username="other"), create(username="boss", is_staff=True)


@pytest.fixture
def mine(api, people):
    """Log an author in, and return them."""
    api.force_authenticate(people[0])
    return people[0]


def ids(response):
    assert response.status_code == 200, response.content
    return [job["job_id"] for job in response.json()["results"]]


def test_a_done_job_says_what_was_asked_what_came_of_it_and_what_it_cost(api, mine, make_devlog, run_jobs, settings):
    settings.OPENAI_INPUT_PRICE, settings.OPENAI_OUTPUT_PRICE = 100_000, 200_000
    devlog = make_devlog("Wrote a Django view with Redis.", author=mine)
    run_jobs(Paid(["Django", "Redis"]))

    job = api.get(f"{JOBS}{devlog.pk}/").json()

    (attempt,) = job.pop("attempts")
    assert job | {"init_time": 0, "finished_time": 0} == {
        "job_id": devlog.pk,
        "status": "done",
        "devlog": f"http://testserver/api/v1/devlogs/{devlog.pk}/",
        "input": "Wrote a Django view with Redis.",
        "output": ["Django", "Redis"],
        "init_time": 0,
        "finished_time": 0,
        "error": None,
        "waiting_for": None,
        "run_after": None,
        "request_id": attempt["request_id"],
    }
    assert job["init_time"] <= attempt["started_at"] <= attempt["finished_at"]
    assert attempt["milliseconds"] >= 0
    assert {name: attempt[name] for name in ("number", "outcome", "error", "model", "cost")} == {
        "number": 1,
        "outcome": "answered",
        "error": None,
        "model": "model-1",
        "cost": "1.300000",
    }
    assert (attempt["input_tokens"], attempt["output_tokens"]) == (7, 3)


def test_a_job_that_is_not_done_has_no_output_though_the_dev_log_has_tags(api, mine, make_tagged):
    devlog = make_tagged("Django", author=mine)
    queues.retag([devlog.pk])

    job = api.get(f"{JOBS}{devlog.pk}/").json()

    assert (job["status"], job["output"], job["finished_time"]) == ("pending", None, None)


def test_attempts_are_numbered_through_where_a_job_was_asked_anew(api, mine, make_tagged, run_jobs):
    devlog = make_tagged("Django", author=mine)
    queues.retag([devlog.pk])
    run_jobs(Scripted(["Redis"]))

    attempts = api.get(f"{JOBS}{devlog.pk}/").json()["attempts"]

    assert [attempt["number"] for attempt in attempts] == [1, 2]


@pytest.mark.parametrize("is_running", [False, True])
def test_an_attempt_that_ends_after_the_state_was_read_is_not_shown_with_it(api, mine, make_tagged, is_running):
    devlog = make_tagged("Django", author=mine)
    queues.retag([devlog.pk])
    claimed = claim() if is_running else []

    def end_it():
        (job,) = claimed or claim()
        Job.objects.complete([answer(job, "Redis")])

    with before_the_attempts_are_read(end_it):
        job = api.get(f"{JOBS}{devlog.pk}/").json()

    assert (job["status"], len(job["attempts"])) == ("running" if is_running else "pending", 1)
    job = api.get(f"{JOBS}{devlog.pk}/").json()
    assert (job["status"], len(job["attempts"])) == ("done", 2)


@contextmanager
def before_the_attempts_are_read(work):
    left = [work]

    def wrapper(execute, sql, *rest):
        if sql.startswith("SELECT") and 'FROM "tagging_attempt"' in sql and left:
            left.pop()()
        return execute(sql, *rest)

    with connection.execute_wrapper(wrapper):
        yield
    assert not left


def test_an_author_sees_their_own_jobs_alone_and_staff_see_all(api, people, make_devlog):
    devlogs = [make_devlog(author=author) for author in people[:2]]
    seen = {}
    for person in people:
        api.force_authenticate(person)
        seen[person.username] = ids(api.get(JOBS))

    assert seen == {"mine": [devlogs[0].pk], "other": [devlogs[1].pk], "boss": [devlogs[1].pk, devlogs[0].pk]}


@pytest.mark.parametrize("method, address", [("get", ""), ("post", "retry/"), ("post", "cancel/")])
def test_anothers_job_is_not_there(api, mine, people, make_devlog, method, address):
    devlog = make_devlog(author=people[1])

    assert getattr(api, method)(f"{JOBS}{devlog.pk}/{address}").status_code == 404
    assert job_of(devlog).state == "pending"


def test_the_list_is_narrowed_to_a_status_as_it_is_shown(api, mine, make_devlog):
    made = {status: make_devlog(author=mine).pk for status in ("superseded", "running")}
    claim()
    Job.objects.supersede(made["superseded"])
    for status in ("failed", "pending"):
        made[status] = make_devlog(author=mine).pk
    Job.objects.cancel([made["failed"]])

    found = {status: set(ids(api.get(f"{JOBS}?status={status}"))) for status in Job.State.values}

    assert found == {
        "pending": {made["pending"], made["superseded"]},
        "running": {made["running"]},
        "done": set(),
        "failed": {made["failed"]},
    }


def test_the_list_is_narrowed_to_what_went_wrong_so_that_cancelled_ones_are_told_from_others(api, mine, make_devlog):
    cancelled, failed, retried, _ = (make_devlog(author=mine) for _ in range(4))
    jobs = {job.pk: job for job in claim(limit=3)}
    Job.objects.cancel([cancelled.pk])
    Job.objects.discard(failure(jobs[failed.pk]))
    Job.objects.retry(failure(jobs[retried.pk]), wait_seconds=60)
    code = failure(jobs[failed.pk]).error_code

    assert ids(api.get(f"{JOBS}?error=cancelled")) == [cancelled.pk]
    assert ids(api.get(f"{JOBS}?error={code}")) == [retried.pk, failed.pk]
    assert ids(api.get(f"{JOBS}?error={code}&status=failed")) == [failed.pk]


def test_the_list_is_narrowed_to_what_jobs_are_shown_to_wait_for(api, mine, make_devlog):
    retried, waiting, private = (make_devlog(author=mine, is_private=is_private) for is_private in (0, 0, 1))
    (job,) = claim(limit=1)
    Job.objects.retry(failure(job), wait_seconds=60)
    before = {reason: ids(api.get(f"{JOBS}?waiting_for={reason}")) for reason in WaitingFor}
    ProviderState.objects.pause(error(waiting_for=WaitingFor.PROVIDER, retry_after=60))
    shown_pause.forget()

    after = {reason: ids(api.get(f"{JOBS}?waiting_for={reason}")) for reason in WaitingFor}

    assert before == {"retry": [retried.pk], "rate_limit": [], "provider": [], "budget": []}
    assert after == {"retry": [retried.pk], "rate_limit": [], "provider": [waiting.pk], "budget": []}
    shown = {job["job_id"]: job["waiting_for"] for job in api.get(JOBS).json()["results"]}
    assert shown == {retried.pk: "retry", waiting.pk: "provider", private.pk: None}


def test_the_list_is_narrowed_to_a_range_of_time_and_for_staff_to_an_author(api, people, make_devlog):
    old, new, others = (make_devlog(author=author) for author in (people[0], people[0], people[1]))
    Job.objects.filter(pk=old.pk).update(queued_at=Now() - timedelta(days=2))
    yesterday = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    api.force_authenticate(people[2])

    assert ids(api.get(f"{JOBS}?since={yesterday}")) == [others.pk, new.pk]
    assert ids(api.get(f"{JOBS}?until={yesterday}")) == [old.pk]
    assert ids(api.get(f"{JOBS}?author=mine")) == [new.pk, old.pk]
    assert api.get(f"{JOBS}?since=yesterday").status_code == 400


def test_pages_hold_every_job_once(api, mine):
    entries.write_many([DevLog(entry=f"Wrote Django view {number}.", author=mine) for number in range(60)])
    found, address = [], JOBS
    while address:
        page = api.get(address)
        found += ids(page)
        address = page.json()["next"]

    assert found == sorted(DevLog.objects.values_list("pk", flat=True), reverse=True)


def test_fifty_jobs_are_read_by_as_many_queries_as_one(api, mine, make_tagged):
    def queries():
        shown_pause.forget()
        with CaptureQueriesContext(connection) as captured:
            assert len(ids(api.get(JOBS))) == DevLog.objects.count()
        return len(captured)

    make_tagged("Django", author=mine)
    one = queries()
    entries.write_many([DevLog(entry=f"Wrote Redis client {number}.", author=mine) for number in range(49)])
    run(49)

    assert (queries(), one) == (one, 4)


def run(count):
    for job in Job.objects.claim(count, owner="me", lease_seconds=60):
        Job.objects.discard(failure(job))


# -- to ask once more, and to cancel -----------------------------------------------------------------------------


def test_a_final_job_is_asked_once_more(api, mine, make_tagged):
    devlog = make_tagged("Django", author=mine)

    response = api.post(f"{JOBS}{devlog.pk}/retry/")

    assert (response.status_code, response.json()["status"], job_of(devlog).asks_anew) == (202, "pending", True)


def test_one_that_is_pending_or_running_is_not_asked_once_more(api, mine, make_devlog):
    devlogs = [make_devlog(author=mine) for _ in range(2)]
    claim(limit=1)

    responses = [api.post(f"{JOBS}{devlog.pk}/retry/") for devlog in devlogs]

    assert [response.status_code for response in responses] == [409, 409]
    assert {response["Content-Type"] for response in responses} == {"application/problem+json"}


def test_an_author_with_too_many_pending_may_not_ask_once_more(api, mine, make_tagged, make_devlog, monkeypatch):
    monkeypatch.setattr(queues, "MOST_PENDING", 1)
    devlog = make_tagged("Django", author=mine)
    make_devlog(author=mine)

    response = api.post(f"{JOBS}{devlog.pk}/retry/")

    assert (response.status_code, response["Retry-After"], job_of(devlog).state) == (429, "60", "done")


def test_jobs_that_are_not_final_are_cancelled(api, mine, make_devlog):
    devlogs = [make_devlog(author=mine) for _ in range(2)]
    claim(limit=1)

    responses = [api.post(f"{JOBS}{devlog.pk}/cancel/") for devlog in devlogs]

    assert [response.status_code for response in responses] == [202, 202]
    assert [(response.json()["status"], response.json()["error"]["code"]) for response in responses] == [
        ("failed", "cancelled")
    ] * 2


def test_a_final_job_cannot_be_cancelled(api, mine, make_tagged):
    devlog = make_tagged("Django", author=mine)

    assert (api.post(f"{JOBS}{devlog.pk}/cancel/").status_code, job_of(devlog).state) == (409, "done")


# -- what an author is told --------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ErrorCode)
def test_an_author_is_told_no_detail_of_the_operators_and_staff_are_told_all(api, people, make_devlog, code):
    devlog = make_devlog(author=people[0])
    (job,) = claim()
    Job.objects.discard(job.new_attempt(outcome="failed", error_code=code, error_detail=SECRET))
    told = {}
    for person in (people[0], people[2]):
        api.force_authenticate(person)
        job, shown = (api.get(f"/api/v1/{kind}/{devlog.pk}/").json() for kind in ("jobs", "devlogs"))
        told[person.username] = [job["error"], job["attempts"][0]["error"], shown["tagging"]["error"]]

    assert told["boss"] == [{"code": code, "detail": SECRET}] * 3
    assert told["mine"][0] == told["mine"][1] == told["mine"][2]
    assert told["mine"][0]["code"] == code
    assert not {"llm", "https", "sk-", "$", "401"} & {
        word for word in SECRET.split() if word in told["mine"][0]["detail"]
    }
    assert SECRET not in told["mine"][0]["detail"]


def test_an_author_is_told_that_the_provider_is_the_trouble(api, mine, make_devlog, run_jobs):
    devlog = make_devlog(author=mine)
    refused = error(ErrorCode.PROVIDER_REFUSED, waiting_for=WaitingFor.PROVIDER)
    run_jobs(Scripted(refused))

    job = api.get(f"{JOBS}{devlog.pk}/").json()

    assert (job["status"], job["waiting_for"], job["error"]["code"]) == ("pending", "provider", "provider_refused")
    assert "provider of the model is the trouble, not your entry" in job["error"]["detail"]
