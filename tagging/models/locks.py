"""How the worker meets what other sessions hold: it waits a moment, and goes on with the rest.

On SQLite there are no locks on rows, but the whole file may be another one than before.
"""

from __future__ import annotations

from django.db import OperationalError, connection

# Of PostgreSQL: a lock was not there in time, or waiting for it would have been a deadlock.
HELD_STATES = ("55P03", "40P01")


def bound_waits(seconds: float) -> None:
    """Wait no longer than this for each lock, to the end of the transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {round(1000 * seconds)}")


def is_held(error: OperationalError) -> bool:
    """Say whether a row was held by another session, so that others may do."""
    return getattr(error.__cause__, "sqlstate", None) in HELD_STATES


def reopen_if_replaced() -> None:
    """Have a connection that stays open see the database of now, where SQLite's file was restored or moved."""
    close_if_replaced = getattr(connection, "close_if_replaced", None)  # of devlog_project.sqlite
    if close_if_replaced and not connection.in_atomic_block:
        close_if_replaced()
