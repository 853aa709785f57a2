"""An entry is edited: in place by a script or on a page, and nothing that was typed is ever lost."""

from html import unescape

import pytest
from django.test import Client

from devlogs import entries
from devlogs.models import DevLog
from tests.support.jobs import job_of, tags_of

FRAGMENT = {"X-Fragment": "1"}
TYPED = "Wrote it again in <Rust>,\nand better."


@pytest.fixture
def devlog(make_tagged, ada):
    return make_tagged("Django", "Celery", author=ada)


def address(devlog):
    return f"/entries/{devlog.pk}/edit/"


def opened(page, devlog):
    """Open the form; return what it sends back if nothing but the entry is typed."""
    answer = page.get(address(devlog), headers=FRAGMENT)
    return {"entry": TYPED, "opened": answer.context["opened"], "next": "/?q=again"}


def said(answer):
    return unescape(answer.content.decode())


@pytest.mark.parametrize("headers", [FRAGMENT, {}])
def test_the_form_holds_the_entry(page, devlog, headers):
    answer = page.get(address(devlog), headers=headers)

    assert devlog.entry in said(answer)
    assert ("<html" in said(answer)) is (headers == {})


def test_a_script_gets_the_card_as_it_is_then(page, devlog):
    answer = page.post(address(devlog), opened(page, devlog), headers=FRAGMENT)

    assert said(answer).startswith("<article")
    assert DevLog.objects.get().entry == TYPED
    assert job_of(devlog).state == "pending"
    assert tags_of(devlog) == []


def test_without_a_script_one_goes_back_to_where_one_was(page, devlog):
    answer = page.post(address(devlog), opened(page, devlog))

    assert (answer.status_code, answer["Location"]) == (302, f"/?q=again#entry-{devlog.pk}")


def test_an_entry_that_is_saved_as_it_was_is_not_tagged_anew(page, make_devlog, ada, run_jobs):
    devlog = make_devlog("Django\r\nand Celery", author=ada)
    run_jobs()
    form = opened(page, devlog)

    page.post(address(devlog), {**form, "entry": "Django\r\nand Celery"})

    assert job_of(devlog).state == "done"
    assert DevLog.objects.get().entry == "Django\r\nand Celery"


@pytest.mark.parametrize("typed", ["", " \n ", "x" * 20_001])
@pytest.mark.parametrize("headers", [FRAGMENT, {}])
def test_what_is_no_entry_is_refused_at_its_field_and_stays_there(page, devlog, typed, headers):
    answer = page.post(address(devlog), {**opened(page, devlog), "entry": typed}, headers=headers)

    assert answer.status_code == 400
    assert 'class="errorlist"' in said(answer)
    assert typed in said(answer)
    assert DevLog.objects.get().entry == devlog.entry


@pytest.mark.parametrize("headers", [FRAGMENT, {}])
def test_who_edits_what_another_tab_has_edited_is_shown_both(page, devlog, headers):
    form = opened(page, devlog)
    devlog.entry = "Saved in the other tab."
    entries.edit(devlog, ["entry"])

    answer = page.post(address(devlog), form, headers=headers)

    assert answer.status_code == 409
    assert "Saved in the other tab." in said(answer)
    assert TYPED in said(answer)
    assert DevLog.objects.get().entry == "Saved in the other tab."
    page.post(address(devlog), {**form, "opened": answer.context["opened"]})
    assert DevLog.objects.get().entry == TYPED


def test_two_tabs_that_save_the_same_are_of_one_mind(page, devlog):
    form = opened(page, devlog)

    answers = [page.post(address(devlog), form, headers=FRAGMENT).status_code for _ in range(2)]

    assert answers == [200, 200]


def test_an_entry_that_became_private_meanwhile_is_edited_and_stays_private(page, devlog):
    form = opened(page, devlog)
    entries.set_private([devlog.pk], True)

    page.post(address(devlog), form)

    edited = DevLog.objects.get()
    assert (edited.entry, edited.is_private) == (TYPED, True)


def test_what_was_typed_for_an_entry_that_is_gone_may_be_saved_as_a_new_one(page, devlog, monkeypatch):
    form = opened(page, devlog)
    entries.remove([devlog.pk])

    answer = page.post(address(devlog), form)

    assert answer.status_code == 404
    assert TYPED in said(answer)


def test_what_was_typed_goes_through_the_login_into_the_form(page, devlog):
    browser = Client()

    login = browser.post(address(devlog), {"entry": TYPED})
    draft = login.context["form"].initial["draft"]
    words = {"username": "ada", "password": "lovelace", "draft": draft, "next": login.context["next"]}
    answer = browser.post("/login/", words, follow=True)

    assert TYPED in said(answer)
    assert devlog.entry in said(answer)
    assert answer.redirect_chain[-1][0] == address(devlog)
    assert DevLog.objects.get().entry == devlog.entry


def test_a_script_is_told_that_the_session_has_ended(devlog):
    assert Client().post(address(devlog), {"entry": TYPED}, headers=FRAGMENT).status_code == 401


def test_who_has_too_many_waiting_keeps_what_was_typed(page, devlog, make_devlog, monkeypatch):
    make_devlog(author=devlog.author)
    monkeypatch.setattr("tagging.queues.MOST_PENDING", 1)

    answer = page.post(address(devlog), opened(page, devlog), headers=FRAGMENT)

    assert answer.status_code == 429
    assert TYPED in said(answer)
    assert "waiting for their tags" in said(answer)


def test_an_entry_that_waits_may_be_mended_whatever_else_waits(page, make_devlog, ada, monkeypatch):
    devlog = make_devlog(author=ada)
    monkeypatch.setattr("tagging.queues.MOST_PENDING", 1)

    page.post(address(devlog), opened(page, devlog))

    assert DevLog.objects.get().entry == TYPED
