"""`manage.py run_worker`: the same worker as a process of its own, beside web processes that have none."""

import json
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import MANAGE, Server
from tests.support.site import Site, migrated_database
from tests.support.waiting import eventually
from tests.support.wire import FakeOpenAI

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc"),
]

SECONDS = 60.0
ENTER = """
from devlogs.models import DevLog
from django.contrib.auth import get_user_model
from django.db import transaction
from tagging import queues
author, _ = get_user_model().objects.get_or_create(username="anna")
for number in range({count}):
    with transaction.atomic():
        devlog = DevLog.objects.create(entry=f"Wrote Django and Redis {gate}, no. {{number}}.", author=author)
        queues.enqueue(devlog, is_bulk={is_bulk})
"""


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    return migrated_database(tmp_path_factory.getbasetemp() / "template")


@pytest.fixture
def site(template, tmp_path) -> Iterator[Site]:
    with Site(tmp_path, TAGGING_EXTRACTOR="tests.support.extractors.GatedExtractor", TAGGING_WORKER="off") as site:
        shutil.copy(template, site.database)
        yield site


def enter(site: Site, count: int, gate: str = "a", *, is_bulk: bool = False) -> list[int]:
    """Save so many dev-logs with their jobs; their calls wait for the gate."""
    before = len(site.jobs())
    entered = site.manage("shell", "-c", ENTER.format(count=count, gate=f"behind gate {gate}", is_bulk=is_bulk))
    assert entered.returncode == 0, entered.stderr
    return list(site.jobs())[before:]


def run_worker(site: Site, *arguments: str, **settings: str) -> Server:
    """Start the command and wait until it says so."""
    worker = Server(site, [*MANAGE, "run_worker", *arguments], settings)
    site.servers.append(worker)
    eventually(lambda: "Worker started" in worker.log() or worker.exit_code() is not None, "its first line", SECONDS)
    return worker


def wait_for_calls(site: Site, count: int) -> None:
    eventually(lambda: len(site.calls()) >= count, f"{count} calls", SECONDS)


def test_what_a_web_process_without_a_worker_takes_in_is_tagged_by_the_worker_process(site):
    worker = run_worker(site)
    server = site.serve("gunicorn").wait_until_it_answers()
    site.open_gate("a")

    devlogs = [server.post(f"Wrote Django behind gate a, no. {number}.") for number in range(3)]

    eventually(lambda: site.tags() == {devlog: ["Django"] for devlog in devlogs}, "all tagged", SECONDS)
    assert site.workers() == [worker.pid]
    assert {pid for pid, _ in site.calls()} == {worker.pid}
    assert server.readiness() == (200, "off")


def test_two_worker_processes_share_the_jobs_and_run_none_twice(site):
    enter(site, 12)
    workers = [run_worker(site, "--concurrency", "4") for _ in range(2)]
    wait_for_calls(site, 8)
    site.open_gate("a")

    eventually(lambda: set(site.states()) == {"done"}, "all jobs done", SECONDS)
    assert {pid for pid, _ in site.calls()} == {worker.pid for worker in workers}
    assert set(site.jobs().values()) == {("done", 1)}
    assert len(site.calls()) == 12


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_told_to_stop_finishes_what_is_in_flight_and_gives_back_what_hangs(site, number):
    finishing, hanging = enter(site, 2, gate="a"), enter(site, 3, gate="b")
    worker = run_worker(site, "--concurrency", "4", TAGGING_SHUTDOWN_SECONDS="3")
    wait_for_calls(site, 4)

    worker.signal(number)
    eventually(lambda: f"Worker stops ({number.name}): 4 calls in flight" in worker.log(), "its echo", SECONDS)
    site.open_gate("a")

    assert worker.wait_until_it_ended(SECONDS) == 0
    assert f"Worker ended ({number.name}): 2 jobs answered" in worker.log()
    assert site.jobs() == dict.fromkeys(finishing, ("done", 1)) | dict.fromkeys(hanging, ("pending", 0))
    assert len(site.calls()) == 4  # it began nothing new
    assert "Traceback" not in worker.log()
    assert site.workers() == []


def test_a_second_signal_ends_the_worker_at_once_and_the_next_takes_its_jobs_back(site):
    enter(site, 2)
    worker = run_worker(site, TAGGING_SHUTDOWN_SECONDS="600")
    wait_for_calls(site, 2)

    def ended() -> bool:
        worker.signal(signal.SIGTERM)
        return worker.exit_code() is not None

    eventually(ended, "its end", SECONDS)
    site.open_gate("a")
    drained = site.manage("run_worker", "--drain")

    assert worker.exit_code() == -signal.SIGTERM
    assert drained.returncode == 0, drained.stderr
    assert set(site.jobs().values()) == {("done", 2)}


def test_what_a_killed_worker_had_in_flight_is_tagged_once_by_its_neighbour(site):
    devlogs = enter(site, 6)
    killed = run_worker(site)
    wait_for_calls(site, 6)
    neighbour = run_worker(site)

    killed.kill()
    site.open_gate("a")

    eventually(lambda: set(site.states()) == {"done"}, "all jobs done", SECONDS)
    assert site.tags() == {devlog: ["Django", "Redis"] for devlog in devlogs}
    assert Counter(outcome for _, _, outcome in site.attempts()) == {"lost": 6, "answered": 6}
    assert {pid for pid, _ in site.calls("end")} == {neighbour.pid}


def test_what_a_killed_worker_had_in_a_shared_call_is_tagged_one_by_one_by_the_next(site):
    devlogs = enter(site, 4, is_bulk=True)
    with FakeOpenAI(faults=["hang"]) as model:
        asking = {"TAGGING_EXTRACTOR": "openai", "OPENAI_BASE_URL": model.base_url, "TAGGING_ENTRIES_PER_CALL": "4"}
        killed = run_worker(site, **asking)
        eventually(lambda: model.requests, "the shared call", SECONDS)

        killed.kill()
        drained = site.manage("run_worker", "--drain", **asking)

        assert drained.returncode == 0, drained.stderr
        assert site.tags() == {devlog: ["Django", "Redis"] for devlog in devlogs}
        assert Counter(outcome for _, _, outcome in site.attempts()) == {"lost": 4, "answered": 4}
        sent = [json.loads(request.body["messages"][1]["content"]) for request in model.requests]
        assert [len(one) for one in sent] == [4, 1, 1, 1, 1]


def test_a_drain_runs_what_is_due_and_ends(site):
    enter(site, 20)
    site.open_gate("a")

    drained = site.manage("run_worker", "--drain", "--concurrency", "3")

    assert drained.returncode == 0, drained.stderr
    assert drained.stdout.splitlines()[0] == "Worker started: gated, 3 calls at once, MemoryTransport, sqlite."
    assert "Worker ended (its work is done): 20 jobs answered, 0 calls without an answer" in drained.stdout
    assert set(site.jobs().values()) == {("done", 1)}


def test_a_drain_of_nothing_ends_at_once(site):
    drained = site.manage("run_worker", "--drain")

    assert drained.returncode == 0, drained.stderr
    assert "0 jobs answered" in drained.stdout


def test_a_drain_that_leaves_due_jobs_behind_says_so_by_its_exit_code(site):
    enter(site, 5)
    site.open_gate("a")

    drained = site.manage("run_worker", "--drain", "--max-jobs", "3")

    assert (drained.returncode, drained.stderr.splitlines()[-1]) == (3, "CommandError: 2 jobs are still due.")
    assert Counter(site.states()) == {"done": 3, "pending": 2}


def test_a_worker_ends_after_the_jobs_it_was_given_and_claims_no_more(site):
    enter(site, 5)
    site.open_gate("a")

    ended = site.manage("run_worker", "--max-jobs", "3")

    assert ended.returncode == 0, ended.stderr
    assert Counter(site.jobs().values()) == {("done", 1): 3, ("pending", 0): 2}
    assert len(site.calls()) == 3


def test_a_worker_ends_after_the_time_it_was_given(site):
    enter(site, 1)

    ended = site.manage("run_worker", "--max-time", "1", TAGGING_SHUTDOWN_SECONDS="0.1")

    assert ended.returncode == 0, ended.stderr
    assert "Worker ended (its time is over)" in ended.stdout
    assert site.jobs() == {1: ("pending", 0)}


def test_a_drain_without_tables_ends_with_an_error_and_no_traceback(tmp_path):
    with Site(tmp_path) as site:
        ended = site.manage("run_worker", "--drain")

    assert ended.returncode == 1
    assert "CommandError: The worker could not work when it ended" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "arguments, environment, message",
    [
        (["--concurrency", "0"], {}, "--concurrency must be more than 0."),
        (["--max-time", "-1"], {}, "--max-time must be more than 0."),
        ([], {"TAGGING_EXTRACTOR": "nowhere.Extractor"}, "TAGGING_EXTRACTOR cannot be imported"),
    ],
)
def test_what_cannot_be_meant_is_refused(site, arguments, environment, message):
    refused = site.manage("run_worker", *arguments, **environment)

    assert refused.returncode == 1
    assert message in refused.stderr
