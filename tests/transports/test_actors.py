"""The actors: the same claims, attempts and sweep, with messages in place of the worker's thread."""

import queue
import shutil
import signal
import threading
from collections.abc import Iterator

import pytest

pytest.importorskip("pykka", reason="needs Pykka: pip install -r requirements/dev.txt")

from django.db import connection

from devlogs.models import DevLog
from tagging import queues
from tagging.models import Attempt, Job
from tagging.transports import actors
from tests.support.servers import Server
from tests.support.site import Site, migrated_database
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 60.0


@pytest.fixture(autouse=True)
def quick(settings):
    settings.TAGGING_TRANSPORT = "tagging.transports.actors.ActorTransport"
    settings.TAGGING_EXTRACTOR = "tagging.extraction.simulated.SimulatedExtractor"
    settings.TAGGING_SWEEP_SECONDS = 0.1
    settings.TAGGING_BACKOFF_SECONDS = settings.TAGGING_BACKOFF_CAP_SECONDS = 0.05


@pytest.fixture
def worker(quick) -> Iterator[actors.ActorWorker]:
    """What startup would start: the actors that enqueue notifies."""
    queues.transport.cache_clear()
    worker = queues.transport().make_worker()
    yield worker
    worker.stop(SECONDS)
    queues.transport.cache_clear()


def enter(count: int) -> list[int]:
    devlogs = [DevLog.objects.create(entry=f"Wrote a Django app, no. {number}.") for number in range(count)]
    for devlog in devlogs:
        queues.enqueue(devlog)
    return [devlog.pk for devlog in devlogs]


def wait_until(state: str, count: int) -> None:
    eventually(lambda: Job.objects.filter(state=state).count() == count, f"{count} jobs {state}", SECONDS)


def test_five_language_models_answer_in_turn_and_each_job_once(worker, settings):
    settings.TAGGING_SIMULATED_DELAY_SECONDS = 0.02

    worker.start()
    devlogs = enter(20)

    wait_until("done", 20)
    assert sorted(Attempt.objects.values_list("job_id", "number", "outcome")) == [
        (devlog, 1, "answered") for devlog in devlogs
    ]
    assert {tag.name for devlog in DevLog.objects.all() for tag in devlog.tags.all()} == {"Django"}


def test_no_more_than_five_are_claimed_at_once(worker, settings):
    settings.TAGGING_SIMULATED_DELAY_SECONDS = 0.3

    worker.start()
    enter(12)

    eventually(lambda: Job.objects.running().count() == 5, "five running", SECONDS)
    assert Job.objects.filter(state="pending").count() == 7
    wait_until("done", 12)


def test_failed_calls_are_retried_and_in_the_end_discarded(worker, settings):
    settings.TAGGING_SIMULATED_FAILURE_RATE = 1
    settings.TAGGING_MAX_ATTEMPTS = 2

    worker.start()
    (devlog,) = enter(1)

    wait_until("failed", 1)
    assert list(Attempt.objects.values_list("job_id", "number", "outcome")) == [
        (devlog, 1, "failed"),
        (devlog, 2, "failed"),
    ]


def test_an_actor_that_raises_goes_on_and_does_not_say_what_it_was_told(caplog):
    heard = queue.Queue()

    class Clumsy(actors.Enduring):
        def receive(self, message):
            if message != "go on":
                raise ValueError(message)
            heard.put(message)

    clumsy = Clumsy.start()

    clumsy.tell("of an entry")
    clumsy.tell("go on")

    assert heard.get(timeout=SECONDS) == "go on"
    assert "Clumsy failed and continues (logged once until it recovers): ValueError" in caplog.text
    assert "of an entry" not in caplog.text
    clumsy.stop()


def test_a_full_mailbox_refuses_at_once():
    inbox = actors.BoundedInbox()
    for number in range(actors.MAILBOX_SIZE):
        inbox.put(number)

    with pytest.raises(queue.Full):
        inbox.put("one too many")


def test_a_repository_that_hangs_neither_stops_a_request_nor_fills_the_room_for_outcomes(worker, monkeypatch):
    hangs = threading.Event()
    monkeypatch.setattr(actors.TagRepository, "receive", lambda repository, message: hangs.wait(SECONDS))

    worker.start()
    for number in range(2 * actors.MAILBOX_SIZE):
        queues.transport().send([number])

    assert worker.repository.actor_inbox.qsize() <= actors.MAILBOX_SIZE // 2
    hangs.set()


def test_a_job_of_which_no_id_came_is_found_by_the_sweep(worker):
    worker.start()
    enter(1)
    wait_until("done", 1)

    devlog = DevLog.objects.create(entry="Wrote a Kafka consumer.")
    Job.objects.insert(devlog)

    wait_until("done", 2)


def test_what_is_in_flight_at_the_end_is_given_back(worker, settings):
    settings.TAGGING_SIMULATED_DELAY_SECONDS = 5

    worker.start()
    (devlog,) = enter(1)
    eventually(lambda: Job.objects.running().count() == 1, "one running", SECONDS)
    worker.stop(SECONDS)

    assert Job.objects.values_list("state", "attempts").get(pk=devlog) == ("pending", 0)


def test_a_database_that_fails_stops_no_actor(worker, monkeypatch):
    claim, failures = Job.objects.claim, iter([connection.Database.OperationalError("gone"), None])

    def claim_or_fail(*args, **kwargs):
        if error := next(failures, None):
            raise error
        return claim(*args, **kwargs)

    monkeypatch.setattr(Job.objects, "claim", claim_or_fail)

    worker.start()
    enter(2)

    wait_until("done", 2)


def test_a_connection_that_broke_is_made_anew(worker, monkeypatch):
    claim, broken = Job.objects.claim, []

    def claim_on_a_broken_connection(*args, **kwargs):
        if not broken:
            broken.append(connection.connection)
            connection.connection.close()
        return claim(*args, **kwargs)

    monkeypatch.setattr(Job.objects, "claim", claim_on_a_broken_connection)

    worker.start()
    enter(2)

    wait_until("done", 2)
    assert broken


def test_actors_that_are_told_to_stop_begin_no_call(worker, settings):
    settings.TAGGING_SIMULATED_DELAY_SECONDS = 0.05
    worker.start()
    worker.stopping.set()

    (devlog,) = enter(1)
    worker.repository.ask(actors.LOOK, timeout=SECONDS)

    assert Job.objects.values_list("state", "attempts").get(pk=devlog) == ("pending", 0)


# -- in a process that serves --------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path, tmp_path_factory) -> Iterator[Site]:
    with Site(tmp_path, TAGGING_TRANSPORT="actors") as site:
        shutil.copy(migrated_database(tmp_path_factory.getbasetemp() / "template"), site.database)
        yield site


def restarted_after_a_post(site: Site, **settings: str) -> Server:
    """Post one dev-log to a server that does not work, and return its successor."""
    before = site.serve("gunicorn", TAGGING_WORKER="off").wait_until_it_answers()
    before.post("Wrote a Django app.")
    before.kill()
    assert site.jobs() == {1: ("pending", 0)}
    return site.serve("gunicorn", **settings)


def test_what_waits_at_a_restart_is_done_without_any_request_and_readiness_says_who_does_it(site):
    server = restarted_after_a_post(site)

    eventually(lambda: site.tags() == {1: ["Django"]}, "the job done", SECONDS)
    assert server.wait_until_it_answers().readiness() == (200, "ok")
    assert site.workers() == server.children()

    server.signal(signal.SIGTERM)
    assert server.wait_until_it_ended() == 0
    assert site.workers() == []


def test_actors_whose_extractor_cannot_be_built_are_told_by_readiness(site):
    server = restarted_after_a_post(site, TAGGING_EXTRACTOR="nowhere.Extractor").wait_until_it_answers()

    eventually(lambda: server.readiness() == (503, "troubled"), "actors in trouble", SECONDS)
    assert server.log().count("TagRepository failed and continues") == 1
