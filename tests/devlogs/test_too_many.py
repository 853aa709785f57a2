"""What one author may have waiting for tags is capped; others, imports and the admin do not notice."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devlogs import entries
from devlogs.models import DevLog
from tagging import queues
from tagging.models import Job

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/devlogs/"
ENTRY = {"entry": "Wrote a Django app."}


@pytest.fixture(autouse=True)
def three_at_most(monkeypatch):
    monkeypatch.setattr(queues, "MOST_PENDING", 3)


@pytest.fixture
def full(api, django_user_model):
    """Log an author in who has as many pending as one may have."""
    author = django_user_model.objects.create(username="author")
    api.force_authenticate(author)
    for _ in range(3):
        assert api.post(ADDRESS, ENTRY).status_code == 201
    return author


def test_a_post_beyond_the_cap_is_refused_in_plain_words_and_nothing_is_stored(api, full):
    refused = api.post(ADDRESS, ENTRY)

    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    assert refused["Retry-After"] == "60"
    assert refused.json()["detail"].startswith("You have 3 dev-logs waiting for their tags. Nothing was changed;")
    assert (DevLog.objects.count(), Job.objects.count()) == (3, 3)


def test_it_is_taken_again_once_one_of_them_is_done(api, full, run_jobs):
    assert api.post(ADDRESS, ENTRY).status_code == 429
    run_jobs()

    assert api.post(ADDRESS, ENTRY).status_code == 201


def test_another_author_and_an_anonymous_one_are_not_refused(api, full, django_user_model):
    statuses = []
    for author in (django_user_model.objects.create(username="other"), None):
        api.force_authenticate(author)
        statuses.append(api.post(ADDRESS, ENTRY).status_code)

    assert statuses == [201, 201]


def test_what_is_asked_for_again_counts_too(api, full):
    done = DevLog.objects.create(entry="Wrote a Flask app.", author=full)
    Job.objects.bulk_create([Job(devlog=done, state="done", run_after=None)])

    statuses = [
        api.post(f"{ADDRESS}{done.pk}/retag/").status_code,
        api.patch(f"{ADDRESS}{done.pk}/", {"entry": "Wrote a Redis client."}).status_code,
    ]

    assert statuses == [429, 429]
    assert (Job.objects.get(pk=done.pk).state, DevLog.objects.get(pk=done.pk).entry) == ("done", "Wrote a Flask app.")


def test_imports_and_the_admin_are_neither_counted_nor_refused(api, admin_client, django_user_model):
    author = django_user_model.objects.create(username="author")
    entries.write_many([DevLog(entry="Wrote a Flask app.", author=author) for _ in range(5)])
    api.force_authenticate(author)

    assert [api.post(ADDRESS, ENTRY).status_code for _ in range(4)] == [201, 201, 201, 429]
    assert api.post(f"{ADDRESS}?bulk=true", ENTRY).status_code == 201
    assert admin_client.post("/admin/devlogs/devlog/add/", {**ENTRY, "author": author.pk}).status_code == 302
    assert DevLog.objects.count() == 10


def test_what_comes_in_bulk_has_a_cap_of_its_own(api, full, monkeypatch):
    monkeypatch.setattr(queues, "MOST_PENDING_IN_BULK", 2)

    answers = [api.post(f"{ADDRESS}?bulk=true", ENTRY) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[-1].json()["detail"].startswith("You have 2 dev-logs waiting for their tags. Nothing was changed;")


def test_an_author_is_looked_at_once_for_many_posts(api, monkeypatch):
    monkeypatch.setattr(queues, "MOST_PENDING", 10_000)

    with CaptureQueriesContext(connection) as queries:
        for _ in range(5):
            api.post(ADDRESS, ENTRY)

    assert len([query for query in queries if "OFFSET 9999" in query["sql"]]) == 1


def test_the_schema_names_the_refusal(api):
    paths = api.get("/api/v1/schema/?format=json").json()["paths"]

    assert "429" in paths[ADDRESS]["post"]["responses"]
    assert "429" in paths[f"{ADDRESS}{{id}}/retag/"]["post"]["responses"]
