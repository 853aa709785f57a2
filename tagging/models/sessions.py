"""What other sessions do to ours: rows they hold, and a file that has taken the place of the database's."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.db import OperationalError, connection

from tagging.models import sql

if TYPE_CHECKING:
    from psycopg import Connection

# How long a lock is waited for, to the end of the transaction, in milliseconds; SQLite has none on rows.
LIMIT_WAITS = {"postgresql": "SET LOCAL lock_timeout = {milliseconds}"}
# Of PostgreSQL: a lock was not there in time, or waiting for it would have been a deadlock.
HELD_STATES = ("55P03", "40P01")
# What listens rests until it is told; before PostgreSQL 14 no server ended that.
REST_FOR_EVER = (
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout' AND setting <> '0'"
)
# How many sessions more this role, this database and the server allow.
ROOM = (
    "SELECT LEAST(COALESCE(NULLIF(rolconnlimit, -1), most) - (SELECT COUNT(*) FROM pg_stat_activity WHERE usename = "
    "rolname), COALESCE(NULLIF(datconnlimit, -1), most) - (SELECT COUNT(*) FROM pg_stat_activity WHERE datname = "
    "pg_database.datname), most - (SELECT COUNT(*) FROM pg_stat_activity)) FROM pg_roles, pg_database, "
    "(SELECT CURRENT_SETTING('max_connections')::int AS most) server "
    "WHERE rolname = CURRENT_USER AND pg_database.datname = CURRENT_DATABASE()"
)
# Where fewer are left, requests need them more than what only saves a sweep.
MIN_ROOM = 4


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


def announce(channel: str, payload: str) -> None:
    """Notify the sessions that listen on this channel of PostgreSQL; what is lost with a crash needs no disk."""
    sql.run("SELECT set_config('synchronous_commit', 'off', true), pg_notify(%s, %s)", [channel, payload])


def give_back() -> None:
    """Return the connection of this thread to its pool, where there is one, so that requests may have it."""
    if getattr(connection, "pool", None):
        connection.close()


def listening(channel: str) -> Connection | None:
    """Return a new session of PostgreSQL, beside the pool, that listens on this channel.

    None where a pooler is in between, and what we say may come to any session of the server: then none must listen, as
    the notifications would come to clients that never asked for them, and be kept there. None, too, where so few
    sessions are allowed that requests would wait for this one.
    """
    with connection.wrap_database_errors:
        driver, parameters = connection.Database, connection.get_connection_params()  # type: ignore[attr-defined]
        session = cast("Connection", driver.connect(**parameters, autocommit=True))
        try:
            found = session.execute(f"SELECT pg_backend_pid(), ({ROOM})").fetchone()
            if found and found[0] == session.info.backend_pid and found[1] >= MIN_ROOM:
                session.execute(REST_FOR_EVER)
                session.execute(f'LISTEN "{channel}"')
                return session
        except BaseException:
            session.close()
            raise
    session.close()
    return None


def heard(session: Connection) -> set[str]:
    """Return what came to a session that listens, without waiting for it."""
    payloads = set()
    with connection.wrap_database_errors:
        session.pgconn.consume_input()
        while note := session.pgconn.notifies():
            payloads.add(note.extra.decode(errors="replace"))
    return payloads
