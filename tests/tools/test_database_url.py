"""What DATABASE_URL is taken to mean."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from devlog_project.conf.database import database
from devlog_project.env import BASE_DIR


def read(url):
    return database(url, password="", synchronous="NORMAL", pool_size=4)


@pytest.mark.parametrize("url", ["sqlite:///devlog.sqlite3", "sqlite:///./devlog.sqlite3"])
def test_a_relative_file_lies_beside_manage_py_wherever_a_command_is_started(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert Path(read(url)["NAME"]).resolve() == BASE_DIR / "devlog.sqlite3"


def test_an_absolute_file_is_taken_as_it_is():
    assert read("sqlite:////srv/devlog.sqlite3")["NAME"] == "/srv/devlog.sqlite3"


def test_a_directory_of_sockets_may_stand_for_the_host():
    assert read("postgres://me@%2Frun%2Fpostgresql/devlog")["HOST"] == "/run/postgresql"


def test_the_log_that_a_long_read_made_grow_is_given_back_to_the_disk(tmp_path):
    options = read(f"sqlite:///{tmp_path}/grown.sqlite3")["OPTIONS"]
    path = tmp_path / "grown.sqlite3"
    log = tmp_path / "grown.sqlite3-wal"
    with closing(sqlite3.connect(path)) as writer, closing(sqlite3.connect(path)) as reader:
        for statement in options["init_command"].split(";"):
            writer.execute(statement)
        writer.execute("CREATE TABLE entries (entry)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM entries").fetchall()
        for _ in range(80):
            writer.execute("INSERT INTO entries VALUES (randomblob(1048576))")
            writer.commit()
        assert log.stat().st_size > 80 * 2**20

        reader.rollback()
        for _ in range(2):
            writer.execute("INSERT INTO entries VALUES (1)")
            writer.commit()

        assert log.stat().st_size <= 64 * 2**20
