"""One worker in each process that serves, and none in any other: seen from outside, by the locks that workers hold."""

import os
import shutil
import signal
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.gates import post, tags_of, wait_for_calls, wait_until_all_are_done
from tests.support.servers import PYTHON, Server
from tests.support.site import Site, migrated_database
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")

OPENAI = "tagging.extraction.openai.client.OpenAIExtractor"
GATED = "tests.support.extractors.GatedExtractor"
# Which processes serve: the one that was started, or its children, of which there are so many.
HOOKED = {
    "runserver": 1,
    "runserver --noreload": 0,
    "gunicorn": 1,
    "gunicorn --preload": 2,
    "gunicorn sync": 1,
    "uvicorn": 0,
}
# Hooked too; each is started by its test alone.
OTHERS = {"uvicorn --workers": 2, "granian asgi": 1, "hypercorn": 1, "hypercorn --workers": 2}
# Nothing of ours is called when they start: there the worker starts with a process's first request.
UNHOOKED = {"wsgiref": 0, "granian wsgi": 1, "daphne": 0, "waitress": 0, "uwsgi": 2, "uwsgi --lazy-apps": 1}
SERVING = HOOKED | OTHERS | UNHOOKED
# Who replaces a child that died. Not hypercorn: it ends itself, so that whoever started it may do so again.
SUPERVISORS = [
    "gunicorn",
    "gunicorn --preload",
    "gunicorn sync",
    "uvicorn --workers",
    "granian wsgi",
    "granian asgi",
    "uwsgi",
    "uwsgi --lazy-apps",
]
# Who stops the worker at SIGTERM; the others just die.
STOPPING = [*SUPERVISORS, "hypercorn", "daphne"]
# What only requirements/dev.txt brings.
PACKAGES = {name: name for name in ("granian", "hypercorn", "daphne", "waitress")} | {"uwsgi": "pyuwsgi"}
COMMANDS = ["check", "migrate", "showmigrations", "findstatic admin/css/base.css", "shell -c pass"]
POST_IN_A_SHELL = """
import threading
from django.test import Client
answer = Client(SERVER_NAME="localhost").post("/api/v1/devlogs/", {"entry": "Django"}, "application/json")
print(answer.status_code, [thread.name for thread in threading.enumerate()])
"""
WHERE_OPENAI_IS_IMPORTED = """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "check"])
import devlog_project.wsgi
import devlog_project.asgi
print([name for name in sys.modules if name.partition(".")[0] in ("openai", "httpx2")])
"""


def each(names: Iterable[str]) -> list:
    """Return these servers as parameters; a test of one that is not installed is skipped."""
    packages = {name: PACKAGES.get(name.split()[0]) for name in names}
    missing = {name for name, package in packages.items() if package and not find_spec(package)}
    skip = {name: pytest.mark.skip(reason=f"needs {packages[name]}, from requirements/dev.txt") for name in missing}
    return [pytest.param(name, marks=skip.get(name, ())) for name in names]


def serving(server: Server, name: str) -> list[int]:
    """Return the ids of the processes that serve."""
    return server.children() if SERVING[name] else [server.pid]


def assert_each_has_one_worker(server: Server, name: str) -> None:
    """Have entries tagged, and see that each process that serves has one worker before and after, and no other has."""
    site = server.site
    assert site.workers() == serving(server, name)

    devlogs = [server.post("Wrote a Django app.") for _ in range(4)]  # requests do not start a second one
    eventually(lambda: site.states() == ["done"] * 4, "four jobs done")
    assert site.tags() == {devlog: ["Django"] for devlog in devlogs}
    assert server.readiness() == (200, "ok")
    assert site.workers() == serving(server, name)


def wait_for_workers(server: Server, name: str) -> None:
    """Send requests until each serving process, and no other, has its worker."""
    wanted = max(1, SERVING[name])

    def are_there() -> bool:
        server.wait_until_it_answers()
        return len(serving(server, name)) == wanted and server.site.workers() == serving(server, name)

    eventually(are_there, f"{wanted} workers")


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    return migrated_database(tmp_path_factory.getbasetemp() / "template")


@pytest.fixture
def site(template, tmp_path) -> Iterator[Site]:
    with Site(tmp_path) as site:
        shutil.copy(template, site.database)
        yield site


@pytest.fixture(scope="module")
def started(template, tmp_path_factory) -> Iterator[dict[str, Server]]:
    """All servers that have a hook, each on a site of its own, started side by side to save time."""
    with ExitStack() as stack:
        servers = {}
        for name in HOOKED:
            site = stack.enter_context(Site(tmp_path_factory.mktemp("started")))
            shutil.copy(template, site.database)
            servers[name] = site.serve(name)
        yield servers


@pytest.fixture(scope="module")
def waiting(template, tmp_path_factory) -> Iterator[Site]:
    """A site where one job waits, posted in a shell; whichever process takes it has a worker."""
    with Site(tmp_path_factory.mktemp("waiting")) as site:
        shutil.copy(template, site.database)
        site.posted = site.manage("shell", "-c", POST_IN_A_SHELL)
        yield site


@pytest.mark.parametrize("name", HOOKED)
def test_each_serving_process_has_one_worker_without_any_request(started, name):
    server = started[name]

    eventually(lambda: len(server.site.workers()) >= max(1, HOOKED[name]), "a worker")
    server.wait_until_it_answers()

    assert_each_has_one_worker(server, name)
    server.kill()


@pytest.mark.parametrize("name", each(OTHERS))
def test_each_serving_process_of_another_server_has_one_worker_without_any_request(site, name):
    server = site.serve(name)

    eventually(lambda: len(site.workers()) >= OTHERS[name], "a worker")
    server.wait_until_it_answers()

    assert_each_has_one_worker(server, name)


@pytest.mark.parametrize("name", each(UNHOOKED))
def test_a_process_of_a_server_without_a_hook_starts_the_worker_with_its_first_request(site, name):
    server = site.serve(name)

    wait_for_workers(server, name)

    assert_each_has_one_worker(server, name)


def test_a_worker_that_is_off_starts_nowhere(site):
    servers = [site.serve(name, TAGGING_WORKER="off") for name in ("runserver", "gunicorn", "uvicorn")]

    devlogs = [server.wait_until_it_answers().post("Wrote a Django app.") for server in servers]

    assert [server.readiness() for server in servers] == [(200, "off")] * 3
    assert site.jobs() == dict.fromkeys(devlogs, ("pending", 0))
    assert not site.lock_dir.exists()


def test_djangos_test_client_in_a_shell_starts_no_worker(waiting):
    assert waiting.posted.stdout.splitlines()[-1] == "201 ['MainThread']", waiting.posted.stderr
    assert waiting.jobs() == {1: ("pending", 0)}
    assert not waiting.lock_dir.exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_management_command_starts_no_worker_and_ends(waiting, command):
    ended = waiting.manage(*command.split())

    assert ended.returncode == 0, ended.stderr
    assert waiting.jobs() == {1: ("pending", 0)}
    assert not waiting.lock_dir.exists()  # a worker's first turn makes it


def test_an_extractor_that_cannot_be_imported_costs_no_request_nor_the_end_and_readiness_says_so(site):
    server = site.serve("gunicorn", TAGGING_EXTRACTOR="nowhere.Extractor").wait_until_it_answers()

    devlogs = [server.post("Wrote a Django app.") for _ in range(3)]

    eventually(lambda: server.readiness() == (503, "troubled"), "a worker in trouble")
    server.signal(signal.SIGTERM)
    assert server.wait_until_it_ended() == 0
    assert site.jobs() == dict.fromkeys(devlogs, ("pending", 0))
    assert server.log().count("The worker failed and continues") == 1


def test_openai_is_not_imported_by_a_check_nor_with_a_servers_application(site):
    ended = site.run([PYTHON, "-c", WHERE_OPENAI_IS_IMPORTED], OPENAI_API_KEY="sk-none", TAGGING_EXTRACTOR=OPENAI)

    assert ended.stdout.splitlines()[-1] == "[]", ended.stderr


# -- stopped and killed ------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("name", each(STOPPING))
def test_a_server_told_to_stop_finishes_what_is_in_flight(site, name):
    server = site.serve(name, TAGGING_EXTRACTOR=GATED)
    wait_for_workers(server, name)
    devlogs = post(server, gate="a", count=4)
    wait_for_calls(site, 4)

    server.signal(signal.SIGTERM)
    site.open_gate("a")
    server.wait_until_it_ended()

    assert site.jobs() == dict.fromkeys(devlogs, ("done", 1))
    assert site.tags() == tags_of(devlogs)
    assert site.workers() == []


@pytest.mark.long
@pytest.mark.parametrize("name", each(STOPPING))
def test_a_server_told_to_stop_gives_back_what_hangs(site, name):
    server = site.serve(name, TAGGING_EXTRACTOR=GATED, TAGGING_SHUTDOWN_SECONDS="0.5")
    wait_for_workers(server, name)
    devlogs = post(server, gate="a", count=4)
    wait_for_calls(site, 4)

    server.signal(signal.SIGTERM)
    server.wait_until_it_ended()

    assert site.jobs() == dict.fromkeys(devlogs, ("pending", 0))
    assert site.attempts() == []
    assert site.workers() == []


@pytest.mark.long
@pytest.mark.parametrize("name", each(["waitress", "hypercorn --workers"]))
def test_what_a_server_lets_fall_at_sigterm_is_tagged_after_its_restart(site, name):
    """Waitress dies of it; of hypercorn's processes the first to end, as an idle one does, has the others killed."""
    server = site.serve(name, TAGGING_EXTRACTOR=GATED)
    wait_for_workers(server, name)
    devlogs = post(server, gate="a")
    wait_for_calls(site, 1)

    server.signal(signal.SIGTERM)
    server.wait_until_it_ended()
    assert site.states() == ["running"]
    site.open_gate("a")
    site.serve(name, TAGGING_EXTRACTOR=GATED).wait_until_it_answers()

    wait_until_all_are_done(site)
    assert site.tags() == tags_of(devlogs)


@pytest.mark.long
@pytest.mark.parametrize("name", each(SUPERVISORS))
def test_a_killed_process_is_followed_by_one_with_a_worker_and_its_jobs_are_tagged(site, name):
    server = site.serve(name, TAGGING_EXTRACTOR=GATED)
    wait_for_workers(server, name)
    devlogs = post(server, gate="a", count=4)
    wait_for_calls(site, 4)
    (victim, _), *_ = site.calls()

    os.kill(victim, signal.SIGKILL)
    eventually(lambda: victim not in server.children(), "its end")
    site.open_gate("a")

    wait_for_workers(server, name)
    wait_until_all_are_done(site)
    assert site.tags() == tags_of(devlogs)
