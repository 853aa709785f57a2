"""What was typed before the session ran out survives the login."""

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory

from devlog_project.api import throttle
from devlogs.pages import drafts
from tests.support.browsers import PASSWORD, browser, fields, log_in

pytestmark = pytest.mark.django_db
TYPED = 'Moved the queue to PostgreSQL.\n  <b>Fast</b> & "quiet"'


@pytest.fixture(autouse=True)
def ada():
    return User.objects.create_user("ada", password=PASSWORD)


def login_page(text, next_url="/"):
    request = RequestFactory().post("/")
    request.user = User()
    return drafts.login_with_draft(request, text, next_url)


def test_the_login_page_carries_what_was_typed():
    page = login_page(TYPED, "/entries/7/")

    assert (page.status_code, fields(page)["draft"], fields(page)["next"]) == (403, TYPED, "/entries/7/")
    assert "What you wrote is not lost" in page.content.decode()


def test_after_the_login_it_waits_in_the_session():
    client = browser()

    log_in(client, draft=TYPED)

    assert client.session["draft"] == TYPED


def test_a_wrong_password_does_not_lose_it():
    page = log_in(browser(), password="guess", draft=TYPED)

    assert fields(page)["draft"] == TYPED


def test_too_many_guesses_do_not_lose_it(monkeypatch):
    monkeypatch.setattr(throttle, "clock", lambda: 40.0)
    for _ in range(6):
        page = log_in(browser(), password="guess", draft=TYPED)

    assert (page.status_code, fields(page)["draft"]) == (429, TYPED)


def test_the_newlines_of_a_browser_become_those_of_an_entry():
    client = browser()

    log_in(client, draft="one\r\ntwo")

    assert client.session["draft"] == "one\ntwo"


def test_one_that_is_too_long_for_an_entry_is_kept_and_a_huge_one_is_cut():
    client = browser()

    log_in(client, draft="x" * 300_000)

    assert client.session["draft"] == "x" * 100_000


@pytest.mark.parametrize("text", ["", " \n", "\0"])
def test_nothing_typed_keeps_nothing_and_keeps_nobody_out(text):
    client = browser()

    assert log_in(client, draft=text).status_code == 302
    assert "draft" not in client.session


def test_it_stands_in_no_log(caplog):
    caplog.set_level("DEBUG")

    login_page(TYPED)
    log_in(browser(), password="guess", draft=TYPED)

    assert "PostgreSQL" not in caplog.text
