"""The box on the page at `/`: what is written there is a dev-log, and is never lost."""

import re

import pytest
from django.test import Client

from devlogs.models import ENTRY_MAX_LENGTH, AuthorSettings, DevLog
from tagging import queues
from tagging.models import Job

pytestmark = pytest.mark.django_db
FRAGMENT = {"X-Fragment": "1"}


def box(response):
    """Return what stands in the box, as a browser shows it."""
    form = response.context["form"]
    assert "autofocus" in response.content.decode()
    return form["entry"].value() or ""


def test_the_box_has_the_focus_and_a_label(page):
    html = page.get("/").content.decode()

    assert re.search(r'<label for="id_entry">', html)
    assert re.search(r'<textarea name="entry" id="id_entry"[^>]* autofocus', html)


def test_what_is_written_is_a_dev_log_of_ones_own_that_waits_for_its_tags(page, ada):
    page.post("/", {"entry": "Wrote a Django app."})

    devlog = DevLog.objects.get()
    assert (devlog.entry, devlog.author, devlog.is_private) == ("Wrote a Django app.", ada, False)
    assert devlog.job.state == Job.State.PENDING


def test_without_a_script_one_is_led_to_the_entry(page):
    response = page.post("/", {"entry": "Wrote a Django app."})

    assert (response.status_code, response.url) == (302, f"/entries/{DevLog.objects.get().pk}/")


def test_a_script_gets_the_card_of_the_entry_under_its_day(page):
    response = page.post("/", {"entry": "Wrote <b>Django</b>."}, headers=FRAGMENT)

    html = response.content.decode()
    assert response.status_code == 201
    assert f'id="entry-{DevLog.objects.get().pk}"' in html
    assert 'class="day" data-day="' in html
    assert "Today" in html
    assert "Wrote &lt;b&gt;Django&lt;/b&gt;." in html
    assert "<html" not in html


def test_the_newlines_of_a_browser_are_stored_as_everywhere(page):
    page.post("/", {"entry": " one\r\ntwo\rthree\n"})

    assert DevLog.objects.get().entry == " one\ntwo\nthree\n"


@pytest.mark.parametrize("chosen, is_private", [({"is_private": "on"}, True), ({}, False)])
def test_the_box_decides_whether_an_entry_is_private_whatever_one_has_set(page, ada, chosen, is_private):
    AuthorSettings.objects.create(user=ada, private_by_default=not is_private)

    page.post("/", {"entry": "Wrote.", **chosen})

    assert DevLog.objects.get().is_private is is_private


@pytest.mark.parametrize("is_private", [True, False])
def test_private_is_ticked_as_one_has_set(page, ada, is_private):
    AuthorSettings.objects.create(user=ada, private_by_default=is_private)

    assert page.get("/").context["form"]["is_private"].value() is is_private


@pytest.mark.parametrize(
    "entry, message",
    [
        ("", "Write something first"),
        (" \r\n\t", "Write something first"),
        ("a" * (ENTRY_MAX_LENGTH + 1), "An entry has at most 20000 characters; this one has 20001."),
        ("a\x00b", "Null characters are not allowed."),
    ],
)
@pytest.mark.parametrize("headers", [{}, FRAGMENT])
def test_what_the_api_refuses_is_refused_with_a_reason(page, entry, message, headers):
    response = page.post("/", {"entry": entry}, headers=headers)

    assert response.status_code == 400
    assert message in response.content.decode()
    assert not DevLog.objects.exists()


def test_what_is_refused_stays_in_the_box(page):
    entry = "<b>\n" + "a" * ENTRY_MAX_LENGTH

    response = page.post("/", {"entry": entry, "is_private": "on"})

    assert box(response) == entry
    assert "&lt;b&gt;\naaa" in response.content.decode()
    assert response.context["form"]["is_private"].value() is True


@pytest.mark.parametrize("headers", [{}, FRAGMENT])
def test_who_has_too_many_waiting_is_told_so_in_place(page, ada, make_devlog, monkeypatch, headers):
    monkeypatch.setattr(queues, "MOST_PENDING", 1)
    make_devlog(author=ada)

    response = page.post("/", {"entry": "One more."}, headers=headers)

    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert "So many of your dev-logs are waiting for their tags. Nothing was changed" in response.content.decode()
    assert DevLog.objects.count() == 1


def test_the_writes_of_a_minute_are_limited_as_at_the_api(page, settings):
    settings.API_POSTS_PER_MINUTE = 1
    page.post("/", {"entry": "First."})

    response = page.post("/", {"entry": "Second."})

    assert response.status_code == 429
    assert box(response) == "Second."
    assert DevLog.objects.get().entry == "First."


# -- the session ran out -----------------------------------------------------------------------------------------


def test_without_a_login_one_is_led_to_it_and_back(client):
    response = client.get("/?tag=django")

    assert (response.status_code, response.url) == (302, "/login/?next=/%3Ftag%3Ddjango")


def test_what_was_typed_goes_along_to_the_login(client):
    response = client.post("/", {"entry": "Typed <all> day.", "is_private": "on"})

    html = response.content.decode()
    assert "Typed &lt;all&gt; day." in html
    assert 'value="/?new=private"' in html
    assert not DevLog.objects.exists()


def test_a_script_is_told_that_the_session_ran_out(client):
    assert client.post("/", {"entry": "Typed."}, headers=FRAGMENT).status_code == 401


def test_what_came_through_the_login_stands_in_the_box_once(page):
    session = page.session
    session["draft"] = "Typed all day."
    session.save()

    response = page.get("/?new=private")

    assert box(response) == "Typed all day."
    assert "Your text is still here. It is not saved yet." in response.content.decode()
    assert response.context["form"]["is_private"].value() is True
    assert box(page.get("/")) == ""


def test_a_look_at_the_headers_alone_takes_no_draft_away(page):
    session = page.session
    session["draft"] = "Typed all day."
    session.save()

    page.head("/")

    assert box(page.get("/")) == "Typed all day."


# -- open while DEBUG is on --------------------------------------------------------------------------------------


def test_while_the_api_is_open_what_anybody_writes_belongs_to_nobody(settings, client):
    settings.API_OPEN = True
    client.post("/", {"entry": "Anonymous."})

    html = client.get("/").content.decode()

    assert DevLog.objects.get().author is None
    assert "open because DEBUG is on" in html
    assert "Anonymous." in html


def test_who_is_logged_in_is_not_told_of_debug_and_writes_in_their_own_name(settings, page, ada):
    settings.API_OPEN = True
    page.post("/", {"entry": "Mine."})

    assert DevLog.objects.get().author == ada
    assert "DEBUG" not in page.get("/").content.decode()


def test_another_site_cannot_write_through_an_open_page(settings):
    settings.API_OPEN = True

    response = Client(enforce_csrf_checks=True).post("/", {"entry": "Forged."})

    assert response.status_code == 403
    assert not DevLog.objects.exists()
