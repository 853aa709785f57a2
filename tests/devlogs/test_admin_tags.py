"""The admin of tags: what people say that names mean."""

import re

import pytest
from django.contrib.auth.models import Permission, User

from devlogs.models import DevLog
from tagging.admin import tag_actions
from tagging.curation import vocabulary
from tagging.models import DevLogTag, Tag
from tests.devlogs.admin_pages import SCRIPT, TAGS, change_page, column, message_of, words

pytestmark = pytest.mark.django_db


def texts_of(response):
    return [str(message) for message in response.context["messages"]]


# -- Deleting --------------------------------------------------------------------------------------------------------


def test_the_page_that_asks_says_what_goes_with_a_tag(admin_client, make_tagged):
    make_tagged("Foo", "Bar")
    vocabulary.merge(Tag.objects.get(name="Bar"), Tag.objects.get(name="Foo"))

    page = admin_client.get(f"{TAGS}{Tag.objects.get(name='Foo').pk}/delete/")

    counts = {"tags": 1, "aliases": 1, "dev-logs that lose it": 1, "of which people set it": 0}
    assert dict(page.context["model_count"]) == counts
    assert "It stays in the list as blocked" in words(page.content.decode())


def test_a_tag_that_is_deleted_stays_away_and_its_devlogs_stay(admin_client, make_tagged):
    devlog = make_tagged("Django")
    tag = Tag.objects.get()

    response = admin_client.post(f"{TAGS}{tag.pk}/delete/", {"post": "yes"}, follow=True)

    assert "Django is blocked from now on: unblock it here to let it be found again." in texts_of(response)
    assert list(DevLog.objects.all()) == [devlog]
    assert list(make_tagged("Django", "Redis").tags.values_list("name", flat=True)) == ["Redis"]


def test_a_blocked_name_that_is_deleted_is_forgotten_and_may_be_found_again(admin_client, make_tagged):
    make_tagged("Django")
    vocabulary.block([Tag.objects.get().pk])
    address = f"{TAGS}{Tag.objects.get().pk}/delete/"

    assert "it is forgotten with its aliases, and may be found again" in words(
        admin_client.get(address).content.decode()
    )
    admin_client.post(address, {"post": "yes"})

    assert not Tag.objects.exists()
    assert [tag.name for tag in make_tagged("Django").tags.all()] == ["Django"]


def test_the_chosen_tags_are_deleted_after_a_question(admin_client, make_tagged):
    devlog = make_tagged("Foo", "Bar")

    page = act_on_tags(admin_client, "delete_selected", "Foo")
    assert "1 name, with 0 aliases: on 1 dev-log, in 1 place" in words(page.content.decode())
    assert devlog.tags.count() == 2
    response = act_on_tags(admin_client, "delete_selected", "Foo", post="yes")

    assert message_of(response) == "Deleted, and blocked from now on: Foo."
    assert [tag.name for tag in devlog.tags.all()] == ["Bar"]


@pytest.fixture
def many(make_devlog):
    """Store a dev-log with more tags than a form may have fields."""
    devlog = make_devlog()
    made = Tag.objects.bulk_create(Tag(name=f"T{number}", slug=f"t{number}") for number in range(1_100))
    DevLogTag.objects.bulk_create(DevLogTag(devlog=devlog, tag=tag) for tag in made)
    return devlog


def hidden_fields(page):
    return re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)">', page.content.decode())


@pytest.mark.parametrize("action", ["delete_selected", "block"])
def test_all_of_very_many_tags_are_deleted_by_the_form_that_asks(admin_client, many, action):
    ask = {"action": action, "select_across": "1", "_selected_action": str(Tag.objects.first().pk)}

    page = admin_client.post(TAGS, ask)
    Tag.objects.create(name="Later", slug="later")
    fields = hidden_fields(page)
    response = admin_client.post(TAGS, {**dict(fields), "confirmed": "yes"}, follow=True)

    assert len(fields) < 10
    assert "… and 1000 more" in page.content.decode()
    assert (response.status_code, many.tags.count()) == (200, 0)
    assert [tag.name for tag in Tag.objects.filter(is_blocked=False)] == ["Later"]


def test_the_page_that_asks_fetches_no_more_than_it_shows(admin_client, many, django_assert_max_num_queries):
    ask = {"action": "delete_selected", "select_across": "1", "_selected_action": "1"}

    with django_assert_max_num_queries(12):
        page = admin_client.post(TAGS, ask)

    assert len(page.context["tags"]) == 100


def test_who_may_not_delete_tags_is_not_offered_it(client, make_tagged):
    editor = User.objects.create_user("editor", is_staff=True)
    editor.user_permissions.set(Permission.objects.filter(codename__in=["view_tag", "change_tag"]))
    client.force_login(editor)
    make_tagged("Foo")

    act_on_tags(client, "delete_selected", "Foo", post="yes")

    assert not Tag.objects.filter(is_blocked=True).exists()


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


def act_on_tags(client, action, *names, **more):
    chosen = Tag.objects.filter(name__in=names).values_list("pk", flat=True)
    form = {"action": action, "_selected_action": list(chosen), **more}
    return client.post(TAGS, form, follow=True)


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
        ("Nothing", "There is no such tag."),
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


def test_a_name_is_blocked_after_a_question_and_unblocked(admin_client, make_tagged):
    devlog = make_tagged("Foo", "Bar")

    page = act_on_tags(admin_client, "block", "Foo")
    assert "These names leave all dev-logs" in page.content.decode()
    assert devlog.tags.count() == 2

    response = act_on_tags(admin_client, "block", "Foo", confirmed="Block names")
    assert message_of(response) == "Blocked: Foo."
    assert [tag.name for tag in devlog.tags.all()] == ["Bar"]
    assert column(admin_client.get(f"{TAGS}?name_is=blocked"), "name") == ["Foo"]

    assert message_of(act_on_tags(admin_client, "unblock", "Foo", "Bar")) == "May be found again: Foo."
    assert not Tag.objects.filter(is_blocked=True).exists()


def test_who_changed_the_vocabulary_stands_in_the_history_of_the_tag(admin_client, make_tagged):
    make_tagged("Foo", "Bar")
    act_on_tags(admin_client, "merge", "Foo", into="Bar", confirmed="Merge tags")

    history = admin_client.get(f"{TAGS}{Tag.objects.get(name='Foo').pk}/history/")

    assert "Merged into Bar." in history.content.decode()


def test_who_may_only_view_tags_cannot_change_what_they_mean(client, make_tagged):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_tag"))
    client.force_login(viewer)
    make_tagged("Foo")

    act_on_tags(client, "block", "Foo", confirmed="Block names")

    assert client.get(TAGS).context["action_form"] is None
    assert not Tag.objects.filter(is_blocked=True).exists()


@pytest.mark.parametrize("action", ["merge", "block"])
def test_a_page_between_is_escaped_and_has_no_inline_styles_or_scripts(admin_client, make_tagged, action):
    make_tagged("Foo")
    Tag.objects.update(name=SCRIPT)

    html = act_on_tags(admin_client, action, SCRIPT).content.decode()

    assert "&lt;script&gt;alert" in html
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\b(?:src|type=\"application/json\"))", html) == []
