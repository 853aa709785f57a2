"""What a merge in the admin would do is shown before it is done."""

import pytest
from django.contrib.auth.models import Permission, User

from tagging.curation import vocabulary
from tagging.engine import recount
from tagging.models import Tag
from tests.devlogs.admin_pages import act_on_tags, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def used(make_tagged):
    """Cypress on two dev-logs, Playwright on two, one of them the same."""
    make_tagged("Cypress")
    make_tagged("Cypress", "Playwright")
    make_tagged("Playwright")


@pytest.fixture
def log_in(client):
    def as_staff(*permissions):
        user = User.objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client.force_login(user)
        return client

    return as_staff


def merged():
    return [tag.name for tag in Tag.objects.filter(alias_of__name="Playwright")]


def test_a_target_that_is_given_merges_nothing_yet_and_shows_both_counts_and_the_sum(admin_client, used):
    vocabulary.add_alias(Tag.objects.get(name="Cypress"), "Cyp")

    page = act_on_tags(admin_client, "merge", "Cypress", into="playwright")

    told = words(page.content.decode())
    assert "Cypress 2 + Playwright 2 → Playwright, on 3 dev-logs" in told
    assert "These names become its aliases: Cyp, Cypress" in told
    assert merged() == []


def test_what_was_shown_is_merged_by_a_second_yes(admin_client, used):
    page = act_on_tags(admin_client, "merge", "Cypress", into="playwright")
    assert 'name="confirmed"' in page.content.decode()

    act_on_tags(admin_client, "merge", "Cypress", into="playwright", confirmed="yes")

    assert merged() == ["Cypress"]


def test_no_page_offers_to_merge_before_it_shows_the_target(admin_client, used):
    pages = [act_on_tags(admin_client, "merge", "Cypress", **given) for given in ({}, {"into": "Playwrong"})]

    assert ['name="confirmed"' in page.content.decode() for page in pages] == [False, False]
    assert "There is no such tag. Choose one of the names suggested" in words(pages[1].content.decode())


def test_another_target_is_chosen_from_what_is_shown(admin_client, used):
    page = act_on_tags(admin_client, "merge", "Cypress", into="playwright", another="yes", confirmed="yes")

    assert 'name="into" value="playwright"' in page.content.decode()
    assert (page.context["preview"], merged()) == (None, [])


def test_the_counts_are_of_what_one_may_read(log_in, used, make_tagged):
    make_tagged("Playwright", is_private=True)

    page = act_on_tags(log_in("view_tag", "change_tag"), "merge", "Cypress", into="playwright")

    assert "Cypress 2 + Playwright 2 → Playwright, on 3 dev-logs" in words(page.content.decode())


def test_the_names_suggested_are_the_most_used_others_that_one_may_know_of(log_in, used, make_tagged):
    make_tagged("Redis")
    make_tagged("Zanzibar", is_private=True)
    recount.refresh()

    page = act_on_tags(log_in("view_tag", "change_tag"), "merge", "Cypress")

    assert page.context["suggested"] == ["Playwright", "Redis"]
    assert '<option value="Playwright">' in page.content.decode()


def test_who_may_only_view_is_shown_no_preview_and_merges_nothing(log_in, used):
    client = log_in("view_tag")

    shown = act_on_tags(client, "merge", "Cypress", into="playwright")
    act_on_tags(client, "merge", "Cypress", into="playwright", confirmed="yes")

    assert "become its aliases" not in shown.content.decode()
    assert merged() == []
