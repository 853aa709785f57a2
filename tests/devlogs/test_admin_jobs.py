"""The admin of jobs, attempts, the pause and the spending."""

import pytest

from tagging.models import Provider, Spending
from tests.devlogs.admin_pages import ATTEMPTS, JOBS, LIMITED, REFUSED, change_page, column

pytestmark = pytest.mark.django_db


def test_the_page_of_a_job_shows_its_timeline_and_leads_to_its_devlog(admin_client, make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(REFUSED)

    html = admin_client.get(change_page(devlog.job)).content.decode()

    assert f'<a href="{change_page(devlog)}">{devlog}</a>' in html
    assert "The model declined." in html.partition('id="timeline-group"')[2]


@pytest.mark.parametrize("url", [JOBS, ATTEMPTS])
def test_lists_of_the_queue_lead_to_the_devlog(admin_client, make_tagged, url):
    devlog = make_tagged("Django")

    assert f'<a href="{change_page(devlog)}">Wrote Django</a>' in admin_client.get(url).content.decode()


@pytest.mark.parametrize(
    "url",
    [
        f"{JOBS}?state__exact=failed",
        f"{JOBS}?error_code__exact=refused",
        f"{ATTEMPTS}?outcome__exact=failed",
        f"{ATTEMPTS}?error_code=refused",
    ],
)
def test_lists_of_the_queue_are_filtered(admin_client, make_devlog, run_jobs, make_tagged, url):
    make_devlog("Failed.")
    run_jobs(REFUSED)
    make_tagged("Django")

    assert column(admin_client.get(url), "dev_log") == ["Failed."]


def test_jobs_are_filtered_by_what_they_wait_for(admin_client, make_devlog, run_jobs):
    make_devlog("Limited.")
    run_jobs(LIMITED)
    make_devlog("Due.")

    response = admin_client.get(f"{JOBS}?waiting_for__exact=rate_limit")

    assert column(response, "dev_log") == ["Limited."]


def test_a_paused_queue_is_shown_with_its_reason(admin_client):
    Provider.objects.create(waiting_for="provider", error_code="provider_refused", error_detail="The key was refused.")

    page = admin_client.get("/admin/tagging/provider/").content.decode()

    assert "waiting for provider" in page
    assert "The key was refused." in page


def test_what_a_day_cost_is_shown(admin_client):
    Spending.objects.create(day="2026-11-21", tokens=1234, cost="0.5")

    assert "1234" in admin_client.get("/admin/tagging/spending/").content.decode()
