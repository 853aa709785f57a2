"""Each transport as it is run in earnest, on the servers that are here, or a word on why it cannot be run.

Servers are where `make test-services` finds them. Queues have names of their own there, and are removed afterwards.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

from tests.services.__main__ import SERVERS
from tests.services.brokers import remove
from tests.support.servers import PYTHON, ROOT, Server
from tests.support.site import Site
from tests.support.workers import celery_worker, db_worker, run_worker

Settings = dict[str, str]


class NotHereError(Exception):
    """What this transport needs is not on this machine."""


def need(*packages: str) -> None:
    if missing := [name for name in packages if not find_spec(name)]:
        raise NotHereError(f"{' and '.join(missing)} not installed")


@contextmanager
def stand_in(module: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run one of this package's servers; yield it and the port that it prints."""
    command = [PYTHON, "-m", f"tests.load.benchmarks.{module}"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


# -- where each is played: contexts that yield its settings ------------------------------------------------------


@contextmanager
def in_process(*packages: str, **settings: str) -> Iterator[Settings]:
    need(*packages)
    yield settings


@contextmanager
def celery_on(server: str, *packages: str) -> Iterator[Settings]:
    need("celery", *packages)
    from kombu import Connection  # only where Celery is installed

    variable, usual = SERVERS[server]
    url, name = os.environ.get(variable, usual), f"devlogs-bench-{secrets.token_hex(4)}"
    try:
        with Connection(url, connect_timeout=2) as connection:
            connection.connect()
    except Exception as error:  # each broker has errors of its own
        why = f"no {server} where {variable} says, or at its usual address ({type(error).__name__})"
        raise NotHereError(why) from error
    try:
        yield {"TAGGING_TRANSPORT": "celery", "TAGGING_BROKER_URL": url, "TAGGING_BROKER_QUEUE": name}
    finally:
        remove(url, name)


@contextmanager
def own_sqs() -> Iterator[Settings]:
    need("boto3")
    with stand_in("sqs") as (_, port):
        yield {
            "TAGGING_TRANSPORT": "sqs",
            "TAGGING_SQS_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/devlogs",
            "AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }


@dataclass(frozen=True)
class Transport:
    place: Callable[[], AbstractContextManager[Settings]]
    worker: Callable[[Site], Server] | None = None  # starts the process that works, where it is not the web's own
    has_tables: bool = False  # of its own, which the prepared database lacks


TRANSPORTS = {
    "memory": Transport(in_process),
    "memory, run_worker": Transport(partial(in_process, TAGGING_WORKER="off"), run_worker),
    "celery, RabbitMQ": Transport(partial(celery_on, "rabbitmq"), celery_worker),
    "celery, Redis": Transport(partial(celery_on, "redis", "redis"), celery_worker),
    "sqs, run_worker": Transport(own_sqs, run_worker),
    "actors": Transport(partial(in_process, "pykka", TAGGING_TRANSPORT="actors")),
    "django, db_worker": Transport(
        partial(in_process, "django_tasks_db", TAGGING_TRANSPORT="django"), db_worker, has_tables=True
    ),
}
