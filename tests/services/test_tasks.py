"""Django's own Tasks with a real backend: a web process takes in, and `db_worker` processes tag."""

import signal
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from tests.support import gates
from tests.support.gates import GATED, post, tags_of
from tests.support.servers import PYTHON
from tests.support.site import Site
from tests.support.waiting import eventually
from tests.support.workers import SECONDS, db_worker

pytest.importorskip("django_tasks_db", reason="needs django-tasks-db: pip install -r requirements/dev.txt")

pytestmark = pytest.mark.long

wait_for_calls = partial(gates.wait_for_calls, seconds=SECONDS)
wait_until_all_are_done = partial(gates.wait_until_all_are_done, seconds=SECONDS)


@pytest.fixture
def gated(tmp_path, database_url) -> Iterator[Site]:
    """A site whose calls wait for gates, with the tables of the backend."""
    with Site(tmp_path, database_url=database_url, TAGGING_EXTRACTOR=GATED, TAGGING_TRANSPORT="django") as site:
        site.migrate()
        yield site


def test_the_task_of_a_post_has_it_tagged_in_a_worker_process(gated):
    worker = db_worker(gated)
    server = gated.serve("gunicorn --preload").wait_until_it_answers()  # whose sender must begin anew after the fork
    gated.open_gate("a")

    devlogs = post(server, gate="a", count=5)

    wait_until_all_are_done(gated)
    assert gated.tags() == tags_of(devlogs)
    assert {pid for pid, _ in gated.calls()} == {worker.pid}
    assert set(gated.jobs().values()) == {("done", 1)}
    assert server.readiness() == (200, "ok")


def test_what_a_killed_worker_had_in_flight_is_tagged_once_by_its_neighbour(gated):
    server = gated.serve("gunicorn").wait_until_it_answers()
    killed = db_worker(gated)
    devlogs = post(server, gate="a", count=12)
    wait_for_calls(gated, 8)
    neighbour = db_worker(gated)

    killed.kill()
    gated.open_gate("a")

    wait_until_all_are_done(gated)
    assert gated.tags() == tags_of(devlogs)
    assert Counter(outcome for _, _, outcome in gated.attempts()) == {"lost": 8, "answered": 12}
    assert {pid for pid, _ in gated.calls("end")} == {neighbour.pid}


def test_what_no_task_tells_of_is_found_once_a_worker_runs(gated):
    # Their notifications died with the process.
    other = gated.serve("gunicorn", TAGGING_TRANSPORT="memory", TAGGING_WORKER="off").wait_until_it_answers()
    devlogs = post(other, gate="a", count=5)
    other.kill()
    gated.open_gate("a")

    gated.serve("gunicorn").wait_until_it_answers()
    db_worker(gated)

    wait_until_all_are_done(gated)
    assert gated.tags() == tags_of(devlogs)


def test_a_worker_told_to_stop_finishes_its_task_and_holds_nothing(gated):
    server = gated.serve("gunicorn").wait_until_it_answers()
    worker = db_worker(gated)
    devlogs = post(server, gate="a", count=8)
    wait_for_calls(gated, 8)

    worker.signal(signal.SIGTERM)
    gated.open_gate("a")

    assert worker.wait_until_it_ended(SECONDS) == 0
    assert gated.tags() == tags_of(devlogs)
    assert Counter(outcome for _, _, outcome in gated.attempts()) == {"answered": 8}
    assert [*gated.lock_dir.glob("*/*.lock")] == []  # it has let go of them, not only died


def test_a_backend_without_its_tables_fails_no_post_and_is_used_once_it_has_them(tmp_path, database_url):
    with Site(tmp_path, database_url=database_url, TAGGING_EXTRACTOR=GATED) as site:
        site.migrate()
        server = site.serve("gunicorn", TAGGING_TRANSPORT="django").wait_until_it_answers()
        devlogs = post(server, gate="a", count=3)
        eventually(lambda: "Notifying by the backend of TASKS" in server.log(), "a word about the backend", SECONDS)
        site.open_gate("a")

        assert site.manage("migrate", "--verbosity", "0", TAGGING_TRANSPORT="django").returncode == 0
        db_worker(site)

        wait_until_all_are_done(site)
        assert site.tags() == tags_of(devlogs)


FORKING_WORKER = """
import os, threading, django
django.setup()
from django.db import connections
from tagging.transports.tasks import work_on
from tests.support.waiting import eventually

task = threading.Thread(target=work_on.call, args=([],))
task.start()
eventually(lambda: os.path.exists(os.environ["LEDGER"]), "the call")
if child := os.fork():
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
connections.close_all()
work_on.call([])
print("the child is through", flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_that_forks_in_the_midst_of_a_task_runs_the_next_one_in_its_child(gated):
    server = gated.serve("gunicorn").wait_until_it_answers()
    post(server, gate="a", count=1)

    assert "the child is through" in gated.run([PYTHON, "-c", FORKING_WORKER]).stdout
