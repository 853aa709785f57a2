"""Connections to SQLite that stay open between requests: as good as new ones, and nothing is left in SQLite's log."""

import shutil
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor as Threads
from contextlib import closing
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from devlog_project.sqlite.keeping import write_log_back
from tests.support.site import Site
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")


@pytest.fixture
def site(tmp_path):
    with Site(tmp_path) as site:
        site.migrate()
        yield site


@pytest.fixture
def own(db, tmp_path):
    """A connection as a request's thread keeps it."""
    own = connection.copy()
    own.settings_dict = own.settings_dict | {"NAME": str(tmp_path / "db.sqlite3"), "CONN_MAX_AGE": None}
    own.settings_dict["OPTIONS"] = own.settings_dict["OPTIONS"] | {"timeout": 0.2}
    own.ensure_connection()
    yield own
    own.close()


def open_files(pid, path):
    return sum(one.resolve() == path for one in Path(f"/proc/{pid}/fd").iterdir())


def test_a_thread_that_has_answered_keeps_its_connection(site):
    server = site.serve("gunicorn", "--threads", "1", TAGGING_WORKER="off").wait_until_it_answers()
    server.post("Wrote a Django app.")
    (pid,) = server.children()

    assert open_files(pid, site.database) == 1


def test_runserver_whose_threads_end_keeps_none(site):
    server = site.serve("runserver --noreload", TAGGING_WORKER="off").wait_until_it_answers()
    for number in range(5):
        server.post(f"Wrote Django app {number}.")

    eventually(lambda: open_files(server.pid, site.database) == 0, "the end of the last connection")


@pytest.mark.parametrize("name", ["gunicorn", "granian wsgi"])
def test_after_a_stop_the_file_alone_holds_all(site, tmp_path, name):
    pytest.importorskip(name.partition(" ")[0])
    server = site.serve(name).wait_until_it_answers()
    for number in range(5):
        server.post(f"Wrote Django app {number}.")

    server.signal(signal.SIGTERM)
    server.wait_until_it_ended()

    shutil.copy(site.database, tmp_path / "copy.sqlite3")
    with closing(sqlite3.connect(tmp_path / "copy.sqlite3")) as copy:
        assert copy.execute("SELECT COUNT(*) FROM devlogs_devlog").fetchone() == (5,)


def test_who_ends_while_others_read_waits_for_nobody_and_keeps_nobody_waiting(own):
    name = own.settings_dict["NAME"]
    own.connection.execute("CREATE TABLE some (number)")
    with closing(sqlite3.connect(name, isolation_level=None)) as reader, Threads(1) as beside:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM some").fetchall()
        own.connection.execute("INSERT INTO some VALUES (1)")

        beside.submit(write_log_back, name).result(timeout=2)

        own.connection.execute("PRAGMA busy_timeout = 0")
        own.connection.execute("INSERT INTO some VALUES (2)")


def test_a_request_does_not_pay_for_what_the_one_before_it_waited(own, monkeypatch):
    monkeypatch.setattr("devlog_project.sqlite.base.SHORT_SECONDS", 0.05)
    with closing(sqlite3.connect(own.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            own.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    waited = own.connection.execute("PRAGMA busy_timeout").fetchone()

    own.close_if_unusable_or_obsolete()

    assert (waited, own.connection.execute("PRAGMA busy_timeout").fetchone()) == ((0,), (200,))


def test_a_request_begins_on_the_file_that_has_taken_the_place_of_the_old(own, tmp_path):
    own.close_if_unusable_or_obsolete()
    assert own.connection
    shutil.copy(own.settings_dict["NAME"], tmp_path / "restored")
    (tmp_path / "restored").replace(own.settings_dict["NAME"])

    own.close_if_unusable_or_obsolete()

    assert own.connection is None
