"""What people do to a job, each a queryset method as all transitions are: ask once more, edit its entry, cancel it.

A job that is cancelled ends `failed`, pending or running. One whose entry was edited while it runs is superseded. Both
stay with their holder, with what is reserved on them, until the call has ended, and are then released: a call is paid
for whatever becomes of its job, and no second one is made beside it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce, Now

from devlog_project.api import origin
from devlogs.models import DevLog
from tagging.extraction.base import ErrorCode
from tagging.models import sql
from tagging.models.doubt import DoubtQuerySet

logger = logging.getLogger(__name__)

NO_CLAIM: dict[str, Any] = {
    "claim_token": None,
    "claimed_by": "",
    "lease_expires_at": None,
    "reserved_tokens": 0,
    "reserved_cost": 0,
}

# What the database's defaults make of a new job.
NO_ERROR = {"error_code": "", "error_detail": "", "refusals": 0, "in_doubt_since": None, "asks_anew": False}
FRESH = {"state": "pending", "attempts": 0, "waiting_for": "", **NO_ERROR, **NO_CLAIM}
CANCELLED = "Cancelled by a person."


def copied() -> dict[str, Any]:
    """Return what an update of a job copies of its dev-log's row."""
    devlog = DevLog.objects.filter(pk=OuterRef("pk"))
    author, is_private = Subquery(devlog.values("author_id")), Subquery(devlog.values("is_private"))
    return {"author_id": Coalesce(author, 0), "is_private": is_private}


def asked_now() -> dict[str, Any]:
    """Return what a job keeps of the request that asks for its tags."""
    return origin.current()._asdict()


class PeopleQuerySet(DoubtQuerySet):
    def ask_anew(self, devlog_ids: Sequence[int], priority: int) -> None:
        """Reset these jobs, which are final, so that the model is asked once more whatever the ledger knows.

        One statement for each portion: to compose the rows anew, as `enqueue` does, takes forty times as long.
        """
        asked = {"asks_anew": True, "priority": priority}
        fresh = FRESH | asked | asked_now() | {"started_at": None, "finished_at": None}
        for ids in sql.portions(devlog_ids):
            final = self.filter(pk__in=ids, state__in=self.model.FINAL)
            final.filter(lease_expires_at=None).update(**fresh, **copied(), queued_at=Now(), run_after=Now())
            # What is left was cancelled, and its call still runs.
            final.update(**self._superseded() | asked)

    def supersede(self, devlog_id: int) -> bool:
        """Reset a running job whose dev-log was edited; return False where it does not run.

        Its claim's token is no more, so the old text's answer is dropped. But it stays with its holder, who gives it
        back once the old call has ended: no second call is made beside it.
        """
        return bool(self.running().filter(pk=devlog_id).update(**self._superseded(), priority=0))

    def _superseded(self) -> dict[str, Any]:
        """Return what becomes of a claimed job that is asked for anew, and so waits for the end of its call."""
        fresh = {"state": self.model.State.RUNNING, "claim_token": uuid.uuid4(), "attempts": 1, "queued_at": Now()}
        return NO_ERROR | fresh | {"started_at": None, "finished_at": None} | copied() | asked_now()

    def cancel(self, job_ids: Sequence[int]) -> int:
        """End those of these jobs `failed` that are not final; return how many.

        A running one gets another token, so that its answer is dropped when it comes, and booked. The rest of the
        claim holds until then: what is reserved on it is what a call that never comes back is taken to have cost.
        """
        cancelled = 0
        ended = NO_ERROR | {"state": self.model.State.FAILED, "run_after": None, "waiting_for": ""}
        why = {"error_code": ErrorCode.CANCELLED, "error_detail": CANCELLED}
        for ids in sql.portions(sorted(job_ids)):
            with transaction.atomic(savepoint=False):
                unfinished = self.filter(pk__in=ids, state__in=self.model.UNFINISHED).order_by("pk")
                jobs = list(unfinished.select_for_update())
                locked = [job.pk for job in jobs]
                cancelled += self.filter(pk__in=locked).update(**ended | why, finished_at=Now())
                self.running().filter(pk__in=locked).update(claim_token=uuid.uuid4())
                for job in jobs:
                    fields = origin.told(job, code=ErrorCode.CANCELLED.value)
                    transaction.on_commit(partial(logger.info, "job=%s cancelled by a person", job.pk, extra=fields))
        return cancelled
