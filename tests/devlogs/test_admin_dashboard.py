"""The queue's page in the admin: who sees what on it, and what it shows."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models.functions import Now

from devlogs.models import DevLog
from tagging.extraction.base import WaitingFor
from tagging.models import Job, ProviderState, QueuePause, Spending, Worker
from tagging.models.author_spending import today
from tests.devlogs.admin_pages import LIMITED, REFUSED, SCRIPT, inline, words
from tests.support.extractors import error

pytestmark = pytest.mark.django_db

QUEUE = "/admin/queue/"
FRAGMENT = {"X-Fragment": "1"}


def staff(client, *permissions):
    user = User.objects.create(username="staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def section(page, name):
    """Return the words of one part of the page."""
    html = page.content.decode().partition(f'aria-labelledby="queue-{name}">')[2].partition("</section>")[0]
    return words(html.replace("<", " <"))


# -- who sees it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("permissions", "status"), [((), 403), (("view_tag",), 403), (("view_job",), 200)])
def test_staff_who_may_see_jobs_see_it(client, permissions, status):
    assert staff(client, *permissions).get(QUEUE).status_code == status


def test_others_are_asked_to_log_in(client, django_user_model):
    client.force_login(django_user_model.objects.create(username="author"))

    assert client.get(QUEUE).headers["Location"].startswith("/admin/login/")


def test_the_admin_s_index_links_to_it_for_those_who_may_see_it(client):
    assert f'href="{QUEUE}"' in staff(client, "view_job").get("/admin/").content.decode()


def test_the_admin_s_index_does_not_link_to_it_for_others(client):
    assert f'href="{QUEUE}"' not in staff(client, "view_tag").get("/admin/").content.decode()


def test_who_may_only_look_has_no_buttons(client, make_devlog, run_jobs):
    make_devlog()
    run_jobs(REFUSED)

    page = staff(client, "view_job").get(QUEUE).content.decode()

    assert ("refused" in page, "<form" in page.partition('id="figures"')[2]) == (True, False)


def test_who_operates_has_them(client, make_devlog, run_jobs):
    make_devlog()
    run_jobs(REFUSED)

    page = staff(client, "view_job", "operate_queue").get(QUEUE).content.decode()

    assert [part in page for part in ('action="/admin/queue/pause/"', "/admin/queue/retry/?code=refused")] == [
        True
    ] * 2


# -- what it shows -----------------------------------------------------------------------------------------------


def test_jobs_are_counted_by_state(admin_client, make_devlog, run_jobs):
    make_devlog()
    run_jobs(REFUSED)
    for _ in range(2):
        make_devlog()

    now = section(admin_client.get(QUEUE), "now")

    assert "The queue waits for nothing." in now
    assert "pending 2 running 0 done 0 failed 1" in now


def test_what_the_queue_waits_for_is_told_with_until_when_and_why(admin_client, make_devlog, run_jobs):
    make_devlog()
    run_jobs(LIMITED)

    now = section(admin_client.get(QUEUE), "now")

    assert "The queue waits for the provider's rate limit" in now
    assert "until" in now
    assert "rate_limited Too many." in now


def test_a_pause_is_told_beside_what_the_provider_waits_for(admin_client, admin_user):
    QueuePause.objects.pause(admin_user, SCRIPT)
    ProviderState.objects.pause(error(waiting_for=WaitingFor.PROVIDER))

    page = admin_client.get(QUEUE)

    assert "The queue is paused" in section(page, "now")
    assert "by admin ." in section(page, "now")
    assert "The queue waits for the provider" in section(page, "now")
    assert (SCRIPT in page.content.decode(), "&lt;script&gt;alert" in page.content.decode()) == (False, True)


def test_workers_say_where_they_are_and_how_much_they_may_do_at_once(admin_client):
    Worker.objects.create(name="here-1", host="host-1", pid=4711, calls_at_once=8)
    Worker.objects.create(name="gone-2", host="host-2", pid=7, seen_at=Now() - timedelta(minutes=5))

    workers = section(admin_client.get(QUEUE), "workers")

    assert [part in workers for part in ("here-1 host-1 4711", "(silent)", "calls at once")] == [True] * 3
    assert " 0 8 More dev-logs may be under way than calls at once" in workers


def test_a_failure_s_example_links_to_the_dev_log(admin_client, make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(REFUSED)

    page = admin_client.get(QUEUE)

    assert f'href="/admin/devlogs/devlog/{devlog.pk}/change/"' in page.content.decode()
    assert "The model declined." in section(page, "failures")


@pytest.mark.parametrize("permissions", [("view_job",), ("view_job", "view_devlog")])
def test_of_a_private_failure_its_number_alone_is_told(client, make_devlog, permissions):
    devlog = make_devlog()
    DevLog.objects.update(is_private=True)
    Job.objects.update(state="failed", run_after=None, error_code="internal", error_detail="Its words.")

    page = staff(client, *permissions).get(QUEUE)

    assert f"private dev-log {devlog.pk}" in section(page, "failures")
    assert ("Its words." in page.content.decode(), "/devlog/" in section_html(page)) == (False, False)


def section_html(page):
    return page.content.decode().partition('id="figures"')[2]


def test_who_may_not_see_entries_sees_the_number_of_an_example(client, make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(REFUSED)

    page = staff(client, "view_job").get(QUEUE)

    assert f"dev-log {devlog.pk}" in section(page, "failures")
    assert ("declined" in page.content.decode(), "/devlog/" in section_html(page)) == (False, False)


def test_charts_have_their_numbers_in_a_table(admin_client, make_tagged, settings):
    settings.TAGGING_DAILY_TOKENS = 1000
    make_tagged("Django")
    Spending.objects.create(day=today(), tokens=1234567, cost=Decimal("0.5"))

    page = admin_client.get(QUEUE)

    html = page.content.decode()
    keys = ["hours", "times", "spending", "technologies"]
    assert [f'id="queue-{key}"' in html and f'id="numbers-{key}"' in html for key in keys] == [True] * 4
    assert html.count('role="img"') == 5
    assert "1,234,567 0.50" in section(page, "spending")
    assert section(page, "technologies").endswith("1 100.0")
    assert "limit: 1,000" in section(page, "spending")


@pytest.mark.parametrize(("asked", "days"), [("", 14), ("14", 14), ("30", 30), ("99999999", 14), ("x", 14)])
def test_the_spending_is_of_14_or_30_days(admin_client, asked, days):
    page = admin_client.get(QUEUE, {"days": asked})

    assert len(page.context["page"].charts[2].table.rows) == days


def test_nothing_on_it_is_inline(admin_client, make_devlog, run_jobs):
    make_devlog()
    run_jobs(REFUSED)

    assert inline(admin_client.get(QUEUE).content.decode()) == []


def test_hostile_names_are_shown_harmlessly(admin_client, make_tagged):
    make_tagged(SCRIPT)
    Worker.objects.create(name=SCRIPT, host=SCRIPT, pid=1)

    assert SCRIPT not in admin_client.get(QUEUE).content.decode()


# -- what a script asks for --------------------------------------------------------------------------------------


def test_a_script_gets_the_figures_alone_and_only_if_they_changed(admin_client, make_devlog):
    first = admin_client.get(QUEUE, headers=FRAGMENT)
    same = admin_client.get(QUEUE, headers={**FRAGMENT, "If-None-Match": first["ETag"]})
    make_devlog()
    changed = admin_client.get(QUEUE, headers={**FRAGMENT, "If-None-Match": first["ETag"]})

    assert (first.status_code, "<html" in first.content.decode()) == (200, False)
    assert (same.status_code, same.content, changed.status_code) == (304, b"", 200)


def test_page_and_fragment_are_kept_by_no_cache(admin_client):
    answers = [admin_client.get(QUEUE, headers=headers) for headers in ({}, FRAGMENT)]

    assert ["no-store" in answer["Cache-Control"] for answer in answers] == [True, True]
