"""One worker in each process that serves, and none in any other: seen from outside, by the locks that workers hold."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.processes import PYTHON, Server, Site, eventually, migrated_database

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")

OPENAI = "tagging.extractors.openai.OpenAIExtractor"
# Which processes serve: the one that was started, or its children, of which there are so many.
HOOKED = {
    "runserver": 1,
    "runserver --noreload": 0,
    "gunicorn": 1,
    "gunicorn --preload": 2,
    "gunicorn sync": 1,
    "uvicorn": 0,
}
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
    site = server.site

    def serving() -> list[int]:
        return server.children() if HOOKED[name] else [server.pid]

    eventually(lambda: len(site.workers()) >= max(1, HOOKED[name]), "a worker")
    server.wait_until_it_answers()
    assert site.workers() == serving()

    devlogs = [server.post("Wrote a Django app.") for _ in range(4)]  # requests do not start a second one
    eventually(lambda: site.states() == ["done"] * 4, "four jobs done")
    assert site.tags() == {devlog: ["Django"] for devlog in devlogs}
    assert server.readiness() == (200, "ok")
    assert site.workers() == serving()
    server.kill()


def test_a_server_without_a_hook_starts_the_worker_with_its_first_request(site):
    server = site.serve("wsgiref")

    server.wait_until_it_answers()  # and that was the first

    eventually(lambda: site.workers() == [server.pid], "a worker")
    assert server.readiness() == (200, "ok")


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
    assert server.log().count("Traceback") == 1


def test_openai_is_not_imported_by_a_check_nor_with_a_servers_application(site):
    ended = site.run([PYTHON, "-c", WHERE_OPENAI_IS_IMPORTED], OPENAI_API_KEY="sk-none", TAGGING_EXTRACTOR=OPENAI)

    assert ended.stdout.splitlines()[-1] == "[]", ended.stderr
