"""Names that are nearly the same are suggested to be merged, and none that the lexicon knows as two."""

import pytest
from django.contrib.auth.models import Permission

from tagging.curation import near_duplicates as comparison
from tagging.curation import vocabulary
from tagging.curation.near_duplicates import RememberedPairs, near_duplicates
from tagging.extraction import lexicon
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
        ("AWS Zorblet", "Azure Zorblet"),
        ("Google Zorblet", "Apache Zorblet"),
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
        ("Zorblet", "Zorblet#"),
        ("Zorblet+", "Zorblet++"),
        ("Zorblet C", "Zorblet C++"),
        ("Zorblet", "Zorblet*"),
    ],
)
def test_other_names_are_none(first, second):
    assert near_duplicates({1: first, 2: second}) == []


def test_twenty_thousand_names_are_compared_by_what_they_have_in_common():
    names = {number: f"Tool {number * 7919:x} kit" for number in range(20_000)}
    names[20_000], names[20_001] = "Quiddle-DB", "QuiddleDB"

    assert (20_000, 20_001, "case or punctuation") in near_duplicates(names)


def test_numbered_names_are_not_compared_with_each_other(monkeypatch):
    compared = []
    monkeypatch.setattr(comparison, "slips", lambda *names: compared.append(names) or 9)

    assert near_duplicates({number: f"Zorblet {number:04}" for number in range(1_000)}) == []
    assert compared == []


def test_names_are_compared_again_only_after_one_of_them_or_the_lexicon_changed(monkeypatch):
    compared = []
    monkeypatch.setattr(comparison, "near_duplicates", lambda names: compared.append(names) or near_duplicates(names))
    pairs, names = RememberedPairs(), {1: "Zorblet", 2: "Zorblat"}

    told = [pairs.of(dict(names)), pairs.of(dict(names)), pairs.of({1: "Zorblet", 2: "Zorblets"})]
    lexicon.teach(["[tool]", "Zorblet", "Zorblets"])
    told.append(pairs.of({1: "Zorblet", 2: "Zorblets"}))

    assert [[why for *_, why in found] for found in told] == [["one slip"], ["one slip"], ["plural"], []]
    assert len(compared) == 3


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
    assert list(admin_client.get(PAGE).context["suggestions"]) == []


@pytest.mark.django_db
def test_every_pair_is_on_one_of_the_pages_and_an_odd_number_leads_to_one_that_is_there(admin_client):
    spellings = (spelling for number in range(150) for spelling in (f"Zorb-{number:03}x", f"Zorb{number:03}x"))
    Tag.objects.bulk_create(Tag(name=spelling, slug=spelling.lower()) for spelling in spellings)

    first, second, after, odd = (admin_client.get(f"{PAGE}?p={number}") for number in ("1", "2", "9", "x"))

    shown = [[one.source.name for one in page.context["suggestions"]] for page in (first, second, after, odd)]
    assert (len(shown[0]), len(shown[1]), len({*shown[0], *shown[1]})) == (100, 50, 150)
    assert (shown[2], shown[3]) == (shown[1], shown[0])
    assert 'href="?p=2"' in first.content.decode()
    assert 'href="?p=1"' in second.content.decode()


@pytest.mark.django_db
def test_blocked_names_and_aliases_are_not_suggested(admin_client, make_tagged):
    make_tagged("QuiddleDB")
    make_tagged("Quiddle-DB")
    vocabulary.block([Tag.objects.get(slug="quiddledb").pk])

    assert list(admin_client.get(PAGE).context["suggestions"]) == []


@pytest.mark.django_db
def test_who_may_only_look_at_tags_sees_no_suggestions_nor_a_link_to_them(client, django_user_model):
    ada = django_user_model.objects.create_user("ada", is_staff=True)
    ada.user_permissions.add(Permission.objects.get(codename="view_tag"))
    client.force_login(ada)

    assert PAGE not in client.get("/admin/tagging/tag/").content.decode()
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
