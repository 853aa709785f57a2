"""Every accepted dev-log is tagged, whatever becomes of the processes: killed, stopped, frozen, doubled, too early.

Calls are held in flight by GatedExtractor's gates, not by a clock. Whatever mends itself here does so long before the
lease of 120 seconds that would mend it in the end, unless a test sets a shorter one.
"""

import shutil
import signal
import socket
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.gates import post, tags_of, wait_for_calls, wait_until_all_are_done
from tests.support.marks import hears_ctrl_c
from tests.support.processes import parents
from tests.support.site import Site, migrated_database
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")

ENTER_A_DEVLOG = """
from devlogs.models import DevLog
from django.db import transaction
from tagging import queues
with transaction.atomic():
    queues.enqueue(DevLog.objects.create(entry="Wrote a Django app."))
"""


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    return migrated_database(tmp_path_factory.getbasetemp() / "template")


@pytest.fixture
def site(template, tmp_path) -> Iterator[Site]:
    gated = "tests.support.extractors.GatedExtractor"
    with Site(tmp_path, TAGGING_EXTRACTOR=gated) as site:
        shutil.copy(template, site.database)
        yield site


# -- killed ------------------------------------------------------------------------------------------------------


def test_what_a_killed_server_had_in_flight_is_tagged_after_its_restart(site):
    server = site.serve("gunicorn").wait_until_it_answers()
    devlogs = post(server, gate="a", count=12)
    wait_for_calls(site, 8)
    server.kill()
    assert Counter(site.states()) == {"running": 8, "pending": 4}

    site.open_gate("a")
    site.serve("gunicorn")

    wait_until_all_are_done(site)
    assert site.tags() == tags_of(devlogs)
    assert Counter(outcome for _, _, outcome in site.attempts()) == {"lost": 8, "answered": 12}


def test_what_a_killed_server_had_in_flight_is_tagged_by_its_neighbour(site):
    server, neighbour = site.serve("gunicorn"), site.serve("uvicorn")
    server.wait_until_it_answers()
    eventually(lambda: len(site.workers()) == 2, "two workers")
    devlogs = post(server, gate="a", count=16)
    wait_for_calls(site, 16)

    server.kill()
    site.open_gate("a")

    wait_until_all_are_done(site)
    assert site.tags() == tags_of(devlogs)
    assert {pid for pid, _ in site.calls("end")} == {neighbour.pid}


def test_a_dev_log_that_kills_its_process_each_time_ends_failed_and_others_are_tagged(site):
    server = site.serve("gunicorn", TAGGING_MAX_ATTEMPTS="3", TAGGING_SWEEP_SECONDS="0.1").wait_until_it_answers()
    poison = server.post("Kill the process behind gate a.")

    site.open_gate("a")

    eventually(lambda: site.jobs() == {poison: ("failed", 3)}, "the poison job failed")
    assert site.attempts() == [(poison, 1, "lost"), (poison, 2, "lost"), (poison, 3, "lost")]

    server.wait_until_it_answers()
    devlog = server.post("Wrote a Django app.")
    eventually(lambda: site.tags() == {devlog: ["Django"]}, "the next dev-log tagged")


# -- rung by nobody, run by two ----------------------------------------------------------------------------------


def test_a_row_that_another_process_wrote_is_found_by_the_sweep_of_an_idle_server(site):
    site.serve("gunicorn").wait_until_it_answers()

    written = site.manage("shell", "-c", ENTER_A_DEVLOG)

    assert written.returncode == 0, written.stderr
    eventually(lambda: site.tags() == {1: ["Django"]}, "the dev-log tagged")


def test_two_serving_processes_never_run_one_job_at_once(site):
    servers = [site.serve(name, TAGGING_LEASE_SECONDS="6") for name in ("gunicorn", "uvicorn")]
    eventually(lambda: len(site.workers()) == 2, "two workers")
    devlogs = [devlog for server in servers for devlog in post(server.wait_until_it_answers(), gate="a", count=10)]
    wait_for_calls(site, 16)

    # Both are full now. The calls outlive the leases they began with: only the renewals keep the other away.
    ((lease_end,),) = site.query("SELECT max(lease_expires_at) FROM tagging_job")
    eventually(lambda: site.query(f"SELECT datetime('now') > '{lease_end}'") == [(1,)], "the leases' end")
    site.open_gate("a")

    wait_until_all_are_done(site)
    assert site.tags() == tags_of(devlogs)
    assert len(site.calls()) == 20
    assert set(site.jobs().values()) == {("done", 1)}


def test_a_frozen_process_that_wakes_late_changes_nothing(site):
    frozen = site.serve("uvicorn", TAGGING_LEASE_SECONDS="2").wait_until_it_answers()
    devlogs = post(frozen, gate="a")
    wait_for_calls(site, 1)
    frozen.signal(signal.SIGSTOP)
    site.serve("gunicorn")
    wait_for_calls(site, 2)  # its lock is held, but its lease has run out
    site.open_gate("a")
    wait_until_all_are_done(site)

    frozen.signal(signal.SIGCONT)

    eventually(lambda: "its claim is gone" in frozen.log(), "the late answer dropped")
    assert len(site.calls("end")) == 2
    assert site.jobs() == {1: ("done", 2)}
    assert site.attempts() == [(1, 1, "lost"), (1, 2, "answered")]
    assert site.tags() == tags_of(devlogs)


def test_an_entry_edited_while_its_call_runs_gets_the_new_texts_tags_only(site):
    server = site.serve("gunicorn").wait_until_it_answers()
    (devlog,) = post(server, gate="a")
    wait_for_calls(site, 1)

    assert server.request("PATCH", f"/api/v1/devlogs/{devlog}/", {"entry": "Wrote a Kafka consumer."}).status == 200
    site.open_gate("a")

    eventually(lambda: site.tags() == {devlog: ["Apache Kafka"]}, "the new text tagged")
    assert "its claim is gone" in server.log()
    assert site.jobs() == {devlog: ("done", 1)}


# -- left by an earlier version ----------------------------------------------------------------------------------

# As version 0.1.0 wrote them, column by column: a job waiting, one in flight at a process that is gone, one done.
LEFT_BEHIND = """
INSERT INTO devlogs_devlog (id, entry, created_at) VALUES
  (1, 'Wrote Django and Redis, no. 1.', '2026-11-22 10:00:00.000'),
  (2, 'Wrote Django and Redis, no. 2.', '2026-11-22 10:00:01.000'),
  (3, 'Wrote Django and Redis, no. 3.', '2026-11-22 10:00:02.000');
INSERT INTO tagging_job (devlog_id, priority, queued_at, run_after) VALUES
  (1, 0, '2026-11-22 10:00:00.000', '2026-11-22 10:00:00.000');
INSERT INTO tagging_job (devlog_id, state, priority, attempts, queued_at, run_after, waiting_for, started_at,
  claim_token, claimed_by, lease_expires_at, reserved_tokens, reserved_cost, error_code, error_detail) VALUES
  (2, 'running', 0, 1, '2026-11-22 10:00:01.000', NULL, '', '2026-11-22 10:00:01.100',
   '0123456789abcdef0123456789abcdef', 'host-1-abcdef01',
   strftime('%Y-%m-%d %H:%M:%f', 'now', '+100 seconds'), 0, '0.000000', '', ''),
  (3, 'done', 0, 1, '2026-11-22 10:00:02.000', NULL, '', '2026-11-22 10:00:02.100', NULL, '', NULL, 0, '0', '', '');
INSERT INTO tagging_attempt (id, job_id, number, started_at, finished_at, outcome, error_code, error_detail, extractor,
  model, prompt_version, entry_digest, input_tokens, output_tokens, cost, answer, names_dropped, redacted) VALUES
  (1, 3, 1, '2026-11-22 10:00:02.100', '2026-11-22 10:00:03.000', 'answered', '', '', 'openai', 'gpt-6-luna', 1, '',
   7, 3, '0.000002', '[["Django", "Wrote Django", 6]]', 0, '{}');
INSERT INTO tagging_tag (id, name, slug) VALUES (1, 'Django', 'django');
INSERT INTO tagging_devlogtag (devlog_id, tag_id, attempt_id, evidence, position) VALUES (3, 1, 1, 'Wrote Django', 6);
"""


def test_what_an_earlier_version_left_in_its_database_is_tagged_and_served(site):
    with closing(sqlite3.connect(site.database)) as connection, connection:
        connection.executescript(LEFT_BEHIND.replace("host-1-", f"{socket.gethostname()}-1-"))
    site.migrate()

    server = site.serve("gunicorn").wait_until_it_answers()

    wait_until_all_are_done(site)
    assert site.tags() == tags_of([1, 2]) | {3: ["Django"]}
    assert [tag["source"] for tag in server.get("/api/v1/devlogs/3/").json["tags"]] == ["openai:gpt-6-luna"]


# -- started too early -------------------------------------------------------------------------------------------


def test_a_server_waits_quietly_for_its_tables_and_works_once_they_are_there(tmp_path):
    with Site(tmp_path) as site:
        server = site.serve("gunicorn").wait_until_it_answers()
        eventually(lambda: server.readiness() == (503, "troubled"), "a worker in trouble")

        site.migrate()
        devlog = server.post("Wrote a Django app.")

        eventually(lambda: site.tags() == {devlog: ["Django"]}, "the dev-log tagged")
        eventually(lambda: server.readiness() == (200, "ok"), "a worker in order")
        assert "Traceback" not in server.log()
        assert server.log().count("no such table") == 1  # said once, not with each turn


# -- stopped -----------------------------------------------------------------------------------------------------


# What each logs when it has served its last request; runserver says nothing.
@pytest.mark.parametrize(
    "name, number, last_words",
    [
        ("gunicorn", signal.SIGTERM, "Worker exiting"),
        ("uvicorn", signal.SIGTERM, "Waiting for application shutdown"),
        pytest.param("runserver --noreload", signal.SIGINT, "", marks=hears_ctrl_c),
    ],
)
def test_a_server_that_stops_finishes_what_is_in_flight_and_gives_back_what_hangs(site, name, number, last_words):
    server = site.serve(name, TAGGING_SHUTDOWN_SECONDS="5").wait_until_it_answers()
    finishing = post(server, gate="a", count=4)
    hanging = post(server, gate="b", count=6)
    wait_for_calls(site, 8)

    server.signal(number)
    eventually(lambda: last_words in server.log(), "the end of serving")
    site.open_gate("a")
    server.wait_until_it_ended()

    assert site.jobs() == dict.fromkeys(finishing, ("done", 1)) | dict.fromkeys(hanging, ("pending", 0))
    assert site.tags() == tags_of(finishing)
    assert len(site.calls()) == 8  # it began nothing new
    assert site.workers() == []


def test_runserver_dies_of_sigterm_and_what_was_in_flight_is_tagged_after_its_restart(site):
    server = site.serve("runserver").wait_until_it_answers()
    devlogs = post(server, gate="a", count=4)
    wait_for_calls(site, 4)
    family = {server.pid, *server.children()}

    server.signal(signal.SIGTERM)
    server.wait_until_it_ended()
    eventually(lambda: not family & parents().keys(), "the end of its children")
    site.open_gate("a")
    site.serve("gunicorn")

    wait_until_all_are_done(site)
    assert site.tags() == tags_of(devlogs)
