"""Each address of an entry is its author's alone, and takes the methods it is made for."""

import pytest
from django.test import Client

from devlogs.models import DevLog
from tests.support.jobs import job_of, tags_of

READ = ["", "edit/", "tags/"]
WRITTEN = ["edit/", "delete/", "retag/", "private/", "tags/", "tags/remove/"]
POSTED_ALONE = ["delete/", "retag/", "private/", "tags/remove/"]
FIELDS = {"entry": "Mine now.", "name": "django", "private": "true"}
CALLS = [("get", action) for action in READ] + [("post", action) for action in WRITTEN]
BOTH = pytest.mark.parametrize("headers", [{"X-Fragment": "1"}, {}])


@pytest.fixture
def foreign(make_tagged, grace):
    return make_tagged("Django", author=grace)


@BOTH
@pytest.mark.parametrize(("method", "action"), CALLS)
def test_what_is_anothers_is_not_there(page, foreign, method, action, headers):
    answer = getattr(page, method)(f"/entries/{foreign.pk}/{action}", FIELDS, headers=headers)

    assert answer.status_code == 404
    devlog = DevLog.objects.get()
    assert (devlog.entry, devlog.is_private) == (foreign.entry, False)
    assert (tags_of(devlog), job_of(devlog).state) == (["Django"], "done")
    assert foreign.entry not in answer.content.decode()


@pytest.mark.parametrize(("method", "action"), CALLS)
@pytest.mark.parametrize("pk", [0, 404, 2**70])
def test_what_never_was_is_not_there(page, method, action, pk):
    assert getattr(page, method)(f"/entries/{pk}/{action}", FIELDS).status_code == 404


@pytest.mark.parametrize("action", POSTED_ALONE)
def test_who_looks_at_what_is_done_by_a_button_changes_nothing_and_is_led_to_the_entry(page, ada, make_devlog, action):
    devlog = make_devlog(author=ada)

    assert page.get(f"/entries/{devlog.pk}/{action}", FIELDS)["Location"] == f"/entries/{devlog.pk}/"
    assert page.put(f"/entries/{devlog.pk}/{action}").status_code == 405
    assert DevLog.objects.filter(pk=devlog.pk, is_private=False).exists()


def test_an_undo_is_no_page_to_look_at(page):
    assert page.get("/entries/restore/")["Location"] == "/"


def test_what_is_only_shown_takes_no_post(page, ada, make_devlog):
    devlog = make_devlog(author=ada)

    assert page.post(f"/entries/{devlog.pk}/").status_code == 405
    assert page.post("/entries/tags/").status_code == 405


@pytest.mark.parametrize(("method", "action"), CALLS)
def test_without_a_login_nobody_gets_in(make_devlog, ada, method, action):
    devlog = make_devlog(author=ada)
    call = getattr(Client(), method)

    assert call(f"/entries/{devlog.pk}/{action}", FIELDS, headers={"X-Fragment": "1"}).status_code == 401
    plain = call(f"/entries/{devlog.pk}/{action}", FIELDS)
    assert plain.status_code == 302 or "pages/login.html" in [template.name for template in plain.templates]


@pytest.mark.parametrize("action", WRITTEN)
def test_what_does_not_come_from_our_own_pages_is_refused(ada, make_devlog, action):
    devlog = make_devlog(author=ada)
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)

    assert client.post(f"/entries/{devlog.pk}/{action}", FIELDS).status_code == 403
