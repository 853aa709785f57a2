"""A person pauses the queue: nothing is claimed, dev-logs are taken in, and what runs is settled."""

import io
import re
import threading
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import IntegrityError, transaction

from tagging import queues
from tagging.engine.dispatch import Dispatcher
from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Job, ProviderState, QueuePause
from tagging.models.shown_pause import shown_pause
from tests.support.extractors import Paid, Scripted
from tests.support.jobs import job_of
from tests.support.running import drain, engine_for

pytestmark = pytest.mark.django_db

FOR_AN_HOUR = ExtractionError(
    ErrorCode.RATE_LIMITED, "Too many requests.", waiting_for=WaitingFor.RATE_LIMIT, retry_after=3600
)


@pytest.fixture(autouse=True)
def nothing_believed(monkeypatch):
    monkeypatch.setattr("tagging.engine.known_waits.PAUSE_SECONDS", 0.0)


def command(name, **options):
    out = io.StringIO()
    call_command(name, stdout=out, **options)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "…", out.getvalue()).splitlines()


def told(devlog):
    shown_pause.forget()
    job = job_of(devlog)
    return job.state, job.attempts, job.waits_for(shown_pause), job.due_at(shown_pause)


# -- what is claimed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_private", [False, True])
def test_nothing_is_claimed_while_it_is_paused_and_no_attempt_is_spent(make_devlog, run_jobs, is_private):
    QueuePause.objects.pause()
    devlog = make_devlog(is_private=is_private)

    run_jobs(Scripted(["Django"]))

    assert told(devlog) == ("pending", 0, "paused", None)


def test_private_entries_wait_too_where_no_call_could_begin(make_devlog):
    QueuePause.objects.pause()
    make_devlog(is_private=True)
    dispatcher = Dispatcher(Paid())

    assert dispatcher.claim(0, free_here=5).jobs == []
    dispatcher.close()


def test_no_entry_of_our_own_tests_the_provider_while_it_is_paused(make_devlog, started):
    engine = started(Paid())
    ProviderState.objects.create(**vars_of_current(failures=3))
    make_devlog()
    QueuePause.objects.pause()

    drain(engine)

    assert (ProviderState.objects.get().canaries, Job.objects.running().count()) == (0, 0)


def vars_of_current(**fields):
    return {"identity": ProviderState.objects.current().identity, **fields}


def test_what_runs_is_finished_and_settled(make_devlog):
    may_answer = threading.Event()
    extractor = Scripted(["Django"])
    extract = extractor.extract
    extractor.extract = lambda *args, **more: (may_answer.wait(10), extract(*args, **more))[1]
    engine = engine_for(extractor)
    running = make_devlog()
    engine.step()
    QueuePause.objects.pause()
    waiting = make_devlog()

    may_answer.set()
    drain(engine)

    assert [told(devlog)[0] for devlog in (running, waiting)] == ["done", "pending"]
    engine.close()


def test_after_it_all_go_on(make_devlog, run_jobs):
    QueuePause.objects.pause()
    devlogs = [make_devlog(), make_devlog(is_private=True)]
    run_jobs(Scripted())

    assert queues.resume()
    run_jobs(Scripted(["Django"]))

    assert [told(devlog)[0] for devlog in devlogs] == ["done", "done"]


def test_it_is_read_once_a_while_and_each_time_while_it_lasts(
    make_devlog, started, monkeypatch, django_assert_num_queries
):
    engine = started(Scripted())
    monkeypatch.setattr("tagging.engine.known_waits.PAUSE_SECONDS", 3600)
    dispatcher = engine.dispatcher
    dispatcher.claim(0)
    QueuePause.objects.pause()

    with django_assert_num_queries(0):
        dispatcher.claim(0)
    monkeypatch.setattr("tagging.engine.known_waits.time", SimpleNamespace(monotonic=lambda: 1e12))
    dispatcher.claim(0)
    with django_assert_num_queries(1):
        dispatcher.claim(0)


# -- the pause itself --------------------------------------------------------------------------------------------


def test_it_says_who_paused_it_and_why_in_one_line():
    boss = get_user_model().objects.create(username="boss")

    pause = QueuePause.objects.pause(boss, " the model\nis mended ")

    assert (pause.who, pause.reason) == ("boss", "the model is mended")


def test_a_second_pause_changes_nothing_of_the_first():
    first = QueuePause.objects.pause(reason="first")

    again = QueuePause.objects.pause(reason="second")

    assert (again.since, again.reason, QueuePause.objects.count()) == (first.since, "first", 1)


def test_there_is_one_at_a_time():
    QueuePause.objects.pause()

    with pytest.raises(IntegrityError), transaction.atomic():
        QueuePause.objects.create(id=2)


def test_it_outlives_who_set_it():
    boss = get_user_model().objects.create(username="boss")
    QueuePause.objects.pause(boss)

    boss.delete()

    assert QueuePause.objects.current().who == "manage.py"


def test_pause_and_resumption_are_logged_in_a_line_each(caplog, django_capture_on_commit_callbacks):
    boss = get_user_model().objects.create(username="boss")
    with django_capture_on_commit_callbacks(execute=True):
        QueuePause.objects.pause(boss, "<b>\nbreak")
        QueuePause.objects.pause(boss)
        queues.resume(boss)
        queues.resume(boss)

    lines = [record.getMessage() for record in caplog.records if record.name == "tagging.models.queue_pause"]
    number = f"user={boss.pk}"
    assert lines == [f"The queue was paused by {number}: <b> break", f"The queue was resumed by {number}"]


# -- the commands ------------------------------------------------------------------------------------------------


def test_the_commands_say_what_they_did():
    assert command("pause", reason="too dear") == [
        "The queue is paused since … by manage.py (too dear). Resume it with: manage.py resume"
    ]
    assert command("resume") == ["The queue was paused since … by manage.py (too dear). It goes on."]
    assert command("resume") == ["Nothing is paused."]


def test_resume_ends_a_pause_of_the_provider_too():
    ProviderState.objects.pause(FOR_AN_HOUR)
    QueuePause.objects.pause()

    assert command("resume") == [
        "The queue was paused since … by manage.py. It goes on.",
        "Waited for rate_limit since …: rate_limited, Too many requests. One probe goes out at once.",
    ]
    assert not ProviderState.objects.current().is_paused


def test_the_end_of_a_pause_is_told_to_this_process_and_to_others(
    make_devlog, monkeypatch, django_capture_on_commit_callbacks
):
    devlogs, sent, others = [make_devlog() for _ in range(12)], [], []
    monkeypatch.setattr(
        queues, "transport", lambda: SimpleNamespace(send=sent.extend, notify_others=lambda: others.append(1))
    )
    QueuePause.objects.pause()

    with django_capture_on_commit_callbacks(execute=True):
        queues.resume()

    assert (sent, others) == ([devlog.pk for devlog in devlogs[:10]], [1])
