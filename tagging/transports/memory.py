"""The default transport: a queue.Queue inside this process, read by the worker thread beside the web server."""

from __future__ import annotations

from collections.abc import Sequence

from tagging.engine.mailbox import Mailbox
from tagging.engine.worker import Worker
from tagging.queues import Transport


class MemoryTransport(Transport):
    """Puts ids into the mailbox of this process's worker; without a worker here the mailbox simply fills."""

    has_local_worker = True
    mailbox = Mailbox()

    def send(self, job_ids: Sequence[int]) -> None:
        for job_id in job_ids:
            self.mailbox.notify(job_id)

    def make_worker(self) -> Worker:
        # With a new mailbox: the old one's lock may not have survived a fork.
        MemoryTransport.mailbox = Mailbox()
        return Worker(MemoryTransport.mailbox)
