"""Pages of dev-logs by time: right among equals, whoever wrote the moment, and in the size that was asked for."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from devlogs.models import DevLog

pytestmark = pytest.mark.django_db
URL = "/api/v1/devlogs/"
AT = datetime(2026, 3, 1, tzinfo=UTC)


def follow(api, address, link="next"):
    """Return the ids of the pages from this address on."""
    pages = []
    while address and len(pages) < 60:
        page = api.get(address).json()
        pages.append([devlog["id"] for devlog in page["results"]])
        address = page[link]
    assert not address, "The pages do not end."
    return pages


def flat(pages):
    return [pk for page in pages for pk in page]


def stored(api, ordering="-created_at"):
    """Return all ids in this order, as the list itself has them in one page."""
    return flat(follow(api, f"{URL}?limit=200&ordering={ordering}"))


@pytest.fixture
def of_all_kinds(api):
    """Write dev-logs at few moments: by Django with and without microseconds, by the database, and by hand."""
    moments = [AT + timedelta(microseconds=each) for each in (0, 1, 1000, 123000, 123456, 999999)]
    DevLog.objects.bulk_create(DevLog(entry="x", created_at=moment) for moment in moments * 4)
    DevLog.objects.bulk_create(DevLog(entry="At one moment of the database.") for _ in range(6))
    for _ in range(4):
        api.post(URL, {"entry": "By hand."})


@pytest.mark.parametrize("ordering", ["created_at", "-created_at"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 33, 34, 35])
def test_pages_hold_each_once_and_lead_back(api, of_all_kinds, ordering, limit):
    there = follow(api, f"{URL}?limit={limit}&ordering={ordering}")
    last = f"{URL}?limit={limit}&ordering={ordering}"
    while further := api.get(last).json()["next"]:
        last = further

    assert sorted(flat(there)) == sorted(DevLog.objects.values_list("pk", flat=True))
    assert flat(there) == stored(api, ordering)
    assert flat(follow(api, last, "previous")[::-1]) == flat(there)
    assert all(len(page) == limit for page in there[:-1])


def test_either_order_is_the_other_from_its_end(api, of_all_kinds):
    assert stored(api, "created_at") == stored(api, "-created_at")[::-1]


def test_of_one_moment_the_last_comes_first(api):
    made = [devlog.pk for devlog in DevLog.objects.bulk_create(DevLog(entry="x", created_at=AT) for _ in range(30))]

    assert flat(follow(api, f"{URL}?limit=4")) == made[::-1]
    assert flat(follow(api, f"{URL}?limit=4&ordering=created_at")) == made


@pytest.mark.parametrize("ordering", ["created_at", "-created_at"])
def test_what_comes_and_goes_meanwhile_moves_no_other(api, of_all_kinds, ordering):
    before = stored(api, ordering)
    first = api.get(f"{URL}?limit=10&ordering={ordering}").json()

    gone = {before[9], before[10], before[20]}
    DevLog.objects.filter(pk__in=gone).delete()
    DevLog.objects.bulk_create(DevLog(entry="new", created_at=AT + timedelta(days=days)) for days in (-1, 900))
    new = set(DevLog.objects.filter(entry="new").values_list("pk", flat=True))
    rest = flat(follow(api, first["next"]))

    assert [pk for pk in rest if pk not in new] == [pk for pk in before[10:] if pk not in gone]


def test_a_page_keeps_its_filters_and_its_size(api, make_tagged):
    made = [make_tagged("Redis").pk for _ in range(5)]
    make_tagged("Django")

    assert follow(api, f"{URL}?limit=2&tag=redis&q=wrote") == [made[4:2:-1], made[2:0:-1], made[:1]]


def test_tags_come_in_pages_of_a_chosen_size(api, make_tagged):
    make_tagged("Django", "Redis", "Celery")

    page = api.get("/api/v1/tags/?limit=2").json()

    assert [tag["slug"] for tag in page["results"]] == ["celery", "django"]
    assert [tag["slug"] for tag in api.get(page["next"]).json()["results"]] == ["redis"]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1.5", "a", "١"])
@pytest.mark.parametrize("path", [URL, "/api/v1/tags/"])
def test_a_size_that_no_page_has_is_refused(api, path, limit):
    response = api.get(path, {"limit": limit})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["limit"])


@pytest.mark.parametrize(
    "position",
    [
        [5],
        [5, 5],
        ["x", 5],
        ["2026-03-01 00:00:00", "5"],
        ["2026-03-01 00:00:00", 2**63],
        ["2026-02-30 00:00:00", 5],
        ["2026-03-01 25:00:00", 5],
        ["2026-03-01", 5],
        ["2026-03-01 00:00:00' OR 1", 5],
        ["2026-03-01 00:00:00.1234567", 5],
        ["٢٠٢٦-03-01 00:00:00", 5],
        ["2026-03-01 00:00:00\n", 5],
        [None, 5],
        ["2026-03-01 00:00:00", 5, 5],
    ],
    ids=str,
)
def test_a_position_that_no_devlog_can_have_is_refused(api, position):
    cursor = base64.urlsafe_b64encode(json.dumps([0, *position]).encode()).decode()

    response = api.get(URL, {"cursor": cursor})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["cursor"])
