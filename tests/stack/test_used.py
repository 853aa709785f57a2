"""One tag at the API, and what it is used together with."""

from urllib.parse import quote

import pytest
from django.db import connection

from tagging.curation import edits, vocabulary
from tagging.models import DevLogTag, Tag
from tagging.models.tag import slug_of

pytestmark = pytest.mark.django_db
TAGS = "/api/v1/tags/"


def address(name, more=""):
    return f"{TAGS}{quote(slug_of(name))}/{more}"


def related(response):
    return [(each["name"], each["count"]) for each in response.json()["results"]]


def test_a_tag_says_how_often_and_when_it_was_used(on, as_author):
    on("2026-05-02", "Django")
    on("2026-05-20", "Django")

    found = as_author.get(address("Django")).json()

    assert (found["name"], found["slug"], found["kind"], found["count"]) == ("Django", "django", "framework", 2)
    assert (found["first_used"], found["last_used"], found["aliases"]) == ("2026-05-02", "2026-05-20", [])


@pytest.mark.parametrize("name", ["Straße", "C++", "Яндекс", "हिन्दी", "F*", "東" * 99, "ß" * 100])
def test_a_tag_of_any_script_has_an_address(make_devlog, author, as_author, name):
    edits.add(make_devlog(author=author), name, author)
    slug = Tag.objects.get().slug

    assert as_author.get(f"{TAGS}{quote(slug)}/").json()["slug"] == slug
    assert as_author.get(f"{TAGS}{quote(slug)}/related/").status_code == 200


@pytest.mark.parametrize("more", ["", "related/"])
def test_a_tag_that_none_of_ones_dev_logs_has_is_not_there(on, as_author, django_user_model, more):
    on("2026-05-02", "Rust", author=django_user_model.objects.create(username="other"))

    assert as_author.get(address("Rust", more)).status_code == 404
    assert as_author.get(address("Cobol", more)).status_code == 404
    assert as_author.get(f"{TAGS}%00/{more}").status_code == 404


def test_an_alias_leads_to_its_tag_which_names_those_that_ones_own_dev_logs_have(on, as_author, django_user_model):
    on("2026-05-02", "Frob", "Django")
    on("2026-05-02", "Quux", author=django_user_model.objects.create(username="other"))
    on("2026-05-03", "Frobnicate")
    for name in ("frob", "quux"):
        vocabulary.merge(Tag.objects.get(slug=name), Tag.objects.get(slug="frobnicate"))

    found = as_author.get(address("Frob")).json()

    assert (found["slug"], found["count"], found["aliases"]) == ("frobnicate", 2, ["Frob"])
    assert related(as_author.get(address("Frob", "related/"))) == [("Django", 1)]


@pytest.mark.parametrize("name", ["Kubernetes", "kubernetes", "k8s", "K8S"])
def test_a_tag_is_found_by_its_name_too_and_by_the_lexicons_other_names(on, as_author, name):
    on("2026-05-02", "Kubernetes", "Redis")

    assert as_author.get(f"{TAGS}{name}/").json()["slug"] == "kubernetes"
    assert related(as_author.get(f"{TAGS}{name}/related/")) == [("Redis", 1)]


def test_a_name_with_signs_leads_to_its_tag(on, as_author):
    on("2026-05-02", "Node.js")

    assert as_author.get(f"{TAGS}Node.js/").json()["slug"] == "nodejs"


@pytest.mark.parametrize("more", ["", "related/"])
@pytest.mark.parametrize("name", ["Cobol", "Django"])
def test_a_404_says_which_tag_was_sought(on, as_author, django_user_model, name, more):
    on("2026-05-02", "Django", author=django_user_model.objects.create(username="other"))

    detail = as_author.get(f"{TAGS}{name}/{more}").json()["detail"]

    assert detail == f"No dev-log you may see carries the tag {name}."


def test_a_blocked_name_is_not_there(on, as_author):
    on("2026-05-02", "Django")
    vocabulary.block([Tag.objects.get().pk])

    assert as_author.get(address("Django")).status_code == 404


def test_related_are_those_of_ones_own_dev_logs_most_often_together_first(on, as_author, django_user_model):
    on("2026-05-02", "Django", "Redis", "Celery")
    on("2026-05-03", "Django", "Redis")
    on("2026-05-04", "Rust", "Redis")
    on("2026-05-04", "Django", "Kafka", author=django_user_model.objects.create(username="other"))

    assert related(as_author.get(address("Django", "related/"))) == [("Redis", 2), ("Celery", 1)]


def test_related_come_in_pages(on, as_author):
    devlog = on("2026-05-02", "Django")
    tools = Tag.objects.bulk_create(Tag(name=f"Tool{number}", slug=f"tool{number}") for number in range(150))
    DevLogTag.objects.bulk_create(DevLogTag(devlog=devlog, tag=tool) for tool in tools)
    first = as_author.get(address("Django", "related/")).json()

    second = as_author.get(first["next"]).json()

    assert len(first["results"] + second["results"]) == 150
    assert second["next"] is None


def test_the_tags_of_a_kind_are_found_from_the_dev_logs_of_their_author(on, as_author):
    """Without statistics SQLite would begin with the tags of the kind, and read the dev-logs once for each."""
    if connection.vendor != "sqlite":
        pytest.skip("the planner of SQLite")
    on("2026-05-02", "Redis", "Django")
    plans = []

    def look(execute, sql, params, many, context):
        if "COUNT(" in sql and not sql.startswith("EXPLAIN"):
            with connection.cursor() as cursor:
                plans.extend(row[-1] for row in cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        found = as_author.get(f"{TAGS}?kind=database").json()["results"]

    assert [tag["name"] for tag in found] == ["Redis"]
    assert plans[0].startswith("SEARCH devlogs_devlog")
