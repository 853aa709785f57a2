"""What carries the news of a job to a worker."""

import re
from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured

from devlog_project.env import Env

env = Env(
    "The transport",
    "With `django` Django's own setting `TASKS`, in `devlog_project/settings.py`, names the backend whose worker "
    "runs the tasks: django-tasks-db. Put another one in there, with its app in `INSTALLED_APPS`. One that runs "
    "tasks in the process that enqueues them is warned of by `manage.py check`.",
)

TRANSPORTS = {
    "memory": "tagging.transports.memory.MemoryTransport",
    "celery": "tagging.transports.celery.CeleryTransport",
    "sqs": "tagging.transports.sqs.transport.SQSTransport",
    "actors": "tagging.transports.actors.ActorTransport",
    "django": "tagging.transports.tasks.TasksTransport",
}
# What each of them is written with, and the file in requirements/ that has it.
PACKAGES = {"celery": "celery", "sqs": "boto3", "actors": "pykka", "django": "django_tasks_db"}
BROKER_URL = re.compile(r"(pyamqp|amqps?|rediss?|redis\+socket)://.+")

TAGGING_TRANSPORT = env.named_class("TAGGING_TRANSPORT", "memory", TRANSPORTS, "what carries notifications")
for word, package in PACKAGES.items():
    if TRANSPORTS[word] == TAGGING_TRANSPORT and not find_spec(package):
        raise ImproperlyConfigured(f"TAGGING_TRANSPORT is {word}: pip install -r requirements/{word}.txt")
TAGGING_BROKER_URL = env.secret(
    "TAGGING_BROKER_URL",
    "where Celery's messages go: `amqp://…` or `redis://…`",
    "amqp://guest:guest@127.0.0.1:5672//",
    shown="RabbitMQ on this host",
)
if not BROKER_URL.fullmatch(TAGGING_BROKER_URL):
    raise ImproperlyConfigured("TAGGING_BROKER_URL must look like amqp://user:password@host// or redis://host:6379/0.")
TAGGING_BROKER_QUEUE = env.text("TAGGING_BROKER_QUEUE", "devlogs", "the queue's name there", may_be_empty=False)
TAGGING_SQS_QUEUE_URL = env.address(
    "TAGGING_SQS_QUEUE_URL",
    "the queue; credentials and endpoint by AWS's own variables",
    like="https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE",
)
if TRANSPORTS["sqs"] == TAGGING_TRANSPORT and not TAGGING_SQS_QUEUE_URL:
    raise ImproperlyConfigured("TAGGING_TRANSPORT is sqs: set TAGGING_SQS_QUEUE_URL to the queue's address.")
TAGGING_SQS_CONSUMER = env.choice(
    "TAGGING_SQS_CONSUMER", "worker", ("worker", "lambda"), "what reads it: `run_worker`, or Lambda"
)
TAGGING_SQS_IN_FLIGHT = env.whole("TAGGING_SQS_IN_FLIGHT", 200, "lambda: jobs handed to it at a time", at_least=1)
TAGGING_RESULTS_TOKEN = env.token(
    "TAGGING_RESULTS_TOKEN",
    "the token with which a Lambda hands in results, good for nothing else; at least 20 characters. Without it "
    "nobody can",
)
