"""Workers, and the SQS they listen to, as processes of a site."""

import secrets

import pytest

from tests.support.servers import MANAGE, PYTHON, Server
from tests.support.site import Site
from tests.support.waiting import eventually

SECONDS = 120.0


def start(site: Site, command: list[str], first_words: str, **settings: str) -> Server:
    """Start a process of this site and wait until its log says that it works."""
    server = Server(site, command, settings)
    site.servers.append(server)

    def is_up() -> bool:
        assert server.exit_code() is None, server.log()
        return first_words in server.log()

    eventually(is_up, first_words, SECONDS)
    return server


def celery_worker(site: Site, *, waits_for_broker: bool = True, **settings: str) -> Server:
    # Two nodes of one name cannot be at one broker, and that of a killed one is held for a moment longer.
    name = f"test-{secrets.token_hex(4)}@%h"
    command = [PYTHON, "-m", "celery", "-A", "devlog_project", "worker", "-n", name]
    return start(site, command, " ready." if waits_for_broker else "test-", **settings)


def run_worker(site: Site, **settings: str) -> Server:
    return start(site, [*MANAGE, "run_worker"], "Worker started", **settings)


def db_worker(site: Site, **settings: str) -> Server:
    """Start the worker of django-tasks-db, which looks for tasks ten times a second."""
    pytest.importorskip("django_tasks_db", reason="needs django-tasks-db, from requirements/dev.txt")
    command = [*MANAGE, "db_worker", "--no-reload", "--no-startup-delay", "--interval", "0.1"]
    return start(site, command, "Starting worker", TAGGING_TRANSPORT="django", **settings)


def sqs_server(site: Site) -> dict[str, str]:
    """Start an SQS beside this site; return the settings for its queue `devlogs`."""
    pytest.importorskip("moto", reason="needs moto[sqs], from requirements/dev.txt")
    server = start(site, [PYTHON, "-m", "tests.services.sqs", "{port}"], "SQS is up")
    endpoint = f"http://127.0.0.1:{server.port}"
    return {
        "TAGGING_TRANSPORT": "sqs",
        "TAGGING_SQS_QUEUE_URL": f"{endpoint}/000000000000/devlogs",
        "AWS_ENDPOINT_URL_SQS": endpoint,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
