"""The admin of jobs, attempts, the pause and the spending."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db.models.functions import Now
from django.test import Client
from django.utils.formats import date_format

from tagging.models import ProviderState, Spending
from tests.devlogs.admin_pages import (
    ATTEMPTS,
    GERMAN,
    JOBS,
    LIMITED,
    PROVIDERS,
    REFUSED,
    change_page,
    column,
    in_german,
    inline,
    message_of,
)

pytestmark = pytest.mark.django_db


def test_the_page_of_a_job_shows_its_timeline_and_leads_to_its_devlog(admin_client, make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(REFUSED)

    html = admin_client.get(change_page(devlog.job)).content.decode()

    assert f'<a href="{change_page(devlog)}"><bdi>{devlog.title}</bdi></a>' in html
    assert "The model declined." in html.partition("field-timeline")[2]


@pytest.mark.parametrize("url", [JOBS, ATTEMPTS])
def test_lists_of_the_queue_lead_to_the_devlog(admin_client, make_tagged, url):
    devlog = make_tagged("Django")

    assert f'<a href="{change_page(devlog)}"><bdi>Wrote Django</bdi></a>' in admin_client.get(url).content.decode()


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


# -- what the queue waits for ------------------------------------------------------------------------------------


@pytest.fixture
def member(client):
    """Log a member of the staff in, with these permissions alone; return the client."""

    def log_in(*codenames):
        user = User.objects.create_user("ada", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return log_in


def press_resume(client):
    """Press the button as a browser without scripts does, that must show the token in its form."""
    client.handler.enforce_csrf_checks = True
    page = client.get(PROVIDERS).content.decode()
    form = re.search(r'<form method="post" action="(\S+)">(((?!</form>).)*value="Resume".*?)</form>', page, re.DOTALL)
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', form[2])
    return client.post(form[1], dict(hidden), follow=True)


def test_a_paused_queue_is_shown_with_its_reason_and_its_end(admin_client):
    ProviderState.objects.pause(LIMITED.error)
    provider = ProviderState.objects.get()

    page = admin_client.get(PROVIDERS)

    shown = {name: column(page, name) for name in ("state", "began", "until", "error")}
    assert shown == {
        "state": ["waiting for rate limit"],
        "began": [date_format(provider.since, "SHORT_DATETIME_FORMAT")],
        "until": [date_format(provider.resume_at, "SHORT_DATETIME_FORMAT")],
        "error": ["rate_limited: Too many."],
    }
    assert [column(page, name) for name in ("refused", "failed", "test_calls")] == [["1"], ["0"], ["0"]]


@pytest.mark.parametrize("waiting_for, until", [("provider", "a probe is answered"), ("budget", "-"), ("", "-")])
def test_after_the_pause_a_probe_decides_but_of_a_budget(admin_client, waiting_for, until):
    ProviderState.objects.create(waiting_for=waiting_for, resume_at=Now() - timedelta(seconds=1), pause_seconds=30)

    assert column(admin_client.get(PROVIDERS), "until") == [until]


def test_the_provider_of_the_settings_is_told_from_others(admin_client, settings):
    ProviderState.objects.pause(LIMITED.error)
    settings.OPENAI_API_KEY = "sk-another"
    ProviderState.objects.pause(REFUSED.error)

    page = admin_client.get(PROVIDERS)

    assert dict(zip(column(page, "error"), column(page, "in_use"), strict=True)) == {
        "refused: The model declined.": "yes",
        "rate_limited: Too many.": "no, of earlier settings",
    }
    assert "sk-another" not in page.content.decode()


def test_the_button_ends_the_pause_and_says_what_was_waited_for(admin_client):
    ProviderState.objects.pause(LIMITED.error)

    page = press_resume(admin_client)

    assert re.fullmatch(
        "Waited for rate_limit since .* UTC: rate_limited, Too many. One probe goes out at once.", message_of(page)
    )
    assert column(page, "until") == ["a probe is answered"]
    assert LogEntry.objects.get().get_change_message() == "Resumed."


def test_what_is_said_and_noted_of_it_is_in_the_language_of_who_pressed_it(admin_client):
    ProviderState.objects.pause(LIMITED.error)

    with in_german(
        {
            "Resumed.": "Fortgesetzt.",
            "Waited for %(what)s since %(since)s UTC: %(why)s %(follows)s": "Auf %(what)s: %(why)s %(follows)s",
            "One probe goes out at once.": "Ein Versuch geht gleich hinaus.",
        }
    ):
        page = admin_client.post(f"{PROVIDERS}resume/", headers=GERMAN, follow=True)

    assert message_of(page) == "Auf das Anfragelimit: rate_limited, Too many. Ein Versuch geht gleich hinaus."
    assert LogEntry.objects.get().get_change_message() == "Fortgesetzt."


def test_the_button_says_so_where_nothing_is_paused(admin_client):
    assert message_of(press_resume(admin_client)) == "Nothing is paused."


@pytest.mark.parametrize("codenames", [("change_providerstate",), ("view_providerstate", "operate_queue")])
def test_who_may_change_it_or_operates_the_queue_may_press_the_button(member, codenames):
    ProviderState.objects.pause(LIMITED.error)

    press_resume(member(*codenames))

    assert not ProviderState.objects.current().is_paused


def test_who_may_only_look_has_no_button(member):
    ProviderState.objects.pause(LIMITED.error)
    client = member("view_providerstate")

    assert 'value="Resume"' not in client.get(PROVIDERS).content.decode()
    assert client.post(f"{PROVIDERS}resume/").status_code == 403
    assert ProviderState.objects.current().is_paused


def test_no_link_and_no_other_site_can_press_it(admin_user):
    ProviderState.objects.pause(LIMITED.error)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)

    assert [strict.get(f"{PROVIDERS}resume/").status_code, strict.post(f"{PROVIDERS}resume/").status_code] == [
        405,
        403,
    ]
    assert ProviderState.objects.current().is_paused


def test_nothing_else_can_be_done_to_it_and_the_page_needs_no_inline_script(admin_client):
    ProviderState.objects.pause(LIMITED.error)
    row = change_page(ProviderState.objects.get())
    pages = [f"{PROVIDERS}add/", row, row.replace("change/", "delete/")]

    assert [admin_client.post(page, {"post": "yes"}).status_code for page in pages] == [403] * 3
    assert [inline(admin_client.get(page).content.decode()) for page in (PROVIDERS, row)] == [[], []]


def test_what_a_day_cost_is_shown(admin_client):
    Spending.objects.create(day="2026-11-21", tokens=1234, cost="0.5")

    assert "1234" in admin_client.get("/admin/tagging/spending/").content.decode()
