"""The same queue with run_worker at its other end: killed, doubled, and with what nobody can read in it."""

import signal
import time

import pytest

from tests.support.processes import MANAGE, Server, Site, eventually

SECONDS = 120.0


@pytest.fixture
def queue(aws):
    """A queue with a dead-letter queue, where a message is tried three times: return both addresses."""
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": "3"}}'
    return sqs.create_queue(QueueName="devlogs", Attributes={"RedrivePolicy": redrive})["QueueUrl"], dead


@pytest.fixture
def site(new_site, aws, queue) -> Site:
    return new_site(
        TAGGING_TRANSPORT="sqs",
        TAGGING_SQS_QUEUE_URL=queue[0],
        TAGGING_EXTRACTOR="tests.support.processes.GatedExtractor",
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


def tags_of(devlogs: list[int]) -> dict[int, list[str]]:
    return {devlog: ["Django", "Redis"] for devlog in devlogs}


def test_a_ring_wakes_a_worker_long_before_its_sweep(site, queue, counts):
    server = site.serve("gunicorn").wait_until_it_answers()
    run_worker(site, TAGGING_SWEEP_SECONDS="600")
    site.open_gate("a")
    eventually(lambda: site.workers(), "a worker", SECONDS)

    devlogs = post(server, 5)

    eventually(lambda: site.tags() == tags_of(devlogs), "all tagged", SECONDS)
    eventually(lambda: counts(queue[0]) == (0, 0), "an empty queue", SECONDS)


def test_a_worker_killed_in_mid_work_loses_nothing_and_tags_nothing_twice(site, queue, counts):
    times = {"TAGGING_LEASE_SECONDS": "4"}
    server = site.serve("gunicorn").wait_until_it_answers()
    worker = run_worker(site, **times)
    devlogs = post(server, 30)
    eventually(lambda: len(site.calls()) == 8, "8 calls", SECONDS)
    eventually(lambda: counts(queue[0])[1] > 0, "messages lent", SECONDS)

    worker.kill()
    site.open_gate("a")
    run_worker(site, **times)

    eventually(lambda: set(site.states()) == {"done"}, "all jobs done", SECONDS)
    assert site.tags() == tags_of(devlogs)
    assert len(site.calls("end")) == 30
    # What the dead worker was lent comes back after its visibility timeout, finds its jobs done, and goes.
    eventually(lambda: counts(queue[0]) == (0, 0), "an empty queue", SECONDS)
    assert counts(queue[1]) == (0, 0)


def test_messages_stay_lent_while_a_call_outlives_their_visibility_timeout(site, queue, counts):
    server = site.serve("gunicorn").wait_until_it_answers()
    run_worker(site, TAGGING_LEASE_SECONDS="4")
    (devlog,) = post(server, 1)
    eventually(lambda: counts(queue[0]) == (0, 1), "the message lent", SECONDS)
    ((lease_end,),) = site.query("SELECT max(lease_expires_at) FROM tagging_job")
    seen = set()

    def has_outlived_it() -> bool:
        seen.add(counts(queue[0]))
        return site.query(f"SELECT datetime('now') > datetime('{lease_end}', '+6 seconds')") == [(1,)]

    eventually(has_outlived_it, "the end of the lease", SECONDS)
    site.open_gate("a")

    eventually(lambda: site.tags() == tags_of([devlog]), "tagged", SECONDS)
    assert seen == {(0, 1)}
    assert site.jobs() == {devlog: ("done", 1)}


def test_a_message_that_says_nothing_ends_among_the_dead_letters(site, queue, counts, aws):
    run_worker(site, TAGGING_LEASE_SECONDS="2")

    aws.client("sqs").send_message(QueueUrl=queue[0], MessageBody="no json")

    eventually(lambda: counts(queue[1]) == (1, 0), "a dead letter", SECONDS)


def test_a_stopped_worker_goes_at_once_and_leaves_its_messages_to_others(site, queue, counts):
    server = site.serve("gunicorn").wait_until_it_answers()
    worker = run_worker(site, TAGGING_SHUTDOWN_SECONDS="1")
    post(server, 4)
    eventually(lambda: len(site.calls()) == 4, "4 calls", SECONDS)

    began = time.monotonic()
    worker.signal(signal.SIGTERM)
    worker.wait_until_it_ended(SECONDS)
    print(f"ended after {time.monotonic() - began:.1f} s")

    assert set(site.jobs().values()) == {("pending", 0)}
    eventually(lambda: counts(queue[0]) == (4, 0), "all messages visible, long before the lease of 120 s", SECONDS / 2)


def test_an_sqs_that_is_down_leaves_all_to_the_sweep(site, aws):
    server = site.serve("gunicorn").wait_until_it_answers()
    worker = run_worker(site)
    site.open_gate("a")
    aws.kill()

    devlogs = post(server, 20)

    eventually(lambda: site.tags() == tags_of(devlogs), "all tagged", SECONDS)
    for log in (server.log(), worker.log()):
        assert log.count("SQS cannot be used") <= 2  # one for each thread that calls it
        assert "Traceback" not in log
