"""What a deletion leaves behind in SQLite's files, though no query finds it any more.

The pages themselves are overwritten at once (`secure_delete` in devlog_project/conf/database.py). The index of words
only notes that an entry is gone, until its parts are merged; and the log beside the file (-wal) still holds the pages
of before. PostgreSQL's vacuum does the like by itself.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from django.db import OperationalError, connection, transaction

from tagging.engine.batches import let_others_write
from tagging.models import sql

if TYPE_CHECKING:
    from devlog_project.sqlite.base import DatabaseWrapper as SQLite

# To begin a merge of all there is, and to go on with it, so many pages of 4 KB at a time.
MERGE = "INSERT INTO devlogs_search (devlogs_search, rank) VALUES ('merge', %s)"
PAGES = 100
# The statement counts what it wrote: one row where nothing was left to do.
CHANGES = "SELECT total_changes()"
# So long others may be kept from writing, in seconds.
WAIT_SECONDS = 0.5


def forget_words() -> None:
    """Take the words of deleted entries out of the index, portion by portion, so that others write meanwhile."""
    if connection.vendor != "sqlite":
        return
    pages = -PAGES
    while merge(pages):
        pages = PAGES


def merge(pages: int) -> bool:
    """Merge some pages of the index; return whether there may be more to do."""
    began = time.monotonic()
    with transaction.atomic():
        before = sql.rows_of(CHANGES, [])
        sql.run(MERGE, [pages])
        after = sql.rows_of(CHANGES, [])
    let_others_write(time.monotonic() - began)
    return bool(after[0][0] - before[0][0] >= 2)


def cut_log() -> bool:
    """Write SQLite's log into the file and empty it; return False where somebody reads or writes just then."""
    if connection.vendor != "sqlite":
        return True
    try:
        with cast("SQLite", connection).short_waits(WAIT_SECONDS):
            ((is_busy, *_),) = sql.rows_of("PRAGMA wal_checkpoint(TRUNCATE)", [])
    except OperationalError:
        return False
    return not is_busy


def free_bytes() -> int:
    """Return how much of SQLite's file is free for what comes: deletions never make it smaller."""
    if connection.vendor != "sqlite":
        return 0
    return int(sql.rows_of("SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size", [])[0][0])
