"""What a list of the admin is asked and cannot do is refused, with a word of what it can."""

import pytest
from django.contrib.auth.models import Group

from devlogs.models import DevLog
from tests.devlogs.admin_pages import ATTEMPTS, DEVLOGS, JOBS, TAGS

pytestmark = pytest.mark.django_db
USERS, GROUPS, TOKENS = "/admin/auth/user/", "/admin/auth/group/", "/admin/api/tokendetails/"


def detail(response):
    assert response.status_code == 400, response.status_code
    return response.json()["detail"]


@pytest.mark.parametrize(
    "url, path",
    [
        (DEVLOGS, "entry"),
        (TAGS, "name"),
        (JOBS, "error_detail"),
        (ATTEMPTS, "error_detail"),
        (USERS, "username"),
        (GROUPS, "name"),
        (TOKENS, "name"),
    ],
)
@pytest.mark.parametrize("lookup", ["regex", "iregex"])
def test_no_list_is_filtered_by_a_regular_expression(admin_client, url, path, lookup):
    refusal = f"No list is filtered by a regular expression; use {path}__contains."

    assert detail(admin_client.get(url, {f"{path}__{lookup}": "["})) == refusal
    assert detail(admin_client.post(f"{url}?{path}__{lookup}=[", {"action": "delete_selected"})) == refusal


def test_the_way_out_of_a_regular_expression_finds_rows(admin_client, make_devlog):
    make_devlog("Wrote [it].")

    assert admin_client.get(DEVLOGS, {"entry__contains": "["}).context["cl"].result_count == 1


@pytest.mark.parametrize("query", ["created_at__year=99999", "created_at__year=0", "created_at__iso_year=99999"])
def test_a_year_that_there_is_not_is_refused(admin_client, query, caplog):
    assert detail(admin_client.get(f"{DEVLOGS}?{query}")) == "A value in the query is out of range; leave it out."
    assert "Traceback" in caplog.text  # it may be a fault of ours after all


@pytest.mark.parametrize("url", [DEVLOGS, TAGS, USERS])
def test_a_very_long_word_is_searched_for_by_its_beginning(admin_client, url):
    response = admin_client.get(url, {"q": "a" * 60_000})

    assert (response.status_code, response.context["cl"].query) == (200, "a" * 1_000)


@pytest.mark.parametrize("name", ["entry__contains", "entry__istartswith"])
def test_a_filter_by_a_very_long_text_is_refused(admin_client, name):
    assert detail(admin_client.get(DEVLOGS, {name: "a" * 60_000})) == "A filter holds at most 1,000 characters."


def test_a_very_long_term_to_complete_is_refused(admin_client):
    query = {"app_label": "devlogs", "model_name": "devlog", "field_name": "author", "term": "a" * 60_000}

    assert detail(admin_client.get("/admin/autocomplete/", query)) == "A filter holds at most 1,000 characters."


@pytest.mark.parametrize("chosen", ["abc", "", "-1x", "1.5", "9" * 5_000])
@pytest.mark.parametrize("url", [DEVLOGS, TAGS, USERS, GROUPS])
def test_an_action_on_what_is_no_row_is_refused_and_nothing_is_done(admin_client, make_devlog, url, chosen):
    devlog = make_devlog()
    Group.objects.create(name="group")
    form = {"action": "delete_selected", "_selected_action": [devlog.pk, chosen], "post": "yes"}

    response = admin_client.post(url, form)

    assert detail(response) == "A row was chosen that cannot be; choose from the list again."
    assert (DevLog.objects.count(), Group.objects.filter(name="group").count()) == (1, 1)
