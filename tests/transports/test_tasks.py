"""Django's own Tasks: what a task does, and what the sender finds for it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

if not find_spec("django.tasks"):  # before Django 6
    pytest.importorskip("django_tasks", reason="needs django-tasks: pip install -r requirements/dev.txt")

from django.db import DatabaseError, connection
from django.db.models.functions import Now

from devlogs.models import DevLog
from tagging import queues
from tagging.engine.process_lock import Owner
from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.models import Attempt, Job
from tagging.transports import tasks
from tests.support.extractors import Paid, error
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

BACKENDS = "django.tasks.backends" if find_spec("django.tasks") else "django_tasks.backends"


@pytest.fixture(autouse=True)
def transport(settings) -> Iterator[queues.Transport]:
    """The transport on the immediate backend, with a simulated model."""
    settings.TASKS = {"default": {"BACKEND": f"{BACKENDS}.immediate.ImmediateBackend"}}
    settings.TAGGING_TRANSPORT = settings.TRANSPORTS["django"]
    settings.TAGGING_EXTRACTOR = settings.EXTRACTORS["simulated"]
    settings.TAGGING_SWEEP_SECONDS = 0.05
    queues.transport.cache_clear()
    yield queues.transport()
    queues.transport().make_worker().stop(20)
    queues.transport.cache_clear()
    tasks.engine_here.close()


@pytest.fixture
def gate(settings, monkeypatch, tmp_path) -> Iterator[Path]:
    """The file that, once it is there, lets the calls of entries `behind gate a` end."""
    settings.TAGGING_EXTRACTOR = "tests.support.extractors.GatedExtractor"
    monkeypatch.setenv("LEDGER", str(tmp_path / "ledger"))
    monkeypatch.setenv("GATES", str(tmp_path))
    yield tmp_path / "a"
    (tmp_path / "a").touch()  # no call outlives its test


@pytest.fixture
def enqueued(settings) -> Callable[[], list[list[int]]]:
    """What is in each task, of a backend that runs none."""
    settings.TASKS = {"default": {"BACKEND": f"{BACKENDS}.dummy.DummyBackend"}}
    return lambda: [result.args[0] for result in tasks.work_on.get_backend().results]


def enter(count: int, entry: str = "Wrote a Django app") -> list[int]:
    """Save so many dev-logs and their jobs, and tell nobody."""
    devlogs = [DevLog.objects.create(entry=f"{entry}, no. {number}.") for number in range(count)]
    return [job.pk for job in Job.objects.enqueue([devlog.pk for devlog in devlogs])]


def states() -> Counter[str]:
    return Counter(Job.objects.values_list("state", flat=True))


def in_thread(job_ids: list[int]) -> threading.Thread:
    def work() -> None:
        try:
            tasks.work_on.call(job_ids)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


# -- the task ----------------------------------------------------------------------------------------------------


def test_a_task_ends_when_its_jobs_are_settled(settings):
    settings.TAGGING_SIMULATED_DELAY_SECONDS = 0.02
    job_ids = enter(20)

    tasks.work_on.call(job_ids)

    assert states() == {"done": 20}
    assert Counter(Attempt.objects.values_list("job_id", "outcome")) == dict.fromkeys(
        ((job_id, "answered") for job_id in job_ids), 1
    )


def test_a_task_whose_jobs_are_settled_already_does_nothing():
    settled = enter(1)
    tasks.work_on.call(settled)
    enter(3)

    tasks.work_on.call(settled)

    assert states() == {"done": 1, "pending": 3}


def test_a_task_without_ids_runs_whatever_is_due():
    enter(3)

    tasks.work_on.call([])

    assert states() == {"done": 3}


def test_a_task_ends_after_its_time_though_more_is_due_and_leaves_nothing_running(settings, monkeypatch):
    settings.TAGGING_SIMULATED_DELAY_SECONDS = 0.05
    settings.TAGGING_CONCURRENCY = 2
    monkeypatch.setattr(tasks, "SECONDS", 0.01)
    job_ids = enter(40)

    tasks.work_on.call(job_ids)

    assert states()["running"] == 0
    assert states()["done"] > 0
    assert states()["pending"] > 0


def test_a_task_whose_time_ends_before_the_backlog_has_one_other_follow(enqueued, settings, monkeypatch):
    settings.TAGGING_SIMULATED_DELAY_SECONDS = 0.05
    settings.TAGGING_CONCURRENCY = 2
    monkeypatch.setattr(tasks, "SECONDS", 0.01)
    tasks.work_on.call(enter(40))
    assert enqueued() == [[]]

    monkeypatch.setattr(tasks, "SECONDS", 60)
    tasks.work_on.call([])

    assert states() == {"done": 40}
    assert enqueued() == [[]]


def test_a_backend_that_takes_no_other_task_fails_none_that_has_worked(settings, monkeypatch, caplog):
    settings.TASKS = {"default": {"BACKEND": "no.such.Backend"}}
    settings.TAGGING_SIMULATED_DELAY_SECONDS = 0.05
    settings.TAGGING_CONCURRENCY = 2
    monkeypatch.setattr(tasks, "SECONDS", 0.01)

    tasks.work_on.func(enter(40))

    assert states()["done"] > 0
    assert caplog.text.count("Having a task follow for what is still due (the sweep finds it) failed") == 1


def test_a_call_that_lasts_long_keeps_its_task_and_holds_up_nobody_else(gate, monkeypatch):
    monkeypatch.setattr(tasks, "SECONDS", 0.01)
    slow = enter(1, "Wrote Django behind gate a")
    task = in_thread(slow)
    eventually(lambda: states() == {"running": 1}, "the slow call")

    enter(20)

    eventually(lambda: states() == {"running": 1, "done": 20}, "all but the slow one done")
    assert task.is_alive()
    gate.touch()
    task.join(20)
    assert states() == {"done": 21}


def test_two_tasks_in_one_process_drive_its_engine_one_after_the_other(monkeypatch):
    meeting = threading.Barrier(2)
    real, met = tasks.Engine.step, []

    def step(engine, *, may_claim=True):
        with suppress(threading.BrokenBarrierError):
            met.append(meeting.wait(0.5))
        real(engine, may_claim=may_claim)

    monkeypatch.setattr(tasks.Engine, "step", step)
    for task in [in_thread([]), in_thread([])]:
        task.join(20)

    assert met == []


def test_the_next_task_respects_the_pause_that_one_before_it_met(monkeypatch):
    limit = error(ErrorCode.RATE_LIMITED, waiting_for=WaitingFor.RATE_LIMIT, retry_after=60)
    extractor = Paid(limit, limit)
    monkeypatch.setattr(tasks, "configured_extractor", lambda: extractor)
    tasks.work_on.call(enter(1))

    tasks.work_on.call(enter(1))

    assert len(extractor.entries) == 1
    assert states() == {"pending": 2}


def test_what_a_failed_task_leaves_to_its_backend_quotes_no_entry_and_the_next_one_works(monkeypatch):
    def fail(*args, **kwargs):
        raise DatabaseError("new row violates a constraint\nDETAIL: Failing row contains (the entry).")

    job_ids = enter(1)
    with monkeypatch.context() as broken:
        broken.setattr("tagging.models.claims.ClaimQuerySet.claim", fail)
        with pytest.raises(tasks.TaskFailedError, match="new row violates") as raised:
            tasks.work_on.call(job_ids)

    assert "the entry" not in str(raised.getrepr(chain=True, style="native"))
    tasks.work_on.call(job_ids)
    assert states() == {"done": 1}


def test_an_engine_that_failed_gives_back_what_it_had_claimed(gate, monkeypatch):
    (job_id,) = enter(1, "Wrote Django behind gate a")
    failing = threading.Event()
    real = tasks.Engine.step

    def step(engine, *, may_claim=True):
        if failing.is_set():
            raise DatabaseError("gone")
        real(engine, may_claim=may_claim)
        failing.set()

    monkeypatch.setattr(tasks.Engine, "step", step)
    with pytest.raises(tasks.TaskFailedError, match="gone"):
        tasks.work_on.call([job_id])

    gate.touch()
    assert states() == {"pending": 1}


# -- the sender --------------------------------------------------------------------------------------------------


def test_who_saves_waits_for_no_task_even_where_the_backend_runs_it_at_once(api, gate):
    answer = api.post("/api/v1/devlogs/", {"entry": "Wrote Django behind gate a."})

    assert answer.status_code == 201
    eventually(lambda: states() == {"running": 1}, "the call")
    gate.touch()
    eventually(lambda: states() == {"done": 1}, "its end")


def test_jobs_that_nobody_was_told_of_are_found(transport):
    enter(3)

    transport.make_worker().start()

    eventually(lambda: states() == {"done": 3}, "all jobs done")


def test_many_ids_are_shared_among_several_tasks(enqueued):
    tasks.TaskSender().deliver(set(range(1, 26)))

    assert enqueued() == [[*range(1, 11)], [*range(11, 21)], [*range(21, 26)]]


def looks(sender: tasks.TaskSender, clock: list[float], seconds: int) -> None:
    """Have the sender look once for each of these seconds."""
    for _ in range(seconds):
        sender.deliver(set())
        clock[0] += 1


@pytest.fixture
def clock(monkeypatch, settings) -> list[float]:
    settings.TAGGING_SWEEP_SECONDS = 1
    now = [1000.0]
    monkeypatch.setattr(tasks.time, "monotonic", lambda: now[0])
    return now


def test_what_stays_where_it_is_is_looked_at_ever_more_rarely_but_at_last_each_half_minute(enqueued, clock):
    enter(1)

    looks(sender := tasks.TaskSender(), clock, 300)
    first = len(enqueued())
    looks(sender, clock, 60)

    assert first <= 15
    assert 1 <= len(enqueued()) - first <= 2


def test_a_job_that_moves_between_two_sweeps_needs_no_look(enqueued, clock):
    sender = tasks.TaskSender()
    for job_id in enter(20):
        looks(sender, clock, 1)
        Job.objects.filter(pk=job_id).update(state="done", run_after=None)

    looks(sender, clock, 5)

    assert enqueued() == []


@pytest.mark.parametrize("left", [{"lease_expires_at": "2020-01-01T00:00Z"}, {"claimed_by": "dead"}])
def test_claims_that_nobody_holds_any_more_are_looked_at(enqueued, clock, left, monkeypatch):
    enter(1)
    Job.objects.claim(1, owner="alive", lease_seconds=60, is_paid=False)
    monkeypatch.setattr("tagging.engine.owner_name.has_ended", lambda name, at_start: name == "dead")
    sender = tasks.TaskSender()
    looks(sender, clock, 5)
    assert enqueued() == []

    Job.objects.update(**left)
    looks(sender, clock, 2)

    assert enqueued() == [[]]


def test_what_is_in_doubt_is_looked_at(enqueued, clock):
    enter(1)
    Job.objects.update(in_doubt_since=Now())

    looks(tasks.TaskSender(), clock, 2)

    assert enqueued() == [[]]


def test_a_look_leaves_the_proof_that_a_worker_is_dead_to_the_task(enqueued, clock):
    enter(1)
    dead = Owner()
    Job.objects.claim(1, owner=dead.name, lease_seconds=60, is_paid=False)
    dead.drop_lock()

    looks(tasks.TaskSender(), clock, 5)
    tasks.work_on.call([])

    assert states() == {"done": 1}


def test_a_backend_that_takes_nothing_fails_no_request_and_is_named_once(api, settings, caplog, monkeypatch):
    monkeypatch.setattr("tagging.transports.sender.REST_SECONDS", (0.01, 0.01))
    settings.TASKS = {"default": {"BACKEND": "no.such.Backend"}}

    for number in range(3):
        assert api.post("/api/v1/devlogs/", {"entry": f"Wrote Django, no. {number}."}).status_code == 201

    eventually(lambda: "InvalidTaskBackend" in caplog.text, "a word about the backend")
    assert caplog.text.count("Notifying by the backend of TASKS") == 1


# -- the check ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "backend, said",
    [
        (f"{BACKENDS}.immediate.ImmediateBackend", ["tagging.W004"]),
        (f"{BACKENDS}.dummy.DummyBackend", ["tagging.W004"]),
        ("django_tasks_db.DatabaseBackend", []),
    ],
)
def test_a_backend_that_no_other_process_works_for_is_named(settings, backend, said):
    settings.TASKS = {"default": {"BACKEND": backend}}

    from tagging.checks import tasks_run_elsewhere

    assert [message.id for message in tasks_run_elsewhere(None)] == said
