"""Scrapes of real servers: several processes on one database tell the same, and a healthcheck finds them."""

import shutil
import signal
from pathlib import Path

import pytest

from tests.support.scraping import OWN, samples, shared, value
from tests.support.site import Site
from tests.support.waiting import eventually
from tests.support.workers import run_worker

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc"),
]
# What moves between two scrapes by itself.
MOVING = ("devlog_oldest_", "devlog_pause_left_")


@pytest.fixture
def site(template, tmp_path):
    with Site(tmp_path, TAGGING_WORKER="off") as site:
        shutil.copy(template, site.database)
        yield site


def still(text):
    return {key: n for key, n in shared(text).items() if not key[0].startswith(MOVING)}


def test_two_processes_tell_the_same_and_each_its_own_requests(site):
    working, other = (
        site.serve("gunicorn", TAGGING_WORKER=worker).wait_until_it_answers() for worker in ("auto", "off")
    )
    working.get("/metrics")
    for _ in range(3):
        working.post("Wrote a Django app.")

    def counted():
        return value(working.get("/metrics").text, "devlog_attempts_total", outcome="answered") == 3

    eventually(counted, "the attempts counted")
    texts = [server.get("/metrics").text for server in (working, other)]

    assert still(texts[0]) == still(texts[1]) != {}
    posts = {"http_request_method": "POST", "http_response_status_code": "201"}
    assert [value(text, "http_server_request_duration_seconds_count", **posts) for text in texts] == [3, None]
    assert value(texts[1], "devlog_workers") == 1


def test_forked_processes_of_one_server_keep_their_requests_apart(site):
    server = site.serve("gunicorn --preload").wait_until_it_answers()

    def of_both():
        server.get("/api/v1/")
        told.update(samples(server.get("/metrics").text))
        return {dict(labels)["process"] for name, labels in told if name.startswith(OWN[0])} == {
            *map(str, server.children())
        }

    told = {}
    eventually(of_both, "a scrape of each")


def test_what_a_proxy_on_this_machine_passes_on_is_refused(site):
    server = site.serve("gunicorn").wait_until_it_answers()

    assert server.request("GET", "/metrics", **{"X-Forwarded-For": "192.0.2.1"}).status == 403


def test_the_healthcheck_of_a_web_server_says_whether_it_is_ready(site):
    server = site.serve("gunicorn").wait_until_it_answers()
    well = site.manage("healthcheck", "web", f"--port={server.port}")
    site.database.write_bytes(b"no database any more" * 1000)
    eventually(lambda: server.get("/readyz").status == 503, "it notices")

    ill = site.manage("healthcheck", "web", f"--port={server.port}")
    alive = site.manage("healthcheck", "web", "--live", f"--port={server.port}")
    server.kill()
    gone = site.manage("healthcheck", "web", f"--port={server.port}")

    assert (well.returncode, well.stdout) == (0, "Ready.\n")
    assert (ill.returncode, "Not ready (HTTP 503)." in ill.stderr) == (1, True)
    assert (alive.returncode, alive.stdout) == (0, "Alive.\n")
    assert (gone.returncode, "does the server run there?" in gone.stderr) == (1, True)


def test_the_healthcheck_of_a_worker_finds_it_while_it_works_and_not_once_it_was_killed(site):
    before = site.manage("healthcheck", "worker")
    worker = run_worker(site)
    eventually(lambda: site.query("SELECT name FROM tagging_worker"), "the worker says that it is there")
    while_it_works = site.manage("healthcheck", "worker")

    worker.signal(signal.SIGKILL)
    worker.wait_until_it_ended()
    worker.kill()

    assert (before.returncode, "No worker of this host works" in before.stderr) == (1, True)
    assert (while_it_works.returncode, while_it_works.stdout[:6]) == (0, "Works:")
    assert site.manage("healthcheck", "worker").returncode == 1


def test_what_would_end_a_worker_does_not_do_so_for_a_database_that_is_away(site):
    without_worker = site.manage("healthcheck", "worker", "--live")
    site.database.write_bytes(b"no database any more" * 1000)

    ill, alive = (site.manage("healthcheck", "worker", *more) for more in ([], ["--live"]))

    assert (without_worker.returncode, ill.returncode, alive.returncode) == (1, 1, 0)
    assert "The database does not answer" in alive.stdout
