"""Notifications as tasks of Django's own framework, run by the worker of whatever backend TASKS names.

    web process                             that backend's worker, as `manage.py db_worker`
    send -> sender thread -> the backend -> work_on(ids): the engine, until nothing is due or SECONDS are over

A task holds ids and nothing more. One whose time ends before a backlog does has another follow. When it has ended
nothing runs on in its process, so a worker may be stopped, frozen or ended between two tasks. Nobody sweeps between
them either: the sender thread of each serving process looks for what nobody works on, and has a task without ids find
it.
"""

# mypy: disable-error-code="import-not-found,no-redef"
from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

try:
    from django.tasks import task
except ImportError:  # before Django 6
    try:
        from django_tasks import task
    except ImportError as error:
        raise ImportError("The django transport needs django-tasks: pip install -r requirements/django.txt") from error
from tagging.engine.attempting import configured_extractor
from tagging.engine.engine import Engine
from tagging.engine.fork import on_fork
from tagging.engine.guard import ErrorLog, SafeError, described
from tagging.engine.mailbox import Mailbox
from tagging.engine.process_lock import dead_owners
from tagging.models import Job
from tagging.models.transitions import Fence
from tagging.queues import Transport
from tagging.transports.sender import BrokerDownError, Sender

logger = logging.getLogger(__name__)

# So many ids a task: fewer tasks when many come at once, and still enough of them for several workers.
IDS_PER_TASK = 10
# So long a task claims what is due, in seconds; then other tasks have their chance, and a worker may be stopped.
SECONDS = 5.0
# At most so long apart are the looks for jobs that stay where they are, as while no worker runs.
MOST_SECONDS_APART = 30.0
# How long the end of a process waits for its last ids.
FLUSH_SECONDS = 1.0


# -- in the process that works -----------------------------------------------------------------------------------


class TaskFailedError(SafeError):
    """What went wrong in a task, for its backend to keep; jobs are taken back by the next one."""


class TaskEngine:
    """The one engine of this process, kept from task to task: what is done once for each process stays so."""

    def __init__(self) -> None:
        self._driving = threading.Lock()
        self._engine: Engine | None = None

    def run(self, job_ids: Sequence[int]) -> bool:
        """Run all that is due, unless none of these jobs is any more; return when nothing runs here.

        Say whether its time ended while something was due.
        """
        with self._driving:  # a backend may run tasks in several threads
            if job_ids and not Job.objects.due().filter(pk__in=job_ids).exists():
                return False
            self._engine = self._engine or Engine(configured_extractor(), Mailbox(), until_empty=True)
            try:
                was_in_time = self._drive(self._engine, until=time.monotonic() + SECONDS)
                return not was_in_time and Job.objects.due().exists()
            except Exception:
                with suppress(Exception):
                    connection.close()  # it may be what went wrong
                self._close()
                raise

    def _drive(self, engine: Engine, until: float) -> bool:
        """Return whether it found nothing more before its time ended."""
        last: set[Fence] | None = None
        while True:
            if last is None and time.monotonic() >= until:
                last = set(engine.slots.in_flight)
            # What lasts long keeps this task; others are not to wait for it.
            engine.step(may_claim=last is None or not last.isdisjoint(engine.slots.in_flight))
            if engine.is_finished:
                return last is None
            engine.wait()

    def close(self) -> None:
        """Give back what is claimed and let go of everything; the next task begins anew."""
        with self._driving:
            self._close()

    def _close(self) -> None:
        engine, self._engine = self._engine, None
        if engine:
            with suppress(Exception):  # what is left is taken back, as after the end of this process
                engine.close()


engine_here = TaskEngine()
atexit.register(lambda: engine_here.close())


def _begin_anew() -> None:
    """Leave a parent's engine to the parent, and its lock, which another thread may have held."""
    global engine_here
    engine_here = TaskEngine()


on_fork(_begin_anew)


here = threading.local()
following = ErrorLog(logger, "Having a task follow for what is still due (the sweep finds it)")


@task
def work_on(job_ids: list[int]) -> None:
    """Settle these jobs, or find with the next claim who does; without ids, take back and run what is left behind."""
    if getattr(here, "is_working", False):  # in a backend that runs a task where it is enqueued, one would never end
        return
    here.is_working = True
    try:
        if engine_here.run(job_ids):
            have_another_follow()
    except Exception as error:
        # A backend stores and logs the text and the causes of what is raised, which may quote an entry.
        raise TaskFailedError(described(error)) from None
    finally:
        here.is_working = False


def have_another_follow() -> None:
    try:
        work_on.enqueue([])
    except Exception as error:
        following.note(error)
        with suppress(Exception):
            connection.close()  # it may be what went wrong
    else:
        following.clear()


# -- in the process that enqueues --------------------------------------------------------------------------------


class TaskSender(Sender):
    """Enqueues tasks for the ids that come, and for what nobody works on; no request waits for a backend."""

    def __init__(self) -> None:
        super().__init__("the backend of TASKS")
        self._sweep_at = self._look_at = 0.0
        self._seconds_apart = 0.0
        self._left: object = None

    def seconds_to_wait(self) -> float:
        # Until the next sweep, and no longer than startup lets a worker be silent.
        return min(max(0.0, self._sweep_at - time.monotonic()), settings.TAGGING_LEASE_SECONDS / 3)

    def deliver(self, job_ids: set[int]) -> bool:
        ids = sorted(job_ids)
        portions = [ids[start : start + IDS_PER_TASK] for start in range(0, len(ids), IDS_PER_TASK)]
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + settings.TAGGING_SWEEP_SECONDS
            if self._must_look():
                portions.append([])
        for portion in portions:
            self._enqueue(portion)
        return bool(portions)

    def _must_look(self) -> bool:
        """Say whether something has been left since the last sweep; of the same, ever more rarely."""
        left, now = left_behind(), time.monotonic()
        if not left or left != self._left:
            self._left, self._look_at, self._seconds_apart = left, now, settings.TAGGING_SWEEP_SECONDS
            return False
        if now < self._look_at:
            return False
        self._look_at = now + self._seconds_apart
        self._seconds_apart = min(2 * self._seconds_apart, MOST_SECONDS_APART)
        return True

    def _enqueue(self, job_ids: list[int]) -> None:
        try:
            work_on.enqueue(job_ids)
        except Exception as error:
            with suppress(Exception):
                connection.close()  # it may be what went wrong
            raise BrokerDownError(described(error)) from None


def left_behind() -> list[object]:
    """Return signs of what nobody works on: the first job that is due, one in doubt, claims that nobody holds."""
    with dead_owners(Job.objects.holders(), forgets=False) as dead:
        signs: list[object] = [*sorted(dead)]
    for jobs in (
        Job.objects.due(),
        Job.objects.in_doubt().order_by("pk"),
        Job.objects.running().filter(lease_expires_at__lt=Now()).order_by("pk"),
    ):
        signs += jobs.values_list("pk", "attempts")[:1]
    return signs


class TasksTransport(Transport):
    """Enqueues from a thread of its own, which a serving process has from its start on."""

    has_local_worker = True

    def __init__(self) -> None:
        self._sender = TaskSender()
        atexit.register(lambda: self._sender.stop(FLUSH_SECONDS))

    def send(self, job_ids: Sequence[int]) -> None:
        self.make_worker().notify(job_ids)

    def make_worker(self) -> TaskSender:
        """Return this process's sender: its thread does not pass a fork."""
        if not self._sender.is_usable:
            self._sender = TaskSender()
        return self._sender
