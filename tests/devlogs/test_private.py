"""Private dev-logs at the API and in the admin, and what an author has set for those that do not say."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from devlogs import entries
from devlogs.models import AuthorSettings, DevLog
from tagging.models import Job
from tests.devlogs.admin_pages import DEVLOGS as DEVLOG_PAGES
from tests.devlogs.admin_pages import act, change_page, column, message_of, save, words
from tests.support.extractors import Paid

pytestmark = pytest.mark.django_db

URL = "/api/v1/devlogs/"
SETTINGS = "/api/v1/settings/"
ENTRY = "Wrote a Django app."


@pytest.fixture
def ada():
    return User.objects.create_user("ada")


@pytest.fixture
def hers(ada):
    client = APIClient(headers={"content-type": "application/json"})
    client.force_authenticate(ada)
    return client


def flags():
    return list(Job.objects.order_by("pk").values_list("devlog__is_private", "is_private"))


# -- The API ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said, became", [({}, False), ({"private": True}, True), ({"private": False}, False)])
@pytest.mark.parametrize("query", ["", "?bulk=true"])
def test_a_post_says_whether_it_is_private(api, said, became, query):
    response = api.post(URL + query, {"entry": ENTRY, **said})

    assert (response.status_code, response.json()["private"], flags()) == (201, became, [(became, became)])


@pytest.mark.parametrize("value", [None, "true", 1, 0, "", [], {}])
@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_what_is_no_boolean_is_refused(api, make_devlog, method, value):
    devlog = make_devlog(ENTRY, is_private=True)
    path = URL if method == "post" else f"{URL}{devlog.pk}/"

    response = getattr(api, method)(path, {"entry": ENTRY, "private": value})

    assert (response.status_code, list(response.json()["errors"]), flags()) == (400, ["private"], [(True, True)])


@pytest.mark.parametrize("private", [True, False])
def test_a_patch_of_the_flag_has_it_tagged_anew(api, make_devlog, run_jobs, private):
    devlog = make_devlog(ENTRY, is_private=not private)
    run_jobs(Paid(["Django"]))

    answer = api.patch(f"{URL}{devlog.pk}/", {"private": private}).json()

    assert (answer["private"], answer["tagging"]["state"], answer["tags"]) == (private, "pending", [])
    assert api.get(f"{URL}{devlog.pk}/").json()["private"] is private


def test_a_patch_of_the_flag_as_it_is_asks_for_nothing(api, make_devlog, run_jobs):
    devlog = make_devlog(ENTRY, is_private=True)
    run_jobs(Paid())

    assert api.patch(f"{URL}{devlog.pk}/", {"private": True}).json()["tagging"]["state"] == "done"


@pytest.mark.parametrize("method", ["put", "patch"])
def test_an_edit_that_does_not_say_it_leaves_it_as_it_is(api, make_devlog, method):
    devlog = make_devlog(ENTRY, is_private=True)

    answer = getattr(api, method)(f"{URL}{devlog.pk}/", {"entry": "Wrote a Flask app."}).json()

    assert (answer["private"], flags()) == (True, [(True, True)])


@pytest.mark.parametrize("value, found", [("true", [True]), ("false", [False])])
def test_a_list_holds_the_private_ones_or_the_others(api, make_devlog, value, found):
    make_devlog(is_private=True), make_devlog()

    listed = api.get(f"{URL}?private={value}").json()["results"]

    assert [one["private"] for one in listed] == found


@pytest.mark.parametrize("value", ["1", "yes", "True", "null", ""])
def test_a_list_refuses_what_is_neither_true_nor_false(api, make_devlog, value):
    make_devlog(is_private=True)

    response = api.get(f"{URL}?private={value}")

    assert (response.status_code, list(response.json()["errors"])) == (400, ["private"])


# -- What an author has set ------------------------------------------------------------------------------------------


def test_who_has_set_nothing_writes_public_dev_logs(hers):
    assert hers.get(SETTINGS).json() == {"author": "ada", "private_by_default": False}
    assert hers.post(URL, {"entry": ENTRY}).json()["private"] is False


@pytest.mark.parametrize("query", ["", "?bulk=true"])
def test_a_post_that_does_not_say_it_is_as_its_author_has_set(hers, query):
    assert hers.patch(SETTINGS, {"private_by_default": True}).json() == {"author": "ada", "private_by_default": True}

    answer = hers.post(URL + query, {"entry": ENTRY}).json()

    assert (answer["private"], hers.get(f"{URL}{answer['id']}/").json()["private"], flags()) == (
        *(True, True),
        [(True, True)],
    )


def test_what_a_post_says_comes_before_what_its_author_has_set(hers, ada):
    AuthorSettings.objects.create(user=ada, private_by_default=True)

    assert hers.post(URL, {"entry": ENTRY, "private": False}).json()["private"] is False


def test_what_one_author_has_set_is_no_others(hers, api):
    other = User.objects.create_user("bob")
    AuthorSettings.objects.create(user=other, private_by_default=True)

    assert [client.post(URL, {"entry": ENTRY}).json()["private"] for client in (hers, api)] == [False, False]


def test_a_post_costs_no_statement_more_for_what_its_author_has_set(hers, ada):
    counts = []
    hers.post(URL, {"entry": ENTRY})  # the first looks how many are waiting
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            hers.post(URL, {"entry": ENTRY})
        counts.append(len(queries))
        AuthorSettings.objects.get_or_create(user=ada, private_by_default=True)

    assert counts[0] == counts[1]


def test_many_written_at_once_are_as_each_author_has_set(ada):
    AuthorSettings.objects.create(user=ada, private_by_default=True)
    made = [DevLog(entry=ENTRY), DevLog(entry=ENTRY, author=ada), DevLog(entry=ENTRY, author=ada, is_private=False)]

    entries.write_many(made)

    assert flags() == [(False, False), (True, True), (False, False)]


@pytest.mark.parametrize("body, name", [({"private_by_default": "yes"}, "private_by_default"), ({"x": True}, "x")])
def test_settings_that_cannot_be_meant_are_refused(hers, body, name):
    response = hers.patch(SETTINGS, body)

    assert (response.status_code, list(response.json()["errors"])) == (400, [name])
    assert not AuthorSettings.objects.exists()


def test_settings_are_changed_back_and_a_second_time(hers):
    for chosen in (True, False, True, True):
        assert hers.patch(SETTINGS, {"private_by_default": chosen}).json()["private_by_default"] is chosen
    assert hers.patch(SETTINGS, {}).json() == {"author": "ada", "private_by_default": True}


@pytest.mark.parametrize("method", ["get", "patch"])
def test_nobody_has_no_settings_also_while_the_api_is_open(api, method):
    assert getattr(api, method)(SETTINGS).status_code == 401


def test_the_contract_names_the_flag_and_the_settings(api):
    schema = api.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()

    assert schema["components"]["schemas"]["DevLog"]["properties"]["private"]["type"] == "boolean"
    assert "private" not in schema["components"]["schemas"]["DevLog"].get("required", [])
    assert set(schema["paths"][SETTINGS]) == {"get", "patch"}
    (private,) = [one for one in schema["paths"][URL]["get"]["parameters"] if one["name"] == "private"]
    assert private["schema"] == {"type": "boolean"}


# -- The admin -------------------------------------------------------------------------------------------------------


def test_the_admin_writes_a_private_dev_log_and_shows_which_are(admin_client):
    admin_client.post(f"{DEVLOG_PAGES}add/", {"entry": ENTRY, "author": "", "is_private": "on"})

    assert flags() == [(True, True)]
    assert column(admin_client.get(f"{DEVLOG_PAGES}?is_private__exact=1"), "private") == ["private"]
    assert column(admin_client.get(f"{DEVLOG_PAGES}?is_private__exact=0"), "private") == []


def test_the_admin_offers_what_the_person_has_set(admin_client, admin_user):
    AuthorSettings.objects.create(user=admin_user, private_by_default=True)

    form = admin_client.get(f"{DEVLOG_PAGES}add/").context["adminform"].form

    assert form["is_private"].value() is True


def test_the_admin_has_it_tagged_anew_when_the_flag_changes(admin_client, make_devlog, run_jobs):
    devlog = make_devlog(ENTRY)
    run_jobs(Paid(["Django"]))

    save(admin_client, devlog, is_private="on")

    assert (flags(), Job.objects.get().state) == ([(True, True)], "pending")


def test_a_form_of_before_does_not_make_public_what_was_made_private_since(admin_client, make_devlog):
    devlog = make_devlog(ENTRY)
    entries.set_private([devlog.pk], is_private=True)

    # As a browser sends it that shows the box without its mark, as it was.
    save(admin_client, devlog, entry="Wrote a Flask app.")

    devlog.refresh_from_db()
    assert (devlog.entry, devlog.is_private) == ("Wrote a Flask app.", True)


@pytest.mark.parametrize("action, became", [("make_private", True), ("make_public", False)])
def test_chosen_dev_logs_become_private_or_public_once_it_was_said_what_follows(
    admin_client, make_devlog, action, became
):
    made = [make_devlog(is_private=not became), make_devlog(is_private=became)]

    asked = act(admin_client, action, made)
    assert flags()[0] == (not became, not became)
    done = act(admin_client, action, made, post="yes", newest=asked.context["newest"])

    assert "Dev-logs: 1" in words(asked.content.decode())
    assert message_of(done).startswith(f"Dev-logs made {'private' if became else 'public'}: 1.")
    assert flags() == [(became, became)] * 2


def test_what_tagging_again_costs_leaves_out_private_ones(admin_client, make_devlog, run_jobs, settings):
    settings.TAGGING_EXTRACTOR = "tests.support.extractors.Paid"
    made = [make_devlog(is_private=True), make_devlog()]
    run_jobs(Paid(["Django"]))

    def said():
        return words(act(admin_client, "tag_again", made, select_across="1").content.decode())

    assert "1 for nothing, as they are private, and the others each by a new call" in said()
    DevLog.objects.update(is_private=True)
    assert "for nothing (all are private)" in said()


def test_a_users_page_shows_and_changes_what_they_have_set(admin_client, ada):
    page = admin_client.get(change_page(ada))
    form = {name: value for name, value in page.context["adminform"].form.initial.items() if value}
    form |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    for inline in page.context["inline_admin_formsets"]:
        form |= {f"{inline.formset.prefix}-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    prefix = page.context["inline_admin_formsets"][0].formset.prefix
    form |= {f"{prefix}-TOTAL_FORMS": 1, f"{prefix}-0-private_by_default": "on", f"{prefix}-0-user": ada.pk}

    assert admin_client.post(change_page(ada), form).status_code == 302

    assert AuthorSettings.objects.get(user=ada).private_by_default
