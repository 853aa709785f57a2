"""What comes back from Lambda for a job that was cancelled, edited or made private since: it is paid for, once."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from devlogs import entries
from tagging import queues
from tagging.extraction.base import ErrorCode, ExtractionError
from tagging.models import Attempt, AuthorSpending, Job, ProviderState, Spending
from tests.support.entries import FOUNDING
from tests.support.results import result_for

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-thirty-two-characters"
CALL = 1100  # what a result says that its call took


@pytest.fixture
def sent(make_devlog, django_user_model):
    """Save a dev-log, claim its job, and return it with the result that comes back for it."""

    def send() -> tuple[Job, dict]:
        make_devlog(FOUNDING, author=django_user_model.objects.create_user("anna"))
        return claimed()[0]

    return send


def claimed() -> list[tuple[Job, dict]]:
    jobs = Job.objects.claim(1, owner="sqs", lease_seconds=60)
    return [(job, result_for(job)) for job in jobs]


@pytest.fixture
def post(api, settings):
    settings.TAGGING_RESULTS_TOKEN = TOKEN

    def post(job: Job, result: dict, **headers: str):
        sent = {"Authorization": f"Bearer {TOKEN}", **headers}
        return api.post(f"/api/v1/devlogs/{job.pk}/tags/", result, format="json", headers=sent)

    return post


def booked() -> tuple[int, int]:
    """Return what the day and its authors were charged."""
    return sum(Spending.objects.values_list("tokens", flat=True)), sum(
        AuthorSpending.objects.filter(author_id__gt=0).values_list("tokens", flat=True)
    )


def cancel(job):
    Job.objects.cancel([job.pk])


def make_private(job):
    entries.set_private([job.pk], is_private=True)


def edit(job):
    job.devlog.refresh_from_db()
    job.devlog.entry = "Wrote a Kafka consumer."
    entries.edit(job.devlog, ["entry"])


def test_to_cancel_and_ask_again_over_and_over_sends_no_second_call(sent, post):
    job, result = sent()
    for _ in range(3):
        cancel(job)
        queues.retag([job.pk])
        assert claimed() == []

    assert (post(job, result).status_code, booked()) == (409, (CALL, CALL))

    ((again, answer),) = claimed()
    assert (post(again, answer).json(), booked()) == ({"state": "done"}, (2 * CALL, 2 * CALL))


def test_the_call_of_a_job_that_was_cancelled_and_then_edited_is_booked(sent, post):
    job, result = sent()
    cancel(job)
    edit(job)

    answers = [post(job, result).status_code for _ in range(2)]

    assert (answers, booked(), Job.objects.get().state) == ([409, 409], (CALL, CALL), "pending")


def test_an_answer_for_a_cancelled_job_that_was_taken_for_lost_is_not_booked_again(sent, post, settings):
    settings.TAGGING_DAILY_TOKENS = 10**9
    job, result = sent()
    cancel(job)
    Job.objects.update(lease_expires_at=Now() - timedelta(seconds=1), reserved_tokens=5000)
    Job.objects.recover()

    assert (post(job, result).json(), booked()) == ({"state": "failed"}, (5000, 5000))


def test_the_call_of_an_entry_made_private_is_booked_on_its_author_once_however_often_it_comes(sent, post):
    job, result = sent()
    make_private(job)

    answers = [post(job, result).status_code for _ in range(3)]

    assert (answers, booked()) == ([409] * 3, (CALL, CALL))
    assert [(each.outcome, each.answer) for each in Attempt.objects.all()] == [("failed", None)]


@pytest.mark.parametrize("withdraw", [cancel, make_private, edit])
def test_a_probe_that_was_withdrawn_lets_the_next_one_go_when_it_has_ended(sent, post, withdraw):
    ProviderState.objects.pause(ExtractionError(ErrorCode.UNREACHABLE, "No connection."))
    ProviderState.objects.mine().probe_now()
    job, result = sent()
    ProviderState.objects.take_probe()
    withdraw(job)
    assert ProviderState.objects.current().is_probing

    post(job, result)

    provider = ProviderState.objects.current()
    assert (provider.is_half_open, provider.is_probing) == (True, False)


def test_a_result_with_an_idempotency_key_is_refused_and_taken_without_one(sent, post):
    job, result = sent()
    edit(job)

    refused = post(job, result, **{"Idempotency-Key": "a-key"})

    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["Idempotency-Key"])
    assert (post(job, result).status_code, booked()) == (409, (CALL, CALL))
