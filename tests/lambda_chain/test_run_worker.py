"""The same queue with run_worker at its other end: woken, killed, stopped, and without an SQS."""

import signal

import pytest

from tests.support.gates import tags_of
from tests.support.servers import MANAGE, Server
from tests.support.site import Site
from tests.support.waiting import eventually

SECONDS = 120.0


@pytest.fixture
def queue(aws) -> str:
    return aws.client("sqs").create_queue(QueueName="devlogs")["QueueUrl"]


@pytest.fixture
def site(new_site, aws, queue) -> Site:
    return new_site(
        TAGGING_TRANSPORT="sqs",
        TAGGING_SQS_QUEUE_URL=queue,
        TAGGING_EXTRACTOR="tests.support.extractors.GatedExtractor",
        **aws.environment(),
    )


@pytest.fixture
def counts(aws):
    from tests.lambda_chain.stack import counts

    return lambda url: counts(aws.client("sqs"), url)


def run_worker(site: Site, *arguments: str, **settings: str) -> Server:
    worker = Server(site, [*MANAGE, "run_worker", *arguments], settings)
    site.servers.append(worker)
    eventually(lambda: "Worker started" in worker.log() or worker.exit_code() is not None, "its first line", SECONDS)
    return worker


def post(server: Server, count: int, gate: str = "a") -> list[int]:
    return [server.post(f"Wrote Django and Redis behind gate {gate}, no. {number}.") for number in range(count)]


def test_a_message_wakes_a_worker_long_before_its_sweep_and_is_deleted(site, queue, counts):
    server = site.serve("gunicorn").wait_until_it_answers()
    run_worker(site, TAGGING_SWEEP_SECONDS="600")
    site.open_gate("a")
    eventually(lambda: site.workers(), "a worker", SECONDS)

    devlogs = post(server, 5)

    eventually(lambda: site.tags() == tags_of(devlogs), "all tagged", SECONDS)
    eventually(lambda: counts(queue) == (0, 0), "an empty queue", SECONDS)


def test_a_message_is_deleted_while_the_call_for_its_job_runs(site, queue, counts):
    server = site.serve("gunicorn").wait_until_it_answers()
    run_worker(site)

    post(server, 1)

    eventually(lambda: len(site.calls()) == 1, "a call", SECONDS)
    eventually(lambda: counts(queue) == (0, 0), "an empty queue", SECONDS)
    assert site.states() == ["running"]


def test_a_worker_killed_in_mid_work_loses_nothing_and_tags_nothing_twice(site, queue, counts):
    server = site.serve("gunicorn").wait_until_it_answers()
    worker = run_worker(site)
    devlogs = post(server, 30)
    eventually(lambda: len(site.calls()) == 8, "8 calls", SECONDS)

    worker.kill()
    site.open_gate("a")
    run_worker(site)

    eventually(lambda: set(site.states()) == {"done"}, "all jobs done", SECONDS)
    assert site.tags() == tags_of(devlogs)
    assert len(site.calls("end")) == 30


def test_a_stopped_worker_gives_back_what_hangs(site):
    server = site.serve("gunicorn").wait_until_it_answers()
    worker = run_worker(site, TAGGING_SHUTDOWN_SECONDS="1")
    post(server, 4)
    eventually(lambda: len(site.calls()) == 4, "4 calls", SECONDS)

    worker.signal(signal.SIGTERM)
    worker.wait_until_it_ended(SECONDS)

    assert set(site.jobs().values()) == {("pending", 0)}


def test_an_sqs_that_is_down_leaves_all_to_the_sweep(site, aws):
    server = site.serve("gunicorn").wait_until_it_answers()
    worker = run_worker(site)
    site.open_gate("a")
    aws.kill()

    devlogs = post(server, 20)

    eventually(lambda: site.tags() == tags_of(devlogs), "all tagged", SECONDS)
    for log in (server.log(), worker.log()):
        assert log.count("by the sweep) failed") <= 2  # one for each thread that calls it
        assert "Traceback" not in log
