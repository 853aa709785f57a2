"""`manage.py simulate`: a load for the real worker, on a database of its own."""

import io
import re
import signal
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper

from tagging.management.progress import draw_bar
from tagging.simulation.report import Finished, histogram, report
from tests.support.marks import hears_ctrl_c
from tests.support.servers import MANAGE, Server
from tests.support.site import Site
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

SECONDS = 60.0
QUEUED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def site(tmp_path):
    with Site(tmp_path, TAGGING_BACKOFF_SECONDS="0.05", TAGGING_BACKOFF_CAP_SECONDS="0.05") as site:
        yield site


def simulate(site, *arguments, **settings):
    return site.manage("simulate", "--jobs", "40", "--delay", "0.01", *arguments, **settings)


def ended(seconds, state="done"):
    return Finished(state, QUEUED_AT, QUEUED_AT + timedelta(seconds=seconds))


def test_a_load_is_run_to_its_end_and_told_in_figures(site):
    done = simulate(site, "--failure-rate", "0.3", "--seed", "1", "--concurrency", "4")

    assert done.returncode == 0, done.stderr
    assert "40 jobs, 4 calls at once, 0.01 s each, of which 30.0% fail (seed 1); sqlite" in done.stdout
    assert re.search(r"^done +40$", done.stdout, re.MULTILINE)
    assert re.search(r"^throughput +[\d.]+ jobs/s", done.stdout, re.MULTILINE)
    assert re.search(r"p50 [\d.]+ s, p95 [\d.]+ s, p99 [\d.]+ s", done.stdout)
    assert done.stdout.count("#") >= 40


def test_the_same_seed_has_the_same_calls_fail(site):
    retries = [
        re.search(r"^retries +(\d+)$", simulate(site, "--failure-rate", "0.3", "--seed", "7").stdout, re.MULTILINE)[1]
        for _ in range(2)
    ]

    assert retries[0] == retries[1] != "0"


def test_the_database_of_the_settings_is_not_even_made(site):
    done = simulate(site)

    assert (done.returncode, site.database.exists(), site.lock_dir.exists()) == (0, False, False)


def test_a_transport_and_a_model_of_the_settings_are_left_alone(site):
    done = simulate(
        site, TAGGING_TRANSPORT="celery", TAGGING_BROKER_URL="amqp://nobody.invalid//", OPENAI_API_KEY="sk-real"
    )

    assert (done.returncode, "done        40" in done.stdout, done.stderr) == (0, True, "")


def test_jobs_whose_every_call_fails_are_told_as_failed(site):
    done = simulate(site, "--failure-rate", "1", TAGGING_MAX_ATTEMPTS="2")

    assert done.returncode == 0, done.stderr
    assert re.search(r"^failed +40,", done.stdout, re.MULTILINE)
    assert re.search(r"^retries +40$", done.stdout, re.MULTILINE)
    assert "queued to done" not in done.stdout


def test_a_database_that_is_named_keeps_the_jobs_and_takes_more(site, tmp_path):
    url = f"sqlite:///{tmp_path / 'named.sqlite3'}"

    codes = [simulate(site, "--failure-rate", "0", "--database", url).returncode for _ in range(2)]
    site.database = tmp_path / "named.sqlite3"

    assert (codes, site.states()) == ([0, 0], ["done"] * 80)


def test_a_database_with_real_entries_is_refused_and_stays_as_it_is(site):
    site.migrate()
    server = site.serve("gunicorn", TAGGING_WORKER="off").wait_until_it_answers()
    server.post("Wrote a Django app.")

    refused = simulate(site, "--database", site.database_url)

    assert (refused.returncode, "not simulated" in refused.stderr, len(site.jobs())) == (1, True, 1)


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["--jobs", "0"], "--jobs"),
        (["--jobs", "many"], "--jobs"),
        (["--delay", "-1"], "--delay"),
        (["--delay", "nan"], "--delay"),
        (["--failure-rate", "2"], "--failure-rate"),
        (["--concurrency", "0"], "--concurrency"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(arguments, told):
    with pytest.raises(CommandError, match=told):
        call_command("simulate", *arguments)


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////nowhere/at/all.sqlite3", "postgres://x@127.0.0.1:1/x"])
def test_a_database_that_cannot_be_used_is_refused_in_a_sentence(site, url):
    refused = simulate(site, "--database", url)

    last_line = refused.stderr.splitlines()[-1]
    assert (refused.returncode, last_line.startswith("CommandError: The database cannot be used:")) == (1, True)


@hears_ctrl_c
def test_ctrl_c_ends_it_with_what_there_was(site):
    command = Server(site, [*MANAGE, "simulate", "--jobs", "5000", "--delay", "0.05", "--failure-rate", "0"], {})
    site.servers.append(command)
    eventually(lambda: "5000 jobs" in command.log(), "the first line", SECONDS)

    command.signal(signal.SIGINT)

    assert command.wait_until_it_ended(SECONDS) == 130
    assert ("Interrupted." in command.log(), "throughput" in command.log(), "Traceback" in command.log()) == (
        True,
        True,
        False,
    )


def test_sigterm_ends_it_together_with_its_child(site):
    command = Server(site, [*MANAGE, "simulate", "--jobs", "5000", "--delay", "0.05", "--failure-rate", "0"], {})
    site.servers.append(command)
    eventually(lambda: "5000 jobs" in command.log(), "the first line", SECONDS)

    command.signal(signal.SIGTERM)

    # The child's code, which is there once it has ended.
    assert command.wait_until_it_ended(SECONDS) == 128 + signal.SIGTERM


# -- what is shown ---------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "stream, shown", [(Terminal(), "[###############               ] 50/100"), (io.StringIO(), "")]
)
def test_a_terminal_and_nothing_else_shows_a_bar(stream, shown):
    draw_bar(OutputWrapper(stream), 50, 100)

    assert stream.getvalue().strip() == shown


def test_throughput_counts_from_the_first_queued_to_the_last_finished():
    lines = list(report([ended(1), ended(2), ended(4)], retries=0))

    assert "throughput  0.8 jobs/s, 4.0 s in all" in lines


def test_percentiles_are_those_of_the_done_jobs():
    lines = list(report([*(ended(seconds) for seconds in range(1, 101)), ended(500, "failed")], retries=3))

    assert lines[:3] == [
        "done        100",
        "failed      1, after as many attempts as TAGGING_MAX_ATTEMPTS allows",
        "retries     3",
    ]
    assert "p50 50.00 s, p95 95.00 s, p99 99.00 s, max 100.00 s" in "\n".join(lines)


def test_no_job_at_all_is_reported_too():
    assert next(report([], retries=0)) == "done        0"


@pytest.mark.parametrize("values", [[0.0], [5.0], [0.1, 0.2, 12.0], [1.0] * 50])
def test_a_histogram_counts_every_value_once(values):
    counts = [int(line.split()[-1]) for line in histogram(values)]

    assert (sum(counts), counts[-1] > 0 or values == [0.0]) == (len(values), True)
