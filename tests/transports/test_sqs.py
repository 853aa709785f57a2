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

from devlogs import entries
from tagging import queues
from tagging.engine.attempting import configured_extractor
from tagging.engine.mailbox import MAX_IDS, Mailbox
from tagging.engine.worker import Worker
from tagging.extraction.base import ErrorCode, Extraction, ExtractionError, Technology, WaitingFor
from tagging.models import Attempt, DevLogTag, Job, ProviderState
from tagging.remote import records as remote
from tagging.transports.sender import BrokerDownError, Sender
from tagging.transports.sqs.queue import MAX_BYTES, Queue, batches
from tagging.transports.sqs.transport import IdSender, SQSTransport
from tests.support.servers import PYTHON, free_port
from tests.support.site import Site, migrated_database
from tests.support.waiting import eventually
from tests.support.workers import sqs_server

boto3 = pytest.importorskip("boto3", reason="needs requirements/sqs.txt")
moto = pytest.importorskip("moto", reason="needs moto[sqs], from requirements/dev.txt")

from tagging.transports.sqs.consumer import Consumer  # noqa: E402
from tagging.transports.sqs.relay import SQS_OWNER, Relay  # noqa: E402

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


def test_the_id_of_a_dev_log_is_sent_after_its_commit(
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


def test_many_ids_take_few_requests_and_each_arrives(sqs, url):
    sent = Queue(url).send({number: json.dumps({"id": number}) for number in range(1, 26)})

    assert sent == (set(range(1, 26)), "")
    assert {body["id"] for body in bodies(sqs, url)} == sent.taken


def test_messages_refused_in_a_200_are_seen():
    queue = Queue("https://sqs.eu-central-1.amazonaws.com/1/devlogs")
    queue.__dict__["client"] = Refusing("2", "12")

    sent = queue.send(dict.fromkeys(range(1, 21), "x"))

    assert sent == (set(range(1, 21)) - {2, 12}, "it refused 1 messages, the first as Throttled")


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
def test_an_sqs_that_is_down_costs_a_request_microseconds_and_is_logged_once(
    kind, request, settings, monkeypatch, caplog
):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{request.getfixturevalue(kind)}")
    monkeypatch.setattr("tagging.transports.sender.REST_SECONDS", (0.01, 0.01))
    queue = Queue("https://sqs.eu-central-1.amazonaws.com/1/devlogs", read_seconds=0.2)
    sends = []
    send_once = queue.send
    queue.send = lambda bodies: sends.append(bodies) or send_once(bodies)
    sender = IdSender(queue)

    began = time.monotonic()
    for number in range(1, 2001):
        sender.notify([number])
    seconds = time.monotonic() - began
    eventually(lambda: sends, "an attempt to send")
    sender.notify([1])
    eventually(lambda: len(sends) > 1, "another")
    sender.stop(10)

    assert seconds / 2000 < 0.002
    assert sender.errors.in_a_row == 0
    assert len([record for record in caplog.records if "Notifying by SQS" in record.message]) == 1


# -- run_worker at the other end ---------------------------------------------------------------------------------


@pytest.fixture
def consumer(url) -> Consumer:
    """A consumer whose thread is the test's: it calls `step` itself."""
    return Consumer(Mailbox(), url, wait_seconds=0)


def send(sqs, url: str, *bodies: object) -> None:
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body if isinstance(body, str) else json.dumps(body))


def test_a_message_notifies_the_worker_and_is_deleted_at_once(sqs, url, consumer):
    send(sqs, url, {"id": 7}, {"id": 8}, {"id": 7})

    consumer.step()

    assert consumer.mailbox.wait(0).job_ids == {7, 8}
    assert counts(sqs, url) == (0, 0)


@pytest.mark.parametrize("body", ["no json", "[]", "7", '{"id": "7"}', '{"id": true}', '{"id": -1}', '{"ID": 7}'])
def test_a_message_without_an_id_is_deleted_and_said_without_its_text(sqs, url, consumer, body, caplog):
    send(sqs, url, body)

    consumer.step()

    assert consumer.mailbox.wait(0).job_ids == set()
    assert counts(sqs, url) == (0, 0)
    assert any("has no job's id" in record.message for record in caplog.records)
    assert not any(body in record.message for record in caplog.records if len(body) > 1)


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_notified_as_long_as_the_context_lasts(sqs, url, make_devlog, monkeypatch, settings):
    monkeypatch.setattr("tagging.transports.sqs.consumer.WAIT_SECONDS", 1)
    settings.TAGGING_SWEEP_SECONDS = 600
    settings.TAGGING_EXTRACTOR = "tagging.extraction.embedded.extractor.EmbeddedExtractor"
    worker = Worker(Mailbox())
    with SQSTransport().consume(worker.mailbox):
        worker.start()
        send(sqs, url, {"id": make_devlog("Wrote a Django app.").pk})
        eventually(lambda: Job.objects.filter(state="done").exists(), "the job done")
        eventually(lambda: counts(sqs, url) == (0, 0), "the message gone")
        worker.stop(5)

    assert [str(tagging.tag) for tagging in DevLogTag.objects.select_related("tag")] == ["Django"]


# -- Lambda at the other end -------------------------------------------------------------------------------------


@pytest.fixture
def relay(url, settings, db):
    """A relay whose thread is the test's: it calls `deliver` itself."""
    settings.TAGGING_SQS_CONSUMER = "lambda"
    settings.TAGGING_EXTRACTOR = "tagging.extraction.openai.client.OpenAIExtractor"
    relay = Relay(Queue(url), configured_extractor)
    yield relay
    relay.close()


@pytest.fixture
def no_pause_between_claims(monkeypatch):
    monkeypatch.setattr("tagging.engine.known_waits.PROVIDER_SECONDS", 0.0)


def test_a_due_job_is_claimed_for_lambda_and_sent_as_a_record(sqs, url, relay, make_devlog):
    devlog = make_devlog("Mailed ada@example.org about Django.")

    relay.deliver({devlog.pk})

    job = Job.objects.get()
    assert (job.state, job.attempts, job.claimed_by) == ("running", 1, SQS_OWNER)
    assert bodies(sqs, url) == [
        {
            "id": devlog.pk,
            "entry": "Mailed [redacted:email] about Django.",
            "entry_digest": remote.sealed_digest(devlog.entry),
            "claim": str(job.claim_token),
            "safety_identifier": "",
            "taught": [],
        }
    ]


def test_a_text_made_private_after_it_was_read_is_not_sent(sqs, url, relay, make_devlog, monkeypatch):
    withdrawn, other = make_devlog("Wrote Zorbase."), make_devlog("Wrote Quiddle.")

    def record_of(job, original=remote.record_of):
        entries.set_private([withdrawn.pk], is_private=True)
        return original(job)

    monkeypatch.setattr(remote, "record_of", record_of)
    relay.deliver(set())

    assert [body["id"] for body in bodies(sqs, url)] == [other.pk]


def test_no_job_is_sent_twice(sqs, url, relay, make_devlog):
    make_devlog()

    relay.deliver(set())
    relay.deliver({1})

    assert len(bodies(sqs, url)) == 1


def test_messages_refused_by_sqs_give_their_jobs_back_with_no_attempt_spent(relay, make_devlog):
    made = [make_devlog() for _ in range(3)]
    relay.queue.__dict__["client"] = Refusing(str(made[1].pk))

    with pytest.raises(BrokerDownError):
        relay.deliver(set())

    assert list(Job.objects.order_by("pk").values_list("state", "attempts", "claimed_by")) == [
        ("running", 1, SQS_OWNER),
        ("pending", 0, ""),
        ("running", 1, SQS_OWNER),
    ]


def test_an_sqs_that_is_down_leaves_all_jobs_due_and_costs_them_nothing(relay, make_devlog, monkeypatch):
    make_devlog()
    relay.queue.__dict__["client"] = None

    with pytest.raises(BrokerDownError):
        relay.deliver(set())

    assert Job.objects.due().get().attempts == 0


def test_only_so_many_jobs_are_in_the_queue_and_the_others_wait_in_the_database(
    sqs, url, relay, make_devlog, settings
):
    settings.TAGGING_SQS_IN_FLIGHT = 3
    for _ in range(5):
        make_devlog()

    relay.deliver(set())
    assert counts(sqs, url) == (3, 0)

    job = Job.objects.held_by(SQS_OWNER).first()
    Job.objects.complete([job.new_attempt(outcome="answered", answer=[])])
    relay.deliver(set())
    assert counts(sqs, url) == (4, 0)
    assert Job.objects.due().count() == 1


def test_nothing_is_sent_while_the_provider_refuses_but_a_probe_at_a_time(
    sqs, url, relay, make_devlog, no_pause_between_claims
):
    relay.dispatcher.claim(1)  # its start ends the pauses of before
    for _ in range(3):
        make_devlog()
    refused = ExtractionError(ErrorCode.PROVIDER_REFUSED, "No.", waiting_for=WaitingFor.PROVIDER)
    ProviderState.objects.pause(refused)

    relay.deliver(set())
    assert counts(sqs, url) == (0, 0)

    ProviderState.objects.update(resume_at=Now())
    relay.deliver(set())
    relay.deliver(set())
    assert counts(sqs, url) == (1, 0)


def test_a_spent_budget_sends_nothing(sqs, url, relay, make_devlog, settings):
    settings.TAGGING_DAILY_TOKENS = 1
    make_devlog()

    relay.deliver(set())

    assert counts(sqs, url) == (0, 0)
    assert ProviderState.objects.current().waiting_for == "budget"


def test_an_entry_that_was_paid_for_is_answered_from_the_ledger(sqs, url, relay, make_devlog):
    first = make_devlog("Wrote a Django app.")
    relay.deliver(set())
    result = remote.Result.of(
        Extraction([Technology("Django")]),
        relay.dispatcher.extractor,
        entry_digest=remote.sealed_digest(first.entry),
        claim=Job.objects.get().claim_token,
        prompt_version=1,
    )
    assert remote.settle_result(first.pk, result) == "done"

    make_devlog("Wrote a Django app.")
    relay.deliver(set())

    assert counts(sqs, url) == (1, 0)
    assert list(Job.objects.values_list("state", flat=True)) == ["done", "done"]
    assert DevLogTag.objects.count() == 2


def test_what_a_relay_held_when_it_failed_is_given_back(relay, make_devlog, monkeypatch, settings):
    settings.TAGGING_SWEEP_SECONDS = 0
    make_devlog()
    monkeypatch.setattr(remote, "record_of", lambda job: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        relay.deliver(set())
    monkeypatch.undo()
    relay.queue.__dict__["client"] = Refusing()

    relay.deliver(set())

    assert Job.objects.get().claimed_by == SQS_OWNER
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

    eventually(
        lambda: site.query("SELECT state, claimed_by FROM tagging_job") == [("running", SQS_OWNER)], "a message"
    )
    assert server.wait_until_it_answers().readiness() == (200, "ok")
    assert site.workers() == server.children()

    server.signal(signal.SIGTERM)
    assert server.wait_until_it_ended() == 0
    assert site.workers() == []


def test_where_run_worker_answers_a_server_does_not(site):
    server = site.serve("gunicorn", **sqs_server(site)).wait_until_it_answers()

    assert server.readiness() == (200, "off")


def test_a_server_that_could_notify_no_worker_does_not_start(site):
    ended = site.run([PYTHON, "-c", "import devlog_project.wsgi"], TAGGING_TRANSPORT="sqs")

    assert ended.returncode == 1
    assert "set TAGGING_SQS_QUEUE_URL" in ended.stderr.splitlines()[-1]


def test_a_sender_whose_steps_raise_says_so_until_one_does_not(monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    is_mended = threading.Event()

    class Mending(Sender):
        def seconds_to_wait(self):
            return 0.01

        def deliver(self, job_ids):
            return is_mended.is_set() or bool(1 / 0)

    sender = Mending("SQS")
    sender.start()
    eventually(lambda: sender.errors.in_a_row > 1, "errors")
    is_mended.set()
    eventually(lambda: sender.errors.in_a_row == 0, "their end")
    sender.stop(10)

    first, last = [record.message for record in caplog.records]
    assert first.startswith("Sending to SQS failed and continues (logged once until it recovers): ZeroDivisionError")
    assert last.startswith("Sending to SQS works again")


def test_a_sender_whose_mailbox_is_full_ends_when_it_is_told_to():
    began, may_go_on = threading.Event(), threading.Event()
    delivered = []

    class Slow(Sender):
        def deliver(self, job_ids):
            began.set()
            may_go_on.wait(10)
            delivered.extend(job_ids)
            return True

    sender = Slow("SQS")
    sender.notify([1])
    began.wait(10)
    sender.notify(range(2, 2 * MAX_IDS))
    sender.stopping.set()
    may_go_on.set()
    sender.stop(10)

    assert not sender.is_alive()
    assert len(delivered) == 1 + MAX_IDS


def test_a_sender_that_waits_for_ids_ends_when_it_is_told_to():
    delivered = threading.Event()

    class Noting(Sender):
        def deliver(self, job_ids):
            delivered.set()
            return True

    sender = Noting("SQS")
    sender.notify([1])
    delivered.wait(10)

    sender.stop(10)

    assert not sender.is_alive()


def test_a_private_entry_is_tagged_here_and_never_sent(sqs, url, relay, make_devlog):
    private, public = make_devlog("Django für Quastenflosser.", is_private=True), make_devlog("Wrote a Django app.")

    relay.deliver(set())

    assert [body["id"] for body in bodies(sqs, url)] == [public.pk]
    assert Attempt.objects.get(job=private.pk).extractor == "embedded"
    with pytest.raises(ValueError, match="never leaves"):
        remote.record_of(Job.objects.get(pk=private.pk))


def test_a_private_entry_does_not_wait_for_what_lambda_waits_for(
    sqs, url, relay, make_devlog, no_pause_between_claims
):
    relay.dispatcher.claim(1)  # its start ends the pauses of before
    ProviderState.objects.pause(ExtractionError(ErrorCode.PROVIDER_REFUSED, "No.", waiting_for=WaitingFor.PROVIDER))
    make_devlog(is_private=True)

    relay.deliver(set())

    assert (Job.objects.get().state, counts(sqs, url)) == ("done", (0, 0))
