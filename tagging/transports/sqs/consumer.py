"""The other end of the queue, where run_worker answers: messages ring its worker, and go once their job is settled.

SQS lends a message for its visibility timeout, the same time as a job's lease, and lends it again to somebody else
when that runs out. So it is extended while the job is unfinished. It is deleted only after the job was saved: then
a worker killed at any moment leaves its messages behind. What a message says is a hint all the same; of duplicates,
and of what another worker did, the row knows.
"""

from __future__ import annotations

import json
import logging
import math
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from tagging.engine.worker import Worker
from tagging.models import Job
from tagging.transports.sqs.transport import MAX_MESSAGES, Queue

logger = logging.getLogger(__name__)

# The longest poll that SQS knows: the fewest requests, and a message still comes at once.
WAIT_SECONDS = 20
REST_SECONDS = (1.0, 30.0)


@dataclass(slots=True)
class Held:
    """The messages that ring for one job, by their receipt handles, and when they want to be extended."""

    handles: list[str] = field(default_factory=list)
    extend_at: float = 0.0


class Consumer:
    """Two threads: one polls and rings, the other deletes and extends. Both only read the database."""

    def __init__(self, worker: Worker, url: str, *, wait_seconds: int = WAIT_SECONDS) -> None:
        self.worker = worker
        self._wait_seconds = wait_seconds
        self._queue = Queue(url)
        self._polled = Queue(url, read_seconds=wait_seconds + 5)
        self._visibility = max(2, math.ceil(settings.TAGGING_LEASE_SECONDS))
        self._held: dict[int, Held] = {}
        self._lock = threading.Lock()
        self._settled: queue.SimpleQueue[set[int]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._poll_ends_at = 0.0
        # Enough to keep the worker busy; what it cannot do soon is better held by SQS, for other workers.
        self._room = 2 * settings.TAGGING_CONCURRENCY + 2 * MAX_MESSAGES
        self._poller = threading.Thread(target=self._guarded, args=(self.poll,), name="sqs-poll", daemon=True)
        self._keeper = threading.Thread(target=self._guarded, args=(self.keep,), name="sqs-keep", daemon=True)

    def start(self) -> None:
        self.worker.on_settled = self._settled.put
        self._poller.start()
        self._keeper.start()

    def stop(self) -> None:
        """Delete what is settled and give back the rest. The poll under way is not waited for: it ends by itself."""
        self._stopping.set()
        self._settled.put(set())
        self._keeper.join(10)
        self.worker.on_settled = lambda job_ids: None

    def _guarded(self, turn: Any) -> None:
        """Run a thread that must not die of a fault."""
        shortest, longest = REST_SECONDS
        rest = shortest
        while not self._stopping.is_set():
            try:
                is_well = turn()
            except Exception as error:
                logger.error("Reading from SQS stumbled over %s and goes on", type(error).__name__)
                is_well = False
            rest = shortest if is_well else min(2 * rest, longest)
            if not is_well:
                self._stopping.wait(rest)
        if turn == self.keep:
            with suppress(Exception):
                self._give_back()
        connection.close()

    # -- polling -------------------------------------------------------------------------------------------------

    def poll(self) -> bool:
        """Fetch once, and ring for what is unfinished; return False when it is better to rest."""
        if len(self._held) >= self._room:
            self._stopping.wait(0.05)
            return True
        self._poll_ends_at = time.monotonic() + self._wait_seconds
        answer = self._polled.call(
            "receive_message",
            MaxNumberOfMessages=MAX_MESSAGES,
            WaitTimeSeconds=self._wait_seconds,
            VisibilityTimeout=self._visibility,
        )
        if answer is None:
            return False
        messages = answer.get("Messages", [])
        if self._stopping.is_set():  # too late for this worker: at once for another
            self._show([message["ReceiptHandle"] for message in messages])
            return True
        rung = [(job_id, message["ReceiptHandle"]) for message in messages if (job_id := id_in(message))]
        unfinished = self._unfinished(job_id for job_id, _ in rung)
        self._delete([handle for job_id, handle in rung if job_id not in unfinished])
        with self._lock:
            for job_id, handle in rung:
                if job_id in unfinished:
                    held = self._held.setdefault(job_id, Held())
                    held.handles.append(handle)
                    held.extend_at = time.monotonic() + self._visibility / 2
        for job_id in unfinished:
            self.worker.mailbox.ring(job_id)
        return True

    def _unfinished(self, job_ids: Iterable[int]) -> set[int]:
        """Return those of these jobs that are still to be done; all of them while the database does not answer."""
        wanted = set(job_ids)
        if not wanted:
            return wanted
        try:
            return set(Job.objects.filter(pk__in=wanted, state__in=Job.UNFINISHED).values_list("pk", flat=True))
        except DatabaseError:
            connection.close()
            return wanted

    # -- keeping -------------------------------------------------------------------------------------------------

    def keep(self) -> bool:
        """Delete the messages of jobs that were settled, and extend those of others that are still unfinished."""
        with suppress(queue.Empty):
            settled = self._settled.get(timeout=self._seconds_until_next())
            while True:
                self._delete(self._forget(settled))
                settled = self._settled.get_nowait()
        now = time.monotonic()
        with self._lock:
            old = {job_id for job_id, held in self._held.items() if held.extend_at <= now}
        unfinished = self._unfinished(old)
        self._delete(self._forget(old - unfinished))
        with self._lock:
            handles = [handle for job_id in unfinished & self._held.keys() for handle in self._held[job_id].handles]
            for job_id in unfinished & self._held.keys():
                self._held[job_id].extend_at = now + self._visibility / 2
        self._show(handles, after=self._visibility)
        return True

    def _seconds_until_next(self) -> float:
        with self._lock:
            next_at = min((held.extend_at for held in self._held.values()), default=math.inf)
        return min(max(next_at - time.monotonic(), 0.01), self._visibility / 2)

    def _forget(self, job_ids: Iterable[int]) -> list[str]:
        """Hold these jobs' messages no longer; return their handles."""
        with self._lock:
            gone = [self._held.pop(job_id) for job_id in job_ids if job_id in self._held]
        return [handle for held in gone for handle in held.handles]

    def _give_back(self) -> None:
        """Delete what was settled meanwhile, and let others have what was not."""
        while not self._settled.empty():
            self._delete(self._forget(self._settled.get()))
        # Not before our own last poll is over: SQS might answer it still, when nobody is there to read.
        seconds = max(0, math.ceil(self._poll_ends_at - time.monotonic()))
        self._show(self._forget(list(self._held)), after=seconds)

    # Handles that have expired are refused one by one in a 200. That is no fault: their messages are somebody else's.

    def _delete(self, handles: list[str]) -> None:
        for entries in in_tens(handles):
            self._queue.call("delete_message_batch", Entries=entries)

    def _show(self, handles: list[str], *, after: int = 0) -> None:
        """Have these messages be seen by others after so many seconds."""
        for entries in in_tens(handles):
            timed = [entry | {"VisibilityTimeout": after} for entry in entries]
            self._queue.call("change_message_visibility_batch", Entries=timed)


def in_tens(handles: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Yield the entries of requests about these messages."""
    entries: list[dict[str, Any]] = [{"Id": str(n), "ReceiptHandle": handle} for n, handle in enumerate(handles)]
    for start in range(0, len(entries), MAX_MESSAGES):
        yield entries[start : start + MAX_MESSAGES]


def id_in(message: dict[str, Any]) -> int | None:
    """Return the job's id. What has none is left where it is: after some more tries it is a dead letter."""
    with suppress(ValueError, TypeError, KeyError):
        job_id = json.loads(message["Body"])["id"]
        if type(job_id) is int and 0 < job_id < 2**63:
            return job_id
    logger.warning("SQS message %s has no job's id and is left to the redrive policy", message.get("MessageId"))
    return None


@contextmanager
def consuming(worker: Worker, url: str) -> Iterator[None]:
    consumer = Consumer(worker, url)
    consumer.start()
    try:
        yield
    finally:
        consumer.stop()
