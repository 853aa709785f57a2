"""The default transport: a queue.Queue inside this process, read by the worker thread beside the web server.

What that worker cannot begin, or where there is none, the workers of other processes are told of: on this host by
their doorbells, on others by PostgreSQL.
"""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from django.db import connection

from tagging.engine.doorbell import Neighbours
from tagging.engine.mailbox import Mailbox
from tagging.engine.worker import Worker
from tagging.queues import Transport
from tagging.transports import postgresql

# How long the end of a process waits until other hosts are told.
FLUSH_SECONDS = 1.0


class MemoryTransport(Transport):
    """Puts ids into the mailbox of this process's worker; without a worker here the mailbox simply fills."""

    has_local_worker = True
    mailbox = Mailbox()
    worker: Worker | None = None

    def __init__(self) -> None:
        self._neighbours = Neighbours()
        self._announcer = postgresql.Announcer()
        atexit.register(self.stop)

    def send(self, job_ids: Sequence[int]) -> None:
        for job_id in job_ids:
            self.mailbox.notify(job_id)
        if not (self.worker and self.worker.has_room):
            self.notify_others()

    def notify_others(self) -> None:
        if not self._neighbours.birthplace.is_here:
            self._neighbours = Neighbours()
        self._neighbours.notify()
        if connection.vendor == "postgresql":
            if not self._announcer.is_usable:
                self._announcer = postgresql.Announcer()
            self._announcer.announce()

    def stop(self) -> None:
        """Have others told what they are still to be told; a later notification begins anew."""
        self._announcer.stop(FLUSH_SECONDS)
        if self._neighbours.birthplace.is_here:
            self._neighbours.close()

    def make_worker(self) -> Worker:
        # With a new mailbox: the old one's lock may not have survived a fork.
        MemoryTransport.mailbox = Mailbox()
        MemoryTransport.worker = Worker(
            MemoryTransport.mailbox, consume=self.consume, notify_others=self.notify_others
        )
        return MemoryTransport.worker

    def consume(self, mailbox: Mailbox) -> AbstractContextManager[None]:
        return postgresql.listening(mailbox) if connection.vendor == "postgresql" else nullcontext()
