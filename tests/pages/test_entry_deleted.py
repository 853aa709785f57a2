"""An entry is deleted, and brought back as it was."""

import re
from html import unescape

import pytest
from django.test import Client

from devlogs.models import DevLog
from devlogs.pages import deleted
from tagging.curation import edits
from tests.support.jobs import job_of

FRAGMENT = {"X-Fragment": "1"}
UNDO = "/entries/restore/"


@pytest.fixture
def devlog(make_tagged, ada):
    return make_tagged("Django", "Celery", author=ada, is_private=True, external_id="diary-7")


def delete(page, devlog, **options):
    return page.post(f"/entries/{devlog.pk}/delete/", {"next": "/?q=again"}, **options)


def form_of(answer):
    """Return what the form to undo sends."""
    (form,) = re.findall(r'<form method="post" action="/entries/restore/">.*?</form>', said(answer), re.DOTALL)
    return dict(re.findall(r'name="(next|kept)" value="([^"]*)"', form))


def said(answer):
    return unescape(answer.content.decode())


@pytest.mark.parametrize("headers", [FRAGMENT, {}])
def test_a_deletion_says_so_and_offers_to_undo_it(page, devlog, headers):
    answer = delete(page, devlog, headers=headers)

    assert "Deleted." in said(answer)
    assert ("<html" in said(answer)) is (headers == {})
    assert not DevLog.objects.exists()


def test_what_is_undone_is_as_it_was(page, devlog, ada):
    edits.add(devlog, "Kafka", ada)
    edits.remove(devlog, "Celery", ada)
    before = DevLog.objects.values("entry", "author", "is_private", "created_at", "external_id").get()

    answer = page.post(UNDO, form_of(delete(page, devlog)), headers=FRAGMENT)

    again = DevLog.objects.values("entry", "author", "is_private", "created_at", "external_id").get()
    assert again == before
    devlog = DevLog.objects.get()
    assert f'id="entry-{devlog.pk}"' in said(answer)
    assert [(tagging.tag.name, tagging.person) for tagging in devlog.taggings.all()] == [("Apache Kafka", ada)]
    assert [removal.tag.name for removal in devlog.removals.all()] == ["Celery"]
    assert job_of(devlog).state == "pending"


def test_without_a_script_one_is_led_back_to_what_is_there_again(page, devlog):
    answer = page.post(UNDO, form_of(delete(page, devlog)))

    assert answer["Location"] == f"/?q=again#entry-{DevLog.objects.get().pk}"


def test_a_second_undo_writes_nothing(page, make_devlog, ada):
    form = form_of(delete(page, make_devlog(author=ada)))

    answers = [page.post(UNDO, form, headers=FRAGMENT) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert DevLog.objects.count() == 1


def test_a_reload_of_what_a_deletion_answered_finds_nothing_to_delete(page, devlog):
    delete(page, devlog)

    assert delete(page, devlog).status_code == 404


def test_nobody_else_can_undo(page, devlog, grace):
    other = Client()
    other.force_login(grace)

    assert other.post(UNDO, form_of(delete(page, devlog))).status_code == 400
    assert not DevLog.objects.exists()


@pytest.mark.parametrize("kept", ["", "x", "eyJhIjoxfQ:x:y"])
def test_what_was_not_signed_here_is_refused(page, kept):
    assert page.post(UNDO, {"kept": kept}).status_code == 400


@pytest.mark.parametrize("headers", [FRAGMENT, {}])
def test_who_comes_too_late_is_shown_what_it_said(page, devlog, monkeypatch, headers):
    form = form_of(delete(page, devlog))
    monkeypatch.setattr(deleted, "UNDO_SECONDS", -1)

    answer = page.post(UNDO, form, headers=headers)

    assert answer.status_code == 410
    assert devlog.entry in said(answer)
    assert not DevLog.objects.exists()


def test_who_has_too_many_waiting_may_undo_later(page, devlog, make_devlog, monkeypatch):
    form = form_of(delete(page, devlog))
    make_devlog(author=devlog.author)
    monkeypatch.setattr("tagging.queues.MOST_PENDING", 1)

    answer = page.post(UNDO, form)

    assert answer.status_code == 429
    assert "waiting for their tags" in said(answer)
    assert form_of(answer)["kept"] == form["kept"]


def test_an_external_id_that_was_given_away_meanwhile_is_not_taken_back(page, devlog, make_devlog):
    form = form_of(delete(page, devlog))
    make_devlog("Another one.", author=devlog.author, external_id="diary-7")

    answer = page.post(UNDO, form, headers=FRAGMENT)

    assert answer.status_code == 409
    assert DevLog.objects.get().entry == "Another one."


def test_from_its_own_page_one_is_not_led_back_to_it(page, devlog):
    answer = page.post(f"/entries/{devlog.pk}/delete/", {"next": f"/entries/{devlog.pk}/"})

    assert form_of(answer)["next"] == "/"


def test_while_the_pages_are_open_an_entry_stays_its_authors(settings, devlog, ada):
    settings.API_OPEN = True
    anybody = Client()

    anybody.post(UNDO, form_of(delete(anybody, devlog)))

    assert DevLog.objects.get().author == ada


def test_a_long_entry_of_any_letters_comes_back(page, make_devlog, ada):
    devlog = make_devlog("日本語<&\u202e\n" * 2_500, author=ada)

    page.post(UNDO, form_of(delete(page, devlog)))

    assert DevLog.objects.get().entry == devlog.entry
