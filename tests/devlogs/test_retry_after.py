"""How long a client is told to wait before it looks again."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Job, ProviderState, pace
from tagging.models.pace import queue_pace
from tests.support.extractors import Scripted
from tests.support.jobs import claim, failure

pytestmark = pytest.mark.django_db

DEVLOGS = "/api/v1/devlogs/"
FOR_AN_HOUR = ExtractionError(
    ErrorCode.RATE_LIMITED, "Too many requests.", waiting_for=WaitingFor.RATE_LIMIT, retry_after=3600
)


def post(api):
    return api.post(DEVLOGS, {"entry": "Wrote a Django view."})


def seconds(response):
    return int(response["Retry-After"])


@pytest.fixture
def refused(make_devlog, run_jobs):
    """Return a dev-log that was refused, with a pause of an hour."""
    devlog = make_devlog()
    run_jobs(Scripted(FOR_AN_HOUR))
    return devlog


def test_during_a_pause_it_is_what_is_left_of_it(api, refused):
    posted = post(api)
    looked_at = [api.get(posted["Location"]), api.get(f"{DEVLOGS}{refused.pk}/")]

    assert all(3590 < seconds(response) <= 3600 for response in [posted, *looked_at])
    assert {response.json()["tagging"]["waiting_for"] for response in looked_at} == {"rate_limit"}


def test_an_entry_edited_during_a_pause_is_told_so_too(api, refused):
    edited = api.patch(f"{DEVLOGS}{refused.pk}/", {"entry": "Wrote a Flask view."})

    assert 3590 < seconds(edited) <= 3600


def test_after_the_pause_a_client_may_look_every_second(api, refused):
    ProviderState.objects.update(resume_at=Now() - timedelta(seconds=1))

    assert seconds(post(api)) == 1


def test_a_job_with_a_wait_of_its_own_says_that(api, make_devlog):
    devlog = make_devlog()
    Job.objects.retry(failure(*claim()), wait_seconds=300)

    assert 290 < seconds(api.get(f"{DEVLOGS}{devlog.pk}/")) <= 300


def test_a_job_in_doubt_is_decided_soon_and_so_worth_another_look(api, make_devlog):
    devlog = make_devlog()
    Job.objects.doubt(failure(*claim()), fails_if_blamed=False)

    response = api.get(f"{DEVLOGS}{devlog.pk}/")

    assert (seconds(response), response.json()["tagging"]["waiting_for"]) == (1, "retry")


def test_a_job_in_doubt_while_the_queue_is_paused_waits_for_that(api, make_devlog):
    devlog = make_devlog()
    Job.objects.doubt(failure(*claim()), fails_if_blamed=False)
    ProviderState.objects.pause(FOR_AN_HOUR)

    assert seconds(api.get(f"{DEVLOGS}{devlog.pk}/")) > 3590


def test_a_job_says_it_like_its_dev_log_until_it_is_final(api, refused):
    job = f"/api/v1/jobs/{refused.pk}/"

    assert 3590 < seconds(api.get(job)) <= 3600
    assert "Retry-After" not in api.post(f"{job}cancel/")
    assert "Retry-After" not in api.get(job)
    assert 3590 < seconds(api.post(f"{job}retry/")) <= 3600


def test_of_many_it_is_when_the_last_is_likely_to_be_done(api, monkeypatch):
    monkeypatch.setattr(pace, "measured", lambda: pace.Pace(1.0, [], []))
    queue_pace.forget()
    many = {"devlogs": [{"entry": f"Wrote Django view {number}.", "external_id": str(number)} for number in range(9)]}

    first, again = (api.post(f"{DEVLOGS}bulk/", many) for _ in range(2))

    assert (first.status_code, seconds(first)) == (201, 9)
    assert (again.status_code, "Retry-After" in again) == (200, False)
