"""The ring as a Celery message: any number of worker processes, on any hosts, woken by RabbitMQ or Redis.

    web process                             celery -A devlog_project worker
    send -> mailbox -> publisher thread --> look(ids) -> rings the process's Worker, waits until they are settled

A message is acknowledged when its jobs are settled, wherever that was. So the broker's queue shows the true backlog, a
process takes no more than it can work on, and what a killed one held rings again at the next.
"""

# mypy: disable-error-code="import-untyped,import-not-found,untyped-decorator"
from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

try:
    from celery import signals
except ImportError as error:
    raise ImportError("The celery transport needs Celery: pip install -r requirements-celery.txt") from error
from devlog_project.celery import DEAD_LETTERS, IS_RABBITMQ, app
from tagging.engine.worker import Worker
from tagging.models import Job
from tagging.transports.memory import FINISHED, Mailbox

logger = logging.getLogger(__name__)

# So many ids a message: fewer messages when many come at once, and still enough of them to wake several processes.
IDS_PER_MESSAGE = 10
# How long the broker may take to answer, in seconds, and how long it is left alone when it did not.
BROKER_TIMEOUT_SECONDS = 5.0
REST_SECONDS = 5.0
# How long the end of a process waits for its last rings.
FLUSH_SECONDS = 1.0
# How often a task that waits looks at its jobs' rows: another process may have settled them.
LOOK_SECONDS = 1.0


# -- in the process that enqueues --------------------------------------------------------------------------------


class CeleryTransport:
    """Hands the ids to a thread that publishes them, so that no request ever waits for a broker.

    It is called after commit already: `delay_on_commit` would only wait for the same commit once more.
    """

    def __init__(self) -> None:
        self._publisher = Publisher(publish)

    def send(self, job_ids: Sequence[int]) -> None:
        if not self._publisher.is_alive():
            self._publisher = Publisher(publish)
        self._publisher.put(job_ids)


class Publisher:
    """A daemon thread behind a bounded mailbox; what a broker that is down costs is the rings, said once."""

    def __init__(self, publish: Callable[[Any, Sequence[int]], None]) -> None:
        self._publish = publish
        self._mailbox = Mailbox()
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name="tagging-publisher", daemon=True)
        self._connection: Any = None
        self._is_broken = False
        self._lock = threading.Lock()

    def is_alive(self) -> bool:
        return self._pid == os.getpid() and (self._thread.is_alive() or not self._thread.ident)

    def put(self, job_ids: Sequence[int]) -> None:
        for job_id in job_ids:
            self._mailbox.ring(job_id)
        with self._lock:
            if not self._thread.ident:
                self._thread.start()
                atexit.register(self.stop)

    def stop(self) -> None:
        """Publish what is left, as a command that ends may have rung just now; but keep nobody waiting."""
        self._mailbox.ring(FINISHED)
        if self.is_alive():
            self._thread.join(FLUSH_SECONDS)

    def _run(self) -> None:
        rung: set[int] = set()
        while FINISHED not in rung:
            rung = self._mailbox.wait(timeout=3600)
            job_ids = sorted(rung - {FINISHED})
            for start in range(0, len(job_ids), IDS_PER_MESSAGE):
                if not self._deliver(job_ids[start : start + IDS_PER_MESSAGE]):
                    time.sleep(REST_SECONDS)
                    break

    def _deliver(self, job_ids: Sequence[int]) -> bool:
        """Publish one message; an old connection may have gone stale, so a failure on it is tried on a new one."""
        for is_last in (self._connection is None, True):
            try:
                self._connection = self._connection or connect()
                self._publish(self._connection, job_ids)
            except Exception as error:
                self._disconnect()
                if is_last:
                    self._note_broken(error)
                    return False
            else:
                self._is_broken = False
                return True
        return False

    def _disconnect(self) -> None:
        broken, self._connection = self._connection, None
        if broken:
            with suppress(Exception):
                broken.close()

    def _note_broken(self, error: Exception) -> None:
        if not self._is_broken:  # once, not with each ring
            logger.error(
                "The broker does not answer (%s); jobs wait for the sweep until it does", type(error).__name__
            )
        self._is_broken = True


def connect() -> Any:
    """Return a connection that gives up soon, and that no missed heartbeat ends while nothing is posted."""
    seconds = BROKER_TIMEOUT_SECONDS
    timeouts = (
        {"read_timeout": seconds, "write_timeout": seconds}
        if IS_RABBITMQ
        else {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    )
    return app.connection_for_write(
        heartbeat=0, connect_timeout=seconds, transport_options=timeouts | {"max_retries": 0}
    )


def publish(connection: Any, job_ids: Sequence[int]) -> None:
    options = {"confirm_timeout": BROKER_TIMEOUT_SECONDS} if IS_RABBITMQ else {}
    look.apply_async((list(job_ids),), connection=connection, retry=False, **options)


# -- in the process that works -----------------------------------------------------------------------------------


class Waiting:
    """Which tasks wait for which jobs, told by the worker what has left its hands."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._left: list[set[int]] = []
        self.is_over = False

    def settled(self, job_ids: Collection[int]) -> None:
        with self._changed:
            for left in self._left:
                left.difference_update(job_ids)
            self._changed.notify_all()

    def end(self) -> None:
        """Let all tasks go: this process ends."""
        with self._changed:
            self.is_over = True
            self._changed.notify_all()

    def until_settled(self, job_ids: Sequence[int], mailbox: Mailbox, seconds: float) -> bool:
        """Ring for these jobs and wait until none is due or running; say whether that came in time."""
        left, until = set(job_ids), time.monotonic() + seconds
        with self._changed:
            self._left.append(left)  # before the ring, so that no answer is missed
        try:
            for job_id in job_ids:
                mailbox.ring(job_id)
            while True:
                under_way = jobs_under_way(left)
                with self._changed:
                    left.intersection_update(under_way)
                    self._changed.wait_for(lambda: not left or self.is_over, min(LOOK_SECONDS, seconds))
                    if not left or self.is_over or time.monotonic() >= until:
                        return not left
        finally:
            with self._changed:
                self._left = [each for each in self._left if each is not left]


def jobs_under_way(job_ids: Collection[int]) -> set[int]:
    """Return which of these jobs are due or running, whoever holds them; all, while the database does not answer."""
    try:
        due, running = Job.objects.due(), Job.objects.running()
        return set((due | running).filter(pk__in=set(job_ids)).values_list("pk", flat=True))
    except DatabaseError:
        return set(job_ids)
    finally:
        connection.close()  # not held while waiting: tasks are many, connections few


waiting = Waiting()
worker: Worker | None = None
stopping: threading.Thread | None = None


@app.task(name="tagging.look", bind=True)
def look(self: Any, job_ids: list[int]) -> None:
    """Have the worker of this process look at these jobs, and hold the message until they are settled.

    No longer than a lease: what waits longer (for the provider, say) is found by the sweep.
    """
    mailbox = worker.mailbox if worker else Mailbox()
    is_settled = waiting.until_settled(job_ids, mailbox, settings.TAGGING_LEASE_SECONDS)
    if not is_settled and waiting.is_over:
        from celery.exceptions import Reject

        raise Reject("This worker ends; another may look.", requeue=True)


@signals.worker_init.connect
def start_worker(sender: Any, **kwargs: Any) -> None:
    """Start this process's one worker before the broker is even asked, so that the sweep works without it."""
    global worker
    if "thread" not in str(sender.pool_cls) and "solo" not in str(sender.pool_cls):
        raise ImproperlyConfigured("Run Celery with the thread pool: celery -A devlog_project worker -P threads")
    worker = Worker(Mailbox())
    worker.on_settled = waiting.settled
    worker.start()


@signals.worker_ready.connect
def declare_dead_letters(**kwargs: Any) -> None:
    if IS_RABBITMQ:
        with app.connection_for_write() as broker:
            DEAD_LETTERS(broker.default_channel).declare()


@signals.worker_shutting_down.connect
def begin_to_stop(**kwargs: Any) -> None:
    """Claim no more from now on. Celery waits for its tasks, and those for the worker."""
    global stopping
    stopping = threading.Thread(target=stop_worker, name="tagging-stop")
    stopping.start()


def stop_worker() -> None:
    if worker:
        worker.stop(settings.TAGGING_SHUTDOWN_SECONDS)
    waiting.end()


@signals.worker_shutdown.connect
def wait_for_stop(**kwargs: Any) -> None:
    """Wait until what is in flight is settled or given back; the end may also come without a signal."""
    if not stopping:
        begin_to_stop()
    if stopping:
        stopping.join()
