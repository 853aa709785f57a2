"""What kind of technology a tag is: as the lexicon says, until a person says another; and lists of one kind."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tagging.curation import vocabulary
from tagging.models import Tag, Term

pytestmark = pytest.mark.django_db
TAGS = "/api/v1/tags/"


def kinds():
    return dict(Tag.objects.order_by("name").values_list("name", "kind"))


def test_a_tag_is_of_the_lexicons_kind_and_an_unknown_one_of_none(make_tagged):
    make_tagged("Django", "PostgreSQL", "Quiddle-DB")

    assert kinds() == {"Django": "framework", "PostgreSQL": "database", "Quiddle-DB": ""}


def test_what_is_taught_later_gives_its_kind_to_a_tag_that_is_there(make_tagged):
    make_tagged("Quiddle")
    Term.objects.create(name="Quiddle", kind="database")

    make_tagged("Quiddle")

    assert kinds() == {"Quiddle": "database"}


def test_a_tag_that_a_person_spelt_follows_the_lexicon_too(make_tagged):
    make_tagged("Quiddle")
    vocabulary.rename(Tag.objects.get(), "quiddle")
    Term.objects.create(name="Quiddle", kind="database")

    make_tagged("Quiddle")

    assert kinds() == {"quiddle": "database"}


def test_a_tag_renamed_to_a_known_name_is_of_its_kind(make_tagged):
    make_tagged("Quiddle")

    vocabulary.rename(Tag.objects.get(), "PostgreSQL")

    assert Tag.objects.get(slug="postgresql").kind == "database"


def test_a_kind_that_a_person_said_outlives_another_name(make_tagged):
    make_tagged("Quiddle")
    Tag.objects.update(kind="tool", is_kind_fixed=True)

    vocabulary.rename(Tag.objects.get(), "PostgreSQL")

    assert Tag.objects.get(slug="postgresql").kind == "tool"


def test_tags_are_changed_in_the_order_of_their_ids_so_that_no_two_jobs_wait_crosswise(make_tagged):
    for name in ("Django", "quiddle", "Quiddle"):
        make_tagged(name)
    Tag.objects.update(kind="tool")

    with CaptureQueriesContext(connection) as ran:
        make_tagged("Django", "Quiddle")

    updates = [query["sql"] for query in ran if query["sql"].startswith('UPDATE "tagging_tag"')]
    changed = [int(re.search(r'"tagging_tag"."id" = (\d+)', sql)[1]) for sql in updates]
    assert kinds() == {"Django": "framework", "Quiddle": ""}
    assert len(changed) == 3
    assert changed == sorted(changed)


def test_a_known_name_that_is_taught_without_a_kind_keeps_its_own(make_tagged):
    Term.objects.create(name="Django", aliases="dj")

    make_tagged("Django")

    assert kinds() == {"Django": "framework"}


def test_what_a_person_said_stays(make_tagged, admin_client):
    make_tagged("Django")
    tag = Tag.objects.get()
    admin_client.post(f"/admin/tagging/tag/{tag.pk}/change/", {"name": "Django", "kind": "tool"})

    make_tagged("Django")

    assert kinds() == {"Django": "tool"}
    assert Tag.objects.get().is_name_fixed is False


def test_a_devlog_shows_the_kinds_of_its_tags(api, make_tagged):
    devlog = make_tagged("Django", "Quiddle-DB")

    assert [tag["kind"] for tag in api.get(f"/api/v1/devlogs/{devlog.pk}/").json()["tags"]] == ["framework", ""]


def test_the_tags_of_one_kind_are_listed_alone(api, make_tagged):
    make_tagged("Django", "PostgreSQL")

    assert [tag["name"] for tag in api.get(f"{TAGS}?kind=database").json()["results"]] == ["PostgreSQL"]


@pytest.mark.parametrize("kind", ["gadget", "Database", "database,tool"])
def test_a_kind_that_there_is_not_is_refused(api, kind):
    response = api.get(f"{TAGS}?kind={kind}")

    assert (response.status_code, list(response.json()["errors"])) == (400, ["kind"])


def test_the_admin_lists_the_tags_of_one_kind(admin_client, make_tagged):
    make_tagged("Django", "PostgreSQL")

    page = admin_client.get("/admin/tagging/tag/?kind__exact=database").content.decode()

    assert ">PostgreSQL<" in page
    assert ">Django<" not in page


def test_an_alias_gives_its_kind_to_no_other_tag(make_tagged):
    make_tagged("Django")
    django = Tag.objects.get()
    Tag.objects.create(name="PostgreSQL", slug="postgresql", alias_of=django)

    make_tagged("PostgreSQL")

    assert kinds()["Django"] == "framework"
