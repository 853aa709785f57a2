"""Notifications carried by Amazon SQS, to `run_worker` or to a Lambda (TAGGING_SQS_CONSUMER).

For `run_worker` a message is an id (see consumer). For `lambda` it is a record with all that the function needs, as
that knows no database (see relay).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tagging.engine.attempting import configured_extractor
from tagging.engine.mailbox import Mailbox
from tagging.queues import Transport
from tagging.transports.sender import BrokerDownError, Sender
from tagging.transports.sqs.consumer import consuming
from tagging.transports.sqs.queue import Queue
from tagging.transports.sqs.relay import Relay

# How long run_worker waits, at its end, for what is under way to SQS.
STOP_SECONDS = 10.0


class IdSender(Sender):
    """Sends ids, and forgets those that SQS does not take: the sweep of run_worker finds their jobs."""

    def __init__(self, queue: Queue) -> None:
        super().__init__("SQS")
        self._queue = queue

    def deliver(self, job_ids: set[int]) -> bool:
        sent = self._queue.send({job_id: json.dumps({"id": job_id}) for job_id in sorted(job_ids)})
        if sent.problem:
            raise BrokerDownError(sent.problem)
        return bool(sent.taken)


class SQSTransport(Transport):
    """Sends from a thread of its own."""

    def __init__(self) -> None:
        if not settings.TAGGING_SQS_QUEUE_URL:
            raise ImproperlyConfigured("TAGGING_TRANSPORT is sqs: set TAGGING_SQS_QUEUE_URL to the queue's address.")
        # Where Lambda answers, each process that serves hands over what is due, from its start on.
        self.has_local_worker = settings.TAGGING_SQS_CONSUMER == "lambda"
        self._sender = self._new_sender()

    def send(self, job_ids: Sequence[int]) -> None:
        self.make_worker().notify(job_ids)

    def make_worker(self) -> Sender:
        """Return this process's sender: threads, sockets and claims do not pass a fork."""
        if not self._sender.is_usable:
            self._sender = self._new_sender()
        return self._sender

    def _new_sender(self) -> Sender:
        queue = Queue(settings.TAGGING_SQS_QUEUE_URL)
        return Relay(queue, configured_extractor) if self.has_local_worker else IdSender(queue)

    def consume(self, mailbox: Mailbox) -> AbstractContextManager[None]:
        """Put the ids in the queue into this mailbox.

        Where Lambda answers, the worker works beside it, by claims of its own, and its process feeds the queue too.
        """
        if self.has_local_worker:
            return sending(self.make_worker())
        return consuming(mailbox, settings.TAGGING_SQS_QUEUE_URL)


@contextmanager
def sending(sender: Sender) -> Iterator[None]:
    sender.start()
    try:
        yield
    finally:
        sender.stop(STOP_SECONDS)
