"""The admin of tags: what people say that names mean."""

import re

import pytest

from tagging.admin import tag_actions
from tagging.models import Tag
from tests.devlogs.admin_pages import NO_SUCH_TAG, SCRIPT, TAGS, act_on_tags, change_page, column, message_of, words

pytestmark = pytest.mark.django_db


# -- Spelling --------------------------------------------------------------------------------------------------------


def test_a_spelling_is_mended_for_all_and_stays(admin_client, make_tagged):
    devlog = make_tagged("QUIDDLE-DB")
    page = change_page(Tag.objects.get())

    assert admin_client.post(page, {"name": "Quiddle-DB"}).status_code == 302
    make_tagged("QUIDDLE-DB")

    assert [tag.name for tag in devlog.tags.all()] == ["Quiddle-DB"]


def test_a_mended_name_that_is_another_one_keeps_the_old_as_its_alias(admin_client, make_tagged):
    devlog = make_tagged("Quidle")

    admin_client.post(change_page(Tag.objects.get()), {"name": "Quiddle"})

    assert [tag.name for tag in devlog.tags.all()] == ["Quiddle"]
    assert [tag.name for tag in make_tagged("Quidle").tags.all()] == ["Quiddle"]


@pytest.mark.parametrize(
    "name, why",
    [
        ("Bar", "There is Bar already: merge Foo into it."),
        ("!!!", "A name has 1 to 100 characters, a letter or a digit among them."),
        ("Foo\u202e", "A name has no control characters and no marks of direction."),
    ],
)
def test_a_name_that_cannot_be_is_refused_on_the_form(admin_client, make_tagged, name, why):
    make_tagged("Foo", "Bar")

    page = admin_client.post(change_page(Tag.objects.get(name="Foo")), {"name": name})

    assert page.context["adminform"].form.errors["name"] == [why]


# -- The vocabulary --------------------------------------------------------------------------------------------------


def test_tags_are_merged_into_one_that_is_named_on_a_page_between(admin_client, make_tagged):
    devlog = make_tagged("Foo", "Bar", "Baz")

    page = act_on_tags(admin_client, "merge", "Foo", "Bar")
    response = act_on_tags(admin_client, "merge", "Foo", "Bar", into="baz", confirmed="Merge tags")

    assert [words(item) for item in re.findall("<li>(.*?)</li>", page.content.decode())] == [
        "Bar: 1 dev-log",
        "Foo: 1 dev-log",
    ]
    assert message_of(response) == (
        "Merged into Baz: Bar, Foo. “Separate” takes it back; to have another name stay, merge Baz into that."
    )
    assert [tag.name for tag in devlog.tags.all()] == ["Baz"]
    assert column(response, "other_names") == ["Bar, Foo", "alias of Baz", "alias of Baz"]


@pytest.mark.parametrize(
    "into, why",
    [
        ("", "This field is required."),
        ("Nothing", NO_SUCH_TAG),
        ("Foo", "Foo cannot be merged into itself."),
    ],
)
def test_a_merge_that_means_nothing_is_refused_on_the_page(admin_client, make_tagged, into, why):
    make_tagged("Foo", "Bar")

    page = act_on_tags(admin_client, "merge", "Foo", into=into, confirmed="Merge tags")

    assert page.context["form"].errors["into"] == [why]
    assert not Tag.objects.filter(alias_of__isnull=False).exists()


def test_a_merge_is_turned_round_by_a_merge_the_other_way(admin_client, make_tagged):
    devlog = make_tagged("Redis", "Valkey")
    act_on_tags(admin_client, "merge", "Redis", into="Valkey", confirmed="Merge tags")

    act_on_tags(admin_client, "merge", "Valkey", into="redis", confirmed="Merge tags")

    assert [tag.name for tag in devlog.tags.all()] == ["Redis"]
    assert Tag.objects.get(name="Valkey").alias_of.name == "Redis"


def test_to_merge_into_an_alias_of_another_is_to_merge_into_its_tag(admin_client, make_tagged):
    make_tagged("Foo", "Bar", "Baz")
    act_on_tags(admin_client, "merge", "Foo", into="Bar", confirmed="Merge tags")

    act_on_tags(admin_client, "merge", "Baz", into="Foo", confirmed="Merge tags")

    assert Tag.objects.get(name="Baz").alias_of.name == "Bar"


def test_a_merge_is_taken_back(admin_client, make_tagged):
    foo, both = make_tagged("Foo"), make_tagged("Foo", "Bar")
    act_on_tags(admin_client, "merge", "Foo", into="Bar", confirmed="Merge tags")

    response = act_on_tags(admin_client, "separate", "Foo")

    assert message_of(response) == "Separated Foo from Bar: 2 dev-logs carry it again."
    assert [[tag.name for tag in devlog.tags.all()] for devlog in (foo, both)] == [["Foo"], ["Bar", "Foo"]]
    assert message_of(act_on_tags(admin_client, "separate", "Foo")) == "None of these is an alias."


def test_of_a_whole_list_the_aliases_alone_are_separated_and_one_message_tells_it(admin_client, make_tagged):
    make_tagged("Foo", "Bar", "Baz")
    make_tagged("Foo")
    for name in ("Foo", "Bar"):
        act_on_tags(admin_client, "merge", name, into="Baz", confirmed="Merge tags")

    response = act_on_tags(admin_client, "separate", "Baz", select_across="1")

    assert message_of(response) == "Separated Bar, Foo: 3 dev-logs carry them again."
    assert not Tag.objects.filter(alias_of__isnull=False).exists()


def test_aliases_that_are_too_many_dev_logs_together_are_all_left(admin_client, make_tagged, monkeypatch):
    monkeypatch.setattr(tag_actions, "SEPARATED_AT_ONCE", 3)
    make_tagged("Foo", "Bar", "Baz")
    make_tagged("Foo")
    for name in ("Foo", "Bar"):
        act_on_tags(admin_client, "merge", name, into="Baz", confirmed="Merge tags")

    response = act_on_tags(admin_client, "separate", "Foo", "Bar")

    assert "4 dev-logs would be looked through for Bar, Foo, too many here." in message_of(response)
    assert Tag.objects.filter(alias_of__name="Baz").count() == 2


def test_an_alias_of_a_tag_that_is_everywhere_is_separated_by_the_command(admin_client, make_tagged, monkeypatch):
    monkeypatch.setattr(tag_actions, "SEPARATED_AT_ONCE", 1)
    make_tagged("Foo")
    make_tagged("Bar")
    act_on_tags(admin_client, "merge", "Foo", into="Bar", confirmed="Merge tags")

    response = act_on_tags(admin_client, "separate", "Foo")

    assert message_of(response) == (
        "2 dev-logs would be looked through for Foo, too many here. "
        'Choose fewer, or run for each: manage.py separate_tag "Foo"'
    )
    assert Tag.objects.get(name="Foo").alias_of.name == "Bar"


def test_who_changed_the_vocabulary_stands_in_the_history_of_the_tag(admin_client, make_tagged):
    make_tagged("Foo", "Bar")
    act_on_tags(admin_client, "merge", "Foo", into="Bar", confirmed="Merge tags")

    history = admin_client.get(f"{TAGS}{Tag.objects.get(name='Foo').pk}/history/")

    assert "Merged into Bar." in history.content.decode()


@pytest.mark.parametrize("action", ["merge", "block"])
def test_a_page_between_is_escaped_and_has_no_inline_styles_or_scripts(admin_client, make_tagged, action):
    make_tagged("Foo")
    Tag.objects.update(name=SCRIPT)

    html = act_on_tags(admin_client, action, SCRIPT).content.decode()

    assert "&lt;script&gt;alert" in html
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\b(?:src|type=\"application/json\"))", html) == []
