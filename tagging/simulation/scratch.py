"""A database for a while: what a load generator writes must never meet what developers wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from devlog_project.settings import database


@contextmanager
def scratch_database(url: str = "") -> Iterator[None]:
    """Have `default` be the database at this URL, or a new SQLite file, migrated; for all threads that begin within.

    The locks of workers move with it: a worker here must not clear away those of the real database's dead ones.
    """
    mine, real, lock_dir = connections["default"], connections.databases["default"], settings.TAGGING_LOCK_DIR
    with TemporaryDirectory(prefix="devlog-simulation-", ignore_cleanup_errors=True) as directory:
        config = database(url or f"sqlite:///{Path(directory) / 'db.sqlite3'}")
        connections.databases["default"] = connections.configure_settings({"default": config})["default"]
        del connections["default"]  # this thread's; the next use makes a new one
        settings.TAGGING_LOCK_DIR = str(Path(directory) / "locks")
        try:
            call_command("migrate", verbosity=0, interactive=False)
            yield
        finally:
            connections["default"].close()
            connections.databases["default"] = real
            connections["default"] = mine
            settings.TAGGING_LOCK_DIR = lock_dir
