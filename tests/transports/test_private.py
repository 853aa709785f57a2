"""A word planted in a private entry, and every byte that leaves this process by any transport.

Beside it goes a public entry with a word of its own, which shows that what leaves is seen. What the database is sent
is not looked at: there the entry is at home.
"""

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tagging import queues
from tagging.models import Attempt, Job
from tagging.remote.records import record_of
from tagging.transports.memory import MemoryTransport
from tests.support.jobs import claim
from tests.support.waiting import eventually
from tests.support.wire import FakeOpenAI

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/devlogs/"
PRIVATE, PUBLIC = "Nachtfalke", "Wanderfalke"
REGION = "eu-central-1"


@pytest.fixture(autouse=True)
def sent(monkeypatch) -> bytearray:
    """All that this process writes to any socket."""
    taken = bytearray()
    for name in ("send", "sendall", "sendto", "sendmsg"):
        original = getattr(socket.socket, name)

        def spy(self, data, *more, original=original, is_list=name == "sendmsg"):
            taken.extend(b"".join(map(bytes, data)) if is_list else bytes(data))
            return original(self, data, *more)

        monkeypatch.setattr(socket.socket, name, spy)
    return taken


@pytest.fixture(autouse=True)
def quick(settings) -> Iterator[None]:
    settings.TAGGING_SWEEP_SECONDS = 0.1
    queues.transport.cache_clear()
    yield
    if queues.transport.cache_info().currsize and isinstance(made := queues.transport(), MemoryTransport):
        made.stop()
    queues.transport.cache_clear()


@pytest.fixture
def model(settings) -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        settings.TAGGING_EXTRACTOR = settings.EXTRACTORS["openai"]
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = server.base_url, "sk-test"
        yield server


class SQS(BaseHTTPRequestHandler):
    """Takes every message."""

    def do_POST(self) -> None:
        entries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["Entries"]
        taken = [
            {
                "Id": one["Id"],
                "MessageId": one["Id"],
                "MD5OfMessageBody": hashlib.md5(one["MessageBody"].encode()).hexdigest(),
            }
            for one in entries
        ]
        body = json.dumps({"Successful": taken, "Failed": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def sqs(settings, monkeypatch) -> Iterator[None]:
    pytest.importorskip("boto3", reason="needs requirements/sqs.txt")
    with ThreadingHTTPServer(("127.0.0.1", 0), SQS) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", endpoint)
        settings.TAGGING_TRANSPORT = settings.TRANSPORTS["sqs"]
        settings.TAGGING_SQS_QUEUE_URL = f"{endpoint}/1/devlogs"
        yield
        server.shutdown()


@pytest.fixture
def works() -> Iterator[Callable[[], None]]:
    """Start what works in a serving process under the transport that is set."""
    workers = []

    def start() -> None:
        workers.append(queues.transport().make_worker())
        workers[-1].start()

    yield start
    for worker in workers:
        worker.stop(20)


@pytest.fixture
def post() -> Callable[..., None]:
    """Post a private entry and a public one, each with its word, so many of both."""
    client = APIClient(headers={"content-type": "application/json"})
    client.force_authenticate(User.objects.create_user("ada"))

    def write(count: int = 1, query: str = "") -> None:
        for number in range(count):
            for word, private in ((PRIVATE, True), (PUBLIC, False)):
                entry = f"Wrote a Django app for project {word}, part {number}."
                assert client.post(URL + query, {"entry": entry, "private": private}).status_code == 201

    return write


def answered_by(extractor: str) -> int:
    return Attempt.objects.filter(outcome="answered", extractor=extractor).count()


def only_the_public_word_left(sent: bytearray) -> bool:
    return PUBLIC.encode() in sent and PRIVATE.encode() not in sent


@pytest.mark.parametrize("query, in_call", [("", 1), ("?bulk=true", 4)])
@pytest.mark.parametrize("transport", ["memory", "actors"])
def test_by_a_worker_of_this_process_no_word_of_it_leaves(
    settings, model, works, post, sent, transport, query, in_call
):
    if transport == "actors":
        pytest.importorskip("pykka", reason="needs Pykka: pip install -r requirements/dev.txt")
    settings.TAGGING_TRANSPORT = settings.TRANSPORTS[transport]
    settings.TAGGING_ENTRIES_PER_CALL = in_call
    post(4, query)

    works()

    eventually(lambda: Job.objects.filter(state="done").count() == 8, "all tagged", 20)
    assert (answered_by("embedded"), answered_by("openai")) == (4, 4)
    assert only_the_public_word_left(sent)


@pytest.mark.parametrize("fault", ["rate_limit", "unauthorized", "server_error", "html", "reset"])
def test_while_the_model_fails_no_word_of_it_leaves_either(settings, model, works, post, sent, fault):
    model.usual = fault
    works()

    post(3)

    eventually(lambda: answered_by("embedded") == 3, "the private ones tagged", 20)
    eventually(lambda: PUBLIC.encode() in sent or model.requests, "a call", 20)
    assert PRIVATE.encode() not in sent


def test_to_a_lambda_no_word_of_it_is_handed_over(settings, sqs, works, post, sent):
    settings.TAGGING_SQS_CONSUMER = "lambda"
    settings.TAGGING_EXTRACTOR = settings.EXTRACTORS["openai"]
    post(3)

    works()

    eventually(lambda: answered_by("embedded") == 3, "the private ones tagged here", 20)
    eventually(lambda: sent.count(PUBLIC.encode()) == 3, "the others handed over", 20)
    eventually(lambda: Job.objects.filter(is_private=False, claimed_by="sqs").count() == 3, "held by SQS", 20)
    assert only_the_public_word_left(sent)


def test_to_a_lambda_with_the_embedded_extractor_neither(settings, sqs, works, post, sent):
    settings.TAGGING_SQS_CONSUMER = "lambda"
    settings.TAGGING_EXTRACTOR = settings.EXTRACTORS["embedded"]
    post()

    works()

    eventually(lambda: PUBLIC.encode() in sent and answered_by("embedded") == 1, "one tagged, one handed over", 20)
    assert only_the_public_word_left(sent)


def test_while_as_much_as_may_be_is_at_sqs_private_ones_do_not_wait(settings, sqs, works, post, sent):
    settings.TAGGING_SQS_CONSUMER, settings.TAGGING_SQS_IN_FLIGHT = "lambda", 1
    settings.TAGGING_EXTRACTOR = settings.EXTRACTORS["openai"]
    works()

    post(3)

    eventually(lambda: answered_by("embedded") == 3, "the private ones tagged here", 20)
    eventually(lambda: Job.objects.filter(state="running").count() == 1, "one of the others handed over", 20)
    assert only_the_public_word_left(sent)


def test_to_run_worker_sqs_carries_ids_and_no_word(settings, sqs, works, post, sent):
    settings.TAGGING_SQS_CONSUMER = "run_worker"
    works()

    post()

    eventually(lambda: sent.count(b"MessageBody") >= 1, "a message", 20)
    queues.transport().make_worker().stop(20)
    assert (PUBLIC.encode() in sent, PRIVATE.encode() in sent) == (False, False)


def test_celery_carries_ids_and_no_word(settings, post, monkeypatch):
    pytest.importorskip("celery", reason="needs requirements/celery.txt")
    from kombu import Connection

    from tagging.transports import celery

    monkeypatch.setattr(celery, "IS_RABBITMQ", False)
    monkeypatch.setattr(celery, "connect", lambda: Connection("memory://"))
    publisher = celery.Publisher()
    monkeypatch.setattr(queues, "notify", lambda job_ids: publisher.deliver(set(job_ids)))

    post()

    with Connection("memory://") as connection:
        queue = connection.SimpleQueue(celery.NAME)
        messages = [queue.get_nowait() for _ in range(2)]
        queue.close()
    publisher.close()
    bodies = [message.body if isinstance(message.body, str) else bytes(message.body).decode() for message in messages]
    assert sorted(json.loads(body)[0][0][0] for body in bodies) == sorted(Job.objects.values_list("pk", flat=True))
    assert not any(PRIVATE in f"{message.headers} {body}" for message, body in zip(messages, bodies, strict=True))


def test_a_task_of_django_carries_ids_and_runs_private_ones_here(settings, post, sent, model, monkeypatch):
    if not find_spec("django.tasks"):  # before Django 6
        pytest.importorskip("django_tasks", reason="needs django-tasks: pip install -r requirements/dev.txt")
    from tagging.transports import tasks

    backends = "django.tasks.backends" if find_spec("django.tasks") else "django_tasks.backends"
    settings.TASKS = {"default": {"BACKEND": f"{backends}.dummy.DummyBackend"}}
    monkeypatch.setattr(queues, "notify", lambda job_ids: tasks.TaskSender().deliver(set(job_ids)))
    post()
    carried = [(result.args, result.kwargs) for result in tasks.work_on.get_backend().results]

    settings.TASKS = {"default": {"BACKEND": f"{backends}.immediate.ImmediateBackend"}}
    tasks.work_on.enqueue([])
    tasks.engine_here.close()

    assert all(type(one) is int for args, _ in carried for one in args[0])
    assert (answered_by("embedded"), answered_by("openai")) == (1, 1)
    assert only_the_public_word_left(sent)


def test_what_is_told_other_workers_holds_no_word(post, sent):
    """By their doorbells on this host; what NOTIFY tells on others is where it came from."""
    post()
    queues.transport().notify_others()

    assert (PUBLIC.encode() in sent, PRIVATE.encode() in sent) == (False, False)


# -- a result that comes too late ------------------------------------------------------------------------------------


@pytest.mark.parametrize("was", ["running", "tagged here"])
def test_a_result_for_what_was_made_private_meanwhile_is_refused(api, settings, make_devlog, run_jobs, was):
    settings.TAGGING_RESULTS_TOKEN = "a-token-of-thirty-two-characters"
    devlog = make_devlog("Wrote a Django app.")
    (job,) = claim()
    record = record_of(job)
    assert api.patch(f"{URL}{devlog.pk}/", {"private": True}).status_code == 200
    if was == "tagged here":
        run_jobs()
    result = {
        **{name: record[name] for name in ("entry_digest", "claim")},
        "extractor": "openai",
        "model": "gpt-6-luna",
        "prompt_version": 1,
        "usage": {"input_tokens": 1, "output_tokens": 1},
        "technologies": [{"name": "app", "evidence": "a Django app"}],
    }

    response = api.post(
        f"{URL}{devlog.pk}/tags/", result, headers={"Authorization": f"Bearer {settings.TAGGING_RESULTS_TOKEN}"}
    )

    assert (response.status_code, answered_by("openai")) == (409, 0)
    assert "private" in response.json()["detail"]
