"""What a client is told while the database is in trouble."""

import sqlite3

import psycopg
import pytest
from django.db import DatabaseError, DataError, InterfaceError, OperationalError, ProgrammingError
from django.test import RequestFactory

from devlog_project.ops import unavailable
from devlog_project.ops.trouble import advice_on, is_trouble
from tagging.models import sql

LOCKED = OperationalError("database is locked")


def caused(kind, cause):
    error = kind(str(cause))
    error.__cause__ = cause
    return error


def sqlite_error(code, text="it failed"):
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


def postgresql_error(state):
    return psycopg.errors.lookup(state)("it failed")


# Locked, read-only, failing, full, not to be opened, damaged, no database; with an extended code too.
SQLITE = [5, 8, 10, 11, 13, 14, 26, 8 | 4 << 8]
# Broken, refused, no such database, deadlock, too many, full, lock timeout, statement timeout, ended, read-only.
POSTGRESQL = [
    "08006",
    "28P01",
    "3D000",
    "40P01",
    "53300",
    "53100",
    "55P03",
    "57014",
    "57P01",
    "58030",
    "25006",
    "42501",
]


@pytest.mark.parametrize("code", SQLITE)
def test_what_sqlite_says_of_its_file_is_trouble(code):
    assert is_trouble(caused(DatabaseError, sqlite_error(code)))


@pytest.mark.parametrize("state", POSTGRESQL)
def test_what_postgresql_says_of_itself_is_trouble(state):
    assert is_trouble(caused(DatabaseError, postgresql_error(state)))


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("couldn't get a connection after 3.00 sec"),
        InterfaceError("connection already closed"),
        caused(OperationalError, sqlite_error(1, "no such table: devlogs_devlog")),
        caused(ProgrammingError, postgresql_error("42P01")),
    ],
)
def test_a_database_that_is_not_there_or_has_no_tables_is_trouble(error):
    assert is_trouble(error)


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError(),
        DataError("too long"),
        caused(OperationalError, sqlite_error(1, "too many SQL variables")),
        caused(OperationalError, postgresql_error("54001")),
        caused(ProgrammingError, postgresql_error("42601")),
    ],
)
def test_a_statement_that_is_wrong_is_our_fault(error):
    assert not is_trouble(error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LOCKED, "lock"),
        (caused(OperationalError, sqlite_error(13)), "full"),
        (caused(OperationalError, sqlite_error(8)), "cannot be written"),
        (caused(OperationalError, postgresql_error("25006")), "standby"),
        (caused(OperationalError, postgresql_error("53300")), "DATABASE_POOL_SIZE"),
        (caused(OperationalError, postgresql_error("28P01")), "password"),
        (OperationalError("connection refused"), "does not answer"),
    ],
)
def test_each_kind_of_trouble_has_its_way_out(error, words):
    assert words in advice_on(error)


def in_trouble(monkeypatch, error=LOCKED):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(sql, "insert_devlog", fail)


@pytest.mark.django_db
@pytest.mark.parametrize("is_debug", [False, True])
def test_the_api_says_503_as_a_problem_and_when_to_come_back(api, settings, monkeypatch, is_debug):
    settings.DEBUG = is_debug
    in_trouble(monkeypatch)

    answer = api.post("/api/v1/devlogs/", {"entry": "Wrote Django."})

    assert (answer.status_code, answer["Content-Type"], answer["Retry-After"]) == (
        503,
        "application/problem+json",
        "5",
    )
    assert answer.json()["status"] == 503


@pytest.mark.django_db
def test_the_admin_shows_a_page_that_says_what_to_do(client, monkeypatch):
    monkeypatch.setattr("django.contrib.auth.forms.authenticate", lambda *args, **kwargs: in_fact(LOCKED))

    answer = client.post("/admin/login/", {"username": "anna", "password": "secret"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "Please try again" in answer.content.decode()


def in_fact(error):
    raise error


@pytest.mark.django_db
def test_a_bug_of_ours_stays_a_500(api, monkeypatch):
    in_trouble(monkeypatch, ZeroDivisionError())
    api.raise_request_exception = False

    assert api.post("/api/v1/devlogs/", {"entry": "Wrote Django."}).status_code == 500


@pytest.mark.django_db
def test_what_a_middleware_meets_is_answered_alike(client, monkeypatch):
    monkeypatch.setattr(
        "django.contrib.messages.middleware.MessageMiddleware.process_response", lambda *args: in_fact(LOCKED)
    )
    client.raise_request_exception = False

    assert client.get("/api/v1/tags/").status_code == 503


def middleware(places, answer=lambda request: "answered"):
    return unavailable.Unavailable(answer, unavailable.WaitingRoom(places=places, standstill_seconds=0))


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/metrics"])
def test_a_probe_is_answered_however_many_wait_for_the_database(path):
    assert middleware(places=0)(RequestFactory().get(path)) == "answered"


def test_who_finds_no_place_to_wait_is_told_at_once():
    assert middleware(places=0)(RequestFactory().get("/api/v1/tags/")).status_code == 503


@pytest.mark.parametrize("text", ["no such column: author_id", "table tagging_job has no column named author_id"])
def test_a_schema_of_another_version_is_trouble_that_migrate_ends(text):
    error = caused(OperationalError, sqlite_error(1, text))

    assert is_trouble(error)
    assert "manage.py migrate" in advice_on(error)


def test_a_request_that_raises_leaves_its_place():
    once = middleware(1, lambda request: in_fact(ZeroDivisionError()))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            once(RequestFactory().get("/api/v1/tags/"))
