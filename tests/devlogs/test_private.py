"""Private dev-logs at the API and in the admin, and what an author has set for new ones."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devlogs.models import AuthorSettings, DevLog
from tagging.models import Job

pytestmark = pytest.mark.django_db
DEVLOGS, SETTINGS = "/api/v1/devlogs/", "/api/v1/settings/"


@pytest.fixture
def ada(django_user_model):
    return django_user_model.objects.create_user("ada")


@pytest.fixture
def as_ada(api, ada):
    api.force_authenticate(ada)
    return api


def test_a_dev_log_is_private_where_it_says_so(api):
    said = [
        api.post(DEVLOGS, {"entry": "Django", **more}).json() for more in ({"private": True}, {"private": False}, {})
    ]

    assert [devlog["private"] for devlog in said] == [True, False, False]
    assert list(Job.objects.order_by("pk").values_list("is_private", flat=True)) == [True, False, False]


@pytest.mark.parametrize("value", ["yes", "true", 1, 0, None, [], {}])
def test_what_is_no_boolean_is_refused(api, value):
    response = api.post(DEVLOGS, {"entry": "Django", "private": value})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["private"])
    assert not DevLog.objects.exists()


def test_a_change_of_the_flag_asks_again(api, make_tagged):
    devlog = make_tagged("Django")

    changed = api.patch(f"{DEVLOGS}{devlog.pk}/", {"private": True}).json()
    same = api.patch(f"{DEVLOGS}{devlog.pk}/", {"private": True}).json()

    assert (changed["private"], changed["tagging"]["state"], changed["tags"]) == (True, "pending", [])
    assert same["tagging"]["queued_at"] == changed["tagging"]["queued_at"]


@pytest.mark.parametrize(("word", "found"), [("true", 1), ("false", 2)])
def test_a_list_is_of_private_ones_or_of_others(api, word, found):
    for private in (True, False, False):
        api.post(DEVLOGS, {"entry": "Django", "private": private})

    results = api.get(f"{DEVLOGS}?private={word}").json()["results"]

    assert [devlog["private"] for devlog in results] == [word == "true"] * found


@pytest.mark.parametrize("word", ["True", "1", "yes", "maybe"])
def test_another_word_is_no_filter(api, word):
    response = api.get(f"{DEVLOGS}?private={word}")

    assert (response.status_code, list(response.json()["errors"])) == (400, ["private"])


def test_what_an_author_has_set_holds_for_what_says_nothing(as_ada):
    assert as_ada.get(SETTINGS).json() == {"private_by_default": False}
    assert as_ada.patch(SETTINGS, {"private_by_default": True}).json() == {"private_by_default": True}
    assert as_ada.get(SETTINGS).json() == {"private_by_default": True}

    said = [as_ada.post(DEVLOGS, {"entry": "Django", **more}).json() for more in ({}, {"private": False})]

    assert [devlog["private"] for devlog in said] == [True, False]


def test_what_one_has_set_is_not_set_for_another(api, ada, django_user_model):
    AuthorSettings.objects.create(user=ada, private_by_default=True)
    api.force_authenticate(django_user_model.objects.create_user("bob"))

    assert api.post(DEVLOGS, {"entry": "Django"}).json()["private"] is False
    assert api.get(SETTINGS).json() == {"private_by_default": False}


@pytest.mark.parametrize("body", [{"private_by_default": "yes"}, {"private": True}, []])
def test_settings_that_there_are_not_are_refused(as_ada, body):
    assert as_ada.patch(SETTINGS, body).status_code == 400
    assert not AuthorSettings.objects.exists()


def test_nobody_has_settings_without_a_name(api):
    assert api.get(SETTINGS).status_code in (401, 403)


def test_to_know_what_its_author_has_set_costs_a_post_no_statement(as_ada, ada):
    AuthorSettings.objects.create(user=ada, private_by_default=True)
    as_ada.post(DEVLOGS, {"entry": "Django"})  # what it looks up once is no part of it
    counts = []
    for body in ({"entry": "Django", "private": False}, {"entry": "Django"}):
        with CaptureQueriesContext(connection) as statements:
            as_ada.post(DEVLOGS, body)
        counts.append(len(statements))

    assert counts[1] <= counts[0]


def test_the_admin_writes_shows_and_filters_private_dev_logs(admin_client, admin_user):
    AuthorSettings.objects.create(user=admin_user, private_by_default=True)
    form = admin_client.get("/admin/devlogs/devlog/add/").content.decode()
    assert 'name="is_private" id="id_is_private" checked' in form.replace(" aria-", "  aria-")

    admin_client.post("/admin/devlogs/devlog/add/", {"entry": "Django", "author": admin_user.pk, "is_private": "on"})
    admin_client.post("/admin/devlogs/devlog/add/", {"entry": "Redis", "author": admin_user.pk})

    assert list(DevLog.objects.order_by("pk").values_list("is_private", flat=True)) == [True, False]
    page = admin_client.get("/admin/devlogs/devlog/?is_private__exact=1").content.decode()
    assert "Django" in page
    assert ">Redis<" not in page


@pytest.mark.parametrize("is_private", [True, False])
def test_the_admin_makes_many_private_and_public_again(admin_client, make_devlog, is_private):
    devlogs = [make_devlog(is_private=not is_private) for _ in range(3)]
    action = "make_private" if is_private else "make_public"

    admin_client.post("/admin/devlogs/devlog/", {"action": action, "_selected_action": [one.pk for one in devlogs]})

    assert list(DevLog.objects.values_list("is_private", flat=True)) == [is_private] * 3
    assert list(Job.objects.values_list("is_private", flat=True)) == [is_private] * 3
