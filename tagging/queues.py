"""The way into the queue: the job row in the caller's transaction, the doorbell after its commit."""

import logging
from collections.abc import Sequence
from functools import cache, partial

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from devlogs.models import DevLog
from tagging.models import DevLogTag, Job
from tagging.transports import Transport

logger = logging.getLogger(__name__)


def enqueue(devlog: DevLog, *, is_bulk: bool = False) -> None:
    """Ask for the tags of a new dev-log, in the transaction that saves it.

    is_bulk: one of many, which comes after all that people wait for.
    """
    devlog.job = Job.objects.insert(devlog, Job.Priority.BULK if is_bulk else Job.Priority.INTERACTIVE)
    notify_after_commit([devlog.pk])


def enqueue_again(devlog: DevLog) -> None:
    """Ask for the tags of an edited dev-log, in the transaction that saves it.

    The tags found in the text that is gone are dropped at once; a person's stay.
    """
    # The job first: it waits for a worker that is just settling it, whose tags are then seen and dropped too.
    (devlog.job,) = Job.objects.enqueue([devlog.pk])
    DevLogTag.objects.filter(devlog=devlog, attempt__isnull=False).delete()
    notify_after_commit([devlog.pk])


def retag(devlog_ids: Sequence[int], *, is_bulk: bool = False) -> list[int]:
    """Ask once more for the tags of these dev-logs, except where somebody has already; return those asked for.

    A job that is pending or running reads the text as it is now: it stays as it is, with what it may have paid.
    """
    jobs = Job.objects.filter(pk__in=devlog_ids).order_by("pk").select_for_update()
    unfinished = {pk for pk, state in jobs.values_list("pk", "state") if state in Job.UNFINISHED}
    present = DevLog.objects.filter(pk__in=devlog_ids).values_list("pk", flat=True)  # some may be deleted meanwhile
    asked = sorted(set(present) - unfinished)
    if asked:
        Job.objects.enqueue(asked, priority=Job.Priority.BULK if is_bulk else Job.Priority.INTERACTIVE)
        notify_after_commit(asked)
    return asked


def withdraw(devlog_ids: Sequence[int]) -> None:
    """Remove the jobs of dev-logs about to be deleted, in the same transaction and first.

    It waits for a worker that is just settling one of them, and leaves later ones nothing to settle.
    """
    list(Job.objects.filter(pk__in=devlog_ids).order_by("pk").select_for_update().values_list("pk"))
    Job.objects.filter(pk__in=devlog_ids).delete()


def notify_after_commit(job_ids: Sequence[int]) -> None:
    transaction.on_commit(partial(doorbell.ring, job_ids))


class Doorbell:
    """Rings the transport that is set; one that is down costs the ring, never the request: the sweep finds all."""

    def __init__(self) -> None:
        self._is_broken = False

    def ring(self, job_ids: Sequence[int]) -> None:
        try:
            transport().send(job_ids)
        except Exception:
            if not self._is_broken:  # once, not with each request
                logger.exception("The transport dropped a ring; jobs wait for the sweep until it is back")
            self._is_broken = True
        else:
            self._is_broken = False


doorbell = Doorbell()


@cache
def transport() -> Transport:
    return import_string(settings.TAGGING_TRANSPORT)()
