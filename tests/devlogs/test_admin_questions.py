"""What the question before a batch says, and where its end leads."""

import re

import pytest
from django.contrib.auth.models import Permission, User

from devlogs.models import DevLog
from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Attempt, Job, ProviderState, QueuePause, Spending
from tagging.models.author_spending import today
from tests.devlogs.admin_pages import DEVLOGS, JOBS, message_of, words

pytestmark = pytest.mark.django_db
PAID = "tests.support.extractors.Paid"


def ask(client, action, url=JOBS, **more):
    rows = DevLog.objects.values_list("pk", flat=True)
    return client.post(url, {"action": action, "_selected_action": list(rows), **more}, follow=True)


def asked(client, action, url=JOBS):
    return words(ask(client, action, url).content.decode())


# -- What it says ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action, title", [("tag_again", "Tag again"), ("retry_failed", "Retry failed"), ("cancel", "Cancel jobs")]
)
def test_the_question_and_its_button_are_named_as_the_action(admin_client, failed, action, title):
    page = ask(admin_client, action)

    assert page.context["title"] == title
    assert f'<input type="submit" value="{title}"' in page.content.decode()


@pytest.mark.parametrize(
    "action, is_red",
    [
        *(("tag_again", False), ("retry_failed", False), ("make_private", False), ("make_public", False)),
        *(("cancel", True), ("delete_selected", True)),
    ],
)
def test_the_button_is_red_only_where_something_is_lost(admin_client, failed, action, is_red):
    page = ask(admin_client, action, DEVLOGS)

    assert ("delete-confirmation" in page.content.decode()) is is_red


@pytest.mark.parametrize(
    "url, told",
    [
        (f"{JOBS}?state__exact=failed&error_code__exact=refused", "State: Failed Error code: refused"),
        (f"{DEVLOGS}?q=fails&job__state__exact=failed", "Search: fails State: Failed"),
        (f"{JOBS}?attempts=1", "Attempts: 1"),
        ("/admin/queue/retry/?code=refused", "Code: refused"),
    ],
)
def test_the_question_repeats_what_the_list_is_narrowed_to(admin_client, failed, url, told):
    assert f"Narrowed to: {told}" in asked(admin_client, "retry_failed", url)


def test_a_whole_list_is_narrowed_to_nothing(admin_client, failed):
    assert "Narrowed to" not in asked(admin_client, "retry_failed")


def test_a_pause_by_a_person_is_said(admin_client, admin_user, failed):
    QueuePause.objects.pause(admin_user, "Maintenance.")

    assert "The queue is paused by a person: these wait until it is resumed." in asked(admin_client, "tag_again")


@pytest.mark.parametrize(
    "waiting_for, told",
    [
        (WaitingFor.PROVIDER, "The provider does not answer: all but private ones wait until it does."),
        (WaitingFor.RATE_LIMIT, "The provider takes no more calls for now: all but private ones wait until it does."),
        (WaitingFor.BUDGET, "The day's budget is spent: all but private ones wait for the next day."),
    ],
)
def test_what_the_queue_waits_for_is_said(admin_client, failed, waiting_for, told):
    ProviderState.objects.pause(
        ExtractionError(ErrorCode.UNREACHABLE, "Gone.", waiting_for=waiting_for, retry_after=60)
    )

    assert told in asked(admin_client, "retry_failed")


def test_a_queue_that_waits_for_nothing_is_not_mentioned(admin_client, failed):
    assert "batch-note" not in ask(admin_client, "retry_failed").content.decode()


def test_what_is_left_of_the_days_budget_is_said(admin_client, failed, settings):
    settings.TAGGING_EXTRACTOR = PAID
    settings.TAGGING_DAILY_TOKENS, settings.TAGGING_DAILY_COST = 2_000_000, 5
    Spending.objects.create(day=today(), tokens=500_000, cost="1.25")

    left = "Left of today's budget: 1,500,000 of 2,000,000 tokens and 3.75 of 5.00 $."
    assert left in asked(admin_client, "tag_again")


@pytest.mark.parametrize("spent, left", [(0, "100"), (101, "0")])
def test_of_a_budget_that_is_passed_nothing_is_left(admin_client, failed, settings, spent, left):
    settings.TAGGING_EXTRACTOR, settings.TAGGING_DAILY_TOKENS = PAID, 100
    Spending.objects.create(day=today(), tokens=spent)

    assert f"Left of today's budget: {left} of 100 tokens." in asked(admin_client, "tag_again")


@pytest.mark.parametrize("cost, told", [("0", "about 0.00 $"), ("0.0001", "less than 0.01 $"), ("2", "about 2.00 $")])
def test_a_cost_below_a_cent_is_not_called_nothing(admin_client, make_tagged, settings, cost, told):
    make_tagged("Django")
    settings.TAGGING_EXTRACTOR = PAID
    Attempt.objects.update(extractor="paid", model="model-1", cost=cost)

    assert f"; {told} if they cost what the last 1 did" in asked(admin_client, "tag_again")


# -- Where it leads --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url, pending", [(JOBS, "?state__exact=pending"), (DEVLOGS, "?job__state__exact=pending")])
def test_the_end_of_a_batch_leads_to_the_queue_and_to_what_waits(admin_client, failed, url, pending):
    message = message_of(ask(admin_client, "retry_failed", url, post="yes"))

    assert re.findall('href="(.*?)"', message) == ["/admin/queue/", f"{url}{pending}"]
    assert admin_client.get(f"{url}{pending}").context["cl"].result_count == 1


def test_who_may_not_see_the_queue_is_not_sent_there(client, failed):
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_devlog", "operate_queue"]))
    client.force_login(user)

    message = message_of(ask(client, "retry_failed", DEVLOGS, post="yes"))

    assert re.findall('href="(.*?)"', message) == [f"{DEVLOGS}?job__state__exact=pending"]


@pytest.mark.parametrize("action", ["delete_selected", "retry_failed"])
def test_where_nothing_waits_now_no_link_is_shown(admin_client, failed, action):
    Job.objects.update(state="done")

    assert "href" not in message_of(ask(admin_client, action, DEVLOGS, post="yes"))
