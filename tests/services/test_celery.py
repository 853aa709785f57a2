"""Celery with the brokers themselves: what they carry, lose and repeat, and what a dead one costs."""

import json
import signal
import time
from collections import Counter

import pytest

from tests.services.conftest import SECONDS, celery_worker
from tests.support.processes import Server, Site, eventually

# So slow that within a test nothing is found by it.
NO_SWEEP = {"TAGGING_SWEEP_SECONDS": "600"}
# What a POST may take on a loaded machine; a broker's timeouts are seconds.
POST_SECONDS = 1.0


def post(server: Server, *, gate: str, count: int) -> list[int]:
    """Post so many dev-logs, no two alike, whose calls wait for the gate."""
    return [server.post(f"Wrote Django and Redis behind gate {gate}, no. {number}.") for number in range(count)]


def wait_for_calls(site: Site, count: int) -> None:
    eventually(lambda: len(site.calls()) >= count, f"{count} calls", SECONDS)


def wait_until_all_are_done(site: Site) -> None:
    eventually(lambda: set(site.states()) == {"done"}, "all jobs done", SECONDS)


def tags_of(devlogs: list[int]) -> dict[int, list[str]]:
    return {devlog: ["Django", "Redis"] for devlog in devlogs}


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


def test_what_is_rung_while_no_worker_runs_waits_in_the_queue(broker_settings, gated):
    gated.settings |= broker_settings
    server = gated.serve("gunicorn").wait_until_it_answers()
    devlogs = post(server, gate="a", count=5)
    gated.open_gate("a")

    celery_worker(gated)

    wait_until_all_are_done(gated)
    assert gated.tags() == tags_of(devlogs)


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
    eventually(lambda: "The broker does not answer" in server.log(), "a word about the broker", SECONDS)
    assert server.log().count("The broker does not answer") == 1
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


@pytest.mark.parametrize("broker_settings", ["rabbitmq"], indirect=True)
def test_a_message_that_kills_each_worker_becomes_a_dead_letter_and_the_sweep_does_its_job(broker_settings, gated):
    from devlog_project.celery import DELIVERY_LIMIT  # only where Celery is installed

    gated.settings |= broker_settings
    url, name = broker_settings["TAGGING_BROKER_URL"], broker_settings["TAGGING_BROKER_QUEUE"]
    celery_worker(gated).kill()  # it has declared the queues
    devlogs = post(gated.serve("gunicorn").wait_until_it_answers(), gate="a", count=1)
    deliveries = 0

    def dead_letter() -> str | bytes | None:
        nonlocal deliveries
        deliveries += fetched_and_kept(url, name) is not None
        return fetched_and_kept(url, f"{name}.dead")

    letter = eventually(dead_letter, "a dead letter", SECONDS)
    assert json.loads(letter)[0] == [devlogs]
    assert deliveries == DELIVERY_LIMIT + 1
    assert gated.jobs() == {devlogs[0]: ("pending", 0)}

    gated.open_gate("a")
    celery_worker(gated)

    wait_until_all_are_done(gated)
    assert gated.tags() == tags_of(devlogs)
    assert fetched_and_kept(url, name) is None
    assert fetched_and_kept(url, f"{name}.dead") == letter  # for people to read


def fetched_and_kept(url: str, queue: str) -> str | bytes | None:
    """Fetch a message and go without acknowledging it, as a killed worker does; return its body, if there is one."""
    from kombu import Connection  # likewise

    with Connection(url, connect_timeout=5) as connection:
        message = connection.default_channel.basic_get(queue)
        return message and message.body


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
