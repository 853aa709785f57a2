"""What the filters of dev-logs find."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from devlogs import filters
from devlogs.models import DevLog
from tagging.models import DevLogTag, Job, Tag

pytestmark = pytest.mark.django_db
URL = "/api/v1/devlogs/"
NOON = datetime(2026, 3, 1, 12, 0, 0, 123000, UTC)


def found(api, **query):
    response = api.get(URL, query)
    assert response.status_code == 200, response.content
    return [devlog["entry"] for devlog in response.json()["results"]]


def written(entry, at=NOON, *names, **fields):
    devlog = DevLog.objects.create(entry=entry, created_at=at, **fields)
    for name in names:
        tag, _ = Tag.objects.get_or_create(slug=name.lower(), defaults={"name": name, "kind": KINDS.get(name, "")})
        DevLogTag.objects.create(devlog=devlog, tag=tag)
    return devlog


KINDS = {"Django": "framework", "Flask": "framework", "Redis": "database"}


@pytest.fixture(params=[0, 1, 2, 3, 2_000])
def either_form(request, monkeypatch):
    """Have the conditions take the form for many matches, and that for few."""
    monkeypatch.setattr(filters, "MANY", request.param)


@pytest.fixture
def people(db):
    User = get_user_model()  # noqa: N806
    return [User.objects.create_user(name, is_staff=name == "staff") for name in ("ada", "bob", "staff")]


def client_of(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.mark.usefixtures("either_form")
@pytest.mark.parametrize(
    ("query", "entries"),
    [
        ({"tag": "Django"}, ["both", "django"]),
        ({"tag": ["django", "redis"]}, ["both"]),
        ({"tag_any": "redis"}, ["redis", "both"]),
        ({"tag_any": ["redis", "Django"]}, ["redis", "both", "django"]),
        ({"tag_any": ["redis", "Nobody's"]}, ["redis", "both"]),
        ({"tag_any": "Nobody's"}, []),
        ({"tag": "django", "tag_any": ["redis", "flask"]}, ["both"]),
        ({"kind": "framework"}, ["both", "flask", "django"]),
        ({"kind": "database", "tag": "django"}, ["both"]),
        ({"kind": "language"}, []),
    ],
)
def test_tags_and_their_kinds(api, query, entries):
    written("django", NOON, "Django")
    written("flask", NOON, "Flask")
    written("both", NOON, "Django", "Redis")
    written("redis", NOON, "Redis")
    written("none")

    assert found(api, **query) == entries


@pytest.mark.usefixtures("either_form")
def test_each_devlog_has_the_state_that_it_shows(api, make_devlog, run_jobs):
    made = {state: make_devlog(state).pk for state in ("pending", "running", "edited", "failed", "done")}
    run_jobs()
    Job.objects.filter(pk=made["pending"]).update(state="pending", run_after=F("queued_at"))
    claim = {"state": "running", "lease_expires_at": NOON, "claim_token": "00000000-0000-0000-0000-000000000001"}
    Job.objects.filter(pk=made["running"]).update(**claim, started_at=NOON)
    Job.objects.filter(pk=made["edited"]).update(**claim, started_at=None)
    Job.objects.filter(pk=made["failed"]).update(state="failed")

    shown = {devlog["entry"]: devlog["tagging"]["state"] for devlog in api.get(URL).json()["results"]}

    assert set(shown.values()) == set(Job.State.values)
    for state in Job.State.values:
        assert set(found(api, state=state)) == {entry for entry, as_shown in shown.items() if as_shown == state}


MOMENTS = {
    "before": NOON - timedelta(days=1, hours=12, milliseconds=123, microseconds=1),
    "midnight": datetime(2026, 3, 1, tzinfo=UTC),
    "noon": NOON,
    "evening": datetime(2026, 3, 1, 23, 59, 59, 999999, UTC),
    "next day": datetime(2026, 3, 2, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("query", "entries"),
    [
        ({"since": "2026-03-01"}, ["next day", "evening", "noon", "midnight"]),
        ({"until": "2026-03-01"}, ["evening", "noon", "midnight", "before"]),
        ({"since": "2026-03-01", "until": "2026-03-01"}, ["evening", "noon", "midnight"]),
        ({"since": "2026-03-01T12:00:00.123Z"}, ["next day", "evening", "noon"]),
        ({"since": "2026-03-01T12:00:00.123001Z"}, ["next day", "evening"]),
        ({"until": "2026-03-01T12:00:00.123Z"}, ["midnight", "before"]),
        ({"until": "2026-03-01T12:00:00.123001"}, ["noon", "midnight", "before"]),
        ({"since": "2026-03-01T13:00:00.123+01:00"}, ["next day", "evening", "noon"]),
        ({"until": "2026-03-01T00:00:00Z"}, ["before"]),
        ({"since": "2026-03-03"}, []),
        ({"since": "2026-03-02", "until": "2026-03-01"}, []),
    ],
)
def test_moments_are_the_same_on_both_databases(api, query, entries):
    for entry, at in MOMENTS.items():
        written(entry, at)

    assert found(api, **query) == entries


def test_what_the_database_dates_itself_is_found_by_its_own_moment(api, make_devlog):
    """SQLite writes three digits, and Django six."""
    api.post(URL, {"entry": "By hand."})
    make_devlog("By Django.")
    for devlog in api.get(URL).json()["results"]:
        assert devlog["entry"] in found(api, since=devlog["created_at"])
        assert devlog["entry"] not in found(api, until=devlog["created_at"])


@pytest.mark.parametrize(("ordering", "entries"), [("-created_at", "dcba"), ("created_at", "abcd")])
def test_the_order_is_that_of_time_and_of_equals_that_of_their_numbers(api, ordering, entries):
    for entry, days in (("d", 2), ("b", 0), ("c", 0), ("a", -1)):
        written(entry, NOON + timedelta(days=days))

    assert "".join(found(api, ordering=ordering)) == entries
    assert "".join(found(api)) == "dcba"


def test_words_and_other_conditions_hold_together(api):
    written("Redis one.", NOON, "Redis")
    written("Redis two.")
    written("Kafka one.", NOON, "Redis")

    assert found(api, q="redis", tag="redis") == ["Redis one."]
    assert found(api, q='"redis two"') == ["Redis two."]


# -- whose they are --------------------------------------------------------------------------------------------------


def test_staff_choose_an_author(people, settings):
    settings.API_OPEN = False
    ada, bob, staff = people
    written("ada's", author=ada)
    written("bob's", author=bob)

    assert found(client_of(staff), author="ada") == ["ada's"]
    assert sorted(found(client_of(staff))) == ["ada's", "bob's"]


@pytest.mark.usefixtures("either_form")
@pytest.mark.parametrize(
    "query", [{"tag": "redis"}, {"tag_any": "redis"}, {"kind": "database"}, {"q": "redis"}, {"private": "false"}]
)
def test_no_filter_finds_what_is_anothers(people, settings, query):
    settings.API_OPEN = False
    ada, bob, _ = people
    written("Redis of ada.", NOON, "Redis", author=ada)
    written("Redis of bob.", NOON, "Redis", author=bob)

    assert found(client_of(ada), **query) == ["Redis of ada."]


# -- what it costs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize(
    ("query", "most"),
    [
        ({}, 4),
        ({"ordering": "created_at", "private": "false", "since": "2026-01-01", "state": "done"}, 3),
        ({"state": "pending"}, 6),
        ({"kind": "framework"}, 5),
        ({"q": "redis"}, 5),
        ({"tag": "redis"}, 6),
        ({"tag_any": ["redis", "django"]}, 7),
    ],
    ids=str,
)
def test_a_list_takes_as_many_queries_however_long_it_is(api, query, most, count, django_assert_max_num_queries):
    for number in range(count):
        written(f"Redis {number}", NOON, "Redis", "Django")
    Job.objects.bulk_create(Job(devlog_id=pk) for pk in DevLog.objects.values_list("pk", flat=True))

    with django_assert_max_num_queries(most):
        assert len(found(api, **query)) == (0 if query.get("state") == "done" else count)


# -- what its author calls it ----------------------------------------------------------------------------------------


def test_an_external_id_finds_one_s_own_and_staff_may_name_another_author(people, settings):
    settings.API_OPEN = False
    ada, _, staff = people
    for person in people:
        written(f"{person}'s", author=person, external_id="note-1")

    assert found(client_of(ada), external_id="note-1") == ["ada's"]
    assert found(client_of(staff), external_id="note-1") == ["staff's"]
    assert found(client_of(staff), external_id="note-1", author="bob") == ["bob's"]
    assert found(client_of(ada), external_id="note-2") == []


def test_an_external_id_without_an_author_is_found_while_the_api_is_open(api, people):
    written("ada's", author=people[0], external_id="note-1")
    written("nobody's", external_id="note-1")

    assert found(api, external_id="note-1") == ["nobody's"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by what is in the table")
@pytest.mark.parametrize("is_staff", [False, True])
def test_an_external_id_is_looked_up_by_its_index(people, settings, is_staff):
    settings.API_OPEN = False
    with CaptureQueriesContext(connection) as asked:
        found(client_of(people[2 if is_staff else 0]), external_id="note-1")

    (query,) = [one["sql"] for one in asked if "devlogs_devlog" in one["sql"] and "note-1" in one["sql"]]
    with connection.cursor() as cursor:
        plan = str(cursor.execute(f"EXPLAIN QUERY PLAN {query}").fetchall())
    assert "devlog_external_id (author_id=? AND external_id=?)" in plan
