"""What /readyz says besides: which version runs, whether the tables are its own, and whether people wait too long."""

import tomllib
from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now

from devlog_project import VERSION
from tagging.models import Job, ProviderState
from tests.support.servers import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture
def newest():
    """Return app and name of a migration on which no other rests."""
    (key,) = MigrationLoader(connection).graph.leaf_nodes("tagging")
    return key


def readyz(client):
    response = client.get("/readyz")
    return response.status_code, response.json()


def test_the_version_is_that_of_the_project(client):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert readyz(client)[1]["version"] == VERSION == project["version"]


def test_a_migration_that_is_not_applied_turns_requests_away_and_says_what_to_do(client, newest):
    MigrationRecorder(connection).record_unapplied(*newest)

    status, told = readyz(client)

    assert (status, told["database"], told["migrations"]) == (503, "ok", "missing")
    assert "manage.py migrate" in " ".join(told["advice"])


def test_once_it_is_applied_requests_are_let_in(client, monkeypatch, newest):
    monkeypatch.setattr("devlog_project.ops.readiness.LOOK_SECONDS", 0.0)
    MigrationRecorder(connection).record_unapplied(*newest)
    assert readyz(client)[0] == 503

    MigrationRecorder(connection).record_applied(*newest)

    assert readyz(client)[0] == 200


def test_a_database_that_a_newer_version_has_migrated_already_is_fine(client):
    MigrationRecorder(connection).record_applied("tagging", "9999_of_the_next_version")

    assert readyz(client)[1]["migrations"] == "ok"


def test_what_is_applied_is_not_looked_at_again(client, monkeypatch, newest):
    monkeypatch.setattr("devlog_project.ops.readiness.LOOK_SECONDS", 0.0)
    client.get("/readyz")
    MigrationRecorder(connection).record_unapplied(*newest)

    assert readyz(client)[1]["migrations"] == "ok"


def overdue_by(devlog, seconds, priority=Job.Priority.INTERACTIVE):
    Job.objects.filter(pk=devlog.pk).update(run_after=Now() - timedelta(seconds=seconds), priority=priority)


@pytest.fixture
def waiting(make_devlog):
    make_devlog()
    Job.objects.claim(1, owner="worker", lease_seconds=120)
    return make_devlog()


def test_a_person_who_waits_longer_than_retry_after_ever_says_is_told_of(client, waiting):
    overdue_by(waiting, 420)

    status, told = readyz(client)

    assert (status, told["status"], told["queue"]) == (200, "degraded", "long")
    assert "7 minutes" in " ".join(told["advice"])


def test_a_short_wait_is_none(client, waiting):
    overdue_by(waiting, 200)

    assert readyz(client)[1]["queue"] == "ok"


def test_an_import_may_take_its_hours(client, waiting):
    overdue_by(waiting, 7200, Job.Priority.BULK)

    assert readyz(client)[1]["queue"] == "ok"


def test_a_wait_for_the_provider_is_told_as_that_alone(client, waiting):
    overdue_by(waiting, 420)
    ProviderState.objects.pause_for_budget()

    told = readyz(client)[1]

    assert (told["queue"], told["provider"]) == ("ok", "budget")
