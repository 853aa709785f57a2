"""Where the real servers are, what is made there for one test, and its removal."""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.services.brokers import INSTALLED, Broker
from tests.support.processes import MANAGE, PYTHON, Server, Site, eventually, migrated_database

SECONDS = 120.0
BROKERS = {"rabbitmq": "TEST_RABBITMQ_URL", "redis": "TEST_REDIS_URL"}


def url_from(variable: str) -> str:
    """Return the address of a real server, or skip the test and name what would have it run."""
    if not os.environ.get(variable):
        pytest.skip(f"{variable} is not set")
    return os.environ[variable]


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    return migrated_database(tmp_path_factory.getbasetemp() / "template")


@pytest.fixture
def gated(template, tmp_path) -> Iterator[Site]:
    """A site on SQLite whose calls wait for gates."""
    with Site(tmp_path, TAGGING_EXTRACTOR="tests.support.processes.GatedExtractor") as site:
        shutil.copy(template, site.database)
        yield site


@pytest.fixture(params=BROKERS)
def broker_settings(request) -> Iterator[dict[str, str]]:
    """The settings for a queue of this test's own on each broker that is there."""
    url = url_from(BROKERS[request.param])
    name = f"devlogs-test-{secrets.token_hex(4)}"
    yield {"TAGGING_TRANSPORT": "celery", "TAGGING_BROKER_URL": url, "TAGGING_BROKER_QUEUE": name}
    remove(url, name)


def remove(url: str, name: str) -> None:
    if url.startswith("redis"):
        import redis  # only where it is tested

        with redis.Redis.from_url(url) as client:
            for key in client.scan_iter(f"{name}.notifications:*"):
                client.delete(key)
        return
    from kombu import Connection, Exchange  # likewise

    with Connection(url, connect_timeout=5) as connection:
        connection.default_channel.queue_delete(f"{name}.notifications")
        Exchange(f"{name}.notifications", channel=connection.default_channel).delete()


@pytest.fixture(params=BROKERS)
def own_broker(request, tmp_path) -> Iterator[Broker]:
    """A broker that this test may kill, of each kind that is asked for and installed here."""
    url_from(BROKERS[request.param])
    if not INSTALLED[request.param]:
        pytest.skip(f"{request.param}-server is not installed on this machine")
    broker = Broker(request.param, tmp_path / "broker").start()
    yield broker
    broker.kill()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request) -> Iterator[str]:
    """A database of this test's own; empty for SQLite, which makes its file where the site is."""
    if request.param == "sqlite":
        yield ""
        return
    server = url_from("TEST_DATABASE_URL")
    import psycopg  # only where there is a PostgreSQL server

    name = f"devlog_celery_{secrets.token_hex(4)}"
    with psycopg.connect(urlunsplit(urlsplit(server)._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
