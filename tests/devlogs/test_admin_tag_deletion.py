"""Tags that are deleted or blocked in the admin, one or very many: they stay away, and a page asks first."""

import re

import pytest
from django.contrib.auth.models import Permission, User

from devlogs.models import DevLog
from tagging.curation import vocabulary
from tagging.models import DevLogTag, Tag
from tests.devlogs.admin_pages import TAGS, act_on_tags, column, message_of, words

pytestmark = pytest.mark.django_db


def texts_of(response):
    return [str(message) for message in response.context["messages"]]


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


def test_who_may_only_view_tags_cannot_change_what_they_mean(client, make_tagged):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_tag"))
    client.force_login(viewer)
    make_tagged("Foo")

    act_on_tags(client, "block", "Foo", confirmed="Block names")

    assert client.get(TAGS).context["action_form"] is None
    assert not Tag.objects.filter(is_blocked=True).exists()
