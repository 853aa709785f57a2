"""The processes that claim jobs, as they say of themselves every few seconds."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tagging.models.claims import seconds_from_now

# How often a worker says that it is there, and how long it is believed, in seconds.
SEEN_EVERY_SECONDS = 10.0
ALIVE_SECONDS = 3 * SEEN_EVERY_SECONDS
FORGOTTEN_SECONDS = 24 * 3600


class WorkerQuerySet(models.QuerySet["Worker"]):
    def saw(self, name: str, host: str, pid: int, calls_at_once: int | None = None) -> None:
        """Note that this worker is there, and forget those that have been gone for a day."""
        row = Worker(name=name, host=host, pid=pid, calls_at_once=calls_at_once, seen_at=Now())
        Worker.objects.bulk_create([row], update_conflicts=True, update_fields=["seen_at"], unique_fields=["name"])
        self.filter(seen_at__lt=seconds_from_now(-FORGOTTEN_SECONDS)).delete()

    def seen_within(self, seconds: float) -> WorkerQuerySet:
        """Return those who said in the last seconds that they are there."""
        return self.filter(seen_at__gt=seconds_from_now(-seconds))


class Worker(models.Model):
    """One owner of claims: a process, or one of several workers in it."""

    name = models.CharField(_("name"), max_length=200, primary_key=True)
    host = models.CharField(_("host"), max_length=200)
    pid = models.PositiveIntegerField(_("pid"))
    calls_at_once = models.PositiveIntegerField(
        _("calls at once"), null=True, help_text=_("How many it may have under way.")
    )
    started_at = models.DateTimeField(_("started at"), db_default=Now())
    seen_at = models.DateTimeField(_("seen at"), db_default=Now())

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
