"""The figures of the queue's page: what they count, what they say of a wait, and where they lead."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from tagging.admin.dashboard import drawings, waits
from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Attempt, Job, ProviderState, QueuePause, Spending
from tagging.models.author_spending import today
from tests.devlogs.admin_pages import JOBS, REFUSED, column, words

pytestmark = pytest.mark.django_db

QUEUE = "/admin/queue/"
AWAY = ExtractionError(
    ErrorCode.UNREACHABLE, "No route.", permanent=False, waiting_for=WaitingFor.PROVIDER, retry_after=600
)


def section(page, name):
    html = page.content.decode().partition(f'aria-labelledby="queue-{name}">')[2].partition("</section>")[0]
    return words(html.replace("<", " <"))


def link(page, text):
    """Return where the link with these words leads."""
    links = re.findall(r'<a href="([^"]*)"[^>]*aria-label="([^"]*)"', page.content.decode())
    return next(address.replace("&amp;", "&") for address, label in links if label == text)


def chart(page, key):
    return next(chart for chart in page.context["page"].charts if chart.key == key)


# -- links -------------------------------------------------------------------------------------------------------


@pytest.fixture
def mixed(make_devlog, run_jobs):
    """Two that failed by different codes, and one that is pending."""
    failed = [make_devlog(), make_devlog()]
    run_jobs(REFUSED)
    Job.objects.filter(pk=failed[1].pk).update(error_code="timeout")
    return failed, make_devlog()


@pytest.mark.parametrize("state, count", [("pending", 1), ("failed", 2)])
def test_the_count_of_a_state_leads_to_its_jobs(admin_client, mixed, state, count):
    address = link(admin_client.get(QUEUE), f"{state}: {count}")

    assert len(column(admin_client.get(address), "number")) == count


def test_the_count_of_a_code_leads_to_the_jobs_that_failed_so(admin_client, mixed):
    [_, timed_out], _ = mixed

    address = link(admin_client.get(QUEUE), "timeout: 1")

    assert address.startswith(JOBS)
    assert column(admin_client.get(address), "number") == [str(timed_out.pk)]


# -- waits -------------------------------------------------------------------------------------------------------


def test_no_sentence_ends_twice(admin_client):
    ProviderState.objects.pause(AWAY)
    QueuePause.objects.pause()

    assert ".." not in section(admin_client.get(QUEUE), "now")


def test_pending_dev_logs_are_tried_when_the_provider_is(admin_client, make_devlog):
    make_devlog()
    until = waits.clock(ProviderState.objects.pause(AWAY).resume_at)

    now = section(admin_client.get(QUEUE), "now")

    assert f"the first is tried nothing of its own 1 {until}" in now


def test_what_waits_for_itself_longer_than_the_queue_is_tried_then(admin_client, make_devlog):
    later = timezone.now() + timedelta(hours=2)
    make_devlog()
    Job.objects.update(run_after=later, waiting_for="retry")
    ProviderState.objects.pause(AWAY)

    assert f"its next try 1 {waits.clock(later)}" in section(admin_client.get(QUEUE), "now")


def test_after_the_provider_s_pause_pending_dev_logs_wait_for_a_probe(admin_client, make_devlog):
    make_devlog()
    ProviderState.objects.pause(AWAY)
    ProviderState.objects.update(resume_at=Now())

    assert "nothing of its own 1 once a probe is answered" in section(admin_client.get(QUEUE), "now")


def test_what_is_due_while_nothing_is_waited_for_is_tried_now(admin_client, make_devlog):
    make_devlog()

    assert "nothing of its own 1 now" in section(admin_client.get(QUEUE), "now")


def test_nobody_knows_when_it_is_tried_while_a_person_has_paused_the_queue(admin_client, make_devlog):
    make_devlog()
    QueuePause.objects.pause()

    now = section(admin_client.get(QUEUE), "now")

    assert now.endswith("waiting for dev-logs nothing of its own 1")


def test_a_time_of_another_day_is_told_with_its_date():
    assert waits.clock(datetime(2020, 2, 3, 13, 18, tzinfo=UTC)) == "02/03/2020 13:18"
    assert waits.clock(None) == ""


# -- charts ------------------------------------------------------------------------------------------------------


def test_what_failed_is_drawn_beside_what_was_answered(admin_client, make_devlog, run_jobs):
    make_devlog()
    run_jobs(REFUSED)

    hours = chart(admin_client.get(QUEUE), "hours")

    assert hours.drawings[0].picture.count('class="chart-name"') >= 2
    assert "<title>Failed: 1</title>" in hours.drawings[0].picture
    assert hours.table.rows[-1][1:] == ["0", "1"]


def test_an_hour_in_which_nothing_was_tagged_is_a_gap_and_not_nought(admin_client, make_tagged):
    make_tagged("Django")

    times = chart(admin_client.get(QUEUE), "times")

    assert times.table.rows[0][1:] == ["–"] * 4
    assert times.drawings[0].picture.count('class="chart-mark"') == 2 + 2  # one of each line, and in the legend


@pytest.mark.parametrize(
    "cost, written", [("0", "0"), ("0.5", "0.50"), ("1234.567", "1,234.57"), ("0.001234567", "0.00123")]
)
def test_dollars_have_as_many_digits_as_tell_something(cost, written):
    assert drawings.dollars(Decimal(cost)) == written


def test_tokens_and_dollars_share_one_table(admin_client):
    Spending.objects.create(day=today(), tokens=10, cost=Decimal("0.5"))

    page = admin_client.get(QUEUE)

    assert page.content.decode().count("<td>0.50</td>") == 1
    assert section(page, "spending").count("no daily budget") == 2


def test_where_nothing_costs_any_there_are_no_dollars(admin_client):
    Spending.objects.create(day=today(), tokens=10)

    spending = chart(admin_client.get(QUEUE), "spending")

    assert (spending.title, spending.table.columns) == ("Tokens by day", ["Day", "Tokens"])


def test_the_pace_is_told_in_whole_numbers(admin_client, make_tagged):
    make_tagged("Django")
    few = section(admin_client.get(QUEUE), "now")
    for at in range(8):
        make_tagged(f"Django-{at}")
    Attempt.objects.update(finished_at=Now())

    some = section(admin_client.get(QUEUE), "now")

    assert "Tagged per minute, over the last five less than one" in few
    assert "Tagged per minute, over the last five 2" in some
