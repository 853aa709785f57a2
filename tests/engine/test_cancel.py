"""A job that a person cancels: what becomes of it, of its call, and of what that cost."""

import threading

import pytest
from django.db import connection

from tagging import queues
from tagging.models import Attempt, Job, Spending
from tagging.models.queue import counts
from tagging.models.spending import estimate
from tests.support.extractors import Paid
from tests.support.jobs import answer, claim, failure, job_of, tags_of
from tests.support.running import drain, engine_for

pytestmark = pytest.mark.django_db


def shown(devlog):
    job = job_of(devlog)
    return job.state, job.error_code, job.run_after, job.finished_at is None


CANCELLED = ("failed", "cancelled", None, False)


@pytest.fixture
def budget(settings):
    settings.TAGGING_DAILY_TOKENS = 10**9


def claim_paid(owner="me"):
    return Job.objects.claim(10, owner=owner, lease_seconds=60, is_paid=True)


def reserved():
    return sum(Job.objects.running().values_list("reserved_tokens", flat=True))


def spent():
    return sum(Spending.objects.values_list("tokens", flat=True))


def test_a_pending_job_that_is_cancelled_is_claimed_by_nobody(make_devlog):
    devlog = make_devlog()

    assert Job.objects.cancel([devlog.pk]) == 1

    assert (shown(devlog), claim()) == (CANCELLED, [])
    assert job_of(devlog).finished_at is not None


def test_one_in_doubt_is_decided_by_its_cancellation(make_devlog):
    devlog = make_devlog()
    (job,) = claim()
    Job.objects.doubt(failure(job), fails_if_blamed=True)

    Job.objects.cancel([devlog.pk])

    assert (shown(devlog), Job.objects.in_doubt().exists()) == (CANCELLED, False)


@pytest.mark.parametrize(
    "settle",
    [
        lambda job: Job.objects.complete([answer(job, "Django")]),
        lambda job: Job.objects.release([job]),
        lambda job: Job.objects.retry(failure(job), wait_seconds=0),
    ],
)
def test_what_comes_for_a_cancelled_claim_is_dropped(make_devlog, settle):
    devlog = make_devlog("Wrote a Django view.")
    (job,) = claim()

    Job.objects.cancel([devlog.pk])
    settle(job)

    assert (shown(devlog), tags_of(devlog)) == (CANCELLED, [])


def test_a_final_job_is_not_cancelled(make_devlog):
    devlog = make_devlog("Wrote a Django view.")
    Job.objects.complete([answer(*claim(), "Django")])

    assert (Job.objects.cancel([devlog.pk]), job_of(devlog).state) == (0, "done")


def test_what_is_reserved_for_a_cancelled_job_s_call_is_held_until_it_is_paid_for(make_devlog, budget):
    devlog = make_devlog("Wrote a Django view.")
    engine = engine_for(Paid(["Django"]))
    engine.step()
    Job.objects.cancel([devlog.pk])
    held = reserved()
    engine.mailbox.wait(timeout=10)

    drain(engine)

    assert (held, reserved()) == (estimate(len(devlog.entry)).tokens, 0)
    assert (shown(devlog), tags_of(devlog), spent()) == (CANCELLED, [], 10)
    engine.close()


def test_a_worker_that_dies_after_a_cancellation_leaves_the_call_booked_as_it_was_reserved(make_devlog, budget):
    devlog = make_devlog("Wrote a Django view.")
    claim_paid("dead")
    Job.objects.cancel([devlog.pk])

    Job.objects.recover(["dead"])

    assert (spent(), reserved()) == (estimate(len(devlog.entry)).tokens, 0)
    assert (shown(devlog), Attempt.objects.count()) == (CANCELLED, 0)


@pytest.mark.parametrize("how", ["retag", "edit"])
def test_a_cancelled_job_that_is_asked_for_again_waits_for_the_end_of_its_first_call(make_devlog, budget, how):
    devlog = make_devlog("Wrote a Django view.")
    claim_paid()
    Job.objects.cancel([devlog.pk])
    held = reserved()

    queues.retag([devlog.pk]) if how == "retag" else queues.enqueue_again(devlog)
    queued = job_of(devlog)

    assert (queued.shown_state, queued.error, reserved(), claim_paid()) == ("pending", None, held, [])
    assert queued.asks_anew == (how == "retag")
    Job.objects.release([queued])
    assert [(job.pk, job.attempts) for job in claim_paid()] == [(devlog.pk, 1)]


def test_a_cancelled_job_whose_call_still_runs_is_shown_and_counted_as_failed(make_devlog, api):
    devlog = make_devlog("Wrote a Django view.")
    claim()
    Job.objects.cancel([devlog.pk])

    for path in ("jobs/?status", "devlogs/?state"):
        found = {state: api.get(f"/api/v1/{path}={state}").json()["results"] for state in Job.State.values}
        assert {state: len(rows) for state, rows in found.items() if rows} == {"failed": 1}, path
    assert counts() == {"pending": 0, "running": 0, "done": 0, "failed": 1}


def test_an_edited_job_whose_old_call_still_runs_is_cancelled_too(make_devlog):
    devlog = make_devlog()
    claim()
    Job.objects.supersede(devlog.pk)

    assert (Job.objects.cancel([devlog.pk]), shown(devlog)) == (1, CANCELLED)


def test_a_cancelled_job_that_is_asked_for_again_is_done(make_devlog, run_jobs):
    devlog = make_devlog("Wrote a Django view.")
    Job.objects.cancel([devlog.pk])
    queues.retag([devlog.pk])

    run_jobs(Paid(["Django"]))

    assert (job_of(devlog).state, job_of(devlog).error, tags_of(devlog)) == ("done", None, ["Django"])


@pytest.mark.django_db(transaction=True)
def test_of_a_cancellation_and_a_claim_at_once_each_job_has_one_outcome(make_devlog):
    """Whoever is first: a job is either cancelled, with no claim left, or was never the claim's."""
    devlogs = [make_devlog(f"Wrote a Django view, no. {number}.") for number in range(20)]
    begin = threading.Barrier(3)
    settled, cancelled = [], []

    def work(name):
        begin.wait()
        while jobs := Job.objects.claim(2, owner=name, lease_seconds=60):
            settled.extend(Job.objects.complete([answer(job, "Django") for job in jobs]))
        connection.close()

    def cancel():
        begin.wait()
        cancelled.extend(devlog.pk for devlog in devlogs if Job.objects.cancel([devlog.pk]))
        connection.close()

    threads = [threading.Thread(target=work, args=["a"]), threading.Thread(target=work, args=["b"])]
    threads.append(threading.Thread(target=cancel))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    done = {pk for pk, _ in settled}
    assert (done | set(cancelled), done & set(cancelled)) == ({devlog.pk for devlog in devlogs}, set())
    assert {shown(devlog) for devlog in devlogs if devlog.pk in cancelled} <= {CANCELLED}
    assert Attempt.objects.count() == len(done)


def test_staff_cancel_in_the_admin_what_is_not_final(make_devlog, admin_client):
    devlogs = [make_devlog("Wrote a Django view.") for _ in range(2)]
    Job.objects.complete([answer(claim(limit=1)[0], "Django")])
    selected = {"action": "cancel", "_selected_action": [devlog.pk for devlog in devlogs], "post": "yes"}

    page = admin_client.post("/admin/tagging/job/", selected, follow=True)

    assert [job_of(devlog).state for devlog in devlogs] == ["done", "failed"]
    assert "Jobs cancelled: 1." in page.content.decode()
