"""The pause of the whole queue: set by a person, for all processes, until a person ends it.

While its row is there no job is claimed. What runs is finished and settled; dev-logs are taken in and wait.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext

from tagging.extraction.base import WaitingFor

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

logger = logging.getLogger(__name__)

PAUSED = "paused"
# All that a dev-log may be shown to wait for, with the names that the contract gives them.
SHOWN_REASONS = [*((reason.value, reason.name) for reason in WaitingFor), (PAUSED, "PAUSED")]

REASON_MAX_LENGTH = 200
# There is one pause at a time.
ONLY = 1


class QueuePauseQuerySet(models.QuerySet["QueuePause"]):
    def current(self) -> QueuePause | None:
        return self.select_related("by").first()

    def pause(self, user: AbstractBaseUser | None = None, reason: str = "") -> QueuePause:
        """Pause the queue and return the row: the first one's, where it is paused already."""
        said = in_one_line(reason)[:REASON_MAX_LENGTH]
        with transaction.atomic():
            pause, is_new = self.get_or_create(pk=ONLY, defaults={"by": user, "reason": said})
            if is_new:
                words = (number_of(pause.by), f": {said}" if said else "")
                transaction.on_commit(partial(logger.warning, "The queue was paused by %s%s", *words))
        return pause

    def resume(self, user: AbstractBaseUser | None = None) -> QueuePause | None:
        """End the pause and return its row; None where there was none."""
        with transaction.atomic():
            pause = self.current()
            if not (pause and self.filter(pk=ONLY).delete()[0]):
                return None
            transaction.on_commit(partial(logger.warning, "The queue was resumed by %s", number_of(user)))
        return pause


class QueuePause(models.Model):
    """That the queue is paused; no row means that it is not."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    since = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=REASON_MAX_LENGTH, blank=True, default="")

    objects = QueuePauseQuerySet.as_manager()

    class Meta:
        db_table = "tagging_queue_pause"
        verbose_name = "pause of the queue"
        verbose_name_plural = "pauses of the queue"
        constraints = [models.CheckConstraint(condition=models.Q(pk=ONLY), name="one_pause_at_a_time")]

    def __str__(self) -> str:
        return gettext("paused by %(who)s") % {"who": self.who}

    @property
    def who(self) -> str:
        return name_of(self.by)

    @property
    def since_when(self) -> str:
        """Say since when, by whom and why it is paused, as in "The queue is …"."""
        why = f" ({self.reason})" if self.reason else ""
        return f"paused since {self.since:%Y-%m-%d %H:%M:%S} UTC by {self.who}{why}"


def in_one_line(text: str) -> str:
    """Return it without newlines, and without signs that are not seen but change what is shown."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def name_of(user: AbstractBaseUser | None) -> str:
    return user.get_username() if user else "manage.py"


def number_of(user: AbstractBaseUser | None) -> str:
    """Return who it was as the log says it, which outlives a person who is forgotten."""
    return f"user={user.pk}" if user else "manage.py"
