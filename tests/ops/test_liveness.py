"""Whether a restart of this process would help."""

import json
import shutil

import pytest

from tests.support.servers import PYTHON
from tests.support.site import Site

# A process that serves, with a worker as the test wants it: one that something ends which no guard can catch, or one
# that lives and has not moved for an hour.
SERVE = """
import devlog_project.wsgi
from django.test import Client
from tagging.engine import startup
from tagging.engine.guard import ErrorLog, GuardedThread

class Ending(GuardedThread):
    def step(self):
        raise SystemExit

    def start(self):
        super().start()
        self.has_ended(20)

class Standing(GuardedThread):
    def step(self):
        self.last_turn_at = -3600.0
        self.moved_no_more.set()
        self.stopping.wait()

    def start(self):
        from threading import Event
        self.moved_no_more = Event()
        super().start()
        self.moved_no_more.wait(20)

startup.arm(lambda: {worker}("worker", ErrorLog(None, "It")))
answer = Client(SERVER_NAME="localhost").get("/livez")
print(answer.status_code, answer.content.decode())
"""


@pytest.fixture
def site(template, tmp_path):
    with Site(tmp_path) as site:
        shutil.copy(template, site.database)
        yield site


def livez(site, worker):
    done = site.run([PYTHON, "-c", SERVE.replace("{worker}", worker)])
    assert done.returncode == 0, done.stderr
    status, _, told = done.stdout.partition(" ")
    return int(status), json.loads(told)


@pytest.mark.django_db
def test_a_process_without_a_worker_of_its_own_lives_and_asks_no_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/livez")

    assert (response.status_code, response.json()) == (200, {"status": "ok", "worker": "off"})


def test_a_worker_thread_that_was_killed_and_does_not_come_back_asks_for_a_restart(site):
    status, told = livez(site, "Ending")

    assert (status, told["worker"]) == (503, "dead")
    assert "restart this process" in " ".join(told["advice"])


def test_a_worker_that_stands_still_beside_a_database_that_answers_asks_for_a_restart(site):
    status, told = livez(site, "Standing")

    assert (status, told["worker"]) == (503, "silent")


def test_a_worker_that_waits_for_a_database_that_is_away_asks_for_none(site):
    site.database.write_bytes(b"no database any more" * 1000)

    assert livez(site, "Standing") == (200, {"status": "ok", "worker": "silent"})


@pytest.mark.django_db
def test_a_worker_whose_steps_fail_tries_again_and_asks_for_no_restart(client, monkeypatch):
    monkeypatch.setattr("tagging.engine.startup.health", lambda: "troubled")

    assert client.get("/livez").status_code == 200
