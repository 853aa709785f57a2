"""The transport is changed by its setting, with work in flight: nothing is lost and nothing is done twice.

The ledger is the attempts: exactly one answered for each job. Whatever the last transport still carries (messages
for jobs long done) is a hint that nobody needs.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.servers import Server
from tests.support.site import Site
from tests.support.waiting import eventually
from tests.support.workers import SECONDS, celery_worker, run_worker, sqs_server

SLOTS = 8
SLOW = {"TAGGING_EXTRACTOR": "simulated", "TAGGING_SIMULATED_DELAY_SECONDS": "0.3", "TAGGING_CONCURRENCY": str(SLOTS)}
# Each end with each broker and each database, in half of the combinations.
CASES = [
    pytest.param("rabbitmq", "postgresql", signal.SIGTERM, id="stopped-rabbitmq-postgresql"),
    pytest.param("redis", "sqlite", signal.SIGTERM, id="stopped-redis-sqlite"),
    pytest.param("rabbitmq", "sqlite", signal.SIGKILL, id="killed-rabbitmq-sqlite"),
    pytest.param("redis", "postgresql", signal.SIGKILL, id="killed-redis-postgresql"),
]


@pytest.fixture
def site(tmp_path, database_url) -> Iterator[Site]:
    with Site(tmp_path, database_url=database_url, **SLOW) as site:
        site.migrate()
        yield site


def post(server: Server, count: int) -> None:
    """Post so many dev-logs, four at a time."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: server.post(f"Wrote Django on port {server.port}, no. {number}."), range(count)))


def under_way(site: Site) -> int:
    states = Counter(site.states())
    return states["pending"] + states["running"]


@pytest.mark.parametrize("broker_settings, database_url, number", CASES, indirect=["broker_settings", "database_url"])
def test_from_memory_to_celery_to_sqs_and_back_with_1000_jobs_each_is_answered_once(broker_settings, site, number):
    memory = site.serve("gunicorn").wait_until_it_answers()
    post(memory, 200)
    end([memory], number)
    assert under_way(site) > 0

    celery = site.serve("gunicorn", **broker_settings).wait_until_it_answers()
    worker = celery_worker(site, **broker_settings)
    post(celery, 200)
    end([celery, worker], number)
    assert under_way(site) > 0

    sqs_settings = sqs_server(site)
    queue = site.servers[-1]
    sqs = site.serve("gunicorn", **sqs_settings).wait_until_it_answers()
    worker = run_worker(site, **sqs_settings)
    post(sqs, 500)
    eventually(lambda: "DeleteMessageBatch 200" in queue.log(), "messages sent, read and deleted", SECONDS)
    end([sqs, worker], number)
    assert under_way(site) > 0

    memory = site.serve("gunicorn", TAGGING_CONCURRENCY="64").wait_until_it_answers()
    post(memory, 100)
    eventually(lambda: under_way(site) == 0, "all jobs done", 2 * SECONDS)

    assert Counter(site.states()) == {"done": 1000}
    assert Counter(Counter(job for job, _, outcome in site.attempts() if outcome == "answered").values()) == {1: 1000}
    assert site.tags() == {devlog: ["Django"] for devlog in site.jobs()}
    lost = sum(outcome == "lost" for _, _, outcome in site.attempts())
    # A kill loses what its worker's slots were at, and at most as many answers that were not settled yet.
    assert (lost == 0) if number == signal.SIGTERM else (0 < lost <= 3 * 2 * SLOTS)


def end(servers: list[Server], number: signal.Signals) -> None:
    for server in servers:
        if number == signal.SIGKILL:
            server.kill()
        else:
            server.signal(number)
    for server in servers:
        if number != signal.SIGKILL:
            server.wait_until_it_ended(SECONDS)
