"""How workers of other hosts are told of jobs, by NOTIFY and LISTEN; a host is another directory of locks."""

from contextlib import closing

import pytest
from django.db import connection
from psycopg import ConnectionInfo

from tagging.engine import process_lock
from tagging.engine.mailbox import Mailbox
from tagging.models import sessions
from tagging.transports.memory import MemoryTransport
from tagging.transports.postgresql import CHANNEL, Listener, listening
from tests.support.servers import free_port
from tests.support.waiting import DEADLINE_SECONDS, eventually

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL"),
]

SESSIONS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s AND pid <> %s"
NOBODY_LISTENS = "PostgreSQL has a pooler before it, or no session to spare: the sweep finds others' jobs"
LISTENERS, ANNOUNCERS = "LISTEN%", "%pg_notify(%"


@pytest.fixture
def transport():
    made = MemoryTransport()
    yield made
    made.stop()


@pytest.fixture
def mailbox(settings, tmp_path):
    """Return the mailbox of a worker of another host, once it listens."""
    here, settings.TAGGING_LOCK_DIR = settings.TAGGING_LOCK_DIR, str(tmp_path / "elsewhere")
    mailbox = Mailbox()
    with listening(mailbox):
        settings.TAGGING_LOCK_DIR = here
        eventually(listeners, "a session that listens")
        yield mailbox


def sessions_of(query):
    with connection.cursor() as cursor:
        cursor.execute(SESSIONS, [query, connection.connection.info.backend_pid])
        return [pid for (pid,) in cursor.fetchall()]


def listeners():
    return sessions_of(LISTENERS)


def test_a_worker_of_another_host_is_told(mailbox, transport):
    transport.send([1])

    assert mailbox.wait(DEADLINE_SECONDS).job_ids


def test_one_notification_stands_for_all_of_a_moment(mailbox, transport):
    told = 0
    for job_id in range(1, 500):
        transport.send([job_id])
    transport.stop()
    while mailbox.wait(0.3).job_ids:
        told += 1

    assert 0 < told < 50


def test_a_worker_of_the_same_host_is_told_by_its_socket_alone(transport):
    process_lock.directory()  # which a worker has
    mailbox = Mailbox()
    with listening(mailbox):
        eventually(listeners, "a session that listens")
        transport.send([1])
        transport.stop()  # it has told what it had to tell

        assert not mailbox.wait(0.2).job_ids


def test_a_listener_whose_session_was_ended_listens_anew(mailbox, transport, caplog):
    (ended,) = listeners()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])
    eventually(lambda: listeners() not in ([], [ended]), "another session that listens")

    transport.send([1])

    assert mailbox.wait(DEADLINE_SECONDS).job_ids
    (failed, works) = caplog.messages
    assert failed.startswith("Being told of other hosts' jobs by PostgreSQL (they are picked up by the sweep) failed")
    assert "Traceback" not in failed
    assert works.startswith("Being told of other hosts' jobs by PostgreSQL (they are picked up by the sweep) works")


def test_what_listens_may_rest_for_as_long_as_nobody_tells(monkeypatch):
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "options", "-c idle_session_timeout=1h")
    with closing(sessions.listening(CHANNEL)) as session:
        if session.info.server_version < 140000:
            pytest.skip("before PostgreSQL 14 no server ends a session that rests")

        assert session.execute("SHOW idle_session_timeout").fetchone() == ("0",)


def test_who_tells_and_finds_its_session_ended_tells_in_another_and_says_nothing(mailbox, transport, caplog):
    transport.send([1])
    assert mailbox.wait(DEADLINE_SECONDS).job_ids
    for rested in sessions_of(ANNOUNCERS):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [rested])

    transport.send([2])

    assert mailbox.wait(DEADLINE_SECONDS).job_ids
    assert "Notifying by PostgreSQL" not in caplog.text


def test_behind_a_pooler_nobody_listens_and_the_log_says_it_once(monkeypatch, caplog):
    monkeypatch.setattr(ConnectionInfo, "backend_pid", 4711)
    caplog.set_level("INFO")

    with listening(Mailbox()):
        eventually(lambda: caplog.messages, "a line in the log")

    assert listeners() == []
    assert caplog.messages == [NOBODY_LISTENS]


def test_where_few_sessions_are_allowed_requests_have_them_and_nobody_listens(caplog):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ({sessions.ROOM})")
        ((room,),) = cursor.fetchall()
        cursor.execute("SELECT CURRENT_DATABASE()")
        ((name,),) = cursor.fetchall()
        cursor.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 4')
    caplog.set_level("INFO")
    try:
        assert room > sessions.MIN_ROOM
        with listening(Mailbox()):
            eventually(lambda: caplog.messages, "a line in the log")

        assert listeners() == []
        assert caplog.messages == [NOBODY_LISTENS]
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')


def test_a_listener_without_a_server_ends_when_it_is_told_to(monkeypatch, caplog):
    monkeypatch.setitem(connection.settings_dict, "PORT", str(free_port()))
    listener = Listener(Mailbox())
    listener.start()
    eventually(lambda: caplog.messages, "a line in the log")

    listener.stop(DEADLINE_SECONDS)

    assert listener.has_ended(0)
    assert len(caplog.messages) == 1
