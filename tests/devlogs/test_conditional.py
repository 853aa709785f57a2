"""`ETag`, `If-None-Match` and `If-Match`: nothing is sent twice, a wrong 304 never, and no edit is lost."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from devlogs import entries
from devlogs.models import DevLog
from devlogs.serializers import DevLogSerializer
from tagging.curation import vocabulary
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import Attempt, DevLogTag, Job, ProviderState, Tag
from tagging.models.shown_pause import shown_pause
from tests.support.extractors import Scripted, error
from tests.support.waiting import beside

pytestmark = pytest.mark.django_db

URL = "/api/v1/devlogs/"
TAGS = "/api/v1/tags/"
PROBLEM = "application/problem+json"


def at(devlog):
    return f"{URL}{devlog.pk}/"


def get(client, url, etag=None):
    return client.get(url, headers={"If-None-Match": etag} if etag else {})


def client_of(name, **fields):
    client = APIClient(headers={"content-type": "application/json"})
    client.force_authenticate(User.objects.create_user(name, **fields))
    return client


@pytest.fixture
def devlog(make_tagged):
    return make_tagged("Django", "Redis", author=User.objects.create_user("ada"))


# -- If-None-Match ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [at, lambda _: URL, lambda _: TAGS])
@pytest.mark.parametrize("form", ["{}", '"other", {}', "*", "W/{}"])
def test_what_a_client_has_is_not_sent_again(api, devlog, url, form):
    first = api.get(url(devlog))
    form = form.replace("W/{}", "{}" if first["ETag"].startswith("W/") else "W/{}")

    second = get(api, url(devlog), form.format(first["ETag"]))

    assert (second.status_code, second.content, second["ETag"]) == (304, b"", first["ETag"])


@pytest.mark.parametrize("url", [at, lambda _: URL])
def test_a_head_is_answered_under_the_same_conditions(api, devlog, url):
    first = api.head(url(devlog))

    assert first["ETag"] == api.get(url(devlog))["ETag"]
    assert api.head(url(devlog), headers={"If-None-Match": first["ETag"]}).status_code == 304


@pytest.mark.parametrize("url", [at, lambda _: URL])
def test_a_304_builds_no_body_and_asks_no_more_than_a_200(api, devlog, url, monkeypatch):
    with CaptureQueriesContext(connection) as of_200:
        etag = api.get(url(devlog))["ETag"]
    monkeypatch.setattr(DevLogSerializer, "to_representation", None)

    with CaptureQueriesContext(connection) as of_304:
        assert get(api, url(devlog), etag).status_code == 304

    assert len(of_304) <= len(of_200)


def pause():
    ProviderState.objects.pause(error(ErrorCode.RATE_LIMITED, waiting_for=WaitingFor.RATE_LIMIT, retry_after=3600))
    shown_pause.forget()


def merge(name, into):
    vocabulary.merge(Tag.objects.get(name=name), Tag.objects.get(name=into))


CHANGES = {
    "its entry": lambda devlog: DevLog.objects.update(entry="Another one."),
    "whether it is private": lambda devlog: DevLog.objects.update(is_private=True),
    "its author's name": lambda devlog: User.objects.update(username="lovelace"),
    "its author": lambda devlog: DevLog.objects.update(author=None),
    "the state": lambda devlog: Job.objects.update(state=Job.State.FAILED),
    "the attempts": lambda devlog: Job.objects.update(attempts=4),
    "when it was queued": lambda devlog: Job.objects.update(queued_at=timezone.now()),
    "when it was done": lambda devlog: Job.objects.update(finished_at=timezone.now()),
    "when it began": lambda devlog: Job.objects.update(started_at=timezone.now()),
    "its error": lambda devlog: Job.objects.update(error_code="timeout", error_detail="Late."),
    "the names that were dropped": lambda devlog: Attempt.objects.update(names_dropped=3),
    "its job": lambda devlog: Job.objects.all().delete(),
    "a tag's name": lambda devlog: Tag.objects.filter(slug="redis").update(name="REDIS"),
    "a tag's slug": lambda devlog: Tag.objects.filter(slug="redis").update(slug="remote-dictionary"),
    "a tag's kind": lambda devlog: Tag.objects.filter(slug="redis").update(kind="tool"),
    "a tag's evidence": lambda devlog: DevLogTag.objects.filter(tag__slug="redis").update(evidence="else"),
    "a tag's source": lambda devlog: DevLogTag.objects.filter(tag__slug="redis").update(attempt=None),
    "the tags' order": lambda devlog: DevLogTag.objects.filter(tag__slug="django").update(position=999),
    "a tag that is gone": lambda devlog: DevLogTag.objects.filter(tag__slug="redis").delete(),
    "a tag that was merged": lambda devlog: merge("Redis", into="Django"),
}


@pytest.mark.parametrize("url", [at, lambda _: URL], ids=["devlog", "list"])
@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_in_the_body_changes_the_etag(api, devlog, url, what):
    first = api.get(url(devlog))

    CHANGES[what](devlog)

    second = get(api, url(devlog), first["ETag"])
    assert second.status_code == 200
    assert (second.json() != first.json(), second["ETag"] != first["ETag"]) == (True, True)


@pytest.mark.parametrize("url", [at, lambda _: URL], ids=["devlog", "list"])
@pytest.mark.parametrize(
    "change",
    [
        lambda: Job.objects.update(run_after=timezone.now() + timedelta(hours=2)),
        lambda: Job.objects.update(waiting_for="retry"),
        pause,
    ],
    ids=["when it is due", "what it waits for", "what the queue waits for"],
)
def test_what_a_pending_one_waits_for_changes_the_etag(api, make_devlog, url, change):
    devlog = make_devlog()
    first = api.get(url(devlog))

    change()

    second = get(api, url(devlog), first["ETag"])
    assert (second.status_code, second.json() != first.json()) == (200, True)


def test_every_value_of_a_devlog_is_one_whose_change_was_tried():
    fields = DevLogSerializer().fields
    shown = {"id", "entry", "private", "author", "created_at", "tagging", "tags"}
    of_tagging = {"state", "attempts", "queued_at", "started_at", "finished_at", "run_after"}
    of_tagging |= {"waiting_for", "error", "names_dropped"}

    assert set(fields) - {"external_id"} == shown, "Add the new one to CHANGES."
    assert set(fields["tagging"].fields) == of_tagging, "Add the new one to CHANGES."
    assert set(fields["tags"].child.fields) == {"name", "slug", "kind", "source", "evidence"}, "Add it to CHANGES."


def test_a_list_changes_with_what_comes_and_goes(api, make_devlog):
    empty = api.get(URL)["ETag"]
    devlog = make_devlog()
    one = get(api, URL, empty)
    entries.remove([devlog.pk])

    assert (one.status_code, get(api, URL, one["ETag"]).status_code) == (200, 200)
    assert get(api, URL, empty).status_code == 304


def test_a_page_changes_where_another_comes_after_it(api, make_devlog, monkeypatch):
    monkeypatch.setattr("devlogs.views.NewestFirst.page_size", 1)
    first, second = make_devlog(), make_devlog()
    etag = api.get(URL)["ETag"]

    entries.remove([first.pk])

    after = get(api, URL, etag)
    assert (after.status_code, after.json()["next"], after.json()["results"][0]["id"]) == (200, None, second.pk)


def test_the_list_of_tags_changes_with_their_counts(api, devlog, make_tagged):
    etag = api.get(TAGS)["ETag"]

    make_tagged("Django")

    assert get(api, TAGS, etag).status_code == 200


def test_another_user_is_not_told_that_they_have_it(devlog, make_devlog, settings):
    settings.API_OPEN = False
    ada, bob = APIClient(), client_of("bob")
    ada.force_authenticate(devlog.author)

    assert get(bob, at(devlog), ada.get(at(devlog))["ETag"]).status_code == 404
    assert get(bob, URL, ada.get(URL)["ETag"]).status_code == 200


@pytest.mark.parametrize("url", [at, lambda _: URL, lambda _: TAGS, lambda _: f"{URL}0/"])
def test_no_cache_on_the_way_keeps_what_is_shown_to_one_user(api, devlog, url):
    response = api.get(url(devlog))

    assert response["Cache-Control"] == "private, no-cache"
    assert "Authorization" in response["Vary"]


# -- If-Match ---------------------------------------------------------------------------------------------------------


def change(client, method, devlog, etag):
    body = None if method == "delete" else {"entry": "Wrote Flask."}
    return getattr(client, method)(at(devlog), body, headers={"If-Match": etag})


METHODS = pytest.mark.parametrize("method, status", [("put", 200), ("patch", 200), ("delete", 204)])


@METHODS
@pytest.mark.parametrize("form", ["{}", '"a-b", {}', "*", "W/{}"])
def test_who_has_read_the_newest_may_change_it(api, devlog, method, status, form):
    etag = form.format(api.get(at(devlog))["ETag"])

    assert change(api, method, devlog, etag).status_code == status


@METHODS
@pytest.mark.parametrize("fields", [{"entry": "Wrote Go."}, {"private": True}])
def test_what_was_edited_meanwhile_is_not_overwritten(api, devlog, method, status, fields):
    etag = api.get(at(devlog))["ETag"]
    api.patch(at(devlog), fields)
    before = api.get(at(devlog)).json()

    refused = change(api, method, devlog, etag)

    assert (refused.status_code, refused["Content-Type"], refused.json()["status"]) == (412, PROBLEM, 412)
    assert api.get(at(devlog)).json() == before


@METHODS
@pytest.mark.parametrize("etag", ["", "x", '"x"', '""'])
def test_what_is_no_etag_of_it_is_not_taken_for_one(api, devlog, method, status, etag):
    assert change(api, method, devlog, etag).status_code == 412


@METHODS
def test_tags_that_came_meanwhile_are_no_edit(api, make_devlog, run_jobs, method, status):
    devlog = make_devlog()
    first = api.get(at(devlog))["ETag"]
    run_jobs(Scripted(["Django"]))
    assert api.get(at(devlog))["ETag"] != first

    assert change(api, method, devlog, first).status_code == status


def test_the_etags_of_a_post_and_an_edit_are_good_for_the_next(api):
    posted = api.post(URL, {"entry": "Wrote Django."})
    devlog = DevLog.objects.get()
    edited = change(api, "patch", devlog, posted["ETag"])
    again = api.patch(at(devlog), {"private": True}, headers={"If-Match": edited["ETag"]})

    assert [one.status_code for one in (posted, edited, again)] == [201, 200, 200]
    assert change(api, "put", devlog, posted["ETag"]).status_code == 412


@pytest.mark.parametrize("method", ["post", "patch"])
def test_the_etag_of_a_write_is_that_of_the_next_look(api, make_devlog, method):
    written = api.post(URL, {"entry": "x"}) if method == "post" else api.patch(at(make_devlog()), {"entry": "x"})

    assert api.get(f"{URL}{written.json()['id']}/")["ETag"] == written["ETag"]


@METHODS
def test_anothers_is_not_there_whatever_its_version(devlog, settings, method, status):
    settings.API_OPEN = False

    assert change(client_of("bob"), method, devlog, '"x"').status_code == 404


@pytest.mark.parametrize("pk", ["x", "0", "٣", str(10**30)])
def test_what_there_is_not_is_not_found(api, pk):
    assert api.delete(f"{URL}{pk}/", headers={"If-Match": '"x"'}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_edits_at_once_under_one_etag_one_is_refused(api, make_devlog, monkeypatch):
    devlog = make_devlog()
    etag = api.get(at(devlog))["ETag"]
    others = []

    def edit(*args):
        if not others:
            others.append(beside(lambda: change(api, "put", devlog, etag).status_code))
        return edit_now(*args)

    edit_now = entries.edit
    monkeypatch.setattr(entries, "edit", edit)

    mine = change(api, "patch", devlog, etag).status_code

    assert sorted([mine, others[0]()]) == [200, 412]
