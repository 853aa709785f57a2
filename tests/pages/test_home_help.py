"""What the page at `/` says where there is nothing to show, or something has to be done."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from devlogs.models import DevLog
from devlogs.pages.home import render_home
from tests.devlogs.admin_pages import inline
from tests.support.entries import FOUNDING
from tests.support.home import entries_of, link

pytestmark = pytest.mark.django_db
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202egnp.exe",
    "=HYPERLINK(1)",
    "a" * 20_000,
    "</textarea><script>alert(1)</script>",
]


def test_who_has_written_nothing_yet_is_told_how_and_offered_an_example(page):
    html = page.get("/").content.decode()

    assert "Nothing is written yet" in html
    assert 'href="/?example=1"' in html


def test_the_example_stands_in_the_box_and_is_saved_by_a_button(page):
    text = page.get("/?example=1").context["form"]["entry"].value()

    page.post("/", {"entry": text})

    assert DevLog.objects.get().entry == text == FOUNDING


def test_a_list_that_holds_nothing_leads_back_to_all(page, ada, make_devlog):
    make_devlog(author=ada)

    html = page.get("/?q=nowhere").content.decode()

    assert "Nothing found" in html
    assert "Nothing is written yet" not in html


def test_without_a_script_one_looks_again_while_tags_are_looked_for(page, ada, make_devlog, run_jobs):
    make_devlog(author=ada)
    waiting = page.get("/?q=wrote").content.decode()
    run_jobs()

    assert '<noscript><p>Tags are still being looked for. <a href="/?q=wrote">Look again</a>' in waiting
    assert "Look again" not in page.get("/?q=wrote").content.decode()


def test_an_entry_without_a_job_is_shown_too(page, ada):
    devlog = DevLog.objects.create(entry="By a fixture.", author=ada)

    assert entries_of(page.get("/")) == [devlog.pk]


@pytest.mark.parametrize("entry", HOSTILE)
def test_hostile_texts_are_shown_harmlessly(page, ada, make_devlog, entry):
    make_devlog(entry, author=ada)
    for response in (page.get("/"), page.post("/", {"entry": entry + "b" * 20_001}), page.get("/", {"q": entry[:60]})):
        html = response.content.decode()
        assert "<script>" not in html
        assert "<img" not in html
        assert html.count("</textarea>") == 1


def test_nothing_on_the_page_needs_what_the_policy_forbids(page, ada, make_devlog):
    make_devlog(author=ada)

    assert inline(page.get("/").content.decode()) == []


def test_the_keys_are_listed_and_can_be_switched_off(page):
    html = page.get("/").content.decode()

    assert all(f"<kbd>{key}</kbd>" in html for key in "n/jk?")
    assert 'id="show-keys"' in html
    assert 'id="keys-on"' in html


def test_a_page_that_was_too_old_to_be_sent_comes_anew_with_the_text(ada):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada)

    form = {"entry": "Typed <all> day.", "is_private": "on"}
    response = browser.post("/", form, headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"})

    html = response.content.decode()
    assert response.status_code == 403
    assert "Typed &lt;all&gt; day.</textarea>" in html
    assert "too old to be sent" in html
    assert response.context["form"]["is_private"].value() is True
    assert not DevLog.objects.exists()


def test_the_page_is_rendered_for_nobody_who_may_not_enter(rf, page):
    request = rf.post("/", {"entry": "Typed."})
    request.user, request.session = AnonymousUser(), page.session

    response = render_home(request, text="Typed.", error="Too old.", status=403)

    html = response.content.decode()
    assert "Typed." in html
    assert 'name="password"' in html
    assert 'id="days"' not in html


def test_a_list_begins_where_its_address_says_whatever_the_host(page, ada, make_devlog):
    for _ in range(31):
        make_devlog(author=ada)

    assert link(page.get("/?q=wrote"), "next").startswith("/?cursor=")
