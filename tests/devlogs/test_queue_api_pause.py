"""What the API and the health address tell while a person has paused the queue."""

import pytest
from django.contrib.auth import get_user_model

from tagging.extraction.base import WaitingFor
from tagging.models import ProviderState, QueuePause
from tagging.models.shown_pause import shown_pause
from tests.support.extractors import error

pytestmark = pytest.mark.django_db

DEVLOGS, JOBS, QUEUE = "/api/v1/devlogs/", "/api/v1/jobs/", "/api/v1/queue/"


@pytest.fixture
def paused(db):
    return QueuePause.objects.pause(get_user_model().objects.create(username="boss"), "<script>alert(1)</script>")


def test_a_dev_log_is_taken_in_and_says_that_it_waits_for_nobody_knows_how_long(api, paused):
    answer = api.post(DEVLOGS, {"entry": "Wrote a Django view."})

    tagging = answer.json()["tagging"]
    assert (answer.status_code, answer["Retry-After"]) == (201, "10")
    assert (tagging["state"], tagging["waiting_for"], tagging["run_after"]) == ("pending", "paused", None)


def test_what_was_there_before_says_so_too_and_its_etag_changes(api, make_devlog):
    url = f"{DEVLOGS}{make_devlog().pk}/"
    before = api.get(url)
    QueuePause.objects.pause()
    shown_pause.forget()

    now = api.get(url, headers={"If-None-Match": before["ETag"]})
    again = api.get(url, headers={"If-None-Match": now["ETag"]})

    assert (now.status_code, now.json()["tagging"]["waiting_for"]) == (200, "paused")
    assert (again.status_code, again["Retry-After"]) == (304, "10")


def test_what_was_done_before_waits_for_nothing(api, make_tagged):
    devlog = make_tagged("Django")
    QueuePause.objects.pause()

    job = api.get(f"{JOBS}{devlog.pk}/").json()

    assert (job["status"], job["waiting_for"]) == ("done", None)


def test_jobs_are_found_by_it_and_by_nothing_else(api, make_devlog, paused):
    devlogs = [make_devlog(), make_devlog(is_private=True)]
    ProviderState.objects.pause(error(waiting_for=WaitingFor.PROVIDER))

    found = {
        reason: {job["job_id"] for job in api.get(JOBS, {"waiting_for": reason}).json()["results"]}
        for reason in ("paused", "provider")
    }

    assert found == {"paused": {devlog.pk for devlog in devlogs}, "provider": set()}


def test_none_is_found_by_it_while_nothing_is_paused(api, make_devlog):
    make_devlog()

    assert api.get(JOBS, {"waiting_for": "paused"}).json()["results"] == []


def test_the_queue_says_who_paused_it_since_when_and_why(api, make_devlog, paused):
    make_devlog()
    api.force_authenticate(get_user_model().objects.create(username="staff", is_staff=True))

    waiting = api.get(QUEUE).json()["waiting"]

    assert (waiting["waiting_for"], waiting["until"], waiting["error"]) == ("paused", None, None)
    assert (waiting["paused_by"], waiting["reason"]) == ("boss", "<script>alert(1)</script>")


def test_a_process_stays_ready_and_says_that_the_queue_is_paused(client, paused):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["queue"]) == (200, "paused")
    assert "manage.py resume" in answer.json()["advice"][0]
    assert "boss" not in answer.content.decode()
    assert "alert" not in answer.content.decode()
