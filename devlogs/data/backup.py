"""A copy of an SQLite database, whole and checked, while others write.

`VACUUM INTO` reads one state of it without keeping anybody from writing, where `.backup` begins anew with each commit
of another process. The copy gets its name last: what has it is whole, and an older copy stays until then.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from urllib.request import pathname2url


class BackupError(Exception):
    """There is no copy, and why."""


def copy(database: Path, target: Path) -> None:
    """Copy the database to this file, which only its owner may read."""
    refuse(database, target)
    try:
        # In the same directory, to be renamed; made with mode 0600, which stays.
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except OSError as error:
        raise BackupError(f"{target.parent} cannot be written: {error.strerror}.") from error
    part = Path(name)
    try:
        with closing(connected(database)) as source:
            source.execute("VACUUM INTO ?", [str(part)])
        check(part)
        os.fsync(handle)
        part.replace(target)
        sync(target.parent)
    except sqlite3.Error as error:
        raise BackupError(f"{database} was not copied: {error}.") from error
    except OSError as error:
        raise BackupError(f"{target} was not written: {error.strerror}.") from error
    finally:
        os.close(handle)
        with suppress(FileNotFoundError):
            part.unlink()


def refuse(database: Path, target: Path) -> None:
    if target.is_dir():
        raise BackupError(f"{target} is a directory: name a file in it.")
    if target.exists() and target.samefile(database):
        raise BackupError(f"{target} is the database itself: name another file.")
    log = Path(f"{target}-wal")
    if log.exists():
        raise BackupError(f"{log} belongs to a database in use, or to one of before: name another file.")


def connected(database: Path) -> sqlite3.Connection:
    """Return a connection that makes no file where there is none."""
    return sqlite3.connect(f"file:{pathname2url(str(database))}?mode=rw", uri=True, timeout=20, isolation_level=None)


def check(copied: Path) -> None:
    with closing(connected(copied)) as connection:
        found = [line for (line,) in connection.execute("PRAGMA integrity_check")]
    if found != ["ok"]:
        raise BackupError(f"The copy is damaged, and so is the database, most likely: {found[0]}")


def sync(directory: Path) -> None:
    """Have the new name outlive a power loss."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
