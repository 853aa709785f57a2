"""A person ends what the queue waits for: `manage.py resume`."""

import io
import re

import pytest
from django.core.management import call_command

from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import ProviderState
from tagging.models.shown_pause import shown_pause
from tests.support.extractors import Paid, Scripted
from tests.support.jobs import job_of
from tests.support.running import drain

pytestmark = pytest.mark.django_db

REFUSED = ExtractionError(ErrorCode.PROVIDER_REFUSED, "The key was refused.", waiting_for=WaitingFor.PROVIDER)
FOR_AN_HOUR = ExtractionError(
    ErrorCode.RATE_LIMITED, "Too many requests.", waiting_for=WaitingFor.RATE_LIMIT, retry_after=3600
)


def resume():
    out = io.StringIO()
    call_command("resume", stdout=out)
    return re.sub(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "since …", out.getvalue()).splitlines()


@pytest.mark.parametrize(
    "error, told",
    [
        (REFUSED, "Waited for provider since …: provider_refused, The key was refused."),
        (FOR_AN_HOUR, "Waited for rate_limit since …: rate_limited, Too many requests."),
    ],
)
def test_it_says_what_was_waited_for_since_when_and_why(error, told):
    ProviderState.objects.pause(error)

    assert resume() == [f"{told} One probe goes out at once."]


def test_after_it_one_probe_goes_out_at_once_and_its_answer_lets_all_others_follow(make_devlog, started):
    engine = started(Scripted(FOR_AN_HOUR, *[["Django"]] * 3))
    devlogs = [make_devlog("Wrote a Django view.")]
    engine.expect_work()
    drain(engine)
    devlogs += [make_devlog("Wrote a Django view.") for _ in range(2)]

    resume()
    engine.step()
    probes = len(engine.slots.in_flight)
    drain(engine)

    assert probes == 1
    assert {job_of(devlog).state for devlog in devlogs} == {"done"}


def test_a_budget_that_was_raised_is_looked_at_again_at_once(make_devlog, started, settings):
    settings.TAGGING_DAILY_TOKENS = 1
    engine = started(Paid(["Django"]))
    devlog = make_devlog("Wrote a Django view.")
    engine.expect_work()
    drain(engine)
    settings.TAGGING_DAILY_TOKENS = 0

    told = resume()
    drain(engine)

    assert told == ["Waited for budget since …: the day's budget is spent. It is looked at again at once."]
    assert job_of(devlog).state == "done"


def test_where_nothing_is_paused_it_says_so():
    assert resume() == ["Nothing is paused."]
    assert not ProviderState.objects.exists()


def test_a_probe_whose_process_died_is_not_waited_for():
    ProviderState.objects.pause(REFUSED)
    resume()
    ProviderState.objects.take_probe()

    assert resume() == [
        "Waited for provider since …: provider_refused, The key was refused. One probe goes out at once."
    ]
    assert ProviderState.objects.take_probe()


def test_a_pause_of_another_provider_is_ended_too_and_one_that_is_over_is_not_spoken_of(settings):
    mine = settings.OPENAI_MODEL
    settings.OPENAI_MODEL = "another"
    ProviderState.objects.pause(REFUSED)
    another = ProviderState.objects.current()
    settings.OPENAI_MODEL = mine

    assert [len(resume()), resume()] == [1, ["Nothing is paused."]]
    settings.OPENAI_MODEL = "another"
    assert (another.is_paused, ProviderState.objects.current().is_paused) == (True, False)


def test_a_pause_that_another_process_has_ended_is_shown_no_longer():
    ProviderState.objects.pause(FOR_AN_HOUR)
    resume()

    assert shown_pause.provider().is_half_open
