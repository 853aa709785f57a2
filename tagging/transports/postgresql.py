"""How workers of other hosts are told that there are jobs: by NOTIFY and LISTEN of the PostgreSQL that all share.

Within the transaction that saves a dev-log a NOTIFY would cost a fifth of the inserts a second. So it is sent after
the commit, by a thread, and one stands for all of a moment. It may be lost; behind a pooler the sweep finds all.
"""

from __future__ import annotations

import logging
import secrets
import selectors
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection

from tagging.engine import owner_name, process_lock
from tagging.engine.doorbell import HAS_SOCKETS
from tagging.engine.fork import process_id
from tagging.engine.guard import ErrorLog, GuardedThread, described
from tagging.engine.mailbox import SOME_JOB, Mailbox
from tagging.models import sessions
from tagging.transports.sender import REST_SECONDS, BrokerDownError, Sender

if TYPE_CHECKING:
    from psycopg import Connection

logger = logging.getLogger(__name__)

CHANNEL = "tagging_jobs"
# The least time between two notifications of one process, and how long its session is kept without any, in seconds.
COALESCE_SECONDS = 0.05
KEEP_SECONDS = 60.0


def vicinity() -> str:
    """Return what those processes share who are told through their doorbells already, and nobody else."""
    try:  # the directory itself: under one path each container, and each service of systemd, may have its own
        found = process_lock.directory_path().lstat()
    except OSError:  # where there is none, nobody has a doorbell
        return secrets.token_hex(8)
    seen = f"{owner_name.boot()} {found.st_dev} {found.st_ino}"
    if not HAS_SOCKETS:
        seen += f" {process_id()}"
    return sha256(seen.encode()).hexdigest()[:16]


class Announcer(Sender):
    """Tells workers of other hosts, with a session of the pool; without one, it keeps its own while it has to tell."""

    def __init__(self) -> None:
        super().__init__("PostgreSQL")

    def announce(self) -> None:
        self.notify([SOME_JOB])

    def deliver(self, job_ids: set[int]) -> bool:
        if not job_ids:
            connection.close()
            return False
        try:
            self._tell()
        except BrokerDownError:  # the server, or what is before it, may have ended the session while it rested
            self._tell()
        sessions.give_back()
        self.stopping.wait(COALESCE_SECONDS)
        return True

    def _tell(self) -> None:
        try:
            sessions.announce(CHANNEL, vicinity())
        except DatabaseError as error:
            connection.close()
            raise BrokerDownError(described(error)) from error

    def seconds_to_wait(self) -> float:
        return KEEP_SECONDS if connection.connection else super().seconds_to_wait()


class Listener(GuardedThread):
    """Has a worker look for jobs when a process of another host has some."""

    max_rest_seconds = REST_SECONDS[1]

    def __init__(self, mailbox: Mailbox) -> None:
        what = "Being told of other hosts' jobs by PostgreSQL (they are picked up by the sweep)"
        super().__init__("tagging-listener", ErrorLog(logger, what))
        self._mailbox = mailbox
        self._session: Connection | None = None
        self._vicinity = vicinity()
        self._waker, self._woken = socket.socketpair()

    def step(self) -> None:
        session = self._session = self._session or sessions.listening(CHANNEL)
        if not session:
            logger.info("PostgreSQL has a pooler before it, or no session to spare: the sweep finds others' jobs")
            self.stopping.set()
            return
        self.succeeded()  # now: the wait that follows may be long
        self._mailbox.hears_jobs.wait(KEEP_SECONDS)
        with selectors.DefaultSelector() as readable:
            readable.register(session.fileno(), selectors.EVENT_READ)
            readable.register(self._woken, selectors.EVENT_READ)
            readable.select()
        try:
            payloads = sessions.heard(session)
        except BaseException:
            self._hang_up()
            raise
        if payloads - {self._vicinity}:
            self._mailbox.notify(SOME_JOB)

    def wake(self) -> None:
        with suppress(OSError):  # closed, as it has ended by itself
            self._waker.send(b"!")

    def close(self) -> None:
        self._hang_up()
        self._waker.close()
        self._woken.close()

    def _hang_up(self) -> None:
        if self._session:
            self._session.close()
            self._session = None


@contextmanager
def listening(mailbox: Mailbox) -> Iterator[None]:
    """Put what other hosts tell into this mailbox, as long as the context lasts."""
    listener = Listener(mailbox)
    listener.start()
    try:
        yield
    finally:
        listener.stop(1.0)
