"""What all processes know of the model's provider: one row that says whether it may be called now.

A rate limit or an outage is no job's fault. So it pauses the queue instead of failing its jobs: until the time the
provider named, or else for a while that doubles with each refusal in a row. When the provider refuses
us altogether (key, quota, outage) the breaker is open: after each pause a single job goes ahead as a probe, and its
success lets all others follow.
"""

from __future__ import annotations

import logging
import math
import time
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from tagging.extraction.base import ExtractionError, WaitingFor

logger = logging.getLogger(__name__)

# The pause when the provider names none: doubled with each refusal in a row, up to the cap; in seconds.
PAUSE_SECONDS = {WaitingFor.RATE_LIMIT: 1.0, WaitingFor.PROVIDER: 5.0}
PAUSE_CAP_SECONDS = 300.0
# So many timeouts, lost connections and 5xx in a row are an outage.
FAILURES_THAT_OPEN = 10
# How long a spent budget is not looked at again, in seconds.
BUDGET_PAUSE_SECONDS = 30.0
# How old the pause may be that is shown with a job, in seconds.
SHOWN_SECONDS = 1.0


class ProviderQuerySet(models.QuerySet["Provider"]):
    def current(self) -> Provider:
        """Return the row, with `is_paused` by the database's clock; one that is not saved when all was always well."""
        row = self.annotate(is_paused=Q(resume_at__isnull=False) & Q(resume_at__gt=Now())).first()
        return row or Provider()

    def take_probe(self) -> bool:
        """Claim the right to send the one job that tests an open breaker; False when another process has it."""
        free = self.filter(Q(probing_until=None) | Q(probing_until__lte=Now()))
        hold = timedelta(seconds=2 * settings.OPENAI_TIMEOUT_SECONDS)
        return bool(free.filter(waiting_for=WaitingFor.PROVIDER).update(probing_until=Now() + hold))

    def pause(self, error: ExtractionError) -> Provider:
        """Pause the queue as this refusal asks; return the row, with the seconds to wait in `wait_seconds`.

        Refusals that come while it is paused already were sent before, and count as one with the first.
        """
        waiting_for = error.waiting_for or WaitingFor.PROVIDER
        with transaction.atomic(savepoint=False):
            provider = self._locked()
            was_paused = provider.is_paused
            if not was_paused:
                provider.refusals += 1
            growing = PAUSE_SECONDS[waiting_for] * 2 ** min(provider.refusals - 1, 20)
            provider.wait_seconds = error.retry_after or min(PAUSE_CAP_SECONDS, growing)
            if not was_paused:
                provider.resume_at = Now() + timedelta(seconds=provider.wait_seconds)
                provider.probing_until = None
            provider.waiting_for = waiting_for
            provider.error_code, provider.error_detail = error.code, error.detail[:500]
            provider.save()
        if not was_paused:
            message = "Queue paused for %.1f s, refusal %d in a row: %s, %s"
            words = (provider.wait_seconds, provider.refusals, error.code, error.detail)
            transaction.on_commit(partial(logger.warning, message, *words))
        return provider

    def pause_for_budget(self) -> None:
        """Pause until a new day may have begun, or the limit may have been raised."""
        with transaction.atomic(savepoint=False):
            provider = self._locked()
            is_news = provider.waiting_for != WaitingFor.BUDGET
            provider.waiting_for = WaitingFor.BUDGET
            provider.resume_at = Now() + timedelta(seconds=BUDGET_PAUSE_SECONDS)
            provider.save()
        if is_news:
            logger.warning("Budget of the day reached; the queue is paused until a new day (UTC) or a higher limit")

    def note_failures(self, count: int, error: ExtractionError) -> None:
        """Count timeouts, lost connections and 5xx; enough of them in a row open the breaker."""
        with transaction.atomic(savepoint=False):
            provider = self._locked()
            provider.failures += count
            provider.save()
            if provider.failures >= FAILURES_THAT_OPEN:
                self.pause(error)

    def note_answer(self) -> None:
        """Forget what was counted against the provider, as it answers; a pause it asked for ends in its time."""
        ended = self.filter(Q(resume_at=None) | Q(resume_at__lte=Now()))
        was_paused = ended.exclude(waiting_for="").exists()
        ended.exclude(waiting_for="", failures=0, refusals=0).update(**CLEAN)
        self.exclude(failures=0).update(failures=0)
        if was_paused:
            transaction.on_commit(partial(logger.warning, "Queue resumed"))

    def return_probe(self) -> None:
        """Give back the right to probe: there was nothing to send."""
        self.update(probing_until=None)

    def lock(self) -> None:
        """Lock the row to the end of the transaction. Who locks the day's spending too locks this first."""
        self._locked()

    def _locked(self) -> Provider:
        self.get_or_create(pk=1)
        self.select_for_update().get(pk=1)
        return self.current()


CLEAN: dict[str, Any] = {
    "waiting_for": "",
    "resume_at": None,
    "probing_until": None,
    "refusals": 0,
    "failures": 0,
    "error_code": "",
    "error_detail": "",
}


class Provider(models.Model):
    """The one row; none means that nothing ever went wrong."""

    waiting_for = models.CharField(max_length=10, blank=True, default="")
    resume_at = models.DateTimeField(null=True)
    probing_until = models.DateTimeField(null=True)
    refusals = models.PositiveIntegerField(default=0, help_text="In a row.")
    failures = models.PositiveIntegerField(default=0, help_text="Timeouts, lost connections and 5xx in a row.")
    error_code = models.CharField(max_length=20, blank=True, default="")
    error_detail = models.CharField(max_length=500, blank=True, default="")

    objects = ProviderQuerySet.as_manager()

    # Not in the table: set by `current`, by the database's clock, and by `pause`.
    is_paused = False
    wait_seconds = 0.0

    def __str__(self) -> str:
        return f"waiting for {self.waiting_for}" if self.waiting_for else "well"

    @property
    def is_clean(self) -> bool:
        return not (self.waiting_for or self.failures or self.refusals)

    @property
    def is_refusing(self) -> bool:
        """Say whether the breaker is open, so that only probes go out."""
        return self.waiting_for == WaitingFor.PROVIDER


class ShownPause:
    """What is shown of the pause beside each pending job: at most a second old, so that a list asks once."""

    def __init__(self) -> None:
        self._seen_at = -math.inf
        self._waiting_for: str | None = None

    def waiting_for(self) -> str | None:
        if time.monotonic() - self._seen_at > SHOWN_SECONDS:
            provider = Provider.objects.current()
            self._waiting_for = provider.waiting_for if provider.is_paused or provider.is_refusing else None
            self._seen_at = time.monotonic()
        return self._waiting_for

    def forget(self) -> None:
        self._seen_at = -math.inf


shown_pause = ShownPause()
