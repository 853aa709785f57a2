"""The sqs transport against moto's SQS, mostly in this process; tests/lambda_chain has it against a server."""

import json
import logging
import shutil
import signal
import socket
import threading
import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.models.functions import Now

from tagging import queues
from tagging.engine.worker import Worker
from tagging.extraction.base import ErrorCode, Extraction, ExtractionError, Technology, WaitingFor
from tagging.models import Attempt, DevLogTag, Job, Provider
from tagging.remote import records as remote
from tagging.transports.memory import Mailbox
from tagging.transports.sqs.transport import MAX_BYTES, Queue, Ringer, SQSTransport, batches
from tests.services.conftest import sqs_server
from tests.support.processes import PYTHON, Site, eventually, free_port, migrated_database

boto3 = pytest.importorskip("boto3", reason="needs requirements-sqs.txt")
moto = pytest.importorskip("moto", reason="needs moto[sqs], from requirements-dev.txt")

from tagging.transports.sqs.consumer import Consumer  # noqa: E402
from tagging.transports.sqs.relay import OWNER, Relay  # noqa: E402

REGION = "eu-central-1"


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sqs():
    with moto.mock_aws():
        yield boto3.client("sqs", region_name=REGION)


@pytest.fixture
def url(sqs, settings):
    """Make a queue and name it in the settings; return its address."""
    settings.TAGGING_SQS_QUEUE_URL = sqs.create_queue(QueueName="devlogs")["QueueUrl"]
    return settings.TAGGING_SQS_QUEUE_URL


def bodies(sqs, url: str) -> list[dict]:
    """Take all visible messages out of the queue."""
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
    return found


def counts(sqs, url: str) -> tuple[int, int]:
    """Return how many messages are visible, and how many are lent to somebody."""
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(found[names[0]]), int(found[names[1]])


class Refusing:
    """A client that takes every message but those of some jobs."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused

    def send_message_batch(self, QueueUrl, Entries):  # noqa: N803 - boto3's names
        ids = [entry["Id"] for entry in Entries]
        return {
            "Successful": [{"Id": job_id} for job_id in ids if job_id not in self.refused],
            "Failed": [{"Id": job_id, "Code": "Throttled"} for job_id in ids if job_id in self.refused],
        }


# -- sending -----------------------------------------------------------------------------------------------------


def test_a_request_carries_at_most_ten_messages_and_one_mebibyte():
    assert [len(batch) for batch in batches(dict.fromkeys(range(25), "x"))] == [10, 10, 5]
    assert [len(batch) for batch in batches(dict.fromkeys(range(5), "x" * (MAX_BYTES // 2)))] == [2, 2, 1]
    assert [len(batch) for batch in batches({1: "x" * MAX_BYTES, 2: "x"})] == [1, 1]
    assert list(batches({})) == []


def test_a_dev_log_rings_with_its_id_after_its_commit(
    sqs, url, api, db, monkeypatch, django_capture_on_commit_callbacks
):
    transport = SQSTransport()
    monkeypatch.setattr(queues, "transport", lambda: transport)

    with django_capture_on_commit_callbacks() as callbacks:
        devlog = api.post("/api/v1/devlogs/", {"entry": "Wrote a Django app."}).json()["id"]
    assert counts(sqs, url) == (0, 0)
    for callback in callbacks:
        callback()

    eventually(lambda: counts(sqs, url) == (1, 0), "one message")
    assert bodies(sqs, url) == [{"id": devlog}]


def test_many_rings_take_few_requests_and_each_id_arrives(sqs, url):
    sent = Queue(url).send({number: json.dumps({"id": number}) for number in range(1, 26)})

    assert sent == set(range(1, 26))
    assert {body["id"] for body in bodies(sqs, url)} == sent


def test_messages_refused_in_a_200_are_seen_and_logged_once(caplog):
    queue = Queue("https://sqs.eu-central-1.amazonaws.com/1/devlogs")
    queue.__dict__["_client"] = Refusing("2", "12")

    sent = queue.send(dict.fromkeys(range(1, 21), "x"))

    assert sent == set(range(1, 21)) - {2, 12}
    assert [record.message for record in caplog.records if "refused" in record.message] == [
        "SQS cannot be used (it refused 1 messages, the first as Throttled); until it can, jobs wait for a sweep"
    ]


def test_without_a_queue_in_the_settings_it_says_what_to_set(settings):
    settings.TAGGING_SQS_QUEUE_URL = ""

    with pytest.raises(ImproperlyConfigured, match="TAGGING_SQS_QUEUE_URL"):
        SQSTransport()


@pytest.fixture
def dead_port():
    return free_port()


@pytest.fixture
def silent_port():
    """A server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("kind", ["dead_port", "silent_port"])
def test_an_sqs_that_is_down_costs_a_ring_microseconds_and_is_logged_once(
    kind, request, settings, monkeypatch, caplog
):
    monkeypatch.setattr("tagging.transports.sqs.transport.READ_SECONDS", 0.2)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{request.getfixturevalue(kind)}")
    settings.TAGGING_SQS_QUEUE_URL = "https://sqs.eu-central-1.amazonaws.com/1/devlogs"
    queue = Queue(settings.TAGGING_SQS_QUEUE_URL, read_seconds=0.2)
    calls = []
    call = queue.call
    queue.call = lambda *args, **kwargs: calls.append(call(*args, **kwargs))
    ringer = Ringer(queue)

    began = time.monotonic()
    for number in range(1, 2001):
        ringer.ring([number])
    seconds = time.monotonic() - began
    eventually(lambda: calls, "an attempt to send")
    ringer.ring([1])
    eventually(lambda: len(calls) > 1, "another")
    ringer.stop()

    assert seconds / 2000 < 0.002
    assert len([record for record in caplog.records if "SQS cannot be used" in record.message]) == 1


# -- run_worker at the other end ---------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("tagging.transports.sqs.consumer.time", clock)
    return clock


@pytest.fixture
def consumer(url, db) -> Consumer:
    """A consumer whose two threads are the test's: it calls `poll` and `keep` itself."""
    consumer = Consumer(Worker(Mailbox()), url, wait_seconds=0)
    consumer.worker.on_settled = consumer._settled.put
    return consumer


def send(sqs, url: str, *bodies: object) -> None:
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body if isinstance(body, str) else json.dumps(body))


def rung(consumer: Consumer) -> set[int]:
    return consumer.worker.mailbox.wait(0)


def keep(consumer: Consumer) -> None:
    consumer._settled.put(set())  # so that it does not wait
    consumer.keep()


def test_a_message_rings_the_worker_and_goes_only_when_its_job_is_settled(sqs, url, consumer, make_devlog):
    devlog = make_devlog()
    send(sqs, url, {"id": devlog.pk})

    consumer.poll()
    keep(consumer)

    assert rung(consumer) == {devlog.pk}
    assert counts(sqs, url) == (0, 1)

    consumer.worker.on_settled({devlog.pk})
    keep(consumer)

    assert counts(sqs, url) == (0, 0)


def test_a_worker_settles_what_was_rung_and_says_so(sqs, url, consumer, make_devlog, settings):
    settings.TAGGING_EXTRACTOR = "tagging.extraction.embedded.extractor.EmbeddedExtractor"
    send(sqs, url, {"id": make_devlog("Wrote a Django app.").pk})
    consumer.poll()

    consumer.worker.drain()
    keep(consumer)
    consumer.worker.close()

    assert counts(sqs, url) == (0, 0)
    assert Job.objects.get().state == "done"


def test_duplicates_and_messages_of_finished_or_deleted_jobs_go_at_once(sqs, url, consumer, make_devlog):
    devlog = make_devlog()
    Job.objects.update(state="done", run_after=None)
    send(sqs, url, {"id": devlog.pk}, {"id": devlog.pk}, {"id": devlog.pk + 1})

    consumer.poll()

    assert counts(sqs, url) == (0, 0)
    assert rung(consumer) == set()


def test_two_messages_of_one_job_go_together(sqs, url, consumer, make_devlog):
    devlog = make_devlog()
    send(sqs, url, {"id": devlog.pk}, {"id": devlog.pk})
    consumer.poll()

    consumer.worker.on_settled({devlog.pk})
    keep(consumer)

    assert counts(sqs, url) == (0, 0)


def test_a_message_is_extended_at_half_its_time_while_its_job_is_unfinished(
    sqs, url, consumer, make_devlog, clock, settings
):
    send(sqs, url, {"id": make_devlog().pk})
    extended = []
    consumer._show = lambda handles, after=0: extended.append((len(handles), after))
    consumer.poll()

    clock.now += settings.TAGGING_LEASE_SECONDS / 2 - 1
    keep(consumer)
    assert extended == [(0, 120)]

    clock.now += 1
    keep(consumer)
    assert extended[-1] == (1, 120)

    keep(consumer)
    assert extended[-1] == (0, 120)


def test_a_message_whose_job_another_worker_did_goes_when_it_would_be_extended(sqs, url, consumer, make_devlog, clock):
    send(sqs, url, {"id": make_devlog().pk})
    consumer.poll()
    Job.objects.update(state="done", run_after=None)

    clock.now += 60
    keep(consumer)

    assert counts(sqs, url) == (0, 0)


@pytest.mark.parametrize("body", ["no json", "[]", "7", '{"id": "7"}', '{"id": true}', '{"id": -1}', '{"ID": 7}'])
def test_what_cannot_be_parsed_is_left_to_the_redrive_policy(sqs, url, consumer, body, caplog):
    send(sqs, url, body)

    assert consumer.poll()

    assert counts(sqs, url) == (0, 1)
    assert rung(consumer) == set()
    assert any("redrive" in record.message for record in caplog.records)
    assert not any(body in record.message for record in caplog.records if len(body) > 1)


def test_an_expired_handle_is_no_fault(sqs, url, consumer, make_devlog, caplog):
    devlog = make_devlog()
    send(sqs, url, {"id": devlog.pk})
    consumer.poll()
    sqs.purge_queue(QueueUrl=url)

    consumer.worker.on_settled({devlog.pk})
    keep(consumer)
    consumer._show(["gone"], after=60)

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_it_fetches_no_more_than_its_worker_can_do_soon(sqs, url, consumer, make_devlog, settings):
    settings.TAGGING_CONCURRENCY = 1
    consumer._room = 10
    send(sqs, url, *({"id": make_devlog().pk} for _ in range(12)))

    for _ in range(3):
        consumer.poll()

    assert counts(sqs, url) == (2, 10)


def test_a_stopped_consumer_gives_back_what_is_unfinished_and_deletes_what_is_not(sqs, url, consumer, make_devlog):
    first, second = make_devlog(), make_devlog()
    send(sqs, url, {"id": first.pk}, {"id": second.pk})
    consumer.poll()
    consumer.worker.on_settled({first.pk})

    consumer._give_back()

    assert counts(sqs, url) == (1, 0)
    assert bodies(sqs, url) == [{"id": second.pk}]


def test_what_a_poll_brings_after_the_stop_is_at_once_for_others(sqs, url, consumer, make_devlog):
    send(sqs, url, {"id": make_devlog().pk})
    consumer._stopping.set()

    consumer.poll()

    assert counts(sqs, url) == (1, 0)
    assert rung(consumer) == set()


@pytest.mark.django_db(transaction=True)
def test_a_context_around_a_worker_consumes_and_lets_go(sqs, url, make_devlog, monkeypatch, settings):
    monkeypatch.setattr("tagging.transports.sqs.consumer.WAIT_SECONDS", 1)
    settings.TAGGING_EXTRACTOR = "tagging.extraction.embedded.extractor.EmbeddedExtractor"
    worker = Worker(Mailbox())
    with SQSTransport().consume(worker):
        worker.start()
        send(sqs, url, {"id": make_devlog("Wrote a Django app.").pk})
        eventually(lambda: Job.objects.filter(state="done").exists(), "the job done")
        eventually(lambda: counts(sqs, url) == (0, 0), "the message gone")
        worker.stop(5)

    assert [str(tagging.tag) for tagging in DevLogTag.objects.select_related("tag")] == ["Django"]


# -- Lambda at the other end -------------------------------------------------------------------------------------


@pytest.fixture
def relay(url, settings, db):
    """A relay whose thread is the test's: it calls `turn` itself."""
    settings.TAGGING_SQS_CONSUMER = "lambda"
    settings.TAGGING_EXTRACTOR = "tagging.extraction.openai.client.OpenAIExtractor"
    relay = Relay(Queue(url))
    yield relay
    relay.close()


def test_a_due_job_is_claimed_for_lambda_and_sent_as_a_record(sqs, url, relay, make_devlog):
    devlog = make_devlog("Mailed ada@example.org about Django.")

    assert relay.turn({devlog.pk})

    job = Job.objects.get()
    assert (job.state, job.attempts, job.claimed_by) == ("running", 1, OWNER)
    assert bodies(sqs, url) == [
        {
            "id": devlog.pk,
            "entry": "Mailed [redacted:email] about Django.",
            "entry_digest": remote.sealed_digest(devlog.entry),
            "claim": str(job.claim_token),
            "safety_identifier": "",
        }
    ]


def test_no_job_is_sent_twice(sqs, url, relay, make_devlog):
    make_devlog()

    relay.turn(set())
    relay.turn({1})

    assert len(bodies(sqs, url)) == 1


def test_messages_refused_by_sqs_give_their_jobs_back_with_no_attempt_spent(relay, make_devlog):
    made = [make_devlog() for _ in range(3)]
    relay.queue.__dict__["_client"] = Refusing(str(made[1].pk))

    assert not relay.turn(set())

    assert list(Job.objects.order_by("pk").values_list("state", "attempts", "claimed_by")) == [
        ("running", 1, OWNER),
        ("pending", 0, ""),
        ("running", 1, OWNER),
    ]


def test_an_sqs_that_is_down_leaves_all_jobs_due_and_costs_them_nothing(relay, make_devlog, monkeypatch):
    make_devlog()
    monkeypatch.setattr(relay.queue, "call", lambda *args, **kwargs: None)

    assert not relay.turn(set())

    assert Job.objects.due().get().attempts == 0


def test_only_so_many_jobs_are_in_the_queue_and_the_others_wait_in_the_database(
    sqs, url, relay, make_devlog, settings
):
    settings.TAGGING_SQS_IN_FLIGHT = 3
    for _ in range(5):
        make_devlog()

    relay.turn(set())
    assert counts(sqs, url) == (3, 0)

    job = Job.objects.held_by(OWNER).first()
    Job.objects.complete([job.new_attempt(outcome="answered", answer=[])])
    relay.turn(set())
    assert counts(sqs, url) == (4, 0)
    assert Job.objects.due().count() == 1


def test_nothing_is_sent_while_the_provider_refuses_but_a_probe_at_a_time(sqs, url, relay, make_devlog):
    for _ in range(3):
        make_devlog()
    refused = ExtractionError(ErrorCode.PROVIDER_REFUSED, "No.", waiting_for=WaitingFor.PROVIDER)
    Provider.objects.pause(refused)

    relay.turn(set())
    assert counts(sqs, url) == (0, 0)

    Provider.objects.update(resume_at=Now())
    relay.turn(set())
    relay.turn(set())
    assert counts(sqs, url) == (1, 0)


def test_a_spent_budget_sends_nothing(sqs, url, relay, make_devlog, settings):
    settings.TAGGING_DAILY_TOKENS = 1
    make_devlog()

    relay.turn(set())

    assert counts(sqs, url) == (0, 0)
    assert Provider.objects.current().waiting_for == "budget"


def test_an_entry_that_was_paid_for_is_answered_from_the_ledger(sqs, url, relay, make_devlog):
    first = make_devlog("Wrote a Django app.")
    relay.turn(set())
    result = remote.Result(
        Extraction([Technology("Django")]),
        entry_digest=remote.sealed_digest(first.entry),
        claim=Job.objects.get().claim_token,
        extractor="openai",
        model=relay.extractor.model,
        prompt_version=relay.extractor.prompt_version,
    )
    assert remote.settle(first.pk, result) == "done"

    make_devlog("Wrote a Django app.")
    relay.turn(set())

    assert counts(sqs, url) == (1, 0)
    assert list(Job.objects.values_list("state", flat=True)) == ["done", "done"]
    assert DevLogTag.objects.count() == 2


def test_what_a_relay_held_when_it_stumbled_is_given_back(relay, make_devlog, monkeypatch):
    make_devlog()
    monkeypatch.setattr(remote, "record_of", lambda job: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        relay.turn(set())
    monkeypatch.undo()
    relay.queue.__dict__["_client"] = Refusing()

    relay.turn(set())

    assert Job.objects.get().claimed_by == OWNER
    assert Job.objects.get().attempts == 1
    assert not Attempt.objects.exists()


# -- in a process that serves --------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path, tmp_path_factory):
    with Site(tmp_path) as site:
        shutil.copy(migrated_database(tmp_path_factory.getbasetemp() / "template"), site.database)
        yield site


def test_what_waits_at_a_restart_is_handed_to_lambda_without_any_request(site):
    before = site.serve("gunicorn", TAGGING_WORKER="off").wait_until_it_answers()
    before.post("Wrote a Django app.")
    before.kill()

    server = site.serve("gunicorn", TAGGING_SQS_CONSUMER="lambda", **sqs_server(site))

    eventually(lambda: site.query("SELECT state, claimed_by FROM tagging_job") == [("running", OWNER)], "a message")
    assert server.wait_until_it_answers().readiness() == (200, "ok")
    assert site.workers() == server.children()

    server.signal(signal.SIGTERM)
    assert server.wait_until_it_ended() == 0
    assert site.workers() == []


def test_where_run_worker_answers_a_server_does_not(site):
    server = site.serve("gunicorn", **sqs_server(site)).wait_until_it_answers()

    assert server.readiness() == (200, "off")


def test_a_server_that_could_ring_nobody_does_not_start(site):
    ended = site.run([PYTHON, "-c", "import devlog_project.wsgi"], TAGGING_TRANSPORT="sqs")

    assert ended.returncode == 1
    assert "set TAGGING_SQS_QUEUE_URL" in ended.stderr.splitlines()[-1]


def test_a_sender_whose_turns_raise_is_in_trouble_until_one_does_not(monkeypatch, caplog):
    monkeypatch.setattr("tagging.transports.sqs.transport.REST_SECONDS", (0.01, 0.01))
    ringer = Ringer(Queue("https://sqs.eu-central-1.amazonaws.com/1/devlogs"))
    is_mended = threading.Event()
    ringer.turn = lambda job_ids: is_mended.is_set() or 1 / 0
    ringer.seconds_to_wait = lambda: 0.01

    ringer.start()
    eventually(lambda: ringer.trouble > 1, "trouble")
    is_mended.set()
    eventually(lambda: ringer.trouble == 0, "its end")
    ringer.stop()

    assert [record.message for record in caplog.records] == [
        "Sending to SQS stumbled over ZeroDivisionError and goes on"
    ]
