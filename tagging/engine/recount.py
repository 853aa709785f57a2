"""Count the uses of tags anew when somebody looks at them: of few dev-logs at once, of many beside the requests."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from devlogs.models import DevLog
from tagging.engine.guard import ErrorLog, GuardedThread
from tagging.models.batch import SILENT_SECONDS, Batch
from tagging.models.claims import seconds_from_now
from tagging.models.tag_use import PAGE, TagUse, Tally, rows_between

logger = logging.getLogger(__name__)

LABEL = "Uses of tags counted"
# So many take a moment. More are counted in a thread, portion by portion, and not again for so long.
DEVLOGS_AT_ONCE = 10_000
FRESH_SECONDS = 600


class Counted(NamedTuple):
    """Since when the figures stand, or else how far the count is; neither says that they are as of now."""

    at: datetime | None = None
    percent: int | None = None


class Recount:
    """One count of all dev-logs, portion by portion; no lock is held meanwhile."""

    def __init__(self) -> None:
        self.total = DevLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        self.done = 0
        self.is_finished = False
        self._tally = Tally()

    def step(self) -> int:
        """Count the next dev-logs, and return how many; after the last ones write the figures down."""
        if self.done >= self.total:
            TagUse.objects.keep(self._tally.uses())
            self.is_finished = True
            return 0
        before, self.done = self.done, min(self.done + DEVLOGS_AT_ONCE, self.total)
        self._tally.add(rows_between(before, self.done))
        return self.done - before


class RecountThread(GuardedThread):
    """Goes on with a count; one that fails is given up, and who looks next begins another."""

    def __init__(self, recount: Recount, batch: Batch) -> None:
        super().__init__("recount", ErrorLog(logger, "the count of the uses of tags"))
        self._recount, self._batch = recount, batch

    def step(self) -> None:
        try:
            Batch.objects.advance(self._batch, self._recount.step())
        except Exception as error:
            self.stopping.set()
            Batch.objects.stop(self._batch, type(error).__name__)
            raise
        if self._recount.is_finished:
            Batch.objects.finish(self._batch)
            self.stopping.set()


def refresh() -> Counted:
    """Have the uses of tags counted anew if that is due, and say how old the figures are."""
    if latest := latest_batch():
        return told(latest)
    recount = Recount()
    if recount.total <= DEVLOGS_AT_ONCE:
        while not recount.is_finished:
            recount.step()
        return Counted()
    with transaction.atomic():
        TagUse.objects.lock()
        if latest := latest_batch():  # another was faster
            return told(latest)
        TagUse.objects.expire()
        batch = Batch.objects.begin(PAGE, LABEL, recount.total, None)
        transaction.on_commit(RecountThread(recount, batch).start)
    return told(batch)


def told(batch: Batch) -> Counted:
    return Counted(batch.finished_at, None if batch.finished_at else batch.percent)


def latest_batch() -> Batch | None:
    """Return a count that runs, or one so young that it need not be done again."""
    runs = Q(finished_at=None, stopped_because="", updated_at__gt=seconds_from_now(-SILENT_SECONDS))
    is_fresh = Q(finished_at__gt=seconds_from_now(-FRESH_SECONDS))
    return Batch.objects.filter(runs | is_fresh, page=PAGE).order_by("-pk").first()
