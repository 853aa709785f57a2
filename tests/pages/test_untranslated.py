"""No page shows a German reader what was never translated.

All data is Greek, so that a Latin letter outside of ⟦…⟧ is a text of ours that nobody translated.
"""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from devlog_project.api.models.tokens import TokenDetails
from devlogs.models import DevLog
from tests.support.greek import ada as ada
from tests.support.greek import german as german
from tests.support.greek import written as written
from tests.support.pseudo import check, untranslated

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("german")]
# Forms of the pages that are filled in wrongly.
REFUSED = [
    ("home", {"entry": ""}),
    ("home", {"entry": "α" * 20_001}),
    ("tokens", {"name": "", "days": "0"}),
    ("tokens", {"name": "α", "days": "99999999"}),
    ("settings", {"language": "ω"}),
    ("password", {"old_password": "α", "new_password1": "1", "new_password2": "2"}),
    ("password", {"old_password": "λέξη-κλειδί", "new_password1": "1", "new_password2": "1"}),
    ("removal", {"password": "α"}),
    ("entry-edit", {"entry": ""}),
    ("entry-tags", {"name": ""}),
    ("entry-tags", {"name": "α" * 101}),
    ("entry-tags", {"name": "βήτα"}),
]


def test_the_marks_find_what_was_not_translated():
    page = '<p data-done="Done">⟦Ganz ⟧3⟦ <b>neu</b>⟧ <i>Raw</i> <input placeholder="Old"> <code>x</code></p>'

    assert untranslated(page) == ["Done", "Old", "Raw"]


@pytest.mark.parametrize("name", ["home", "stack", "account"])
def test_a_page_without_entries(client, ada, name):
    check(client.get(reverse(f"pages:{name}")))


@pytest.mark.parametrize("name", ["home", "stack", "account"])
def test_a_page_with_entries(client, written, name):
    check(client.get(reverse(f"pages:{name}")))


def test_an_entry(client, written):
    for devlog in DevLog.objects.all():
        check(client.get(reverse("pages:entry", args=[devlog.pk])))


@pytest.mark.parametrize("name", ["entry-edit", "entry-tags"])
def test_what_is_asked_about_an_entry(client, written, name):
    check(client.get(reverse(f"pages:{name}", args=[written[DevLog].pk])))


@pytest.mark.parametrize("name, form", REFUSED)
def test_a_form_that_is_refused(client, written, name, form):
    args = [written[DevLog].pk] if name.startswith("entry-") else []
    response = client.post(reverse(f"pages:{name}", args=args), form, follow=True)

    check(response, response.status_code)  # some are 200, some 400
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("query", ["?q=Έγραψα", "?state=failed", "?state=pending", "?tag=ωμέγα", "?kind=tool"])
def test_a_page_that_is_filtered(client, written, query):
    check(client.get(f"/{query}"))


def test_a_filter_that_is_refused(client, ada):
    check(client.get("/?kind=nothing&page=0"), 400)
    check(client.post(reverse("pages:tokens"), {"name": "", "days": "0"}), 400)


@pytest.mark.parametrize("name", ["password", "removal"])
def test_a_page_of_the_account(client, written, name):
    check(client.get(reverse(f"pages:{name}")))


def test_a_token_that_is_made_and_one_that_is_revoked(client, written):
    check(client.post(reverse("pages:tokens"), {"name": "Κλειδί"}, follow=True))
    check(client.post(reverse("pages:revoke", args=[written[TokenDetails].pk]), follow=True))
    check(client.post(reverse("pages:revoke-all"), follow=True))


def test_a_deleted_entry(client, written):
    check(client.post(reverse("pages:entry-delete", args=[written[DevLog].pk]), follow=True))


def test_the_login(client):
    for address in ("/login/", "/admin/login/"):
        check(client.get(address, headers={"accept-language": "de"}))
        check(client.post(address, {"username": "Ω"}, headers={"accept-language": "de"}))


def test_the_pages_of_errors(client, ada):
    check(client.get("/nothing/"), 404)
    check(client.post("/entries/restore/", {"kept": "x"}), 400)
    client.force_login(User.objects.create_user("Βήτα", is_staff=True))
    check(client.get("/admin/queue/"), 403)
