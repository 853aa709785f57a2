"""Django's PostgreSQL backend, with two things added to its pool.

While the database is known to be away nobody waits for it: a first request does for some seconds, the others are
refused at once until the pool has a connection again. And a session that has ended or gone bad, as after a restart or
a failover, is thrown away with all that lay beside it, instead of failing one request each.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import Any, cast

from django.db import transaction
from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from psycopg import Connection, OperationalError

# How long one waits for a connection, and how long while the last one who did waited in vain, in seconds.
POOL_SECONDS = 3.0
POOL_SECONDS_WHILE_AWAY = 0.1
# As long as SQLite's: how long a statement waits for the lock of another session, unless the role has its own limit.
LOCK_SECONDS = 20
SET_LOCK_TIMEOUT = (
    f"SELECT set_config('lock_timeout', '{LOCK_SECONDS}s', false) WHERE current_setting('lock_timeout') = '0'"
)
# Of a session that was opened before its server became a standby: it would stay read-only for ever.
READ_ONLY = "25006"


class ErrorsNoted(DatabaseErrorWrapper):
    """Notes on the connection when its session must not be used again."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and getattr(error, "sqlstate", None) == READ_ONLY:
            self.wrapper.is_spoilt = True  # type: ignore[attr-defined]  # not in the stubs
        super().__exit__(kind, error, traceback)


class DatabaseWrapper(base.DatabaseWrapper):
    is_spoilt = False
    drained_at = 0.0
    # How often the pool had failed to connect when last one waited in vain.
    errors_seen = 0

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        return ErrorsNoted(self)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection[Any]:
        self.is_spoilt = False
        if not self.pool:  # as for the command that makes the tests' database
            return cast(Connection[Any], super().get_new_connection(conn_params))
        connection = self._take(conn_params)
        if not has_ended(connection):
            return connection
        self.pool.putconn(connection)
        self._drain()
        return self._take(conn_params)

    @contextmanager
    def short_waits(self, seconds: float) -> Iterator[None]:
        """Wait no longer than this for the locks of others, each time; in a transaction of its own."""
        with transaction.atomic(using=self.alias):
            with self.wrap_database_errors:
                self.connection.execute(f"SET LOCAL lock_timeout = {round(1000 * seconds)}")
            yield

    def _take(self, conn_params: dict[str, Any]) -> Connection[Any]:
        try:
            connection: Connection[Any] = super().get_new_connection(conn_params)
        except OperationalError:
            errors = self.pool.get_stats().get("connections_errors", 0)
            if errors and errors != DatabaseWrapper.errors_seen:  # else all are lent, and come back
                self.pool.timeout = POOL_SECONDS_WHILE_AWAY
            DatabaseWrapper.errors_seen = errors
            raise
        self.pool.timeout = POOL_SECONDS
        return connection

    def _close(self) -> None:
        if self.is_spoilt and self.connection is not None:
            self.connection.close()
            self._drain()
        super()._close()  # type: ignore[misc]  # not in the stubs

    def _drain(self) -> None:
        """Have the pool connect anew instead of lending what lies in it; at most once a second for all threads."""
        now = time.monotonic()
        if self.pool and now - DatabaseWrapper.drained_at > 1:
            DatabaseWrapper.drained_at = now
            self.pool.drain()

    def _configure_connection(self, connection: Connection[Any]) -> bool:
        # On the session and the same for all: behind pgbouncer it may be another's in the next transaction.
        connection.execute(SET_LOCK_TIMEOUT)
        super()._configure_connection(connection)  # type: ignore[misc]  # not in the stubs
        return True


def has_ended(connection: Connection[Any]) -> bool:
    """Say whether the server has ended an idle session; without asking it, which would be a round trip each time."""
    try:
        for _ in range(2):  # what it said last, and then the end
            connection.pgconn.consume_input()
    except OperationalError:
        return True
    return connection.closed
