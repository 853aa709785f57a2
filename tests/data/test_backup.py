"""A copy of SQLite that is made while others write is whole, and the service goes on from it."""

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from devlogs.data.backup import BackupError, copy
from tests.data.copies import Writers, broken
from tests.support.site import Site, migrated_database
from tests.support.waiting import eventually


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("PRAGMA journal_mode=WAL")
        opened.execute("CREATE TABLE entries (entry TEXT)")
        opened.executemany("INSERT INTO entries VALUES (?)", [("Wrote Django. " * 50,)] * 500)
    return path


def entries_in(path):
    with closing(sqlite3.connect(path)) as opened:
        return opened.execute("SELECT count(*) FROM entries").fetchone()[0]


def files_beside(path):
    return sorted(each.name for each in path.parent.iterdir() if each != path)


def test_it_is_whole_while_a_server_takes_dev_logs_and_tags_them(tmp_path):
    with Site(tmp_path / "site") as site:
        shutil.copy(migrated_database(tmp_path / "made"), site.database)
        server = site.serve("gunicorn").wait_until_it_answers()
        writers = Writers(lambda: server.post("Wrote Django with Redis."))
        with writers.at_work(4):
            eventually(lambda: len(writers.accepted) > 50, "some are accepted")
            before = set(writers.accepted)
            done = site.manage("backup", str(tmp_path / "copy" / "db.sqlite3"))
            assert done.returncode == 1  # no such directory
            (tmp_path / "restored").mkdir()
            done = site.manage("backup", str(tmp_path / "restored" / "db.sqlite3"))
            after = len(writers.accepted)
            eventually(lambda: len(writers.accepted) > after, "writing goes on")
        assert (done.returncode, writers.raised) == (0, []), done.stderr

    with Site(tmp_path / "restored") as restored:
        assert restored.query("PRAGMA integrity_check") == [("ok",)]
        assert restored.query("PRAGMA foreign_key_check") == []
        assert broken(restored.query) == []
        assert before <= restored.jobs().keys()
        again = restored.serve("gunicorn").wait_until_it_answers()
        number = again.post("Wrote it anew with Celery.")
        eventually(lambda: set(restored.states()) == {"done"}, "its jobs go on")
        assert (number > max(before), restored.tags()[number]) == (True, ["Celery"])
        assert again.get("/api/v1/devlogs/?q=anew").json["results"][0]["id"] == number


def test_a_copy_is_readable_by_its_owner_alone_and_takes_the_place_of_an_older_one(database, tmp_path):
    target = tmp_path / "copies" / "db.sqlite3"
    target.parent.mkdir()
    target.write_text("an older copy")
    target.chmod(0o644)

    copy(database, target)

    assert (entries_in(target), stat.S_IMODE(target.stat().st_mode)) == (500, 0o600)
    assert files_beside(target) == []


def test_what_stands_in_the_log_alone_is_in_the_copy(database, tmp_path):
    with closing(sqlite3.connect(database, isolation_level=None)) as opened:
        opened.execute("INSERT INTO entries VALUES ('in the log')")
        assert Path(f"{database}-wal").stat().st_size

        copy(database, tmp_path / "copy")

    assert entries_in(tmp_path / "copy") == 501


def test_a_damaged_database_leaves_the_older_copy(database, tmp_path):
    target = tmp_path / "copies" / "db.sqlite3"
    target.parent.mkdir()
    copy(database, target)
    with database.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(BackupError, match=r"malformed|damaged"):
        copy(database, target)

    assert (entries_in(target), files_beside(target)) == (500, [])


def test_a_copy_that_does_not_hold_together_is_none(database, tmp_path):
    with closing(sqlite3.connect(database, isolation_level=None)) as opened:
        opened.execute("INSERT INTO entries VALUES (NULL)")
        opened.execute("PRAGMA writable_schema=ON")
        opened.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE entries (entry TEXT NOT NULL)'")

    with pytest.raises(BackupError, match=r"The copy is damaged.*NULL value in entries.entry"):
        copy(database, tmp_path / "copy")

    assert not (tmp_path / "copy").exists()


def test_it_is_not_copied_to_itself(database):
    with pytest.raises(BackupError, match="is the database itself"):
        copy(database, database)

    assert entries_in(database) == 500


def test_it_is_not_copied_over_one_that_is_used(database, tmp_path):
    used = tmp_path / "used"
    Path(f"{used}-wal").touch()

    with pytest.raises(BackupError, match=r"used-wal belongs to a database in use"):
        copy(database, used)


@pytest.mark.parametrize("target, said", [("", "is a directory"), ("nowhere/db", "nowhere cannot be written")])
def test_where_it_cannot_be_written_is_told(database, tmp_path, target, said):
    with pytest.raises(BackupError, match=said):
        copy(database, tmp_path / target)


def test_a_database_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(BackupError, match="unable to open"):
        copy(tmp_path / "none", tmp_path / "copy")

    assert list(tmp_path.iterdir()) == []


def test_of_postgresql_the_line_that_does_it_is_said(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "postgresql")

    with pytest.raises(CommandError, match=r"(?s)Nothing was written.*pg_dump --format=custom --file=b.dump"):
        call_command("backup", "b.dump")
