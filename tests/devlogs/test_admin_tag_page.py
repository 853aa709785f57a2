"""A tag's page in the admin: how it is used, and who sees what of it."""

import re
from datetime import UTC, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devlogs.models import DevLog
from tagging.curation import edits, vocabulary
from tagging.models import DevLogTag, Tag
from tests.devlogs.admin_pages import DEVLOGS, SCRIPT, TAGS, change_page, inline, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    """Return a function that logs in a member of staff with these permissions."""

    def log_in(*names):
        user, _ = User.objects.get_or_create(username="staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        client.force_login(user)
        return client

    return log_in


def tag(name):
    return Tag.objects.get(name=name)


def section(response, name):
    """Return the words of one part of the page."""
    part = response.content.decode().partition(f'aria-labelledby="{name}"')[2].partition("</section>")[0]
    return words(part.partition("</h2>")[2].replace("<", " <"))


def alias_page(name):
    return f"{TAGS}{tag(name).pk}/alias/"


# -- How it is used --------------------------------------------------------------------------------------------------


def test_it_tells_how_often_and_when_the_tag_was_used(admin_client, make_tagged):
    for day in ("2026-02-03T12:00Z", "2025-12-31T12:00Z"):
        DevLog.objects.filter(pk=make_tagged("Django").pk).update(created_at=day)

    page = admin_client.get(change_page(tag("Django")))

    assert section(page, "use").startswith("dev-logs 2 first used Dec. 31, 2025 last used Feb. 3, 2026 ")
    assert f'href="{DEVLOGS}?tags__slug=django"' in page.content.decode()


def test_its_months_are_drawn_and_stand_in_a_table(admin_client, make_tagged):
    make_tagged("Django")
    make_tagged("Django")

    page = admin_client.get(change_page(tag("Django")))

    months = page.context["months"]
    assert [count for _, count in months] == [2]
    assert section(page, "use").endswith(f"{months[-1][0]} 2")
    assert 'aria-label="Dev-logs with Django by month' in page.content.decode()


@pytest.mark.parametrize("ago, drawn", [(0, 1), (45, 3), (2_000, 24)])
def test_the_months_begin_with_the_first_use_and_are_at_most_two_years(admin_client, make_tagged, ago, drawn):
    make_tagged("Django")
    begun = timezone.now().astimezone(UTC).replace(day=1) - timedelta(days=ago)
    DevLog.objects.filter(pk=make_tagged("Django").pk).update(created_at=begun)

    months = admin_client.get(change_page(tag("Django"))).context["months"]

    assert len(months) == drawn


def test_it_tells_the_words_that_showed_it_and_how_it_was_named(admin_client, make_tagged):
    for name in ("Frobnik", "frobnik", "frobnik"):
        make_tagged(name)

    page = admin_client.get(change_page(Tag.objects.get()))

    assert section(page, "words") == "Show the parts of sentences words dev-logs Wrote frobnik 2 Wrote Frobnik 1"
    assert section(page, "spellings") == "spelling dev-logs frobnik 2 Frobnik 1"


def test_it_tells_what_it_was_used_together_with_most_first(admin_client, make_tagged):
    make_tagged("Django", "Redis", "Celery")
    make_tagged("Django", "Redis")
    make_tagged("Celery")

    page = admin_client.get(change_page(tag("Django")))

    assert section(page, "related") == "tag dev-logs Redis 2 Celery 1"


def test_it_tells_who_set_it(admin_client, admin_user, make_tagged, make_devlog):
    make_tagged("Django")
    make_tagged("Django")
    edits.add(make_devlog("Nothing."), "Django", admin_user)

    page = admin_client.get(change_page(tag("Django")))

    assert section(page, "sources") == "by dev-logs answer:model-1 2 a person 1"


def test_it_names_its_newest_devlogs(admin_client, make_tagged):
    first, second = make_tagged("Django"), make_tagged("Django", "Redis")

    page = admin_client.get(change_page(tag("Django")))

    html = page.content.decode().partition('aria-labelledby="newest"')[2]
    assert html.index(change_page(second)) < html.index(change_page(first))
    assert "Wrote Django and Redis" in section(page, "newest")


def test_a_page_of_one_costs_as_many_queries_as_a_page_of_three(admin_client, make_tagged):
    def queries():
        admin_client.get(change_page(tag("Django")))  # which counts
        with CaptureQueriesContext(connection) as captured:
            admin_client.get(change_page(tag("Django")))
        return len(captured)

    make_tagged("Django", "Redis")
    vocabulary.add_alias(tag("Django"), "Frob")
    one = queries()
    for name in ("Celery", "Kafka"):
        make_tagged("Django", name)
        vocabulary.add_alias(tag("Django"), f"Frob{name}")

    assert queries() == one


# -- Who sees what ---------------------------------------------------------------------------------------------------


def test_words_of_private_entries_are_for_their_author_and_superusers(admin_client, staff, make_tagged):
    make_tagged("Redis")
    hidden = make_tagged("Redis", "Kafka", is_private=True)
    DevLogTag.objects.filter(devlog=hidden).update(evidence="REDIS of Zanzibar", spelling="REDIS-Zanzibar")
    address = change_page(tag("Redis"))

    of_others = staff("view_tag", "view_devlog").get(address)
    of_superuser = admin_client.get(address)
    DevLog.objects.filter(pk=hidden.pk).update(author=User.objects.get(username="staff"))
    own = staff("view_tag", "view_devlog").get(address)

    assert ["Zanzibar" in page.content.decode() for page in (of_others, of_superuser, own)] == [False, True, True]
    assert ["Kafka" in page.content.decode() for page in (of_others, of_superuser, own)] == [False, True, True]


def test_who_may_not_see_devlogs_sees_no_words_of_them(staff, make_tagged):
    make_tagged("Django")
    DevLogTag.objects.update(evidence="Zanzibar", spelling="Zanzibar-spelling")
    DevLog.objects.update(entry="Zanzibar runs on Django.")

    page = staff("view_tag").get(change_page(tag("Django")))

    assert page.status_code == 200
    assert "Zanzibar" not in page.content.decode()


def test_who_may_only_view_sees_the_page_without_forms(staff, make_tagged):
    make_tagged("Django")
    vocabulary.add_alias(tag("Django"), "Frob")
    client = staff("view_tag", "view_devlog")

    page = client.get(change_page(tag("Django")))

    assert "Frob" in section(page, "meaning")
    assert [form for form in re.findall(r"<form[^>]*>", page.content.decode()) if "logout" not in form] == [
        '<form method="post" id="tag_form" novalidate>'
    ]
    assert 'type="submit"' not in page.content.decode().partition('id="content"')[2]
    assert client.get(alias_page("Django")).status_code == 403


def test_what_people_wrote_is_escaped_there(admin_client, make_tagged):
    make_tagged("Django", "Redis")
    vocabulary.add_alias(tag("Django"), "Frob")
    for name in ("Redis", "Frob"):
        Tag.objects.filter(name=name).update(name=SCRIPT)
    DevLogTag.objects.update(evidence=SCRIPT, spelling=SCRIPT)
    DevLog.objects.update(entry=SCRIPT)

    html = admin_client.get(change_page(tag("Django"))).content.decode()

    assert (SCRIPT in html, html.count("&lt;script&gt;alert") >= 5, inline(html)) == (False, True, [])
