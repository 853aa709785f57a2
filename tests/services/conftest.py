"""Where the real servers are, what is made there for one test, and its removal."""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.services.brokers import INSTALLED, Broker, remove
from tests.support.site import Site, migrated_database

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
    with Site(tmp_path, TAGGING_EXTRACTOR="tests.support.extractors.GatedExtractor") as site:
        shutil.copy(template, site.database)
        yield site


@pytest.fixture(params=BROKERS)
def broker_settings(request) -> Iterator[dict[str, str]]:
    """The settings for a queue of this test's own on each broker that is there."""
    url = url_from(BROKERS[request.param])
    name = f"devlogs-test-{secrets.token_hex(4)}"
    yield {"TAGGING_TRANSPORT": "celery", "TAGGING_BROKER_URL": url, "TAGGING_BROKER_QUEUE": name}
    remove(url, name)


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

    name = f"devlog_test_{secrets.token_hex(4)}"
    with psycopg.connect(urlunsplit(urlsplit(server)._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
