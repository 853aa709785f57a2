"""Rings carried by Amazon SQS, or any server that speaks its API (AWS_ENDPOINT_URL_SQS names it).

Who answers them is TAGGING_SQS_CONSUMER: `worker` (manage.py run_worker, see sqs_consumer; a message is an id) or
`lambda` (see sqs_relay; a message is a record of its own, since the function knows no database).
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from tagging.transports.memory import FINISHED, Mailbox

if TYPE_CHECKING:
    from tagging.engine.worker import Worker

logger = logging.getLogger(__name__)

# What SQS takes in one request.
MAX_MESSAGES = 10
MAX_BYTES = 1024 * 1024
CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
# How long a sending thread rests after trouble, doubled each time up to the second.
REST_SECONDS = (1.0, 30.0)
REGION = re.compile(r"^https?://sqs\.([a-z0-9-]+)\.amazonaws\.")


class SQSTransport:
    """Rings from a thread of its own: whoever saves a dev-log never waits for SQS, up or down."""

    def __init__(self) -> None:
        if not settings.TAGGING_SQS_QUEUE_URL:
            raise ImproperlyConfigured("TAGGING_TRANSPORT is sqs: set TAGGING_SQS_QUEUE_URL to the queue's address.")
        self._is_for_lambda = settings.TAGGING_SQS_CONSUMER == "lambda"
        # Where Lambda answers, each process that serves hands over what is due, from its start on.
        self.worker: Callable[[], Sender] | None = self.sender if self._is_for_lambda else None
        self._sender: Sender | None = None
        self._pid = 0

    def send(self, job_ids: Sequence[int]) -> None:
        self.sender().ring(job_ids)

    def sender(self) -> Sender:
        """Return this process's sender: threads, sockets and claims do not pass a fork."""
        if not self._sender or self._sender.is_dead() or self._pid != os.getpid():
            queue = Queue(settings.TAGGING_SQS_QUEUE_URL)
            if self._is_for_lambda:
                from tagging.transports.sqs.relay import Relay  # it needs the models

                self._sender = Relay(queue)
            else:
                self._sender = Ringer(queue)
            self._pid = os.getpid()
        return self._sender

    def consume(self, worker: Worker) -> AbstractContextManager[Any]:
        """Ring this worker for what is in the queue, as long as the context lasts.

        Where Lambda answers, the worker works beside it, by claims of its own, and its process feeds the queue too.
        """
        if self._is_for_lambda:
            return feeding(self.sender())
        from tagging.transports.sqs.consumer import consuming  # it needs the models

        return consuming(worker, settings.TAGGING_SQS_QUEUE_URL)


class Queue:
    """One SQS queue. Whatever is wrong with it costs hints, so it is logged when it begins and never raised."""

    def __init__(self, url: str, *, read_seconds: float = READ_SECONDS) -> None:
        self.url = url
        self._read_seconds = read_seconds
        self._is_broken = False

    @cached_property
    def _client(self) -> Any:
        import boto3  # slow import, and an extra: requirements-sqs.txt
        from botocore.config import Config

        region = REGION.match(self.url)
        return boto3.session.Session().client(
            "sqs",
            region_name=region[1] if region else None,
            # A second try would only hold up what comes behind; the sweep is the second try.
            config=Config(
                connect_timeout=CONNECT_SECONDS, read_timeout=self._read_seconds, retries={"total_max_attempts": 1}
            ),
        )

    def call(self, operation: str, **parameters: Any) -> dict[str, Any] | None:
        """Return SQS's answer, or None when there is none. Entries it refused in a 200 are under `Failed`."""
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(QueueUrl=self.url, **parameters)
        except Exception as error:
            self._note_trouble(f"{type(error).__name__}: {error}")
            return None
        if not answer.get("Failed"):
            self._is_broken = False
        return answer

    def send(self, bodies: Mapping[int, str]) -> set[int]:
        """Send these messages, each for a job; return the jobs whose messages SQS took."""
        sent: set[int] = set()
        for batch in batches(bodies):
            answer = self.call(
                "send_message_batch",
                Entries=[{"Id": str(job_id), "MessageBody": body} for job_id, body in batch.items()],
            )
            if answer is None:
                break
            sent |= {int(entry["Id"]) for entry in answer.get("Successful", ())}
            if failed := answer.get("Failed"):
                self._note_trouble(f"it refused {len(failed)} messages, the first as {failed[0].get('Code')}")
        return sent

    def _note_trouble(self, what: str) -> None:
        if not self._is_broken:
            logger.error("SQS cannot be used (%s); until it can, jobs wait for a sweep", what)
        self._is_broken = True


def batches(bodies: Mapping[int, str]) -> Iterator[dict[int, str]]:
    """Split messages into what one request may carry."""
    batch: dict[int, str] = {}
    size = 0
    for job_id, body in bodies.items():
        length = len(body.encode())
        if batch and (len(batch) == MAX_MESSAGES or size + length > MAX_BYTES):
            yield batch
            batch, size = {}, 0
        batch[job_id] = body
        size += length
    if batch:
        yield batch


class Sender:
    """A thread that begins with the first ring, if not before.

    Its mailbox is bounded: while SQS is down the rings of all but the last thousand jobs are dropped.
    """

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.turned_at = time.monotonic()
        self.trouble = 0  # turns in a row that raised; SQS being down is none, as entries are taken all the same
        self._mailbox = Mailbox()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tagging-sqs", daemon=True)
        self._start = threading.Lock()

    def turn(self, job_ids: set[int]) -> bool:
        """Do what these rings ask for; return False when it is better to rest."""
        raise NotImplementedError

    def seconds_to_wait(self) -> float:
        """How long to wait for the next ring."""
        return 3600.0

    def close(self) -> None:
        """Let go of what the turns have taken: the last thing the thread does."""

    def ring(self, job_ids: Sequence[int]) -> None:
        self.start()
        for job_id in job_ids:
            self._mailbox.ring(job_id)

    def start(self) -> None:
        with self._start:  # two requests may be the first
            if self._thread.ident is None:
                self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def is_dead(self) -> bool:
        """Whether its thread has ended; one that has not begun is not dead."""
        return self._thread.ident is not None and not self._thread.is_alive()

    def stop(self, timeout: float = 10.0) -> None:
        self._stopping.set()
        self._mailbox.ring(FINISHED)
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        apps.ready_event.wait()
        shortest, longest = REST_SECONDS
        rest = shortest
        while not self._stopping.is_set():
            try:
                is_well = self.turn(self._mailbox.wait(self.seconds_to_wait()) - {FINISHED})
                self.trouble = 0
            except Exception as error:
                if not self.trouble:  # when it begins, not as long as it lasts
                    logger.error("Sending to SQS stumbled over %s and goes on", type(error).__name__)
                is_well = False
                self.trouble += 1
                with suppress(Exception):  # it may be what the trouble is
                    connection.close()
            self.turned_at = time.monotonic()
            if not is_well:
                self._stopping.wait(rest)
            rest = shortest if is_well else min(2 * rest, longest)
        self.close()
        connection.close()


class Ringer(Sender):
    """Sends ids, and forgets those that SQS does not take: run_worker's sweep finds their jobs."""

    def turn(self, job_ids: set[int]) -> bool:
        self.queue.send({job_id: json.dumps({"id": job_id}) for job_id in sorted(job_ids)})
        return True


@contextmanager
def feeding(sender: Sender) -> Iterator[None]:
    sender.start()
    try:
        yield
    finally:
        sender.stop()
