"""Logging in and out by pages, and a new password."""

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from knox.models import AuthToken

from devlog_project.api import throttle
from tests.support.browsers import PASSWORD, browser, fields, log_in, logged_in, words

pytestmark = pytest.mark.django_db
NEW = "countess-of-1815"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that stands, forty seconds into a minute."""
    now = [40.0]
    monkeypatch.setattr(throttle, "clock", lambda: now[0])
    return now


@pytest.fixture
def ada():
    return User.objects.create_user("ada", password=PASSWORD)


def is_logged_in(client):
    return client.get("/account/").status_code == 200


def change_password(client, old=PASSWORD, new=NEW):
    fields = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post("/account/password/", fields)


# -- in ----------------------------------------------------------------------------------------------------------


def test_who_knows_the_password_is_led_to_the_first_page(ada):
    client = browser()

    response = log_in(client)

    assert (response.status_code, response["Location"], is_logged_in(client)) == (302, "/", True)


def test_a_login_leads_back_to_where_one_wanted_to_go(ada):
    client = browser()
    asked = client.get("/account/")
    page = client.get(asked["Location"])

    response = log_in(client, next=fields(page)["next"])

    assert response["Location"] == "/account/"


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:///evil"]
)
def test_a_login_leads_to_no_other_site(ada, address):
    assert fields(browser().get("/login/", {"next": address}))["next"] == ""
    assert log_in(browser(), next=address)["Location"] == "/"


def test_a_wrong_password_is_said_and_not_shown_again(ada):
    response = log_in(browser(), password="a-wrong-guess")

    assert "Please enter a correct username and password" in words(response)
    assert "a-wrong-guess" not in response.text
    assert fields(response)["username"] == "ada"


def test_a_session_gets_a_new_key_with_the_login(ada):
    client = browser()
    session = client.session  # as one that somebody else has put into this browser
    session.save()
    before = session.session_key

    log_in(client)

    assert client.cookies["sessionid"].value != before
    assert not Session.objects.filter(pk=before).exists()


def test_after_five_guesses_the_page_says_429_and_when_to_come_back(ada):
    client = browser()

    responses = [log_in(client, password="guess") for _ in range(6)]

    assert [response.status_code for response in responses] == [200] * 5 + [429]
    assert responses[-1]["Retry-After"] == "20"
    assert "Too many failed logins. Try again in 20 seconds." in words(responses[-1])


def test_guesses_at_the_page_count_for_the_api_too(ada, api):
    client = browser()
    for _ in range(5):
        log_in(client, password="guess")

    assert log_in(client, address="/admin/login/").status_code == 429


@pytest.mark.parametrize("is_debug", [True, False])
def test_who_has_no_account_is_told_whom_to_ask(settings, is_debug):
    settings.DEBUG = is_debug

    page = words(browser().get("/login/"))

    assert ("createsuperuser" in page, "Ask who runs this site" in page) == (is_debug, not is_debug)


@pytest.mark.parametrize("is_open", [True, False])
def test_where_debug_opens_the_pages_the_login_says_that_it_is_optional(settings, is_open):
    settings.API_OPEN = is_open

    assert ("open without a login" in words(browser().get("/login/"))) is is_open


def test_no_cache_keeps_the_page():
    assert "no-store" in browser().get("/login/")["Cache-Control"]


# -- out ---------------------------------------------------------------------------------------------------------


def test_a_logout_ends_the_session_and_says_so():
    client = logged_in()

    page = client.post("/logout/", follow=True)

    assert "You are logged out." in words(page)
    assert not is_logged_in(client)


def test_a_link_logs_nobody_out():
    client = logged_in()

    assert client.get("/logout/")["Location"] == "/"
    assert is_logged_in(client)


# -- a new password ----------------------------------------------------------------------------------------------


def test_a_new_password_ends_tokens_and_other_sessions_and_keeps_this_one(ada):
    here, there = browser(), browser()
    log_in(here)
    log_in(there)
    AuthToken.objects.create(ada)

    response = change_password(here)

    assert (response.status_code, response["Location"]) == (302, "/account/")
    assert (is_logged_in(here), is_logged_in(there), AuthToken.objects.exists()) == (True, False, False)
    assert log_in(browser(), password=NEW).status_code == 302


def test_a_new_password_needs_the_old_one():
    client = logged_in()

    response = change_password(client, old="a-wrong-guess")

    assert "Your old password was entered incorrectly" in words(response)
    assert "a-wrong-guess" not in response.text
    assert User.objects.get().check_password(PASSWORD)


def test_guesses_at_the_old_password_are_counted_like_logins():
    client = logged_in()

    responses = [change_password(client, old="guess") for _ in range(6)]

    assert [response.status_code for response in responses] == [200] * 5 + [429]
    assert responses[-1]["Retry-After"] == "20"
    assert change_password(client).status_code == 429


def test_a_password_that_is_too_weak_is_refused_at_its_field():
    response = change_password(logged_in(), new="12345")

    assert "This password is too short" in words(response)
    assert User.objects.get().check_password(PASSWORD)


def test_who_is_not_logged_in_changes_no_password():
    assert browser().get("/account/password/")["Location"] == "/login/?next=/account/password/"


def test_a_logout_tells_the_next_page_whose_drafts_to_forget_and_the_one_after_nothing():
    client = logged_in()
    owner = User.objects.get().pk

    pages = client.post("/logout/", follow=True), client.get("/login/")

    assert [f'data-forget="{owner}"' in page.text for page in pages] == [True, False]
    assert ["pages/forget.js" in page.text for page in pages] == [True, False]


def test_a_session_that_ran_out_has_no_drafts_forgotten():
    client = logged_in()
    client.session.flush()

    assert "data-forget" not in client.get("/", follow=True).text
