"""What went wrong, as a page for browsers and as a problem for all others."""

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.test import RequestFactory
from django.utils.translation import trans_real

from devlogs.pages import account, errors
from tests.support.browsers import ACCEPT, browser, logged_in, words

PROBLEM = "application/problem+json"
HTML = "text/html; charset=utf-8"


def failing(error):
    def fail(*args, **kwargs):
        raise error

    return fail


@pytest.fixture
def fails(monkeypatch):
    """Have the page of the account fail with an error."""

    def fail(error):
        monkeypatch.setattr(account, "render_account", failing(error))
        return logged_in(raise_request_exception=False)

    return fail


# -- where nothing is --------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("is_debug", [True, False])
def test_an_address_where_nothing_is_shows_a_page_with_a_way_home(settings, is_debug):
    settings.DEBUG = is_debug

    page = browser().get("/nonsense")

    assert (page.status_code, page["Content-Type"]) == (404, HTML)
    assert "There is nothing here" in words(page)
    assert 'href="/"' in page.text


@pytest.mark.parametrize(
    "path, accept", [("/nonsense", "*/*"), ("/nonsense", "application/json"), ("/api/x/", ACCEPT)]
)
def test_a_machine_and_the_api_are_told_by_a_problem(client, path, accept):
    response = client.get(path, headers={"accept": accept})

    assert (response.status_code, response["Content-Type"]) == (404, PROBLEM)


@pytest.mark.django_db
def test_a_slash_that_is_missing_at_a_page_is_added():
    assert browser().get("/account")["Location"] == "/account/"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["//evil.example", "//account", "/api/v1/devlogs", "/nonsense", "/i18n/setlang"])
def test_a_slash_leads_nowhere_else(path):
    assert browser().get("/", PATH_INFO=path).status_code == 404


@pytest.mark.django_db
def test_a_page_says_it_in_the_readers_language():
    assert '<html lang="de">' in browser().get("/nonsense", headers={"accept-language": "de"}).text


@pytest.mark.django_db
def test_a_post_to_nowhere_needs_no_proof():
    assert browser(enforce_csrf_checks=True).post("/nonsense").status_code == 404


# -- refused -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error, status, said",
    [
        (SuspiciousOperation(), 400, "This could not be understood"),
        (PermissionDenied(), 403, "Your account may not do this."),
    ],
)
def test_a_refusal_is_a_page(fails, error, status, said):
    page = fails(error).get("/account/")

    assert (page.status_code, page["Content-Type"]) == (status, HTML)
    assert said in words(page)


@pytest.mark.django_db
def test_a_form_that_is_too_large_is_a_413(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    client = logged_in(enforce_csrf_checks=True)

    page = client.post("/account/settings/", {"entry": "x" * 2000}, content_type="application/x-www-form-urlencoded")

    assert (page.status_code, "your browser still holds it" in words(page)) == (413, True)


@pytest.mark.django_db
def test_a_nul_in_the_address_is_a_page_too_which_says_nothing_of_a_login():
    page = logged_in().get("/?q=%00")

    assert (page.status_code, page["Content-Type"]) == (400, HTML)
    assert "A NUL character" in words(page)
    assert "Log in" not in words(page)


@pytest.mark.django_db
def test_an_unknown_host_is_told_nothing_of_a_login_either():
    page = logged_in().get("/", headers={"host": "evil.example"})

    assert (page.status_code, "Log in" in words(page)) == (400, False)


@pytest.mark.django_db
def test_a_nul_is_refused_in_the_readers_language_and_to_machines_in_english(monkeypatch):
    german = trans_real.DjangoTranslation("de")
    german._catalog["A NUL character (%00) stands in the query; leave it out."] = "Ein NUL."
    monkeypatch.setitem(trans_real._translations, "de", german)

    page = browser().get("/?q=%00", headers={"accept-language": "de"})
    problem = browser().get("/api/v1/devlogs/?q=%00", headers={"accept-language": "de"})

    assert "Ein NUL." in words(page)
    assert problem.json()["detail"] == "A NUL character (%00) stands in the query; leave it out."


# -- broken ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error, status, said",
    [
        (ZeroDivisionError(), 500, "Something went wrong on our side"),
        (OperationalError("database is locked"), 503, "Please try again in a moment"),
    ],
)
def test_what_fails_is_a_page_for_a_browser_and_a_problem_for_others(fails, error, status, said):
    client = fails(error)

    page, problem = client.get("/account/"), client.get("/account/", headers={"accept": "*/*"})

    assert (page.status_code, page["Content-Type"], problem.status_code) == (status, HTML, status)
    assert said in words(page)
    assert problem["Content-Type"] == PROBLEM


def test_the_page_of_our_own_fault_asks_neither_a_database_nor_a_session():
    page = errors.server_error(RequestFactory().get("/", headers={"accept": ACCEPT}))

    assert (page.status_code, page["Content-Type"]) == (500, HTML)


@pytest.mark.django_db
def test_debug_shows_its_own_page(settings, fails):
    settings.DEBUG = True

    assert "Traceback" in fails(ZeroDivisionError()).get("/account/").text
