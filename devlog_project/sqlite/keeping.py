"""Connections to SQLite that stay open from one request to the next, for servers whose threads stay."""

import atexit
import sqlite3
from contextlib import closing, suppress
from urllib.request import pathname2url

from django.db import DEFAULT_DB_ALIAS, connections


def keep_connections() -> None:
    """Let each thread of this process keep its connection: to open one takes as long as to save a dev-log.

    Whoever closes the last connection writes SQLite's log back into the file. As kept ones are never closed, that is
    done when the process ends: so a copy of the file alone, made while nothing runs, is whole.
    """
    settings = connections.settings[DEFAULT_DB_ALIAS]
    if settings["ENGINE"] == "devlog_project.sqlite":
        settings["CONN_MAX_AGE"] = None
        atexit.register(write_log_back, settings["NAME"])


def write_log_back(name: str) -> None:
    """Write SQLite's log into the file, as far as no other process reads it; make no file where there is none."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{pathname2url(name)}?mode=rw", uri=True)) as own:
        own.execute("PRAGMA wal_checkpoint(TRUNCATE)")
