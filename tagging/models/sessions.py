"""What other sessions do to ours: rows they hold, and a file that has taken the place of the database's."""

from django.db import OperationalError, connection

from tagging.models import sql

# How long a lock is waited for, to the end of the transaction, in milliseconds; SQLite has none on rows.
LIMIT_WAITS = {"postgresql": "SET LOCAL lock_timeout = {milliseconds}"}
# Of PostgreSQL: a lock was not there in time, or waiting for it would have been a deadlock.
HELD_STATES = ("55P03", "40P01")


def limit_waits(seconds: float) -> None:
    """Wait no longer than this for each lock that another session holds, to the end of the transaction."""
    if statement := LIMIT_WAITS.get(connection.vendor):
        sql.run(statement.format(milliseconds=round(1000 * seconds)), [])


def is_held(error: OperationalError) -> bool:
    """Say whether it was another session that held a row, so that with other rows it may do."""
    return getattr(error.__cause__, "sqlstate", None) in HELD_STATES


def reopen_if_replaced() -> None:
    """Have a connection that stays open see the database of now, where SQLite's file was restored or moved."""
    close_if_replaced = getattr(connection, "close_if_replaced", None)  # of devlog_project.sqlite
    if close_if_replaced and not connection.in_atomic_block:
        close_if_replaced()
