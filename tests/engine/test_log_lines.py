"""One line for each transition of a job, without a word of its entry."""

import logging
import re

import pytest

from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import Job
from tests.support.extractors import Scripted, error

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(caplog, django_capture_on_commit_callbacks):
    """Return what is logged while jobs run, as after a commit."""
    caplog.set_level(logging.INFO, "tagging")

    def logged(run):
        caplog.clear()
        with django_capture_on_commit_callbacks(execute=True):
            run()
        said = [re.sub(r"\d+ ms|[\d.]+ s\b|by \S+|Worker \S+", "…", record.message) for record in caplog.records]
        return [line for line in said if not line.startswith("…")]

    return logged


SENT = "An entry of our own is sent, to see whether the provider answers"
ANSWERED = "The entry of our own: answered (…)"


@pytest.mark.parametrize(
    "step, became",
    [
        (["Django"], ["job={pk} attempt=1 done (…)"]),
        (
            error(),
            [
                "job={pk} attempt=1 timeout: others are tried first (…)",
                SENT,
                "job={pk} attempt=1 timeout: its own fault, next try in …",
                ANSWERED,
            ],
        ),
        (
            error(ErrorCode.ENTRY_TOO_LONG, permanent=True),
            [
                "job={pk} attempt=1 entry_too_long: others are tried first (…)",
                SENT,
                "job={pk} attempt=1 entry_too_long: its own fault, failed",
                ANSWERED,
            ],
        ),
        (
            error(ErrorCode.RATE_LIMITED, waiting_for=WaitingFor.RATE_LIMIT, retry_after=60),
            [
                "Queue paused for …, refusal 1 in a row: rate_limited, The model did not answer in time.",
                "job={pk} attempt=1 rate_limited, not counted: waits for rate_limit (…)",
            ],
        ),
    ],
)
def test_each_transition_is_one_line_without_a_word_of_the_entry(make_devlog, run_jobs, lines, step, became):
    devlog = make_devlog("Wrote a Zwetschgenknoedel with Django.")

    said = lines(lambda: run_jobs(Scripted(step)))

    assert said == [line.format(pk=devlog.pk) for line in became]


def test_a_new_dev_log_and_one_whose_process_died_are_a_line_each(make_devlog, lines):
    said = lines(make_devlog)
    (job,) = Job.objects.claim(1, owner="dead", lease_seconds=60)

    said += lines(lambda: Job.objects.recover({"dead"}))

    assert said == [f"jobs={job.pk} pending", f"job={job.pk} attempt=1 lost with dead: tried again"]
