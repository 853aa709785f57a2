"""A form that comes without its proof: a page that is too old, or another site."""

import pytest
from django.contrib.auth.models import User

from tests.support.browsers import browser, logged_in, words

PROBLEM = "application/problem+json"
HTML = "text/html; charset=utf-8"
LONG = "Moved the queue to PostgreSQL, <b>at last</b>.\nIt took all day."


@pytest.fixture
def stale():
    """A browser whose page is older than its cookies."""
    return logged_in(enforce_csrf_checks=True)


@pytest.mark.django_db
def test_a_form_that_was_too_old_says_so_and_shows_again_what_was_typed(stale):
    sent = {"entry": LONG, "name": "laptop", "password": "secret-secret-secret-secret-secret-secret"}

    page = stale.post("/account/tokens/", sent, headers={"referer": "http://testserver/account/"})

    assert page.status_code == 403
    assert "Nothing was changed." in words(page)
    assert LONG.replace("<b>", "&lt;b&gt;").replace("</b>", "&lt;/b&gt;") in page.text
    assert 'href="http://testserver/account/"' in page.text
    assert "secret-secret" not in page.text


@pytest.mark.django_db
def test_it_links_to_no_other_site(stale):
    page = stale.post("/account/tokens/", headers={"referer": "https://evil.example/"})

    assert "evil.example" not in page.text


# What a browser says of who sent a form; the older ones leave out the first, or all but the last.
OURS = [
    {"sec-fetch-site": "same-origin", "origin": "null"},
    {"origin": "http://testserver"},
    {"referer": "http://testserver/?q=x"},
]
OTHERS = [
    {"sec-fetch-site": "cross-site", "referer": "http://testserver/"},
    {"sec-fetch-site": "same-site", "origin": "http://testserver"},
    {"origin": "https://evil.example", "referer": "http://testserver/"},
    {"origin": "null", "referer": "http://testserver/"},
    {"referer": "https://testserver.evil.example/"},
    {},
]


@pytest.mark.django_db
@pytest.mark.parametrize("sent_by", OURS)
def test_an_entry_that_was_sent_by_an_old_page_stands_in_the_box_again(stale, sent_by):
    page = stale.post("/", {"entry": LONG}, headers=sent_by)

    assert (page.status_code, page.context["form"]["entry"].value()) == (403, LONG)
    assert "too old to be sent" in words(page)
    assert page["Cache-Control"] == "no-store"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/account/tokens/", "/entries/7/edit/"])
@pytest.mark.parametrize("sent_by", OTHERS)
def test_what_another_site_sends_stands_nowhere_as_ones_own_words(stale, sent_by, path):
    page = stale.post(path, {"entry": LONG}, headers=sent_by)

    assert (page.status_code, "Moved the queue" in page.text) == (403, False)


@pytest.mark.django_db
def test_another_site_has_its_words_carried_through_no_login(settings):
    settings.API_OPEN = False

    page = browser(enforce_csrf_checks=True).post("/", {"entry": LONG}, headers=OTHERS[0])

    assert (page.status_code, "Moved the queue" in page.text) == (403, False)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["opened", "kept", "next", "csrfmiddlewaretoken", "old_password", "new_password1"])
def test_only_what_people_type_is_shown_again(stale, name):
    page = stale.post("/account/", {name: "x" * 64, "draft": LONG}, headers=OURS[0])

    assert ("x" * 64 in page.text, "Moved the queue" in page.text) == (False, True)


@pytest.mark.django_db
def test_who_is_logged_out_takes_the_entry_along_to_the_login(settings):
    settings.API_OPEN = False

    page = browser(enforce_csrf_checks=True).post("/", {"entry": LONG}, headers=OURS[0])

    assert (page.status_code, page.context["form"]["draft"].value()) == (403, LONG)


@pytest.mark.django_db
def test_the_admin_says_it_by_a_page_whatever_the_browser_accepts(client):
    admin = User.objects.create_superuser("root")
    client = browser(enforce_csrf_checks=True)
    client.force_login(admin)

    page = client.post("/admin/auth/user/add/", {"username": "x"}, headers={"accept": "*/*"})

    assert (page.status_code, page["Content-Type"]) == (403, HTML)


@pytest.mark.django_db
def test_a_script_is_told_by_a_problem(stale):
    response = stale.post("/account/tokens/", headers={"accept": "*/*"})

    assert (response.status_code, response["Content-Type"]) == (403, PROBLEM)
