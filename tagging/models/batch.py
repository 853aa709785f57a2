"""Work on many rows that a person began: how far it is, for all to see."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tagging.models.claims import seconds_from_now

# A portion takes milliseconds, and one that the database refuses is tried again for about a minute.
SILENT_SECONDS = 90
SHOWN_SECONDS = 24 * 3600
SHOWN = 10
PROCESS_ENDED = gettext_noop("the process that worked on it has ended")


def stopped() -> Q:
    return Q(updated_at__lt=seconds_from_now(-SILENT_SECONDS)) | ~Q(stopped_because="")


class BatchQuerySet(models.QuerySet["Batch"]):
    def begin(self, page: str, label: str, total: int, person_id: int | None) -> Batch:
        """Write down a new batch; what was left undone of an earlier one of its kind is not shown any more."""
        self.filter(stopped(), page=page, label=label, finished_at=None).update(finished_at=Now())
        return self.create(page=page, label=label, total=total, person_id=person_id)

    def shown(self, page: str) -> Iterable[Batch]:
        """Return what runs now and what stopped of late among the batches of this page, the newest first."""
        unfinished = self.filter(page=page, finished_at=None, updated_at__gt=seconds_from_now(-SHOWN_SECONDS))
        is_stopped = models.ExpressionWrapper(stopped(), models.BooleanField())
        return unfinished.annotate(is_stopped=is_stopped).order_by("-pk")[:SHOWN]

    def advance(self, batch: Batch, count: int) -> None:
        """Count rows that are done, in the transaction that did them."""
        self.filter(pk=batch.pk).update(done=F("done") + count, updated_at=Now())

    def finish(self, batch: Batch) -> None:
        self.filter(pk=batch.pk).update(finished_at=Now(), updated_at=Now())

    def stop(self, batch: Batch, why: str) -> None:
        self.filter(pk=batch.pk).update(stopped_because=why, updated_at=Now())


class Batch(models.Model):
    """Many rows that are worked on in portions. Unfinished with no sign of life means that its process ended."""

    # The list on which it was begun and is shown: app and model.
    page = models.CharField(max_length=100)
    # What happens to what, in English: "Dev-logs deleted". It is shown in the language of who looks.
    label = models.CharField(max_length=250)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    total = models.PositiveBigIntegerField()
    done = models.PositiveBigIntegerField(db_default=0)
    started_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    stopped_because = models.CharField(max_length=250, db_default="")

    objects = BatchQuerySet.as_manager()

    # Set by `shown`.
    is_stopped = False

    class Meta:
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        count, total = (number_format(count, force_grouping=True) for count in (self.done, self.total))
        words = {"label": _(self.label), "done": count, "total": total, "percent": self.percent}
        how_far = _("%(label)s: %(done)s of %(total)s (%(percent)s %%)") % words
        if not self.is_stopped:
            return how_far
        why = _(self.stopped_because or PROCESS_ENDED)
        stopped = _("%(how_far)s. It stopped there: %(why)s. Select the rest once more.")
        return stopped % {"how_far": how_far, "why": why}

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 100
