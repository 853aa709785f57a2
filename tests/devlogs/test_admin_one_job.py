"""The page of one job, and of its dev-log: what to do about a failure, and the button that does it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from devlogs.models import DevLog
from tagging.admin.advice import ADVICE
from tagging.extraction.base import ErrorCode
from tagging.models import Attempt, Job
from tests.devlogs.admin_pages import DEVLOGS, JOBS, LIMITED, REFUSED, Answer, cells, change_page, fact, fact_html

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("url", [DEVLOGS, JOBS])


def button(response):
    """Return the action and the words of the button above the form; nothing where there is none."""
    _, found, form = response.content.decode().partition('<form class="queue-act"')
    if not found:
        return None
    form = form.partition("</form>")[0]
    return form.partition('name="action" value="')[2].partition('"')[0], form.rpartition('value="')[2].partition('"')[
        0
    ]


def press(client, page, **more):
    """Do as the button above the form does, and return what is asked or where it leads."""
    pk = page.split("/")[-3]
    action, _ = button(client.get(page))
    sent = {"action": action, "_selected_action": pk, "from_page": pk, **more}
    return client.post(page.partition(f"{pk}/change/")[0], sent)


# -- Advice ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", list(ErrorCode))
def test_of_what_failed_nobody_says_that_it_goes_on_by_itself(code):
    told = str(ADVICE[code].for_state(Job.State.FAILED))

    assert "by itself" not in told
    assert not told.startswith("Nothing")


def test_what_failed_is_to_be_retried(admin_client, failed):
    Job.objects.update(error_code="timeout", error_detail="Slow.")

    told = fact(admin_client.get(change_page(failed.job)), "error_told")

    assert "What to do: Retry it when the provider is quick again. timeout: Slow." in told


def test_what_is_still_tried_needs_nothing(admin_client, make_devlog):
    job = make_devlog().job
    Job.objects.update(error_code="timeout", error_detail="Slow.")

    assert "What to do: Nothing: it is asked again by itself." in fact(
        admin_client.get(change_page(job)), "error_told"
    )


def test_an_attempt_that_was_made_up_for_needs_nothing(admin_client, failed, run_jobs):
    attempt = Attempt.objects.get()
    Job.objects.ask_anew([failed.pk], Job.Priority.INTERACTIVE)
    run_jobs(Answer("Django"))

    told = fact(admin_client.get(change_page(attempt)), "error_told")

    assert "What to do: Nothing: a later attempt found its tags." in told


@pytest.mark.parametrize("page", [0, 1])
def test_the_advice_stands_once_however_many_attempts_there_were(admin_client, failed, page):
    (attempt,) = Attempt.objects.all()
    for number in (2, 3, 4, 5):
        attempt.pk, attempt.number = None, number
        attempt.save()

    response = admin_client.get(change_page([failed, failed.job][page]))

    assert response.content.decode().count("What to do:") == 1
    assert [row for row in cells(fact_html(response, "timeline")) if len(row) == 1] == [
        ["refused: The model declined."]
    ] * 5


def test_what_a_person_cancelled_is_shown_as_no_fault(admin_client, make_devlog):
    devlog = make_devlog()
    Job.objects.cancel([devlog.pk])

    html = admin_client.get(JOBS).content.decode()

    assert '<span class="job-state job-state-cancelled">cancelled</span>' in html
    assert "job-state-failed" not in html


# -- The button ------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    "state, action",
    [
        ("failed", ("retry_failed", "Retry …")),
        ("done", ("tag_again", "Tag again …")),
        ("pending", ("cancel", "Cancel …")),
        ("running", ("cancel", "Cancel …")),
    ],
)
def test_the_button_does_what_there_is_to_do_in_this_state(admin_client, make_devlog, url, state, action):
    pk = make_devlog().pk
    claim = {"claim_token": "0" * 32, "lease_expires_at": timezone.now() + timedelta(minutes=1)}
    due = timezone.now() if state == "pending" else None
    Job.objects.update(state=state, run_after=due, **(claim if state == "running" else {}))

    assert button(admin_client.get(f"{url}{pk}/change/")) == action


def test_what_was_never_asked_for_can_be_tagged(admin_client):
    devlog = DevLog.objects.create(entry="By hand.")

    press(admin_client, change_page(devlog), post="yes")

    assert Job.objects.get().state == "pending"


@BOTH
def test_the_button_asks_first_for_this_one(admin_client, failed, make_devlog, run_jobs, url):
    make_devlog("Another.")
    run_jobs(REFUSED)

    page = press(admin_client, f"{url}{failed.pk}/change/")

    assert (page.context["title"], page.context["model_count"]) == ("Retry failed", {"dev-logs": 1})
    assert f'<a href="{url}{failed.pk}/change/" class="button cancel-link">' in page.content.decode()
    assert set(Job.objects.values_list("state", flat=True)) == {"failed"}


@BOTH
def test_a_yes_does_it_and_comes_back_to_the_page(admin_client, failed, url):
    page = f"{url}{failed.pk}/change/"

    response = press(admin_client, page, post="yes")

    assert (response.status_code, response["Location"]) == (302, page)
    assert Job.objects.get().state == "pending"
    assert button(admin_client.get(page)) == ("cancel", "Cancel …")


@BOTH
def test_who_may_not_operate_the_queue_has_no_button(staff, failed, url):
    page = f"{url}{failed.pk}/change/"

    assert button(staff("view_devlog", "view_job").get(page)) is None
    assert button(staff("view_devlog", "view_job", "operate_queue").get(page)) == ("retry_failed", "Retry …")


def test_a_form_of_something_new_has_no_button(admin_client):
    assert button(admin_client.get(f"{DEVLOGS}add/")) is None


def test_a_job_that_waits_is_cancelled_from_its_page(admin_client, make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(LIMITED)

    press(admin_client, change_page(devlog.job), post="yes")

    assert Job.objects.get().error_code == "cancelled"
