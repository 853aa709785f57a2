"""A child process on another database: what a load generator writes must never meet what developers wrote."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings


class DatabaseRefusedError(Exception):
    """The database cannot be reached or migrated; the message says why."""


@contextmanager
def scratch_environment(url: str = "") -> Iterator[dict[str, str]]:
    """Migrate the database at this URL, or a new SQLite file, and yield the environment of a process that uses it.

    The locks of workers move with it: a worker there must not clear away those of the real database's dead ones.
    """
    with TemporaryDirectory(prefix="devlog-simulation-", ignore_cleanup_errors=True) as directory:
        environment = {
            **os.environ,
            # A line for each of thousands of jobs would bury the report.
            "LOG_LEVEL": "ERROR",
            "DATABASE_URL": url or f"sqlite:///{Path(directory) / 'db.sqlite3'}",
            "DATABASE_URL_FILE": "",
            "TAGGING_LOCK_DIR": str(Path(directory) / "locks"),
            # The ids of simulated jobs are nothing for the real transport.
            "TAGGING_TRANSPORT": "memory",
            "TAGGING_WORKER": "off",
        }
        migrated = subprocess.run(  # noqa: S603 - our own command
            command("migrate", "--verbosity=0", "--no-input"),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if migrated.returncode:
            *_, reason = migrated.stderr.splitlines() or ["no reason given"]
            raise DatabaseRefusedError(re.sub(r"^[\w.]+: ", "", reason.strip()))
        yield environment


def run(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """Run a management command to its end, handing Ctrl-C and SIGTERM on to it, and return its exit code."""
    # In a group of its own: else a terminal's Ctrl-C would reach it twice.
    child = subprocess.Popen(command(*arguments), env=environment, process_group=0)  # noqa: S603 - our own command
    signal.signal(signal.SIGTERM, lambda number, frame: child.terminate())
    while True:
        try:
            code = child.wait()
            return code if code >= 0 else 128 - code  # as a shell says that a signal ended it
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
