"""What `/api/v1/queue/` tells of the dev-logs that wait."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tagging.models import Job, queue
from tagging.models.history import Remembered
from tests.support.extractors import Paid

pytestmark = pytest.mark.django_db

QUEUE = "/api/v1/queue/"


@pytest.fixture
def staff(api, django_user_model):
    api.force_authenticate(django_user_model.objects.create(username="boss", is_staff=True))


def test_what_pending_jobs_wait_for_themselves_is_counted_with_when_the_first_is_due(
    api, staff, make_devlog, django_user_model, run_jobs, settings
):
    settings.TAGGING_DAILY_TOKENS_PER_AUTHOR = 5
    author = django_user_model.objects.create(username="author")
    for number in range(3):  # the first is let through, as the share is below what any costs
        make_devlog(f"Wrote Redis client {number}.", author=author)
    run_jobs(Paid(["Redis"]))
    make_devlog()

    told = api.get(QUEUE).json()

    assert [(row["waiting_for"], row["count"]) for row in told["pending"]] == [(None, 1), ("budget", 2)]
    tomorrow = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT00:00:00Z")
    assert told["pending"][1]["run_after"] == tomorrow
    assert (told["waiting"], told["oldest_pending_seconds"] < 60) == (None, True)


def test_many_that_are_pending_are_counted_once_in_some_seconds(make_devlog, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(queue, "MOST_COUNTED", 2)
    pending = Remembered(queue.read_pending, 60, queue.are_many)
    for number in range(3):
        make_devlog()
        if number < 2:
            assert [row["count"] for row in pending()] == [number + 1]  # few: as they are
    pending()

    Job.objects.cancel([Job.objects.first().pk])

    with django_assert_num_queries(0):
        assert [row["count"] for row in pending()] == [3]
    pending.forget()
    assert [row["count"] for row in pending()] == [2]
