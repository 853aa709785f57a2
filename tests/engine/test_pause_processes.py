"""A pause holds for all processes of a site, and its end is felt by all: seen on sites of real servers."""

import shutil
import time
from pathlib import Path

import pytest

from tests.support.gates import GATED, post, tags_of, wait_for_calls, wait_until_all_are_done
from tests.support.site import Site, migrated_database
from tests.support.waiting import eventually
from tests.support.workers import run_worker

pytestmark = pytest.mark.long

# What is claimed later than so many seconds after the pause is committed was claimed in spite of it.
NOTICED_SECONDS = 0.5


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    return migrated_database(tmp_path_factory.getbasetemp() / "template")


@pytest.fixture
def site(template, tmp_path):
    with Site(tmp_path, TAGGING_EXTRACTOR=GATED) as site:
        shutil.copy(template, site.database)
        yield site


def pause(site):
    assert site.manage("pause", "--reason", "a test").returncode == 0
    time.sleep(NOTICED_SECONDS)


def test_no_process_begins_anything_while_dev_logs_are_taken_in(site):
    worker = run_worker(site)
    server = site.serve("gunicorn", "--workers", "2").wait_until_it_answers()
    running = post(server, gate="a", count=2)
    wait_for_calls(site, 2)
    pause(site)

    waiting = [*post(server, gate="a", count=8), post_private(server)]
    site.open_gate("a")
    wait_for_end(site, running)

    time.sleep(2.0)  # four sweeps of each
    assert [site.jobs()[devlog] for devlog in waiting] == [("pending", 0)] * 9
    assert len(site.calls()) == 2
    assert worker.exit_code() is None


def post_private(server):
    answer = server.request("POST", "/api/v1/devlogs/", {"entry": "Wrote Django and Redis.", "private": True})
    assert answer.status == 201, answer.text
    return answer.json["id"]


def wait_for_end(site, devlogs):
    eventually(lambda: {site.jobs()[devlog][0] for devlog in devlogs} == {"done"}, "the end of what ran")


def test_after_it_every_process_goes_on_though_no_sweep_comes(site):
    site.settings["TAGGING_SWEEP_SECONDS"] = "600"
    run_worker(site)
    server = site.serve("gunicorn").wait_until_it_answers()
    pause(site)
    site.open_gate("a")
    devlogs = post(server, gate="a", count=4)

    assert site.manage("resume").stdout.startswith("The queue was paused since ")

    wait_until_all_are_done(site, 10)
    assert site.tags() == tags_of(devlogs)
