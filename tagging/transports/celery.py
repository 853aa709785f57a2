"""Notifications as Celery messages: any number of worker processes, on any hosts, by RabbitMQ or Redis.

    web process                      celery -A devlog_project worker
    send -> sender thread -> broker -> notify_worker(ids) -> mailbox of the process's one Worker

A message is only a hint, so it is acknowledged at once, and what is lost with a broker or a worker is found by the
sweep. Retries, attempts and results belong to the job row; all of Celery's own are off.
"""

# mypy: disable-error-code="import-untyped,import-not-found,untyped-decorator"
from __future__ import annotations

import atexit
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

try:
    from celery import Celery, signals
    from kombu import Exchange, Queue
except ImportError as error:
    raise ImportError("The celery transport needs Celery: pip install -r requirements/celery.txt") from error
from tagging.engine.mailbox import Mailbox
from tagging.engine.worker import Worker
from tagging.queues import Transport
from tagging.transports.sender import BrokerDownError, Sender

# So many ids a message: fewer messages when many come at once, and still enough of them to wake several processes.
IDS_PER_MESSAGE = 10
# So many messages wait at RabbitMQ while no worker is there; of more the oldest are dropped.
MAX_MESSAGES = 10_000
# How long the broker may take to answer, in seconds.
BROKER_TIMEOUT_SECONDS = 5.0
# How long the end of a process waits for its last ids.
FLUSH_SECONDS = 1.0

IS_RABBITMQ = settings.TAGGING_BROKER_URL.startswith(("amqp", "pyamqp"))
# A name of its own: where an earlier version declared a queue under the setting's bare name, with other arguments,
# RabbitMQ would refuse this one.
NAME = f"{settings.TAGGING_BROKER_QUEUE}.notifications"

if not IS_RABBITMQ:
    from kombu.transport import redis  # only where it is the broker

    # When Redis dies, kombu 5.7 would hand back what is unacknowledged over a connection that it has closed already,
    # and that ends the worker process.
    redis.QoS.restore_at_shutdown = False

app = Celery("devlog_project")
app.conf.update(
    broker_url=settings.TAGGING_BROKER_URL,
    # Without a prefix, other applications on the same Redis database would share what lies under Celery's own keys.
    broker_transport_options={"confirm_publish": True} if IS_RABBITMQ else {"global_keyprefix": f"{NAME}:"},
    # A worker waits for its broker for ever, and meanwhile sweeps.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_queues=[Queue(NAME, Exchange(NAME, type="direct"), routing_key=NAME, max_length=MAX_MESSAGES)],
    task_default_queue=NAME,
    task_default_exchange=NAME,
    task_default_routing_key=NAME,
    task_create_missing_queues=False,
    task_ignore_result=True,
    task_publish_retry=False,
    accept_content=["json"],
    timezone=settings.TIME_ZONE,
    # A task only puts ids into the mailbox of its process's worker; it needs no process or thread for that.
    worker_pool="solo",
)


# -- in the process that enqueues --------------------------------------------------------------------------------


class CeleryTransport(Transport):
    """Publishes from a thread of its own."""

    def __init__(self) -> None:
        self._publisher = Publisher()
        atexit.register(lambda: self._publisher.stop(FLUSH_SECONDS))

    def send(self, job_ids: Sequence[int]) -> None:
        if not self._publisher.is_usable:  # a fork's child
            self._publisher = Publisher()
        self._publisher.notify(job_ids)


class Publisher(Sender):
    """Publishes ids over one connection, made anew when it fails."""

    def __init__(self) -> None:
        super().__init__("Celery's broker")
        self._connection: Any = None

    def deliver(self, job_ids: set[int]) -> bool:
        ids = sorted(job_ids)
        for start in range(0, len(ids), IDS_PER_MESSAGE):
            self._publish(ids[start : start + IDS_PER_MESSAGE])
        return bool(ids)

    def close(self) -> None:
        broken, self._connection = self._connection, None
        if broken:
            with suppress(Exception):
                broken.close()

    def _publish(self, job_ids: list[int]) -> None:
        """Publish one message; an old connection may have gone stale, so a failure on it is tried on a new one."""
        is_old = self._connection is not None
        options = {"confirm_timeout": BROKER_TIMEOUT_SECONDS} if IS_RABBITMQ else {}
        try:
            self._connection = self._connection or connect()
            notify_worker.apply_async((job_ids,), connection=self._connection, retry=False, **options)
        except Exception as error:
            self.close()
            if not is_old:
                raise BrokerDownError(type(error).__name__) from error
            self._publish(job_ids)


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


# -- in the process that works -----------------------------------------------------------------------------------

mailbox = Mailbox()
worker = Worker(mailbox)


@app.task(name="tagging.notify_worker")
def notify_worker(job_ids: list[int]) -> None:
    """Have the worker of this process look at these jobs."""
    for job_id in job_ids:
        mailbox.notify(job_id)


@signals.worker_init.connect
def start_worker(sender: Any, **kwargs: Any) -> None:
    """Start this process's one worker before the broker is even asked, so that the sweep works without it."""
    pool = str(sender.pool_cls)
    if "solo" not in pool and "thread" not in pool:
        raise ImproperlyConfigured("Run Celery without --pool, or with --pool solo or threads.")
    worker.start()


@signals.worker_shutting_down.connect
def claim_no_more(**kwargs: Any) -> None:
    worker.ask_to_stop(settings.TAGGING_SHUTDOWN_SECONDS)


@signals.worker_shutdown.connect
def stop_worker(**kwargs: Any) -> None:
    """Finish or give back what is in flight before the process ends."""
    worker.stop(settings.TAGGING_SHUTDOWN_SECONDS)


@signals.setup_logging.connect
def keep_logging(**kwargs: Any) -> None:
    """Leave logging as Django has set it up; a line for each message would only repeat what its jobs' lines say."""
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)
