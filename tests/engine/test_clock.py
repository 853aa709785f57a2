"""A clock that is set back prolongs no wait beyond what was meant."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tagging.models import Job, ProviderState
from tests.support.extractors import Scripted
from tests.support.jobs import job_of
from tests.support.provider import REFUSED, TOO_FAST_FOR_A_MINUTE, let_the_pause_pass

pytestmark = pytest.mark.django_db


def test_a_clock_set_back_does_not_prolong_a_pause():
    ProviderState.objects.pause(TOO_FAST_FOR_A_MINUTE)
    ProviderState.objects.update(resume_at=Now() + timedelta(hours=5))

    assert not ProviderState.objects.current().is_paused


def test_a_clock_set_back_does_not_keep_the_queue_from_probing():
    ProviderState.objects.pause(REFUSED)
    let_the_pause_pass()
    ProviderState.objects.update(probing_until=Now() + timedelta(hours=5))

    assert ProviderState.objects.take_probe()


@pytest.mark.parametrize("waiting_for, hours", [("", 0.1), ("retry", 5)])
def test_a_clock_set_back_does_not_prolong_the_wait_of_a_job(make_devlog, run_jobs, waiting_for, hours):
    devlog = make_devlog("Wrote a Django view.")
    Job.objects.update(run_after=Now() + timedelta(hours=hours), waiting_for=waiting_for)

    run_jobs(Scripted(["Django"]))

    assert job_of(devlog).state == "done"


def test_a_wait_that_was_meant_is_not_cut_short(make_devlog, run_jobs):
    make_devlog("Wrote a Django view.")
    Job.objects.update(run_after=Now() + timedelta(minutes=5), waiting_for="retry")

    run_jobs(Scripted())

    assert Job.objects.get().state == "pending"


def test_a_small_step_of_the_clock_takes_no_job_from_its_holder(make_devlog):
    make_devlog()
    Job.objects.claim(1, owner="sqs", lease_seconds=3600)
    Job.objects.update(lease_expires_at=Now() + timedelta(seconds=3601))

    Job.objects.recover()

    assert Job.objects.get().state == "running"


def test_a_clock_set_back_does_not_prolong_the_lease_of_a_lost_job(make_devlog):
    make_devlog()
    Job.objects.claim(1, owner="elsewhere", lease_seconds=60)
    Job.objects.update(lease_expires_at=Now() + timedelta(hours=5))

    Job.objects.recover()

    assert Job.objects.get().state == "pending"
