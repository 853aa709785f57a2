"""Celery with the brokers themselves: what they carry, lose and repeat, and what a dead one costs."""

import signal
import time
from collections import Counter
from functools import partial

import pytest

from tests.support import gates
from tests.support.gates import post, tags_of
from tests.support.servers import Server
from tests.support.waiting import eventually
from tests.support.workers import SECONDS, celery_worker

# So slow that within a test nothing is found by it.
NO_SWEEP = {"TAGGING_SWEEP_SECONDS": "600"}
# What a POST may take on a loaded machine; a broker's timeouts are seconds.
POST_SECONDS = 1.0

wait_for_calls = partial(gates.wait_for_calls, seconds=SECONDS)
wait_until_all_are_done = partial(gates.wait_until_all_are_done, seconds=SECONDS)


def test_the_message_wakes_a_worker_process_and_nothing_else_does(broker_settings, gated):
    gated.settings |= broker_settings | NO_SWEEP
    worker = celery_worker(gated)
    server = gated.serve("gunicorn").wait_until_it_answers()
    gated.open_gate("a")

    devlogs = post(server, gate="a", count=5)

    wait_until_all_are_done(gated)
    assert gated.tags() == tags_of(devlogs)
    assert {pid for pid, _ in gated.calls()} == {worker.pid}
    assert set(gated.jobs().values()) == {("done", 1)}
    assert server.readiness() == (200, "off")


def test_what_is_posted_while_no_worker_runs_is_tagged_once_one_does(broker_settings, gated):
    gated.settings |= broker_settings
    server = gated.serve("gunicorn").wait_until_it_answers()
    devlogs = post(server, gate="a", count=5)
    gated.open_gate("a")

    celery_worker(gated)

    wait_until_all_are_done(gated)
    assert gated.tags() == tags_of(devlogs)


@pytest.mark.parametrize("broker_settings", ["rabbitmq"], indirect=True)
def test_a_message_is_acknowledged_before_its_job_is_done(broker_settings, gated):
    gated.settings |= broker_settings
    worker = celery_worker(gated)
    server = gated.serve("gunicorn").wait_until_it_answers()
    post(server, gate="a", count=1)
    wait_for_calls(gated, 1)

    worker.kill()

    # Once the broker has no consumer any more, it has put back what was not acknowledged.
    eventually(lambda: messages_and_consumers(broker_settings)[1] == 0, "the end of the consumer", SECONDS)
    assert messages_and_consumers(broker_settings) == (0, 0)


def messages_and_consumers(broker_settings: dict[str, str]) -> tuple[int, int]:
    from kombu import Connection  # only where Celery is installed

    with Connection(broker_settings["TAGGING_BROKER_URL"], connect_timeout=5) as connection:
        name = f"{broker_settings['TAGGING_BROKER_QUEUE']}.notifications"
        found = connection.default_channel.queue_declare(name, passive=True)
        return found.message_count, found.consumer_count


def test_what_a_killed_worker_had_in_flight_is_tagged_once_by_the_next(broker_settings, gated):
    gated.settings |= broker_settings
    server = gated.serve("gunicorn").wait_until_it_answers()
    killed = celery_worker(gated)
    devlogs = post(server, gate="a", count=12)
    wait_for_calls(gated, 8)

    killed.kill()
    assert Counter(gated.states()) == {"running": 8, "pending": 4}
    gated.open_gate("a")
    celery_worker(gated)

    wait_until_all_are_done(gated)
    assert gated.tags() == tags_of(devlogs)
    assert Counter(outcome for _, _, outcome in gated.attempts()) == {"lost": 8, "answered": 12}


def test_a_worker_told_to_stop_finishes_what_is_in_flight_and_gives_back_what_hangs(broker_settings, gated):
    gated.settings |= broker_settings
    server = gated.serve("gunicorn").wait_until_it_answers()
    worker = celery_worker(gated, TAGGING_SHUTDOWN_SECONDS="5")
    finishing, hanging = post(server, gate="a", count=4), post(server, gate="b", count=6)
    wait_for_calls(gated, 8)

    worker.signal(signal.SIGTERM)
    gated.open_gate("a")

    assert worker.wait_until_it_ended(SECONDS) == 0
    assert gated.jobs() == dict.fromkeys(finishing, ("done", 1)) | dict.fromkeys(hanging, ("pending", 0))
    assert len(gated.calls()) == 8  # it began nothing new
    assert gated.workers() == []


def test_a_broker_that_dies_in_mid_work_costs_no_post_and_no_tag_and_is_found_again(own_broker, gated):
    gated.settings |= {"TAGGING_TRANSPORT": "celery", "TAGGING_BROKER_URL": own_broker.url}
    worker = celery_worker(gated)
    server = gated.serve("gunicorn").wait_until_it_answers()
    devlogs = post(server, gate="a", count=8)
    wait_for_calls(gated, 8)

    own_broker.kill()
    slowest, more = timed_posts(server, count=20)
    gated.open_gate("a")

    wait_until_all_are_done(gated)  # the sweep of a worker that has lost its broker
    assert slowest < POST_SECONDS
    eventually(lambda: "Notifying by Celery's broker" in server.log(), "a word about the broker", SECONDS)
    assert server.log().count("Notifying by Celery's broker") == 1
    assert gated.tags() == tags_of([*devlogs, *more])

    own_broker.start()
    devlogs = [*devlogs, *more, *post(server, gate="a", count=3)]
    wait_until_all_are_done(gated)
    assert gated.tags() == tags_of(devlogs)
    assert set(gated.jobs().values()) == {("done", 1)}
    assert worker.exit_code() is None


def test_a_broker_that_takes_connections_and_says_nothing_slows_no_post(own_broker, gated):
    gated.settings |= {"TAGGING_TRANSPORT": "celery", "TAGGING_BROKER_URL": own_broker.url}
    server = gated.serve("gunicorn").wait_until_it_answers()
    own_broker.freeze()

    slowest, devlogs = timed_posts(server, count=20)

    own_broker.thaw()
    assert slowest < POST_SECONDS
    assert len(devlogs) == 20


def test_a_worker_started_while_its_broker_is_away_sweeps_all_the_same(own_broker, gated):
    gated.settings |= {"TAGGING_TRANSPORT": "celery", "TAGGING_BROKER_URL": own_broker.url}
    own_broker.kill()
    server = gated.serve("gunicorn").wait_until_it_answers()
    devlogs = post(server, gate="a", count=3)
    gated.open_gate("a")

    celery_worker(gated, waits_for_broker=False)

    wait_until_all_are_done(gated)
    assert gated.tags() == tags_of(devlogs)


def timed_posts(server: Server, *, count: int) -> tuple[float, list[int]]:
    """Post so many, and return how long the slowest took, with their ids."""
    times, devlogs = [], []
    for number in range(count):
        began_at = time.monotonic()
        devlogs.append(server.post(f"Wrote Django and Redis behind gate a, timed no. {number}."))
        times.append(time.monotonic() - began_at)
    times.sort()
    print(f"POST: median {times[len(times) // 2] * 1000:.1f} ms, slowest {times[-1] * 1000:.1f} ms")
    return times[-1], devlogs
