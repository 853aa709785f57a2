"""The tags of a dev-log as a person sets them and takes them off in the admin's form, and its words marked there."""

import pytest
from django.contrib.auth.models import Permission, User

from tagging.extraction.base import MAX_TECHNOLOGIES
from tagging.models import DevLogTag, Tag
from tests.devlogs.admin_pages import Answer, change_page, fact_html, save, states

pytestmark = pytest.mark.django_db


def names(devlog):
    return sorted(tag.name for tag in devlog.tags.all())


def test_a_tag_is_set_that_outlives_the_tagging(admin_client, admin_user, make_tagged, run_jobs):
    devlog = make_tagged("Django")

    save(admin_client, devlog, add_tag="redis")
    save(admin_client, devlog, entry="Wrote something else")
    run_jobs(Answer())

    assert names(devlog) == ["Redis"]
    assert DevLogTag.objects.get().person == admin_user


def test_tags_are_taken_off_and_stay_away(admin_client, make_tagged, run_jobs):
    devlog = make_tagged("Django", "Redis", "Celery")

    save(admin_client, devlog, remove_tags=["django", "celery"])
    assert names(devlog) == ["Redis"]

    save(admin_client, devlog, entry=f"{devlog.entry} again")
    run_jobs(Answer("Django", "Redis", "Celery"))
    assert names(devlog) == ["Redis"]


def test_a_tag_that_is_gone_meanwhile_is_no_error(admin_client, make_tagged):
    devlog = make_tagged("Django")

    response = save(admin_client, devlog, remove_tags=["redis"])

    assert (response.status_code, names(devlog)) == (302, ["Django"])


def test_to_set_a_tag_asks_no_model(admin_client, make_tagged):
    devlog = make_tagged("Django")

    save(admin_client, devlog, add_tag="Redis")

    assert states() == {devlog.pk: "done"}


@pytest.mark.parametrize(
    "text, message", [("!!!", "a letter or a digit among them"), ("blocked", "This name is blocked.")]
)
def test_a_name_that_the_api_refuses_is_refused_at_its_field(admin_client, make_tagged, text, message):
    Tag.objects.create(name="Blocked", slug="blocked", is_blocked=True)
    devlog = make_tagged("Django")

    response = save(admin_client, devlog, entry="Typed and kept", add_tag=text)

    assert message in response.context["adminform"].errors["add_tag"][0]
    assert "Typed and kept" in response.content.decode()
    devlog.refresh_from_db()
    assert (devlog.entry, names(devlog)) == ("Wrote Django", ["Django"])


def test_one_tag_more_than_people_may_set_is_refused_at_its_field(admin_client, make_devlog):
    devlog = make_devlog()
    for number in range(MAX_TECHNOLOGIES):
        tag = Tag.objects.create(name=f"Tool{number}", slug=f"tool{number}")
        DevLogTag.objects.create(devlog=devlog, tag=tag)

    response = save(admin_client, devlog, add_tag="Redis")

    assert f"People have set {MAX_TECHNOLOGIES} tags" in response.context["adminform"].errors["add_tag"][0]
    assert devlog.tags.count() == MAX_TECHNOLOGIES


def test_names_used_of_late_are_suggested(admin_client, make_tagged):
    html = admin_client.get(change_page(make_tagged("Django"))).content.decode()

    assert '<datalist id="add_tag-known"><option value="Django"></option></datalist>' in html


def test_who_may_only_look_is_offered_nothing(client, make_tagged):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_devlog"))
    client.force_login(viewer)
    devlog = make_tagged("Django")

    page = client.get(change_page(devlog))
    save(client, devlog, add_tag="Redis")

    assert page.status_code == 200
    assert b"add_tag" not in page.content
    assert b"remove_tags" not in page.content
    assert names(devlog) == ["Django"]


def test_the_words_that_show_a_tag_are_marked(admin_client, make_tagged):
    page = admin_client.get(change_page(make_tagged("Django")))

    assert '<mark data-tag="django"' in fact_html(page, "marked_entry")
