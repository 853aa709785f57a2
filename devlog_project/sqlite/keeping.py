"""Connections to SQLite that stay open from one request to the next, for servers whose threads stay."""

import atexit
import sqlite3
from contextlib import closing, suppress
from multiprocessing.util import Finalize
from urllib.request import pathname2url

from django.db import DEFAULT_DB_ALIAS, connections


def keep_connections() -> None:
    """Let each thread of this process keep its connection, unless the settings say how long.

    Whoever closes the last connection writes SQLite's log back into the file. As kept ones are never closed, that is
    done when the process ends: so a copy of the file alone, made while nothing runs, is whole.
    """
    settings = connections.settings[DEFAULT_DB_ALIAS]
    if settings["ENGINE"] == "devlog_project.sqlite" and not settings["CONN_MAX_AGE"]:
        settings["CONN_MAX_AGE"] = None
        atexit.register(write_log_back, settings["NAME"])
        # Before Python 3.13 a process that multiprocessing forked, as granian does, ends without atexit.
        Finalize(None, write_log_back, args=(settings["NAME"],), exitpriority=-1)


def write_log_back(name: str) -> None:
    """Write SQLite's log into the file, unless another process reads or writes: who ends last does it.

    Waits for nobody, as others could not write meanwhile; makes no file where there is none.
    """
    address = f"file:{pathname2url(name)}?mode=rw"
    with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True, timeout=0)) as own:
        own.execute("PRAGMA wal_checkpoint(TRUNCATE)")
