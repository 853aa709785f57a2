"""The way into the queue: the job row in the caller's transaction, a notification after its commit."""

import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.module_loading import import_string

from devlogs.models import DevLog
from tagging.engine import traces
from tagging.engine.guard import ErrorLog, GuardedThread
from tagging.engine.mailbox import Mailbox
from tagging.engine.startup import MakeWorker
from tagging.models import DevLogTag, Job, QueuePause

logger = logging.getLogger(__name__)


class TooManyPendingError(Exception):
    """The author has as many dev-logs waiting for their tags as one may have: `most`."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


# What one author may have pending of what people wait for: far more than one writes, too little to be felt by others.
MOST_PENDING = 10_000
# And of what comes in bulk, behind all that: a life's diary, and no more than the disk can hold of many authors.
MOST_PENDING_IN_BULK = 100_000
# For so long, in seconds, or for a hundredth of that number an author is not looked at again, as a look reads an index
# entry for each pending job.
LOOK_SECONDS = 1.0
# So many authors are remembered.
MOST_LOOKS = 10_000
# Of so many jobs that are due a transport is told when a pause ends; the workers find the others.
TOLD_AT_RESUMPTION = 10
looks: dict[tuple[int | None, bool], tuple[float, int]] = {}


def refuse_too_many(author_id: int | None, *, is_bulk: bool = False, count: int = 1) -> None:
    """Raise TooManyPendingError where this author, None for all who are anonymous, may not ask for more tags now."""
    until, left = looks.get((author_id, is_bulk), (0.0, 0))
    if left <= 0 or time.monotonic() >= until:
        most = MOST_PENDING_IN_BULK if is_bulk else MOST_PENDING
        priority = Job.Priority.BULK if is_bulk else Job.Priority.INTERACTIVE
        if Job.objects.has_pending(author_id, most, priority):
            raise TooManyPendingError(most)
        if len(looks) >= MOST_LOOKS:
            looks.clear()
        until, left = time.monotonic() + LOOK_SECONDS, most // 100
    looks[author_id, is_bulk] = (until, left - count)


def enqueue(devlog: DevLog, *, is_bulk: bool = False) -> None:
    """Ask for the tags of a new dev-log, in the transaction that saves it.

    is_bulk: one of many, which comes after all that people wait for.
    """
    with traces.publishing():
        devlog.job = Job.objects.insert(devlog, Job.Priority.BULK if is_bulk else Job.Priority.INTERACTIVE)
    notify_after_commit([devlog.pk])


def enqueue_many(devlog_ids: Sequence[int]) -> None:
    """Ask for the tags of many new dev-logs, in the transaction that saves them and after all that people wait for."""
    with traces.publishing():
        Job.objects.enqueue(devlog_ids, Job.Priority.BULK)
    notify_after_commit(devlog_ids)


def enqueue_again(devlog: DevLog) -> None:
    """Ask for the tags of an edited dev-log, in the transaction that saves it.

    Where a call for the old text runs, that is first waited for: an editor that saves while one types would else have
    many paid calls run at once. A private one waits for no call. The tags found in the text that is gone are dropped
    at once; a person's stay.
    """
    # The job first: it waits for a worker that is just claiming or settling it, whose tags are then dropped too.
    list(Job.objects.filter(pk=devlog.pk).select_for_update().values_list("pk"))
    with traces.publishing():
        if not devlog.is_private and Job.objects.supersede(devlog.pk):
            devlog.job = Job.objects.get(pk=devlog.pk)
        else:
            (devlog.job,) = Job.objects.enqueue([devlog.pk])
    DevLogTag.objects.filter(devlog=devlog, attempt__isnull=False).delete()
    notify_after_commit([devlog.pk])


def retag(devlog_ids: Sequence[int], *, is_bulk: bool = False) -> list[int]:
    """Ask the model once more for the tags of these dev-logs, except those asked for already; return the ids.

    A job that is pending or running reads the text as it is now: it stays as it is, with what it may have paid.
    """
    jobs = Job.objects.filter(pk__in=devlog_ids).order_by("pk").select_for_update()
    states = dict(jobs.values_list("pk", "state"))
    finished = [pk for pk, state in states.items() if state not in Job.UNFINISHED]
    # Written past the API, and never asked for; or deleted meanwhile.
    without_job = DevLog.objects.filter(pk__in=set(devlog_ids) - states.keys()).order_by("pk")
    never_asked = list(without_job.values_list("pk", flat=True))
    priority = Job.Priority.BULK if is_bulk else Job.Priority.INTERACTIVE
    with traces.publishing():
        Job.objects.ask_anew(finished, priority)
        Job.objects.enqueue(never_asked, priority)
    asked = sorted(finished + never_asked)
    if asked:
        notify_after_commit(asked)
    return asked


def notify_after_commit(job_ids: Sequence[int]) -> None:
    """Log that these jobs are pending, and tell a worker of them, once they are committed."""
    # A line for many: it has a number of its own where it is about one.
    fields = {"job": job_ids[0]} if len(job_ids) == 1 else {"jobs": list(job_ids)}
    transaction.on_commit(partial(logger.info, "jobs=%s pending", ",".join(map(str, job_ids)), extra=fields))
    transaction.on_commit(partial(notify, job_ids))


def resume(user: AbstractBaseUser | None = None) -> QueuePause | None:
    """End a person's pause of the queue, have workers look at once, and return its row; None where there was none."""
    pause = QueuePause.objects.resume(user)
    if pause:
        first = Job.objects.due().values_list("pk", flat=True)[:TOLD_AT_RESUMPTION]
        transaction.on_commit(partial(notify, list(first), others=True))
    return pause


def notify(job_ids: Sequence[int], *, others: bool = False) -> None:
    """Hand these ids to the transport; if it is down, the notification is lost and the request goes on.

    others: tell all processes, also where one here could begin them.
    """
    try:
        transport().send(job_ids)
        if others:
            transport().notify_others()
    except Exception as error:
        errors.note(error)
    else:
        errors.clear()


errors = ErrorLog(logger, "Notifying a worker (jobs are picked up by the next sweep)")


class Transport:
    """Carries the ids of jobs worth looking at to a worker; named by a dotted path in TAGGING_TRANSPORT.

    It may lose them, repeat them or bring them late: the job row is the truth, and the sweep finds what is due.
    """

    # Whether what answers runs in the very process that sends; then `make_worker` makes it.
    has_local_worker = False

    def send(self, job_ids: Sequence[int]) -> None:
        """Tell of these jobs. Called after commit; may raise, and the notification is then dropped."""
        raise NotImplementedError

    def notify_others(self) -> None:
        """Tell other processes that more is due than this one can begin now, where they would not hear of it."""

    def make_worker(self) -> GuardedThread:
        """Make what works in a serving process; it is started with the server."""
        raise NotImplementedError

    def consume(self, mailbox: Mailbox) -> AbstractContextManager[None]:
        """Put what comes for this process into the mailbox of run_worker, as long as the context lasts."""
        return nullcontext()


@cache
def transport() -> Transport:
    """Return the transport that the settings name."""
    chosen: Transport = import_string(settings.TAGGING_TRANSPORT)()
    return chosen


def local_worker_maker() -> MakeWorker | None:
    """Return what makes the worker of a serving process; None where another process answers."""
    return transport().make_worker if transport().has_local_worker else None
