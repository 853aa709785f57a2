"""The admin of dev-logs: what its list and its page show."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone

from devlogs.admin import lists
from devlogs.models import DevLog
from tagging.models import DevLogTag, Job, ProviderState, Tag
from tagging.models.tag import slug_of
from tests.devlogs.admin_pages import DEVLOGS, LIMITED, REFUSED, cells, change_page, column, fact, fact_html, words

pytestmark = pytest.mark.django_db
REFUSED_TOLD = "The model declined to answer for this entry. What to do: Reword the entry, or set its tags by hand."


# -- The list --------------------------------------------------------------------------------------------------------


def test_the_list_shows_state_and_tags_in_the_order_of_the_entry(admin_client, make_tagged):
    make_tagged("Redis", "Django")

    response = admin_client.get(DEVLOGS)

    assert (column(response, "state"), column(response, "tag_links")) == (["done"], ["Redis · Django"])


def test_the_list_shows_the_first_line_of_an_entry(admin_client, make_devlog):
    make_devlog("First line\nsecond line")

    assert column(admin_client.get(DEVLOGS), "name") == ["First line"]


def test_a_waiting_job_says_what_it_waits_for(admin_client, make_devlog, run_jobs):
    make_devlog()
    run_jobs(LIMITED)

    assert column(admin_client.get(DEVLOGS), "state") == ["pending waiting for rate limit"]


def test_a_pending_job_says_that_the_whole_queue_waits(admin_client, make_devlog):
    make_devlog()
    ProviderState.objects.pause(REFUSED.error)

    assert column(admin_client.get(DEVLOGS), "state") == ["pending waiting for provider"]


def test_a_failed_job_says_why(admin_client, make_devlog, run_jobs):
    make_devlog()
    run_jobs(REFUSED)

    assert column(admin_client.get(DEVLOGS), "state") == ["failed refused: The model declined."]


@pytest.mark.parametrize("state", ["pending", "running", "done", "failed"])
def test_every_state_has_a_colour_of_its_own_in_the_stylesheet(admin_client, make_devlog, state):
    claim = {"claim_token": "0" * 32, "lease_expires_at": timezone.now() + timedelta(minutes=1)}
    Job.objects.filter(pk=make_devlog().pk).update(
        state=state,
        run_after=timezone.now() if state == "pending" else None,
        **(claim if state == "running" else {}),
    )

    html = admin_client.get(DEVLOGS).content.decode()

    stylesheet = Path(finders.find("tagging/admin.css")).read_text()
    assert f'<span class="job-state job-state-{state}">{state}</span>' in html
    assert f".job-state-{state} {{" in stylesheet


def test_a_devlog_without_a_job_shows_a_dash_in_the_list(admin_client):
    DevLog.objects.create(entry="Made by hand.")

    assert column(admin_client.get(DEVLOGS), "state") == ["-"]


def test_the_list_is_filtered_by_state(admin_client, make_devlog, run_jobs):
    make_devlog("Failed.")
    run_jobs(REFUSED)
    make_devlog("Pending.")

    response = admin_client.get(f"{DEVLOGS}?job__state__exact=failed")

    assert column(response, "name") == ["Failed."]


def test_the_list_is_filtered_by_tag(admin_client, make_tagged):
    make_tagged("Redis")
    make_tagged("Django")

    response = admin_client.get(f"{DEVLOGS}?tags__slug=django")

    assert column(response, "name") == ["Wrote Django"]


def test_the_filter_offers_the_most_used_tags_only(admin_client, make_tagged, monkeypatch):
    monkeypatch.setattr(lists, "TAGS_OFFERED", 1)
    make_tagged("Redis", "Django")
    make_tagged("Django")

    html = admin_client.get(DEVLOGS).content.decode()

    assert "Django (2)" in html
    assert "Redis (1)" not in html


def test_the_filter_names_a_tag_that_it_does_not_offer_while_it_is_chosen(admin_client, make_tagged, monkeypatch):
    monkeypatch.setattr(lists, "TAGS_OFFERED", 1)
    make_tagged("Redis", "Django")
    make_tagged("Django")

    html = admin_client.get(f"{DEVLOGS}?tags__slug=redis").content.decode()

    assert [words(item) for item in re.findall(r'<li class="selected">(.*?)</li>', html, re.DOTALL)] == [
        "All",
        "All",
        "Any date",
        "redis",
    ]


def test_the_filter_counts_the_newest_devlogs_only(admin_client, make_tagged, monkeypatch):
    monkeypatch.setattr(lists, "DEVLOGS_COUNTED", 1)
    make_tagged("Redis")
    make_tagged("Django")

    html = admin_client.get(DEVLOGS).content.decode()

    assert "Django (1)" in html
    assert "Redis (1)" not in html


@pytest.mark.parametrize("query", ["postgres", "redis"])
def test_a_search_finds_words_of_the_entry_and_names_of_tags_once(admin_client, make_devlog, query):
    devlog = make_devlog("Moved to postgres.")
    for name in ("Redis", "Redis Stack"):
        DevLogTag.objects.create(devlog=devlog, tag=Tag.objects.create(name=name, slug=slug_of(name)))
    make_devlog("Something else.")

    response = admin_client.get(f"{DEVLOGS}?q={query}")

    assert column(response, "name") == ["Moved to postgres."]


# -- The page --------------------------------------------------------------------------------------------------------


def test_the_page_shows_the_job(admin_client, make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(REFUSED)

    page = admin_client.get(change_page(devlog))

    assert [fact(page, name) for name in ("state", "error", "run_after", "attempts")] == [
        "failed refused: The model declined.",
        f"{REFUSED_TOLD} refused: The model declined.",
        "-",
        "1",
    ]


def test_the_page_shows_tags_with_source_and_evidence(admin_client, admin_user, make_tagged):
    devlog = make_tagged("Django")
    redis = Tag.objects.create(name="Redis", slug="redis")
    DevLogTag.objects.create(devlog=devlog, tag=redis, person=admin_user, position=99)

    page = admin_client.get(change_page(devlog))

    assert re.findall("<tr>(.*?)</tr>", page.content.decode())[1:3] == [
        "<td>Django</td><td>answer:model-1</td><td>Wrote Django</td>",
        "<td>Redis</td><td>person: admin</td><td>-</td>",
    ]


def test_the_page_shows_the_timeline(admin_client, make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(REFUSED)
    devlog.job.timeline.update(
        started_at="2026-01-01T10:00:00Z",
        finished_at="2026-01-01T10:00:02Z",
        input_tokens=120,
        output_tokens=8,
        cost="0.0125",
    )

    page = admin_client.get(change_page(devlog))

    assert cells(fact_html(page, "timeline")) == [
        ["1", "01/01/2026 10 a.m.", "2000", "failed", "answer:model-1", "120", "8", "0.0125"],
        ["refused: The model declined."],
    ]


def test_a_devlog_without_a_job_shows_dashes_on_its_page(admin_client):
    devlog = DevLog.objects.create(entry="Made by hand.")

    page = admin_client.get(change_page(devlog))

    names = ("state", "error", "run_after", "attempts", "tags_found", "timeline")
    assert [fact(page, name) for name in names] == ["-"] * 6


def test_the_form_of_a_new_devlog_proposes_the_user_as_author_and_shows_no_job(admin_client, admin_user):
    html = admin_client.get(f"{DEVLOGS}add/").content.decode()

    assert f'name="author" value="{admin_user.pk}"' in html
    assert "field-timeline" not in html
