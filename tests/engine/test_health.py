"""The two addresses for machines tell the truth."""

import pytest
from django.db import DatabaseError

from tagging.models import Provider

pytestmark = pytest.mark.django_db


def test_the_process_is_well_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"status": "ok"}


def test_a_process_whose_task_is_not_the_worker_is_ready(client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok", "worker": "off", "provider": "ok"}


def test_a_provider_that_refuses_us_degrades_but_does_not_turn_requests_away(client):
    Provider.objects.create(waiting_for="provider")

    response = client.get("/readyz")

    assert response.status_code == 200
    assert (response.json()["status"], response.json()["provider"]) == ("degraded", "provider")


def test_a_database_that_is_away_turns_requests_away(client, monkeypatch):
    def away():
        raise DatabaseError("the server is gone")

    monkeypatch.setattr(Provider.objects, "current", away)

    assert client.get("/readyz").status_code == 503


@pytest.mark.parametrize("worker", ["dead", "silent", "troubled", "stopped"])
def test_a_worker_that_does_not_turn_is_told(client, monkeypatch, worker):
    monkeypatch.setattr("tagging.engine.startup.health", lambda: worker)

    response = client.get("/readyz")

    assert (response.status_code, response.json()["worker"]) == (503, worker)
