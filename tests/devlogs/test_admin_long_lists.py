"""Lists of the admin with more rows than are counted: how many it says there are, and that each page is there."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devlogs.models import DevLog
from tagging.admin import lists
from tagging.models import Attempt, Job
from tests.devlogs.admin_pages import ATTEMPTS, DEVLOGS, GERMAN, JOBS, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def five_pages(monkeypatch):
    """Write 220 dev-logs, of which 100 are counted, with a job and an attempt each."""
    monkeypatch.setattr(lists, "MOST_COUNTED", 100)
    devlogs = DevLog.objects.bulk_create([DevLog(entry=f"No. {number}.") for number in range(220)])
    Job.objects.bulk_create([Job(devlog=devlog) for devlog in devlogs])
    times = {"started_at": "2026-01-01T10:00:00Z", "finished_at": "2026-01-01T10:00:01Z"}
    Attempt.objects.bulk_create([Attempt(job_id=devlog.pk, number=1, **times) for devlog in devlogs])


def listed(client, url, page):
    answer = client.get(url, {"p": page})
    pages = answer.context["cl"].paginator.page_range
    return str(answer.context["cl"].result_count), pages[-1], len(answer.context["cl"].result_list)


@pytest.mark.parametrize("url", [DEVLOGS, JOBS, ATTEMPTS])
def test_no_more_are_counted_than_some_beyond_the_page(admin_client, five_pages, url):
    found = [listed(admin_client, url, page) for page in range(1, 6)]

    assert found == [("100+", 2, 50), ("200+", 4, 50), ("200+", 4, 50), ("220", 5, 50), ("220", 5, 20)]


def test_to_count_a_list_reads_no_more_rows_than_these(admin_client, five_pages):
    with CaptureQueriesContext(connection) as captured:
        admin_client.get(DEVLOGS)

    assert [query["sql"] for query in captured if "LIMIT 101)" in query["sql"]] != []


def test_every_row_is_on_one_page(admin_client, five_pages):
    pages = [admin_client.get(DEVLOGS, {"p": page}).context["cl"].result_list for page in range(1, 6)]

    entries = [devlog.entry for page in pages for devlog in page]
    assert entries == [f"No. {number}." for number in reversed(range(220))]


def test_a_page_says_that_there_are_more(admin_client, five_pages, monkeypatch):
    monkeypatch.setattr(lists.Bounded, "count", lists.AtLeast(10_000))

    english, german = (words(admin_client.get(DEVLOGS, headers=headers).content.decode()) for headers in ({}, GERMAN))

    assert ("10,000+ dev-logs" in english, "Select all 10,000+ dev-logs" in english) == (True, True)
    assert "10.000+" in german


def test_an_action_on_all_takes_more_than_were_counted(admin_client, five_pages):
    chosen = {"action": "cancel", "_selected_action": [DevLog.objects.first().pk], "select_across": "1"}

    question = words(admin_client.post(DEVLOGS, chosen).content.decode())

    assert "Jobs: 220" in question


@pytest.mark.parametrize("page", ["6", "99999999", "9" * 30])
def test_a_page_that_is_not_there_leads_to_the_list(admin_client, five_pages, page):
    assert admin_client.get(DEVLOGS, {"p": page}).status_code == 302


@pytest.mark.parametrize("page", ["x", "-1", "", "²"])
def test_a_page_that_is_no_number_is_no_error(admin_client, five_pages, page):
    assert admin_client.get(DEVLOGS, {"p": page}).status_code in (200, 302)
