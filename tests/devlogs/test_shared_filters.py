"""What `author`, `since`, `until` and a choice mean: the same at each address that has them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from devlogs.models import DevLog
from tagging.models import Job

pytestmark = pytest.mark.django_db

ADDRESSES = ["devlogs/", "devlogs/facets/", "devlogs/export/", "jobs/", "techstack/"]
at_each_address = pytest.mark.parametrize("address", ADDRESSES)
# Of the tenths, so that SQLite has it in one digit or in six, as who wrote it took.
MOMENT = datetime(2026, 3, 31, 8, 0, 0, 500000, UTC)


@pytest.fixture(autouse=True)
def closed(settings):
    settings.API_OPEN = False


@pytest.fixture
def people(api, django_user_model, make_tagged):
    """Return ada, bob and the staff, of whom the first two have a dev-log each; ada is logged in."""
    ada, bob, boss = (django_user_model.objects.create(username=name) for name in ("ada", "bob", "boss"))
    django_user_model.objects.filter(pk=boss.pk).update(is_staff=True)
    boss.refresh_from_db()
    make_tagged("Django", author=ada)
    make_tagged("Redis", author=bob)
    api.force_authenticate(ada)
    return ada, bob, boss


def asked(api, address, **query):
    response = api.get(f"/api/v1/{address}", query)
    content = response.getvalue().decode() if response.streaming else response.content.decode()
    return response, content


def counted(api, address, **query):
    """Return how many dev-logs an address finds."""
    response, content = asked(api, address, **query)
    assert response.status_code == 200, content
    if address == "devlogs/export/":
        return len(content.splitlines())
    found = response.json()
    return len(found["results"]) if "results" in found else found.get("devlogs", found.get("count"))


def wrong(api, address, **query):
    response, content = asked(api, address, **query)
    assert response.status_code == 400, content
    return response.json()["errors"]


@at_each_address
def test_staff_name_anybody_and_are_told_who_is_nobody(api, people, address):
    api.force_authenticate(people[2])

    assert [counted(api, address, author=name) for name in ("ada", "bob", "boss")] == [1, 1, 0]
    assert wrong(api, address, author="nobody") == {"author": ["There is no user of this name."]}


@at_each_address
def test_an_author_names_themselves_and_nobody_else_whether_there_is_one_or_not(api, people, address):
    assert counted(api, address, author="ada") == 1
    refused = [wrong(api, address, author=name) for name in ("bob", "nobody", "Ada")]
    assert refused == [{"author": ["Only staff may choose another author."]}] * 3


@at_each_address
def test_while_the_api_is_open_anybody_is_named_as_by_staff(api, people, settings, address):
    settings.API_OPEN = True

    assert counted(api, address, author="bob") == 1
    assert wrong(api, address, author="nobody") == {"author": ["There is no user of this name."]}


@pytest.mark.parametrize("address", ADDRESSES[:4])
@pytest.mark.parametrize("digits", ["5", "500", "500000"])
def test_a_moment_begins_since_and_ends_before_until(api, people, sqlite_text, address, digits):
    Job.objects.update(queued_at=MOMENT)
    DevLog.objects.update(created_at=MOMENT)
    sqlite_text(digits)

    def found(name, moment):
        return counted(api, address, **{name: moment.isoformat().replace("+00:00", "Z")})

    assert [found("since", MOMENT + timedelta(milliseconds=later)) for later in (-1, 0, 1)] == [1, 1, 0]
    assert [found("until", MOMENT + timedelta(milliseconds=later)) for later in (-1, 0, 1)] == [0, 0, 1]


@pytest.fixture
def sqlite_text():
    """Return what has SQLite keep a moment with these digits after its second; PostgreSQL has one way alone."""

    def write(digits):
        if connection.vendor != "sqlite":
            return
        with connection.cursor() as cursor:
            for table, column in (("tagging_job", "queued_at"), ("devlogs_devlog", "created_at")):
                cursor.execute(f"UPDATE {table} SET {column} = '2026-03-31 08:00:00.{digits}'")

    return write


@at_each_address
def test_the_day_of_until_counts_to_its_end(api, people, address):
    Job.objects.update(queued_at=MOMENT)
    DevLog.objects.update(created_at=MOMENT)

    assert counted(api, address, since="2026-03-31", until="2026-03-31") == 1
    assert counted(api, address, since="2026-03-01", until="2026-03-30") == 0
    assert counted(api, address, since="2026-04-01", until="2026-04-02") == 0


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("value", ["2026-03-01T08:00:00Z", "2026-02-30", "yesterday"])
def test_the_stack_takes_days_alone_and_says_so(api, people, name, value):
    assert wrong(api, "techstack/", **{name: value}) == {name: ["Days alone: 2026-03-01."]}


STATES = "One of: pending, running, done, failed."


@pytest.mark.parametrize(
    ("address", "name", "said"),
    [
        ("devlogs/", "state", STATES),
        ("devlogs/facets/", "kind", None),
        ("devlogs/", "private", "One of: true, false."),
        ("devlogs/", "ordering", "One of: -created_at, created_at."),
        ("devlogs/export/", "format", "One of: ndjson, csv."),
        ("jobs/", "status", STATES),
        ("jobs/", "waiting_for", "One of: retry, rate_limit, provider, budget, paused."),
        ("jobs/", "error", None),
        ("techstack/", "range", None),
        ("techstack/", "group_by", None),
        ("techstack/", "format", "One of: json, markdown, prompt, jsonresume."),
        ("techstack/", "evidence", "One of: 1, 0, true, false."),
        ("tags/", "kind", None),
    ],
)
def test_who_chooses_what_there_is_not_is_told_what_there_is(api, people, address, name, said):
    ((refused,),) = wrong(api, address, **{name: "x"}).values()

    assert refused == said or (said is None and refused.startswith("One of: ") and refused.endswith("."))
    choices = refused.removeprefix("One of: ").removesuffix(".").split(", ")
    assert {asked(api, address, **{name: choice})[0].status_code for choice in choices} == {200}


def test_a_job_has_a_status_and_no_state(api, people):
    assert list(wrong(api, "jobs/", state="done")) == ["state"]
