"""Actions on dev-logs and jobs: asked first with count, cost and time, for who may, and once however often."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from tagging.models import Attempt
from tagging.models.forecast import duration
from tests.devlogs.admin_pages import DEVLOGS, JOBS, Answer, message_of, states, words

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("url", [DEVLOGS, JOBS])


def post(client, url, action, rows, **more):
    form = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(url, form, follow=True)


def asked(client, url, action, rows, **more):
    """Return the fields of the question that repeat it with a yes."""
    context = post(client, url, action, rows, **more).context
    return {"post": "yes", "newest": context["newest"], "asked": context["asked"], **more}


@BOTH
@pytest.mark.parametrize("action, count", [("tag_again", 1), ("retry_failed", 1), ("cancel", 1)])
def test_each_action_is_asked_with_its_count_also_for_one_row(admin_client, failed, make_devlog, url, action, count):
    waiting = make_devlog("Waits.")

    page = post(admin_client, url, action, [failed, waiting])

    assert list(page.context["model_count"].values()) == [count]
    assert states() == {failed.pk: "failed", waiting.pk: "pending"}


@BOTH
def test_the_question_says_what_it_costs_and_how_long_it_takes(admin_client, make_tagged, url):
    devlogs = [make_tagged("Django"), make_tagged("Redis")]
    now = timezone.now()
    Attempt.objects.update(started_at=now - timedelta(seconds=1), finished_at=now)

    page = words(post(admin_client, url, "tag_again", devlogs).content.decode())

    assert "for nothing (embedded). At the present pace it takes about 1 second." in page


def test_where_nothing_was_tagged_of_late_nobody_says_how_long_it_takes(admin_client, failed):
    page = words(post(admin_client, DEVLOGS, "tag_again", [failed]).content.decode())

    assert "Nothing was tagged in the last minutes, so nobody can say how long it takes." in page


@pytest.mark.parametrize(
    "seconds, told",
    [
        *((0.2, "about 1 second"), (90, "about 90 seconds"), (600, "about 10 minutes")),
        *((36_000, "about 10 hours"), (20 * 86_400, "about 20 days")),
    ],
)
def test_a_time_is_told_in_the_largest_unit_that_says_enough(seconds, told):
    assert duration(seconds) == told


@BOTH
def test_retry_takes_up_those_that_failed_alone(admin_client, failed, make_tagged, url):
    done = make_tagged("Django")

    post(admin_client, url, "retry_failed", [failed, done], post="yes")

    assert states() == {failed.pk: "pending", done.pk: "done"}


@BOTH
def test_cancel_ends_what_is_not_final(admin_client, make_tagged, make_devlog, url):
    done, waiting = make_tagged("Django"), make_devlog("Waits.")

    response = post(admin_client, url, "cancel", [done, waiting], post="yes")

    assert message_of(response).startswith("Jobs cancelled: 1.")
    assert states() == {done.pk: "done", waiting.pk: "failed"}


@BOTH
def test_all_that_match_the_filter_are_cancelled(admin_client, make_devlog, make_tagged, url):
    done = make_tagged("Django")
    waiting = [make_devlog(f"Waits {number}.") for number in range(3)]
    query = "?job__state__exact=pending" if url == DEVLOGS else "?state__exact=pending"

    post(admin_client, url + query, "cancel", waiting[:1], select_across="1", post="yes")

    assert states() == {done.pk: "done"} | {devlog.pk: "failed" for devlog in waiting}


@BOTH
def test_a_yes_given_twice_asks_the_model_once(admin_client, make_tagged, run_jobs, url):
    devlog = make_tagged("Django")
    yes = asked(admin_client, url, "tag_again", [devlog])

    post(admin_client, url, "tag_again", [devlog], **yes)
    run_jobs(Answer("Django"))
    again = post(admin_client, url, "tag_again", [devlog], **yes)

    assert message_of(again) == "Dev-logs queued to be tagged again: 0."
    assert Attempt.objects.count() == 2


@BOTH
def test_a_cancel_given_twice_leaves_what_was_asked_for_since(admin_client, make_devlog, url):
    devlog = make_devlog()
    yes = asked(admin_client, url, "cancel", [devlog])
    post(admin_client, url, "cancel", [devlog], **yes)
    post(admin_client, url, "tag_again", [devlog], post="yes")

    post(admin_client, url, "cancel", [devlog], **yes)

    assert states() == {devlog.pk: "pending"}


@pytest.mark.parametrize("asked_at", ["", "yesterday", "2026-13-45T00:00:00Z", "2026-01-01T00:00:00"])
def test_a_moment_that_is_none_counts_as_now(admin_client, make_devlog, asked_at):
    devlog = make_devlog()

    post(admin_client, JOBS, "cancel", [devlog], post="yes", asked=asked_at)

    assert states() == {devlog.pk: "failed"}


@BOTH
@pytest.mark.parametrize("action", ["tag_again", "cancel"])
def test_each_action_is_one_line_in_the_log_without_words(admin_client, make_devlog, make_tagged, url, action):
    rows = [make_tagged("Django"), make_devlog("Zebrafish.")]

    post(admin_client, url, action, rows, post="yes")

    (entry,) = LogEntry.objects.all()
    told = {"tag_again": "Dev-logs queued to be tagged again: 1.", "cancel": "Jobs cancelled: 1."}
    assert entry.object_repr == told[action]


@BOTH
@pytest.mark.parametrize(
    "codenames, may",
    [
        (["view_devlog", "view_job"], False),
        (["view_devlog", "view_job", "operate_queue"], True),
        (["view_devlog", "view_job", "change_devlog", "change_job"], True),
    ],
)
def test_who_operates_the_queue_or_may_change_the_rows_has_the_actions(staff, failed, url, codenames, may):
    client = staff(*codenames)

    post(client, url, "retry_failed", [failed], post="yes")

    assert states() == {failed.pk: "pending" if may else "failed"}


def test_an_operator_makes_nothing_private(staff, make_tagged):
    devlog = make_tagged("Django")

    post(staff("view_devlog", "operate_queue"), DEVLOGS, "make_private", [devlog], post="yes")

    devlog.refresh_from_db()
    assert not devlog.is_private


def test_what_becomes_public_is_asked_with_what_the_model_costs(admin_client, make_tagged, settings):
    devlog = make_tagged("Django", is_private=True)
    settings.TAGGING_EXTRACTOR = "tests.support.extractors.Paid"

    page = words(post(admin_client, DEVLOGS, "make_public", [devlog]).content.decode())

    assert "it gets their text: each by a new call, for at most" in page
