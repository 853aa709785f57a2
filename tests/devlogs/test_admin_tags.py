"""The admin of tags: how often they occur, and what people say that names mean."""

import re

import pytest
from django.contrib.auth.models import Permission, User

from devlogs.models import DevLog
from tagging.models import Tag
from tests.devlogs.admin_pages import DEVLOGS, SCRIPT, TAGS, column, message_of, words

pytestmark = pytest.mark.django_db


# -- The list --------------------------------------------------------------------------------------------------------


def test_tags_are_counted_and_lead_to_their_devlogs(admin_client, make_tagged):
    make_tagged("Redis", "Django")
    make_tagged("Django")

    response = admin_client.get(f"{TAGS}?o=-3")

    assert (column(response, "name"), column(response, "count")) == (["Django", "Redis"], ["2", "1"])
    assert f'href="{DEVLOGS}?tags__slug=django"' in response.content.decode()


def test_a_tag_is_found_by_its_name(admin_client, make_tagged):
    make_tagged("Redis", "Django")

    assert column(admin_client.get(f"{TAGS}?q=djan"), "slug") == ["django"]


def test_a_tag_is_deleted_and_its_devlogs_stay(admin_client, make_tagged):
    devlog = make_tagged("Django")
    tag = Tag.objects.get()

    page = admin_client.get(f"{TAGS}{tag.pk}/delete/")
    admin_client.post(f"{TAGS}{tag.pk}/delete/", {"post": "yes"})

    assert dict(page.context["model_count"]) == {"tags": 1, "tags on dev-logs": 1}
    assert (Tag.objects.count(), list(DevLog.objects.all())) == (0, [devlog])


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
    assert message_of(response) == "Merged into Baz: Bar, Foo."
    assert [tag.name for tag in devlog.tags.all()] == ["Baz"]
    assert column(response, "alias_of") == ["Baz", "-", "Baz"]


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


def test_a_name_is_blocked_after_a_question_and_unblocked(admin_client, make_tagged):
    devlog = make_tagged("Foo", "Bar")

    page = act_on_tags(admin_client, "block", "Foo")
    assert "These names leave all dev-logs" in page.content.decode()
    assert devlog.tags.count() == 2

    response = act_on_tags(admin_client, "block", "Foo", confirmed="Block names")
    assert message_of(response) == "Blocked: Foo."
    assert [tag.name for tag in devlog.tags.all()] == ["Bar"]
    assert column(admin_client.get(f"{TAGS}?is_blocked__exact=1"), "name") == ["Foo"]

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
