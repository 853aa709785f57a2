"""Connections to SQLite that stay open between requests: as good as new ones, and nothing is left in SQLite's log."""

import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from tests.support.site import Site

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
    server = site.serve("gunicorn", "--threads", "1", TAGGING_WORKER="off")
    server.wait_until_it_answers()
    server.post("Wrote a Django app.")
    (pid,) = server.children()

    assert open_files(pid, site.database) == 1


def test_after_a_stop_the_file_alone_holds_all(site, tmp_path):
    server = site.serve("gunicorn")
    server.wait_until_it_answers()
    for number in range(5):
        server.post(f"Wrote Django app {number}.")

    server.signal(signal.SIGTERM)
    server.wait_until_it_ended()

    shutil.copy(site.database, tmp_path / "copy.sqlite3")
    with closing(sqlite3.connect(tmp_path / "copy.sqlite3")) as copy:
        assert copy.execute("SELECT COUNT(*) FROM devlogs_devlog").fetchone() == (5,)


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
