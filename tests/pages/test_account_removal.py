"""Deleting everything one wrote."""

import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken

from devlog_project.api import throttle
from devlog_project.api.models.tokens import make_token
from devlogs.models import AuthorSettings, DevLog
from devlogs.pages import removal
from tagging.models import Attempt, Batch, DevLogTag, Job
from tests.support.browsers import PASSWORD, logged_in, words
from tests.support.jobs import answer, claim

pytestmark = pytest.mark.django_db
DELETE = "/account/delete/"
SURE = {"is_sure": "on", "password": PASSWORD}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(throttle, "clock", lambda: 40.0)


@pytest.fixture
def client():
    return logged_in()


@pytest.fixture
def ada(client):
    return User.objects.get(username="ada")


def test_the_page_says_what_goes_and_offers_to_take_it_along_first(client, ada, grace, make_devlog):
    for _ in range(3):
        make_devlog(author=ada)
    make_devlog(author=grace)
    make_token(ada, "laptop", None)

    page = client.get(DELETE)

    assert "3 dev-logs, with their jobs" in words(page)
    assert "1 token of the API" in words(page)
    assert "Your account stays" in words(page)
    assert page.text.index("/account/export/ndjson/") < page.text.index("Delete everything</button>")


def test_all_of_ones_own_goes_and_the_account_and_the_session_stay(client, ada, make_tagged):
    for _ in range(3):
        make_tagged("Django", author=ada)
    make_token(ada, "laptop", None)
    AuthorSettings.objects.create(user=ada, private_by_default=True)

    page = client.post(DELETE, SURE, follow=True)

    assert "Everything is deleted: 3 dev-logs, your tokens and your settings." in words(page)
    assert f'data-forget="{ada.pk}"' in page.text
    left = [DevLog, Job, Attempt, DevLogTag, AuthToken, AuthorSettings]
    assert [model.objects.exists() for model in left] == [False] * 6
    assert (page.status_code, User.objects.filter(username="ada", is_active=True).exists()) == (200, True)


def test_what_is_anothers_stays(client, ada, grace, make_tagged):
    make_tagged("Django", author=ada)
    kept = make_tagged("Redis", author=grace), make_tagged("Celery")
    make_token(grace, "hers", None)
    AuthorSettings.objects.create(user=grace)

    client.post(DELETE, SURE)

    assert set(DevLog.objects.all()) == set(kept)
    assert (Job.objects.count(), DevLogTag.objects.count(), AuthToken.objects.count()) == (2, 2, 1)
    assert AuthorSettings.objects.count() == 1


@pytest.mark.parametrize(
    "sent, said",
    [
        ({"is_sure": "on", "password": "a-wrong-guess"}, "This is not your password."),
        ({"is_sure": "on"}, "This field is required."),
        ({"password": PASSWORD}, "Tick this box if you are sure."),
        ({}, "Tick this box if you are sure."),
    ],
)
def test_nothing_goes_without_the_password_and_a_yes(client, ada, make_devlog, sent, said):
    make_devlog(author=ada)
    make_token(ada, "laptop", None)

    page = client.post(DELETE, sent)

    assert (page.status_code, said in words(page)) == (400, True)
    assert (DevLog.objects.count(), AuthToken.objects.count()) == (1, 1)
    assert not any(password in page.text for password in (PASSWORD, "a-wrong-guess"))


def test_guesses_at_the_password_are_counted_like_logins(client, ada, make_devlog):
    make_devlog(author=ada)

    pages = [client.post(DELETE, SURE | {"password": "guess"}) for _ in range(6)]

    assert [page.status_code for page in pages] == [400] * 5 + [429]
    assert (pages[-1]["Retry-After"], DevLog.objects.count()) == ("20", 1)
    assert client.post(DELETE, SURE).status_code == 429


def test_anothers_password_is_not_ones_own(client, ada, make_devlog):
    User.objects.create_user("bert", password="of-bert")
    make_devlog(author=ada)

    client.post(DELETE, SURE | {"password": "of-bert", "username": "bert"})

    assert DevLog.objects.count() == 1


def test_no_other_site_has_it_deleted(make_devlog):
    client = logged_in("bert", enforce_csrf_checks=True)
    make_devlog(author=User.objects.get(username="bert"))

    assert client.post(DELETE, SURE).status_code == 403
    assert DevLog.objects.count() == 1


def test_a_call_that_is_still_out_changes_nothing(client, ada, make_devlog):
    make_devlog("Wrote Django.", author=ada)
    (job,) = claim()

    client.post(DELETE, SURE)

    assert Job.objects.complete([answer(job, "Django")]) == set()
    assert not DevLog.objects.exists()


def test_who_wrote_nothing_is_told_so_without_an_error(client):
    assert "Everything is deleted: 0 dev-logs" in words(client.post(DELETE, SURE, follow=True))


def test_what_takes_longer_goes_on_and_the_page_says_how_far_it_is(client, ada, make_devlog, monkeypatch):
    monkeypatch.setattr(removal, "ANSWER_SECONDS", 0)
    monkeypatch.setattr("tagging.engine.batches.RunThread.start", lambda thread: None)
    for _ in range(3):
        make_devlog(author=ada)

    page = words(client.post(DELETE, SURE, follow=True))

    assert "This takes longer, and goes on by itself." in page
    assert "Deleting your dev-logs: 0 of 3 (0 %). Look again" in page


def test_one_that_stopped_is_shown_with_what_to_do_until_it_is_done_once_more(client, ada, make_devlog):
    make_devlog(author=ada)
    batch = Batch.objects.begin("account", "All of one's own deleted", 3, ada.pk)
    Batch.objects.stop(batch, "The disk is full")

    assert "It stopped there. Delete the rest once more." in words(client.get("/account/"))

    client.post(DELETE, SURE)
    assert "Deleting your dev-logs" not in words(client.get("/account/"))


def test_how_far_it_is_with_anothers_is_not_shown_nor_ended(client, grace):
    batch = Batch.objects.begin("account", "All of one's own deleted", 3, grace.pk)
    Batch.objects.stop(batch, "The disk is full")

    client.post(DELETE, SURE)

    assert "Deleting your dev-logs" not in words(client.get("/account/"))
    assert Batch.objects.get(pk=batch.pk).finished_at is None


def test_the_page_costs_no_query_for_each_dev_log(client, ada, make_devlog, django_assert_max_num_queries):
    for _ in range(20):
        make_devlog(author=ada)

    with django_assert_max_num_queries(5):
        client.get(DELETE)
