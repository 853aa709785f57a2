"""Names that are nearly the same are suggested to be merged, and none that the lexicon knows as two."""

import pytest

from tagging.curation import vocabulary
from tagging.curation.near_duplicates import near_duplicates
from tagging.models import DevLogTag, Tag

PAGE = "/admin/tagging/tag/near-duplicates/"


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("Quiddle-DB", "QuiddleDB", "case or punctuation"),
        ("quiddle db", "Quiddle-DB", "case or punctuation"),
        ("Zorblet", "Zorblets", "plural"),
        ("Apache Zorblet", "Zorblet", "a vendor's name in front"),
        ("AWS Zorblet", "Amazon Zorblet", "a vendor's name in front"),
        ("Zorblet", "Zorbelt", "one slip"),
        ("Zorblet", "Zorbllet", "one slip"),
        ("Zorblet", "Zorblat", "one slip"),
        ("Django", "Djangoo", "one slip"),
    ],
)
def test_names_that_are_nearly_the_same_are_a_pair(first, second, why):
    assert near_duplicates({1: first, 2: second}) == [(1, 2, why)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Java", "JavaScript"),
        ("C", "C++"),
        ("C", "C#"),
        ("React", "Preact"),
        ("Zorblet", "Morblet"),
        ("Zorblet 3", "Zorblet 4"),
        ("GPT-4", "GPT-5"),
        ("Zorb", "Zorp"),
        ("Zorblet", "Zorbletto"),
        ("Apache Kafka", "Apache Spark"),
        ("MySQL", "MSSQL"),
    ],
)
def test_other_names_are_none(first, second):
    assert near_duplicates({1: first, 2: second}) == []


def test_twenty_thousand_names_are_compared_by_what_they_have_in_common():
    names = {number: f"Tool {number * 7919:x} kit" for number in range(20_000)}
    names[20_000], names[20_001] = "Quiddle-DB", "QuiddleDB"

    assert (20_000, 20_001, "case or punctuation") in near_duplicates(names)


@pytest.mark.django_db
def test_the_page_proposes_to_keep_the_name_that_is_used_more_and_leads_to_the_merge(admin_client, make_tagged):
    make_tagged("QuiddleDB")
    for _ in range(2):
        make_tagged("Quiddle-DB")
    page = admin_client.get(PAGE)
    ((source, target, why, *counts),) = page.context["suggestions"]
    assert (source.name, target.name, why, counts) == ("QuiddleDB", "Quiddle-DB", "case or punctuation", [1, 2])

    choice = {"action": "merge", "_selected_action": [source.pk], "into": target.slug}
    asked = admin_client.post("/admin/tagging/tag/", choice)
    assert f'value="{target.slug}"' in asked.content.decode()
    admin_client.post("/admin/tagging/tag/", choice | {"confirmed": "1"})

    assert Tag.objects.get(pk=source.pk).alias_of == target
    assert admin_client.get(PAGE).context["suggestions"] == []


@pytest.mark.django_db
def test_blocked_names_and_aliases_are_not_suggested(admin_client, make_tagged):
    make_tagged("QuiddleDB")
    make_tagged("Quiddle-DB")
    vocabulary.block([Tag.objects.get(slug="quiddledb").pk])

    assert admin_client.get(PAGE).context["suggestions"] == []


@pytest.mark.django_db
def test_who_may_not_change_tags_sees_no_suggestions(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("ada", is_staff=True))

    assert client.get(PAGE).status_code == 403


@pytest.mark.django_db
def test_the_list_leads_there_and_shows_what_is_used_once_or_never(admin_client, make_tagged):
    make_tagged("Redis", "Django")
    make_tagged("Django")
    Tag.objects.create(name="Quux", slug="quux")

    page = admin_client.get("/admin/tagging/tag/").content.decode()
    assert f'href="{PAGE}"' in page
    for word, name in (("once", "Redis"), ("never", "Quux")):
        found = admin_client.get(f"/admin/tagging/tag/?used={word}").context["cl"].queryset
        assert [tag.name for tag in found] == [name]
    assert DevLogTag.objects.count() == 3
