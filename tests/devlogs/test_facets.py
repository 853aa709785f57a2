"""Counts over the dev-logs of a list."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from devlogs import facets
from devlogs.models import DevLog
from tagging.models import DevLogTag, Job, Tag

pytestmark = pytest.mark.django_db
URL, LIST = "/api/v1/devlogs/facets/", "/api/v1/devlogs/"
KINDS = {"Django": "framework", "Flask": "framework", "Redis": "database"}


def written(entry, month, *names, state="done", **fields):
    devlog = DevLog.objects.create(entry=entry, created_at=datetime(2026, month, 1, tzinfo=UTC), **fields)
    run_after = devlog.created_at if state == "pending" else None
    Job.objects.create(devlog=devlog, state=state, run_after=run_after)
    for name in names:
        tag, _ = Tag.objects.get_or_create(slug=name.lower(), defaults={"name": name, "kind": KINDS.get(name, "")})
        DevLogTag.objects.create(devlog=devlog, tag=tag)
    return devlog


@pytest.fixture
def some(db):
    written("Redis one.", 1, "Django", "Flask", "Redis")
    written("Redis two.", 2, "Django", "Odd")
    written("Three.", 2, state="failed")
    written("Four.", 3, "Redis", state="pending")


def test_states_tags_kinds_and_months_are_counted(api, some):
    assert api.get(URL).json() == {
        "count": 4,
        "complete": True,
        "states": {"pending": 1, "running": 0, "done": 2, "failed": 1},
        "tags": [
            {"name": "Django", "slug": "django", "kind": "framework", "count": 2},
            {"name": "Redis", "slug": "redis", "kind": "database", "count": 2},
            {"name": "Flask", "slug": "flask", "kind": "framework", "count": 1},
            {"name": "Odd", "slug": "odd", "kind": "", "count": 1},
        ],
        "kinds": [{"kind": "database", "count": 2}, {"kind": "framework", "count": 2}],
        "months": [
            {"month": "2026-03", "count": 1},
            {"month": "2026-02", "count": 2},
            {"month": "2026-01", "count": 1},
        ],
    }


def test_of_no_devlogs_there_is_nothing_to_count(api):
    states = {"pending": 0, "running": 0, "done": 0, "failed": 0}
    nothing = {"count": 0, "complete": True, "states": states, "tags": [], "kinds": [], "months": []}

    assert api.get(URL).json() == nothing


@pytest.mark.parametrize(
    "query",
    [
        {"tag": "redis"},
        {"tag_any": ["flask", "odd"]},
        {"kind": "database"},
        {"state": "pending"},
        {"q": "redis"},
        {"since": "2026-02-01", "until": "2026-02-28"},
        {"private": "false", "tag": "django"},
    ],
    ids=str,
)
def test_they_are_those_of_the_list_with_the_same_filters(api, some, query):
    listed = api.get(LIST, query).json()["results"]
    counted = api.get(URL, query).json()

    assert counted["count"] == len(listed) > 0
    for state, count in counted["states"].items():
        assert count == len([devlog for devlog in listed if devlog["tagging"]["state"] == state])
    for tag in counted["tags"]:
        assert tag["count"] == len([devlog for devlog in listed if tag["slug"] in str(devlog["tags"])])


def test_each_count_is_the_length_of_the_list_by_that_value(api, some):
    counted = api.get(URL).json()

    for state, count in counted["states"].items():
        assert len(api.get(LIST, {"state": state}).json()["results"]) == count
    for kind in counted["kinds"]:
        assert len(api.get(LIST, {"kind": kind["kind"]}).json()["results"]) == kind["count"]
    for tag in counted["tags"]:
        assert len(api.get(LIST, {"tag": tag["slug"]}).json()["results"]) == tag["count"]


def test_an_edited_entry_whose_call_runs_counts_as_pending(api, make_devlog):
    claim = {"state": "running", "run_after": None, "claim_token": "00000000-0000-0000-0000-000000000001"}
    devlog = make_devlog()
    Job.objects.filter(pk=devlog.pk).update(**claim, lease_expires_at=devlog.created_at, started_at=None)

    assert api.get(URL).json()["states"]["pending"] == 1


def test_a_devlog_without_a_job_counts_in_no_state(api):
    DevLog.objects.create(entry="Old.")

    counted = api.get(URL).json()

    assert (counted["count"], sum(counted["states"].values())) == (1, 0)


def test_only_so_many_tags_are_named(api, monkeypatch):
    monkeypatch.setattr(facets, "MOST_TAGS", 2)
    written("All.", 1, "Odd", "Django", "Flask")
    written("One.", 1, "Odd")

    assert [tag["slug"] for tag in api.get(URL).json()["tags"]] == ["odd", "django"]


@pytest.mark.parametrize(("most", "is_complete"), [(3, False), (4, True), (5, True)])
def test_of_very_many_the_newest_are_counted_and_it_says_so(api, some, monkeypatch, most, is_complete):
    monkeypatch.setattr(facets, "MOST_COUNTED", most)

    counted = api.get(URL).json()

    assert (counted["count"], counted["complete"]) == (min(most, 4), is_complete)
    assert ("2026-01" in str(counted["months"])) is is_complete


def test_what_is_anothers_is_not_counted(settings):
    settings.API_OPEN = False
    ada, bob = (get_user_model().objects.create_user(name) for name in ("ada", "bob"))
    written("Redis of ada.", 1, "Redis", author=ada)
    written("Redis of bob.", 2, "Django", "Redis", author=bob)
    client = APIClient()
    client.force_authenticate(ada)

    counted = client.get(URL, {"q": "redis"}).json()

    assert [tag["slug"] for tag in counted["tags"]] == ["redis"]
    assert (counted["count"], counted["tags"][0]["count"], len(counted["months"])) == (1, 1, 1)


@pytest.mark.parametrize("query", ["tag=", "ordering=created_at", "limit=5", "cursor=x", "since=x", "state=lost"])
def test_what_the_filters_do_not_know_is_refused(api, query):
    response = api.get(f"{URL}?{query}")

    assert (response.status_code, list(response.json()["errors"])) == (400, [query.partition("=")[0]])


def test_it_is_read_only(api):
    assert api.post(URL).status_code == 405


@pytest.mark.parametrize("count", [1, 50])
def test_they_take_as_many_queries_however_many_are_counted(api, count, django_assert_max_num_queries):
    for number in range(count):
        written(f"Redis {number}", 1, "Redis", f"Tag-{number}")

    with django_assert_max_num_queries(4):
        api.get(URL)
    with django_assert_max_num_queries(6):
        api.get(URL, {"tag": "redis"})
