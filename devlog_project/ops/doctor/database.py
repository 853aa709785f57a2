"""Is the database there, and as it has to be?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now

from devlog_project.ops import readiness
from devlog_project.ops.doctor import Finding
from devlog_project.ops.trouble import advice_on
from tagging.models.migrated import missing_migrations

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
MAGIC = b"SQLite format 3\0"
# In SQLite's file, the two bytes that say who may write and read it: 2 is "with a log beside it".
WAL_BYTES = slice(18, 20)
# A restore, a migration or a long read needs about as much as there is, and never less than this.
ROOM_BYTES = 512 * 2**20
# Beyond this, times of two hosts cannot be compared by those who read a log, in seconds.
SKEW_SECONDS = 5.0


def database() -> Iterator[Finding]:
    """Try to save a dev-log, and take it back."""
    found = readiness.look()
    name = NAMES.get(connection.vendor, connection.vendor)
    if found.database != "ok":
        yield Finding("database", "fail", f"No entry can be saved ({name}).", in_the_way() or " ".join(found.advice))
        return
    yield Finding("database", "ok", f"An entry can be saved ({name}): one was, and taken back.")
    if found.queue == "ok":
        yield Finding("queue", "ok", "Nothing that is due stands still.")
    else:
        yield Finding("queue", "warn", f"The queue is {found.queue}.", " ".join(found.advice))


def in_the_way() -> str:
    """Return what keeps this process from SQLite's file, by its name; nothing where none of it does."""
    if connection.vendor != "sqlite":
        return ""
    path = Path(str(settings.DATABASES["default"]["NAME"]))
    if not path.parent.is_dir():
        return f"There is no directory {path.parent}: make it, for user {os.geteuid()}, or correct DATABASE_URL."
    for each in (path.parent, path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        if each.exists() and not os.access(each, os.R_OK | os.W_OK):
            mend = f"run chown {os.geteuid()} and chmod u+rw on it, or see whether its file system is read-only."
            return f"User {os.geteuid()}, as whom this runs, may not write {each}: {mend}"
    return readiness.FULL if readiness.free_bytes() < readiness.LEAST_FREE_BYTES else ""


def migrations() -> Iterator[Finding]:
    """Hold the tables against the code."""
    try:
        missing = missing_migrations()
    except (DatabaseError, InterfaceError) as error:
        yield Finding("migrations", "fail", "Nobody can tell which have been made.", in_the_way() or advice_on(error))
        return
    if missing:
        says = f"{len(missing)} are not made yet, the first is {missing[0]}."
        yield Finding("migrations", "fail", says, "Run manage.py migrate.")
    else:
        yield Finding("migrations", "ok", "All are made.")


def sqlite_file() -> Iterator[Finding]:
    """Look at SQLite's log and at its disk."""
    path = Path(str(settings.DATABASES["default"]["NAME"]))
    if connection.vendor != "sqlite" or not path.is_file():
        return
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(MAGIC):  # damaged, which another check tells
        return
    if header[WAL_BYTES] == b"\x02\x02":
        yield Finding("journal", "ok", "SQLite keeps a log beside its file (WAL): readers and a writer do not wait.")
    else:
        do = "It is switched on with each connection: see that the directory can be written, and lies on no network."
        yield Finding("journal", "fail", "SQLite's file is not in WAL mode.", do)
    free, needed = readiness.free_bytes(), max(ROOM_BYTES, path.stat().st_size)
    says = f"{_size(free)} are free beside {path.name}, which has {_size(path.stat().st_size)}."
    if free >= needed:
        yield Finding("disk", "ok", says)
    else:
        yield Finding("disk", "warn", says, f"Make room: {_size(needed)} let it be restored, and tables be copied.")


def clock() -> Iterator[Finding]:
    """Hold our clock against the database's, which decides when a job is due."""
    if connection.vendor != "postgresql":
        return
    try:
        now = MigrationRecorder(connection).migration_qs.annotate(now=Now()).values_list("now", flat=True).first()
    except (DatabaseError, InterfaceError):  # told by another check
        return
    if now:
        yield skew("clock", (datetime.now(UTC) - now).total_seconds(), "the database's")


def skew(check: str, seconds: float, whose: str) -> Finding:
    """Say how far our clock is from another."""
    if abs(seconds) <= SKEW_SECONDS:
        return Finding(check, "ok", f"Our clock is {whose}, to {SKEW_SECONDS:g} s.")
    way = "ahead of" if seconds > 0 else "behind"
    return Finding(check, "warn", f"Our clock is {abs(seconds):.0f} s {way} {whose}.", "Have both set by NTP.")


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.1f} MB"
