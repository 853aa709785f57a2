"""The other end of the queue, where run_worker answers: each message is deleted at once and wakes its worker.

A message is only a hint. What is lost with a killed worker is found by the sweep, as what is never sent.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tagging.engine.guard import ErrorLog, GuardedThread
from tagging.engine.mailbox import Mailbox
from tagging.transports.sender import REST_SECONDS
from tagging.transports.sqs.queue import MAX_MESSAGES, Queue

logger = logging.getLogger(__name__)

# The longest poll that SQS knows: the fewest requests, and a message still comes at once.
WAIT_SECONDS = 20


class Consumer(GuardedThread):
    """Polls the queue and puts the ids that come into a mailbox."""

    max_rest_seconds = REST_SECONDS[1]

    def __init__(self, mailbox: Mailbox, url: str, *, wait_seconds: int) -> None:
        super().__init__("tagging-sqs-poll", ErrorLog(logger, "Polling SQS (jobs are picked up by the sweep)"))
        self.mailbox = mailbox
        self._wait_seconds = wait_seconds
        self._queue = Queue(url, read_seconds=wait_seconds + 5)

    def step(self) -> None:
        """Fetch once, delete what came, and notify the worker."""
        messages = self._queue.call(
            "receive_message", MaxNumberOfMessages=MAX_MESSAGES, WaitTimeSeconds=self._wait_seconds
        ).get("Messages", [])
        for message in messages:
            if job_id := id_in(message):
                self.mailbox.notify(job_id)
        if messages:
            entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
            # A handle that has expired is refused in a 200. That is no fault: another process has deleted it.
            self._queue.call("delete_message_batch", Entries=entries)


def id_in(message: dict[str, Any]) -> int | None:
    """Return the job's id, or None for a message that has none."""
    with suppress(ValueError, TypeError, KeyError):
        job_id = json.loads(message["Body"])["id"]
        if type(job_id) is int and 0 < job_id < 2**63:
            return job_id
    logger.warning("SQS message %s has no job's id and is deleted", message.get("MessageId"))
    return None


@contextmanager
def consuming(mailbox: Mailbox, url: str) -> Iterator[None]:
    """Poll as long as the context lasts; the poll under way then ends by itself."""
    consumer = Consumer(mailbox, url, wait_seconds=WAIT_SECONDS)
    consumer.start()
    try:
        yield
    finally:
        consumer.stopping.set()
