"""The two addresses for machines tell the truth."""

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError
from django.db.models.functions import Now
from django.utils import timezone

from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import ProviderState

pytestmark = pytest.mark.django_db


def test_the_process_is_well_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"status": "ok"}


def test_a_process_whose_task_is_not_the_worker_is_ready(client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == dict.fromkeys(["status", "database", "provider", "queue"], "ok") | {"worker": "off"}


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
