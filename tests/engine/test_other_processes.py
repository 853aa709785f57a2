"""Who is woken by a dev-log that another process has saved: seen on sites whose sweep would come too late."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gates import GATED, post, tags_of, wait_for_calls, wait_until_all_are_done
from tests.support.site import Site, migrated_database
from tests.support.waiting import eventually
from tests.support.workers import run_worker

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc"),
]


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    return migrated_database(tmp_path_factory.getbasetemp() / "template")


@pytest.fixture
def site(template, tmp_path) -> Iterator[Site]:
    with Site(tmp_path, TAGGING_EXTRACTOR=GATED, TAGGING_SWEEP_SECONDS="600") as site:
        shutil.copy(template, site.database)
        yield site


def wait_for_workers(site: Site, count: int) -> None:
    eventually(lambda: len(list(site.lock_dir.glob("*/*.bell"))) == count, f"{count} workers that can be told")


def test_a_worker_process_is_told_by_a_web_process_that_has_no_worker(site):
    run_worker(site)
    server = site.serve("gunicorn", TAGGING_WORKER="off").wait_until_it_answers()
    site.open_gate("a")
    wait_for_workers(site, 1)

    devlogs = post(server, gate="a", count=3)

    wait_until_all_are_done(site)
    assert site.tags() == tags_of(devlogs)


def test_a_worker_process_is_told_by_a_command(site):
    worker = run_worker(site)
    site.open_gate("a")
    wait_for_workers(site, 1)
    code = (
        "from devlogs.models import DevLog; from django.db import transaction; from tagging import queues\n"
        "with transaction.atomic(): queues.enqueue(DevLog.objects.create(entry='Wrote Django.'))"
    )

    assert site.manage("shell", "-c", code).returncode == 0

    wait_until_all_are_done(site)
    assert [pid for pid, _ in site.calls()] == [worker.pid]


def test_what_a_full_server_takes_in_begins_at_its_idle_neighbour(site):
    server, neighbour = site.serve("gunicorn").wait_until_it_answers(), site.serve("uvicorn")
    wait_for_workers(site, 2)

    devlogs = post(server, gate="a", count=12)

    wait_for_calls(site, 12)
    assert sum(pid == neighbour.pid for pid, _ in site.calls()) == 4
    site.open_gate("a")
    wait_until_all_are_done(site)
    assert site.tags() == tags_of(devlogs)


def test_the_processes_of_one_server_share_what_either_takes_in(site):
    server = site.serve("gunicorn", "--workers", "2").wait_until_it_answers()
    wait_for_workers(site, 2)

    post(server, gate="a", count=16)

    wait_for_calls(site, 16)
    assert sorted({pid for pid, _ in site.calls()}) == server.children()


def test_what_comes_in_one_commit_and_is_more_than_one_can_begin_is_shared(site):
    """Whoever is told first claims what it can, and tells the others that there is more."""
    for _ in range(3):
        run_worker(site)
    wait_for_workers(site, 3)
    code = (
        "from devlogs.models import DevLog; from django.db import transaction; from tagging import queues\n"
        "with transaction.atomic():\n"
        "    for n in range(24): queues.enqueue(DevLog.objects.create(entry=f'Wrote Django behind gate a, {n}.'))"
    )

    assert site.manage("shell", "-c", code).returncode == 0

    wait_for_calls(site, 24)


def test_after_a_kill_the_next_worker_is_told(site):
    server = site.serve("gunicorn", TAGGING_WORKER="off").wait_until_it_answers()
    killed = run_worker(site)
    wait_for_workers(site, 1)
    site.open_gate("a")
    post(server, gate="a")
    wait_until_all_are_done(site)
    killed.kill()
    run_worker(site)

    def is_all_done() -> bool:  # the web process looks once a second who is there
        post(server, gate="a")
        return set(site.states()) == {"done"}

    wait_until_all_are_done(site)
    eventually(is_all_done, "all jobs done")


def test_one_that_stops_leaves_no_socket(site):
    worker = run_worker(site)
    wait_for_workers(site, 1)

    worker.signal(signal.SIGTERM)

    assert worker.wait_until_it_ended() == 0
    assert list(site.lock_dir.glob("*/*")) == []
