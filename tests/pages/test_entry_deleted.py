"""An entry is deleted, and brought back as it was."""

import re
from html import unescape

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from devlogs import entries
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

    assert f"Deleted: <bdi>“{devlog.entry}”</bdi>" in said(answer)
    assert ("<html" in said(answer)) is (headers == {})
    assert not DevLog.objects.exists()


def test_of_a_long_one_a_deletion_says_the_first_words(page, make_devlog, ada):
    devlog = make_devlog("Moved\n\nthe <b>queue</b>. " + "Slept. " * 50, author=ada)

    told = delete(page, devlog, headers=FRAGMENT).content.decode()

    assert re.search(r"<bdi>“Moved the &lt;b&gt;queue&lt;/b&gt;\. (Slept\. ?)+…”</bdi>", told)


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


def test_a_second_undo_finds_what_was_edited_meanwhile(page, make_devlog, ada):
    form = form_of(delete(page, make_devlog(author=ada)))
    page.post(UNDO, form)
    edited = DevLog.objects.get()
    edited.entry = "Said in other words."
    entries.edit(edited, ["entry"])

    answer = page.post(UNDO, form, headers=FRAGMENT)

    assert "Said in other words." in said(answer)
    assert DevLog.objects.get() == edited


def test_a_second_undo_brings_nothing_back_that_was_deleted_meanwhile(page, make_devlog, ada):
    form = form_of(delete(page, make_devlog(author=ada)))
    page.post(UNDO, form)
    delete(page, DevLog.objects.get())

    assert page.post(UNDO, form, headers=FRAGMENT).status_code == 409
    assert not DevLog.objects.exists()


def test_of_two_that_are_alike_each_comes_back(page, make_devlog, ada):
    at = timezone.now()
    alike = [make_devlog("The same.", author=ada) for _ in range(3)]
    DevLog.objects.update(created_at=at)
    forms = [form_of(delete(page, devlog)) for devlog in alike[:2]]

    for form in forms:
        page.post(UNDO, form)

    assert [devlog.created_at for devlog in DevLog.objects.all()] == [at] * 3


def test_what_was_deleted_before_everything_was_is_not_brought_back(page, make_devlog, ada):
    form = form_of(delete(page, make_devlog(author=ada)))
    page.post("/account/delete/", {"is_sure": "on", "password": "lovelace"})

    answer = page.post(UNDO, form, headers=FRAGMENT)

    assert (answer.status_code, "You have deleted everything of yours since then" in said(answer)) == (410, True)
    assert not DevLog.objects.exists()


def test_what_is_written_after_everything_was_deleted_may_be_brought_back(page, make_devlog, ada):
    page.post("/account/delete/", {"is_sure": "on", "password": "lovelace"})
    form = form_of(delete(page, make_devlog(author=ada)))

    page.post(UNDO, form)

    assert DevLog.objects.count() == 1


@pytest.mark.parametrize("headers", [FRAGMENT, {}])
def test_what_another_request_deletes_first_cannot_be_undone_here(page, devlog, monkeypatch, headers):
    def faster(ids):
        entries.remove(ids)
        return DevLog.objects.none()

    monkeypatch.setattr(deleted.entries, "locked", faster)

    assert delete(page, devlog, headers=headers).status_code == 404


@pytest.mark.parametrize("signed", [[1, {}], [1, {}, None, 2**40], [1, [], None, 2**40], 7, None, "abcd"])
def test_a_form_of_another_version_is_not_understood(page, ada, signed):
    kept = signing.dumps(signed, salt=f"devlogs.pages.deleted.{ada.pk}")

    assert page.post(UNDO, {"kept": kept}).status_code == 400


def test_another_language_is_not_offered_where_it_would_lose_the_undo(page, devlog):
    assert "/i18n/setlang/" in said(page.get(f"/entries/{devlog.pk}/"))

    assert "/i18n/setlang/" not in said(delete(page, devlog))


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
    monkeypatch.setattr(deleted, "UNDO_SECONDS", -1)
    form = form_of(delete(page, devlog))

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
