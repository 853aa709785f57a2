"""What all processes know of the model's provider: a row that says whether it may be called now.

A rate limit or an outage is no job's fault. So it pauses the queue instead of failing its jobs: for as long as the
provider asked, or else for a while that doubles with each refusal in a row. After the pause the breaker is half open:
a single call goes ahead as a probe, and its answer lets all others follow.

A pause belongs to one provider, that is to its base URL, key and model, and to the extractor: another one starts with
a row of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from tagging.extraction.base import ExtractionError, WaitingFor

logger = logging.getLogger(__name__)

# The first pause when the provider names none: doubled with each refusal in a row, up to a cap; in seconds.
PAUSE_SECONDS = 1.0
PAUSE_CAP_SECONDS = 300.0
# The cap where the probe that failed was paid for: an outage of days must not cost a call every five minutes.
PAID_PAUSE_CAP_SECONDS = 3600.0
# So many entries failed in a row and none was answered: no more of them are sent before a canary has told whose
# fault it is.
MANY_FAILURES = 3
# How long a spent budget is not looked at again, in seconds.
BUDGET_PAUSE_SECONDS = 30.0
# As people are told what is waited for.
NAMES = gettext_noop("rate_limit"), gettext_noop("provider"), gettext_noop("budget")


def identity() -> str:
    """Return what tells the provider and extractor of the settings from others; the key cannot be guessed from it."""
    parts = (settings.TAGGING_EXTRACTOR, settings.OPENAI_BASE_URL, settings.OPENAI_MODEL, settings.OPENAI_API_KEY)
    return salted_hmac("tagging.provider", "\n".join(parts), algorithm="sha256").hexdigest()


def probe_seconds() -> float:
    """Return how long a probe may take, a repair of its answer included."""
    return 2 * settings.OPENAI_TIMEOUT_SECONDS


class ProviderStateQuerySet(models.QuerySet["ProviderState"]):
    def current(self) -> ProviderState:
        """Return the row of the settings' provider; one that is not saved when all was always well."""
        return self.mine().timed().first() or ProviderState(identity=identity())

    def mine(self) -> ProviderStateQuerySet:
        """Return the row of the settings' provider alone."""
        return self.filter(identity=identity())

    def timed(self) -> ProviderStateQuerySet:
        """Return the rows with the time of their reading, by the database's clock, as `now`."""
        return self.annotate(now=Now())

    def take_probe(self) -> datetime | None:
        """Claim the right to test the provider with a call; return when, None if another process has it."""
        with transaction.atomic(savepoint=False):
            provider = self.lock()
            if provider.is_paused or provider.is_probing or not provider.now:
                return None
            provider.probing_until = provider.now + timedelta(seconds=probe_seconds())
            provider.save(update_fields=["probing_until"])
        return provider.now

    def return_probe(self) -> None:
        """Give back the right to probe: that call has ended, or never will."""
        self.mine().update(probing_until=None)

    def pause(self, error: ExtractionError) -> ProviderState:
        """Pause the queue as this failure asks, and return the row.

        Failures that come while it is paused already are of calls sent before, and count as one with the first.
        """
        with transaction.atomic(savepoint=False):
            provider = self.lock()
            if not provider.is_paused:
                provider.refusals += 1
                provider.failures = 0
                cap = PAID_PAUSE_CAP_SECONDS if error.was_answered else PAUSE_CAP_SECONDS
                growing = min(cap, PAUSE_SECONDS * 2 ** min(provider.refusals - 1, 20))
                provider.pause_for(error.waiting_for or WaitingFor.PROVIDER, error.retry_after or growing)
                message = "Queue paused for %.1f s, refusal %d in a row: %s, %s"
                words = (provider.pause_seconds, provider.refusals, error.code, error.detail)
                transaction.on_commit(partial(logger.warning, message, *words, extra={"code": error.code}))
            provider.error_code, provider.error_detail = error.code, error.detail[:500]
            provider.save()
        return provider

    def pause_for_budget(self) -> None:
        """Pause until a new day may have begun, or the limit may have been raised."""
        with transaction.atomic(savepoint=False):
            provider = self.lock()
            is_news = provider.waiting_for != WaitingFor.BUDGET
            provider.pause_for(WaitingFor.BUDGET, BUDGET_PAUSE_SECONDS)
            provider.error_code = provider.error_detail = ""
            provider.save()
        if is_news:
            logger.warning("Budget of the day reached; the queue is paused until a new day (UTC) or a higher limit")

    def note_failures(self, count: int) -> None:
        """Count entries that failed with no answer since."""
        provider = self.lock()
        provider.failures += count
        provider.save(update_fields=["failures"])

    def note_answer(self, *, is_some_in_doubt: bool) -> None:
        """Forget what was counted against the provider, as it answers; a rate limit ends in its time all the same.

        is_some_in_doubt: some failed after that call had begun, so that it is still to be decided about them.
        """
        provider = self.lock()
        provider.failures = int(is_some_in_doubt)
        was_waiting = bool(provider.waiting_for)
        if not provider.is_paused or provider.waiting_for == WaitingFor.PROVIDER:
            provider.resume()
            if was_waiting:
                transaction.on_commit(partial(logger.warning, "Queue resumed"))
        provider.save()

    def probe_now(self) -> Sequence[ProviderState]:
        """End the pauses, so that a probe goes out at once; return the rows that kept the queue waiting.

        A probe that is out already is not waited for: its process may have died.
        """
        rows = self.timed().order_by("since")
        waiting = [row for row in rows if row.is_paused or (row.is_half_open and row.is_current)]
        self.exclude(waiting_for="").update(resume_at=Now())
        self.update(probing_until=None)
        return waiting

    def lock(self) -> ProviderState:
        """Lock the row to the end of the transaction and return it; it comes before a job's and the day's spending."""
        self.select_for_update().get_or_create(identity=identity())
        return self.current()  # read after the wait for the lock, as its time is


class ProviderState(models.Model):
    """What is known of one provider; no row means that nothing ever went wrong."""

    identity = models.CharField(
        _("identity"), max_length=64, unique=True, default="", help_text=_("Digest of URL, key, model.")
    )
    waiting_for = models.CharField(_("waiting for"), max_length=10, blank=True, default="")
    since = models.DateTimeField(_("since"), null=True, help_text=_("When the first of the refusals in a row came."))
    resume_at = models.DateTimeField(_("resume at"), null=True)
    pause_seconds = models.FloatField(
        _("pause seconds"), default=0, help_text=_("How long the pause was meant to last.")
    )
    probing_until = models.DateTimeField(_("probing until"), null=True)
    refusals = models.PositiveIntegerField(_("refusals"), default=0, help_text=_("In a row."))
    failures = models.PositiveIntegerField(
        _("failures"), default=0, help_text=_("Entries that failed in a row, none answered since.")
    )
    canaries = models.PositiveIntegerField(
        _("canaries"), default=0, help_text=_("Entries of our own that were sent as a probe.")
    )
    error_code = models.CharField(_("error code"), max_length=20, blank=True, default="")
    error_detail = models.CharField(_("error detail"), max_length=500, blank=True, default="")

    objects = ProviderStateQuerySet.as_manager()

    # Not in the table: set by `timed`.
    now: datetime | None = None

    class Meta:
        db_table = "tagging_provider"
        verbose_name_plural = _("provider states")

    def __str__(self) -> str:
        what = gettext(self.waiting_for) if self.waiting_for else ""
        return gettext("waiting for %(what)s") % {"what": what} if what else gettext("well")

    @property
    def is_current(self) -> bool:
        """Say whether it is the row of the settings' provider."""
        return self.identity == identity()

    @property
    def is_clean(self) -> bool:
        return not (self.waiting_for or self.failures)

    @property
    def is_paused(self) -> bool:
        return self._is_ahead(self.resume_at, self.pause_seconds)

    @property
    def is_probing(self) -> bool:
        return self._is_ahead(self.probing_until, probe_seconds())

    def _is_ahead(self, moment: datetime | None, meant_seconds: float) -> bool:
        """Say whether a time is still to come, and no further away than was meant: the clock may be set back."""
        if not (moment and self.now):
            return False
        return timedelta(0) < moment - self.now <= timedelta(seconds=meant_seconds)

    @property
    def is_half_open(self) -> bool:
        """Say whether the pause has ended and nothing was answered since, so that only probes go out."""
        return not self.is_paused and self.waiting_for in (WaitingFor.PROVIDER, WaitingFor.RATE_LIMIT)

    @property
    def resumption(self) -> str:
        """Say what the queue waited for, since when and why, and what follows when a person has ended that."""
        is_budget = self.waiting_for == WaitingFor.BUDGET
        told = {
            "what": gettext(self.waiting_for),
            "since": self.since and f"{self.since:%Y-%m-%d %H:%M:%S}",
            "why": gettext("the day's budget is spent.") if is_budget else f"{self.error_code}, {self.error_detail}",
            "follows": gettext("It is looked at again at once.")
            if is_budget
            else gettext("One probe goes out at once."),
        }
        if self.since:
            return gettext("Waited for %(what)s since %(since)s UTC: %(why)s %(follows)s") % told
        return gettext("Waited for %(what)s: %(why)s %(follows)s") % told

    @property
    def asks_for_canary(self) -> bool:
        """Say whether so many entries failed, or one as a probe, that only a canary can tell whose fault it is."""
        return self.failures >= (1 if self.is_half_open else MANY_FAILURES)

    def pause_for(self, waiting_for: WaitingFor, seconds: float) -> None:
        """Set a pause that begins now."""
        if waiting_for != self.waiting_for:
            self.waiting_for, self.since = waiting_for, self.now
        self.pause_seconds, self.probing_until = seconds, None
        self.resume_at = self.now and self.now + timedelta(seconds=seconds)

    def resume(self) -> None:
        """Forget the pause and all that led to it."""
        self.waiting_for = self.error_code = self.error_detail = ""
        self.since = self.resume_at = self.probing_until = None
        self.refusals = 0
