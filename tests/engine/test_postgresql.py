"""Sessions of PostgreSQL that ended or went bad, and a server that is away."""

import time

import pytest
from django.db import InternalError, OperationalError, connection

from devlog_project.postgresql import base
from devlogs.models import DevLog
from tests.support.servers import free_port

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL"),
]


@pytest.fixture
def elsewhere():
    """Return another connection to the database, with a pool and settings of its own."""
    made = []

    def connect(**settings):
        other = connection.copy(alias=f"elsewhere-{len(made)}")
        other.settings_dict = connection.settings_dict | settings
        made.append(other)
        return other

    yield connect
    for other in made:
        other.close()
        other.close_pool()


def asked(of, sql):
    with of.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def lend_and_return(of, count):
    """Have so many sessions lie in the pool; return their process ids."""
    copies = [of.copy() for _ in range(count)]
    pids = [asked(copy, "SELECT pg_backend_pid()") for copy in copies]
    for copy in copies:
        copy.close()
    return pids


def test_after_all_sessions_were_ended_the_first_request_gets_a_new_one(elsewhere):
    site, administrator = elsewhere(), elsewhere()
    pids = lend_and_return(site, 5)
    for pid in pids:
        asked(administrator, f"SELECT pg_terminate_backend({pid}, 5000)")
    began = time.monotonic()

    assert asked(site, "SELECT pg_backend_pid()") not in pids
    assert time.monotonic() - began < 1


def test_a_session_that_became_read_only_is_thrown_away_with_those_beside_it(elsewhere, monkeypatch):
    monkeypatch.setattr(base.DatabaseWrapper, "drained_at", 0.0)
    pids = lend_and_return(connection, 3)
    connection.ensure_connection()
    connection.connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    with pytest.raises(InternalError, match="read-only"):
        DevLog.objects.create(entry="of a standby")

    connection.close()

    assert DevLog.objects.create(entry="of the new primary").pk
    assert asked(connection, "SELECT pg_backend_pid()") not in pids


def test_only_the_first_waits_for_a_server_that_is_away(elsewhere):
    away = elsewhere(HOST="127.0.0.1", PORT=str(free_port()))
    away.pool.timeout = 0.5
    seconds = []
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(OperationalError):
            away.ensure_connection()
        seconds.append(time.monotonic() - began)

    assert seconds[1] < 0.4 < seconds[0]


def test_one_waits_as_long_as_ever_where_all_connections_are_lent(elsewhere):
    busy = elsewhere()
    busy.pool.open()
    lent = [busy.pool.getconn() for _ in range(busy.pool.max_size)]
    busy.pool.timeout = 0.1
    with pytest.raises(OperationalError):
        busy.ensure_connection()
    busy.pool.timeout = base.POOL_SECONDS
    for connection_lent in lent:
        busy.pool.putconn(connection_lent)

    busy.ensure_connection()

    assert busy.pool.timeout == base.POOL_SECONDS


def test_once_the_server_is_back_one_waits_for_a_connection_again(elsewhere):
    site = elsewhere()
    site.pool.timeout = 1.0  # as while it was away, but enough to connect on a busy machine
    site.ensure_connection()

    assert site.pool.timeout == base.POOL_SECONDS


def test_no_statement_waits_for_a_lock_without_end():
    assert asked(connection, "SHOW lock_timeout") == "20s"


def test_short_waits_end_with_their_block():
    with connection.short_waits(0.1):
        within = asked(connection, "SHOW lock_timeout")

    assert (within, asked(connection, "SHOW lock_timeout")) == ("100ms", "20s")
