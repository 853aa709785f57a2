"""How many dev-logs a minute are tagged, as the queue's page and the API tell it."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tagging.models import Attempt, pace
from tests.support.extractors import Paid

pytestmark = pytest.mark.django_db


@pytest.fixture
def burst(make_devlog, run_jobs):
    for number in range(10):
        make_devlog(f"Wrote Django view {number}.")
    run_jobs(Paid(*[["Django"]] * 10))


def test_a_burst_of_a_second_is_counted_and_not_taken_for_the_pace_of_a_minute(burst, monkeypatch):
    monkeypatch.setattr(pace, "MOST_ATTEMPTS", 5)

    assert pace.answered_per_minute() == 10 / 5


def test_what_was_answered_before_these_minutes_is_not_counted(burst):
    Attempt.objects.update(finished_at=Now() - timedelta(minutes=6))

    assert pace.answered_per_minute() == 0


def test_what_failed_is_not_counted(burst):
    Attempt.objects.update(outcome=Attempt.Outcome.FAILED)

    assert pace.answered_per_minute() == 0
