"""The list of tags in the admin: how often each is used, and when; most used first."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models.functions import Now
from django.utils import timezone

from devlogs.models import DevLog
from tagging.curation import vocabulary
from tagging.models import Batch, DevLogTag, Tag
from tagging.models.tag_use import PAGE
from tests.devlogs.admin_pages import DEVLOGS, TAGS, column

pytestmark = pytest.mark.django_db


@pytest.fixture
def on(make_tagged):
    """Return a function that saves a dev-log of some days ago with these tags."""

    def write(days, *names, **fields):
        devlog = make_tagged(*names, **fields)
        DevLog.objects.filter(pk=devlog.pk).update(created_at=timezone.now() - timedelta(days=days))
        return devlog

    return write


@pytest.fixture
def viewer(client):
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_tag", "view_devlog"]))
    client.force_login(user)
    return client


def names(response):
    return column(response, "name")


def test_the_most_used_tag_comes_first_and_leads_to_its_devlogs(admin_client, on):
    on(0, "Redis", "Django")
    on(0, "Django")

    page = admin_client.get(TAGS)

    assert (names(page), column(page, "count")) == (["Django", "Redis"], ["2", "1"])
    assert f'href="{DEVLOGS}?tags__slug=django"' in page.content.decode()


def test_a_row_tells_when_a_tag_was_first_and_last_used(admin_client, make_tagged):
    for day in ("2026-02-03T23:30Z", "2025-12-31T00:30Z", "2026-01-05T12:00Z"):
        devlog = make_tagged("Django")
        DevLog.objects.filter(pk=devlog.pk).update(created_at=day)

    page = admin_client.get(TAGS)

    assert (column(page, "first_used"), column(page, "last_used")) == (["Dec. 31, 2025"], ["Feb. 3, 2026"])


def test_a_row_draws_the_last_twelve_months_and_says_them(admin_client, on):
    on(0, "Django")
    on(0, "Django")
    on(800, "Django")

    page = admin_client.get(TAGS).content.decode()

    assert "Dev-logs in each of the last twelve months: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2" in page


@pytest.mark.parametrize("words, found", [("djan", ["Django"]), ("dj-alias", ["Django", "Dj-Alias"])])
def test_a_tag_is_found_by_its_name_and_by_its_alias(admin_client, on, words, found):
    on(0, "Redis", "Django")
    vocabulary.add_alias(Tag.objects.get(name="Django"), "Dj-Alias")

    assert names(admin_client.get(f"{TAGS}?q={words}")) == found


@pytest.mark.parametrize(
    "query, found",
    [
        ("used_within=7", ["Frobnik"]),
        ("used_within=30", ["Frobnik", "Quuxer"]),
        ("used_within=90", ["Frobnik", "Quuxer"]),
        ("used_within=365", ["Frobnik", "Quuxer", "Zorble"]),
        ("used=once", ["Quuxer", "Zorble"]),
        ("used=never", ["Nothing", "Other", "Wibble"]),
        ("name_is=tag", ["Frobnik", "Quuxer", "Zorble", "Nothing"]),
        ("name_is=alias", ["Other"]),
        ("name_is=blocked", ["Wibble"]),
    ],
)
def test_a_filter_narrows_the_list(admin_client, on, query, found):
    on(3, "Frobnik", "Wibble")
    on(6, "Frobnik")
    on(20, "Quuxer")
    on(200, "Zorble")
    Tag.objects.create(name="Nothing", slug="nothing")
    vocabulary.add_alias(Tag.objects.get(name="Frobnik"), "Other")
    vocabulary.block([Tag.objects.get(name="Wibble").pk])

    assert names(admin_client.get(f"{TAGS}?{query}")) == found


def test_what_a_name_is_stands_in_words_only_where_it_is_no_tag(admin_client, on):
    on(0, "Django", "Wibble")
    vocabulary.add_alias(Tag.objects.get(name="Django"), "Other")
    vocabulary.block([Tag.objects.get(name="Wibble").pk])

    page = admin_client.get(TAGS)

    told = dict(zip(names(page), column(page, "other_names"), strict=True))
    assert told == {"Django": "Other", "Wibble": "blocked", "Other": "alias of Django"}
    assert "icon-no" not in page.content.decode()


def test_of_many_aliases_the_first_are_named(admin_client, on):
    on(0, "Django")
    for number in range(7):
        vocabulary.add_alias(Tag.objects.get(name="Django"), f"Other{number}")

    assert "Other0, Other1, Other2, Other3, Other4 and 2 more" in column(admin_client.get(TAGS), "other_names")


def test_a_tag_never_used_comes_last_whichever_day_orders_the_list(admin_client, on):
    on(10, "Zorble")
    on(1, "Frobnik")
    Tag.objects.create(name="Nothing", slug="nothing")

    assert names(admin_client.get(f"{TAGS}?o=-5")) == ["Frobnik", "Zorble", "Nothing"]
    assert names(admin_client.get(f"{TAGS}?o=-4")) == ["Frobnik", "Zorble", "Nothing"]


def test_a_count_under_way_is_shown_and_looked_at_again(admin_client, on):
    on(0, "Django")
    admin_client.get(TAGS)
    batch = Batch.objects.begin(PAGE, "Uses of tags counted", 200_000, None)
    Batch.objects.advance(batch, 50_000)
    on(0, "Django")

    page = admin_client.get(TAGS)

    assert "being counted: 25 % of the dev-logs are done" in page.content.decode()
    assert (page["Refresh"], column(page, "count")) == ("5", ["1"])


def test_figures_of_before_are_shown_with_their_age(admin_client, on):
    on(0, "Django")
    batch = Batch.objects.begin(PAGE, "Uses of tags counted", 200_000, None)
    Batch.objects.filter(pk=batch.pk).update(finished_at=Now() - timedelta(minutes=5))

    page = admin_client.get(TAGS).content.decode()

    assert re.search(r"was counted 5\s+minutes ago", page.replace("&nbsp;", " ").replace("\xa0", " "))


def test_a_merge_has_the_figures_counted_anew(admin_client, on):
    on(0, "Foo")
    on(0, "Bar")
    Batch.objects.finish(Batch.objects.begin(PAGE, "Uses of tags counted", 200_000, None))
    vocabulary.merge(Tag.objects.get(name="Foo"), Tag.objects.get(name="Bar"))

    page = admin_client.get(TAGS)

    assert dict(zip(names(page), column(page, "count"), strict=True)) == {"Bar": "2", "Foo": "0"}


def test_a_name_from_nothing_but_private_entries_is_for_their_author_and_superusers(viewer, on, admin_client):
    on(0, "Django")
    on(0, "Django", "Rust", is_private=True)
    own = on(0, "Redis", is_private=True)
    DevLog.objects.filter(pk=own.pk).update(author=User.objects.get(username="viewer"))

    assert sorted(names(viewer.get(TAGS))) == ["Django", "Redis"]
    assert sorted(names(admin_client.get(TAGS))) == ["Django", "Redis", "Rust"]
    assert viewer.get(f"{TAGS}{Tag.objects.get(name='Rust').pk}/change/").status_code == 302
    assert DevLogTag.objects.filter(tag__name="Rust").exists()


def test_who_may_only_view_sees_the_list_without_forms(viewer, on):
    on(0, "Django")

    page = viewer.get(TAGS)

    assert names(page) == ["Django"]
    assert page.context["action_form"] is None
    assert "near-duplicates" not in page.content.decode()


def test_the_list_says_by_what_it_is_ordered(admin_client, on):
    on(0, "Django")

    page = admin_client.get(TAGS).content.decode()

    ordered = dict(re.findall(r'class="sortable column-(\w+) sorted (\w+)', page))
    assert ordered == {"count": "descending"}
