"""The Celery app, for `TAGGING_TRANSPORT=celery`: `celery -A devlog_project worker`.

A message is a ring and no more: "look at these jobs". Retries, attempts and results belong to the job row, so all of
Celery's own are off. RabbitMQ is the first choice; Redis serves too, and hands back what a killed worker held later.
"""

# mypy: disable-error-code="import-untyped,import-not-found,untyped-decorator"
from __future__ import annotations

import logging
import os
from typing import Any

from celery import Celery, signals
from django.conf import settings
from kombu import Exchange, Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "devlog_project.settings")

# After so many deliveries a message goes to the dead letters: it has had its worker killed each time. Without a limit
# it would go round for ever. A queue's arguments cannot be changed once it exists; so this is no setting.
DELIVERY_LIMIT = 20
IS_RABBITMQ = settings.TAGGING_BROKER_URL.startswith(("amqp", "pyamqp"))

NAME = settings.TAGGING_BROKER_QUEUE
DEAD_NAME = f"{NAME}.dead"
# A topic exchange, because Celery's delayed delivery, should one ever use it, works with no other on quorum queues.
EXCHANGE = Exchange(NAME, type="topic")
QUEUE = Queue(
    NAME,
    EXCHANGE,
    routing_key=NAME,
    queue_arguments={
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": NAME,
        "x-dead-letter-routing-key": DEAD_NAME,
    }
    if IS_RABBITMQ
    else {},
)
# Declared by who starts to work, read by people only.
DEAD_LETTERS = Queue(DEAD_NAME, EXCHANGE, routing_key=DEAD_NAME, queue_arguments={"x-queue-type": "quorum"})

if not IS_RABBITMQ:
    from kombu.transport import redis  # only where it is the broker

    # When Redis dies, kombu 5.7 would hand back what is unacknowledged over a connection that it has closed already,
    # and that ends the worker process. The visibility timeout hands it back as well, and the sweep needs neither.
    redis.QoS.restore_at_shutdown = False

app = Celery("devlog_project")
app.conf.update(
    broker_url=settings.TAGGING_BROKER_URL,
    # Redis gives a message to another only after this time; long enough that no living worker still holds it.
    broker_transport_options={"confirm_publish": True}
    if IS_RABBITMQ
    else {
        "visibility_timeout": int(2 * settings.TAGGING_LEASE_SECONDS) + 60,
        # What is unacknowledged lies under one key in each database: without a prefix, other applications share it.
        "global_keyprefix": f"{NAME}:",
    },
    # A worker waits for its broker for ever, and meanwhile sweeps.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    imports=["tagging.transports.celery"],
    task_queues=[QUEUE],
    task_default_queue=NAME,
    task_default_exchange=NAME,
    task_default_exchange_type="topic",
    task_default_routing_key=NAME,
    task_create_missing_queues=False,
    task_acks_late=True,
    task_ignore_result=True,
    task_publish_retry=False,
    accept_content=["json"],
    timezone=settings.TIME_ZONE,
    # Tasks only wait, side by side, for the one worker of their process.
    worker_pool="threads",
    worker_concurrency=settings.TAGGING_CONCURRENCY,
    worker_prefetch_multiplier=1,
)


@signals.setup_logging.connect
def keep_logging(**kwargs: Any) -> None:
    """Leave logging as Django has set it up; a line for each message would only repeat what its jobs' lines say."""
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)
