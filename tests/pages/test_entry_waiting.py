"""Why an entry waits, or has no tags, in a sentence for its author."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from devlogs.models import DevLog
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.looks import why
from tagging.looks.told import WAYS_OUT
from tagging.models import Job, ProviderState
from tagging.models.queue_pause import QueuePause

NOW = datetime(2026, 11, 29, 14, 10, tzinfo=UTC)
SINCE = datetime(2026, 11, 29, 14, 2, tzinfo=UTC)


class Pauses:
    """What is known of the pauses of the queue."""

    def __init__(self, provider=None, queue=None):
        self.provider = lambda: provider
        self.queue = lambda: queue


@pytest.fixture(autouse=True)
def at_ten_past_two(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def job(state="pending", **fields):
    fresh = {"priority": 0, "waiting_for": "", "error_code": "", "is_private": False, "run_after": NOW}
    return Job(devlog=DevLog(pk=1), state=state, **{**fresh, **fields})


def provider(waiting_for, *, seconds=60, **fields):
    resume_at = NOW + timedelta(seconds=seconds)
    paused = {"since": SINCE, "resume_at": resume_at, "pause_seconds": 300, **fields}
    row = ProviderState(waiting_for=waiting_for, **paused)
    row.now = NOW
    return row


def said(one, **pauses):
    return why.waiting(one, Pauses(**pauses))


def test_of_an_entry_that_is_tagged_nothing_is_said():
    assert said(job("done")) == ""


def test_an_entry_that_nobody_asked_for_says_how_to_ask():
    assert said(None) == "Nobody has asked for its tags yet: tag it again."


def test_an_entry_whose_call_runs_is_being_tagged():
    assert said(job("running", started_at=NOW)) == "It is being tagged."


def test_an_entry_that_was_edited_during_the_call_comes_next():
    assert "its new text is next" in said(job("running"))


def test_an_entry_that_waits_for_nothing_is_tagged_in_a_moment():
    assert said(job()) == "It will be tagged in a moment."


def test_an_imported_entry_comes_after_what_people_write():
    assert said(job(priority=1)) == "It will be tagged after what people write just now."


def test_a_server_that_is_down_says_since_when():
    assert said(job(), provider=provider(WaitingFor.PROVIDER)) == (
        "The model's server is down since 2:02 p.m. UTC; your entry is safe and will be tagged when it is back."
    )


def test_a_time_is_written_as_its_reader_does_and_of_another_day_with_the_day():
    yesterday = provider(WaitingFor.PROVIDER, since=SINCE - timedelta(days=1))

    with translation.override("de"):
        assert "14:02 UTC" in said(job(), provider=provider(WaitingFor.PROVIDER))
        assert "28.11.2026 14:02 UTC" in said(job(), provider=yesterday)


def test_a_private_entry_waits_for_no_server():
    assert said(job(is_private=True), provider=provider(WaitingFor.PROVIDER)) == "It will be tagged in a moment."


@pytest.mark.parametrize("code", ["provider_refused", "misconfigured"])
def test_what_the_operator_has_to_mend_is_called_so(code):
    assert "the operator has to mend" in said(job(), provider=provider(WaitingFor.PROVIDER, error_code=code))


def test_a_rate_limit_says_until_when():
    limit = provider(WaitingFor.RATE_LIMIT, seconds=300)

    assert "no more calls before 2:15 p.m. UTC" in said(job(), provider=limit)


def test_after_a_rate_limit_the_server_is_asked_again():
    assert "is being asked again" in said(job(), provider=provider(WaitingFor.RATE_LIMIT, seconds=-1))


@pytest.mark.parametrize("reason", [WaitingFor.RATE_LIMIT, WaitingFor.PROVIDER])
def test_a_pause_that_is_over_is_not_told(reason):
    assert said(job(waiting_for=reason)) == "It will be tagged in a moment."


def test_a_spent_budget_says_when_there_is_another():
    assert "after midnight UTC, or when the operator allows more" in said(job(), provider=provider(WaitingFor.BUDGET))


def test_an_authors_own_share_is_told_apart_from_the_budget_of_all():
    assert "your share" in said(job(waiting_for=WaitingFor.BUDGET))


def test_a_failed_attempt_says_why_and_when_it_is_tried_again():
    one = job(waiting_for=WaitingFor.RETRY, error_code="bad_answer", run_after=NOW + timedelta(minutes=1))

    assert said(one) == "The model gave no answer that could be read. It is tried again at 2:11 p.m. UTC."


def test_an_entry_in_doubt_is_tried_again_soon():
    one = job(
        waiting_for=WaitingFor.RETRY, error_code="timeout", in_doubt_since=NOW, run_after=NOW + timedelta(hours=1)
    )

    assert said(one).endswith("It is tried again soon.")


def test_a_queue_that_a_person_paused_says_since_when():
    assert said(job(), queue=QueuePause(since=SINCE)) == (
        "The queue is paused since 2:02 p.m. UTC; your entry is safe and will be tagged when it goes on."
    )


@pytest.mark.parametrize("reason", list(WaitingFor))
@pytest.mark.parametrize("row", [None, *WaitingFor])
def test_whatever_an_entry_waits_for_is_a_sentence(reason, row):
    one = job(waiting_for=reason, error_code="timeout", run_after=NOW)

    assert said(one, provider=row and provider(row)).endswith(".")


@pytest.mark.parametrize("code", [*ErrorCode, "of another release"])
def test_whatever_an_entry_failed_of_says_what_to_do(code):
    sentence = said(job("failed", error_code=code))

    assert sentence.count(".") >= 2
    own = WAYS_OUT.get(code) if code in list(ErrorCode) else None
    assert sentence.endswith(str(own or "Tag it again, or set its tags by hand."))
