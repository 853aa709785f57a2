"""The attempts at a job: its timeline, the ledger of what was paid, and where each tag came from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tagging.extraction.base import Extractor, Technology
from tagging.extraction.grounding import Mention
from tagging.models import sql
from tagging.models.spending import Price

if TYPE_CHECKING:
    from tagging.models import Job


def digest_of(entry: str) -> str:
    return hashlib.sha256(entry.encode()).hexdigest()


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def insert(self, attempts: list[Attempt]) -> list[Attempt]:
        """Save these new attempts and return them with their ids."""
        rows = [[getattr(attempt, field) for field in Attempt.WRITTEN] for attempt in attempts]
        ids = sql.insert(Attempt, Attempt.WRITTEN, rows)
        for attempt, pk in zip(attempts, ids, strict=True):
            attempt.pk = pk
        return attempts

    def names_dropped_of(self, job: str) -> models.Subquery:
        """Return, as a column of a query, what the newest attempt at this job dropped: one look-up by index a row."""
        newest = self.filter(job=models.OuterRef(job)).order_by("-pk")
        return models.Subquery(newest.values("names_dropped")[:1])

    def known_answers(self, jobs: Sequence[Job], extractor: Extractor) -> dict[int, Attempt]:
        """Return by job the newest attempt that answered the same entry, alone, by the same model and prompt."""
        entries = {job.pk: job.devlog.entry for job in jobs}
        asked = {pk: (digest_of(entry), extractor.prompt_version_for(entry)) for pk, entry in entries.items()}
        found = sql.known_answers([*{digest for digest, _ in asked.values()}], extractor.name, extractor.model)
        known: dict[int, Attempt] = {}
        for ids in sql.portions(sorted({found[answer] for answer in asked.values() if answer in found})):
            known |= Attempt.objects.in_bulk(ids)
        return {pk: known[found[answer]] for pk, answer in asked.items() if answer in found}


class Attempt(models.Model):
    """One finished or lost attempt at a job: together the job's timeline, and where each tag came from."""

    class Outcome(models.TextChoices):
        ANSWERED = "answered", _("Answered")
        FAILED = "failed", _("Failed")
        LOST = "lost", _("Lost")

    job = models.ForeignKey("tagging.Job", models.CASCADE, related_name="timeline")
    number = models.PositiveSmallIntegerField(_("number"))
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), db_default=Now())
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    error_code = models.CharField(_("error code"), max_length=20, blank=True)
    error_detail = models.CharField(_("error detail"), max_length=500, blank=True)
    extractor = models.CharField(_("extractor"), max_length=50, blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    prompt_version = models.PositiveIntegerField(_("prompt version"), null=True)
    # More than one where bulk work shared a call: a neighbour may have meddled with the answer, so no other has it.
    entries_in_call = models.PositiveSmallIntegerField(_("entries in call"), default=1, db_default=1)
    entry_digest = models.CharField(
        _("entry digest"), max_length=64, blank=True, help_text=_("SHA-256 of the entry that was sent.")
    )
    input_tokens = models.PositiveIntegerField(_("input tokens"), default=0)
    output_tokens = models.PositiveIntegerField(_("output tokens"), default=0)
    cost = models.DecimalField(_("cost"), max_digits=12, decimal_places=6, default=Decimal(0), help_text=_("Dollars."))
    # What the model said, so that the same entry is not paid for twice: a list of name and evidence, grounded anew
    # when it is used again. That of a simulated job is an object with its output.
    answer = models.JSONField(_("answer"), null=True)
    names_dropped = models.PositiveIntegerField(
        _("names dropped"), default=0, help_text=_("Names that do not stand in the entry.")
    )
    redacted = models.JSONField(
        _("redacted"), default=dict, help_text=_("How many secrets of which kind were kept back.")
    )
    # Of the request that had asked for it: its job's is that of the last one.
    request_id = models.CharField(_("request id"), max_length=64, null=True)  # noqa: DJ001

    objects = AttemptQuerySet.as_manager()

    # What of the answer stands in the entry; it becomes the dev-log's tags, and is not stored with the attempt.
    mentions: Sequence[Mention] = ()

    # All but what the database sets.
    WRITTEN = (
        *("job_id", "number", "started_at", "outcome", "error_code", "error_detail", "extractor", "model"),
        *("prompt_version", "entries_in_call", "entry_digest", "input_tokens", "output_tokens", "cost", "answer"),
        *("names_dropped", "redacted", "request_id"),
    )

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["entry_digest", "model", "prompt_version"], name="attempt_ledger"),
            # What came of the attempts of an hour, without a look at their answers.
            models.Index(fields=["finished_at", "outcome"], name="attempt_by_time"),
        ]

    def __str__(self) -> str:
        told = {"number": self.number, "job": self.job_id, "outcome": self.get_outcome_display()}
        return gettext("attempt %(number)s at job %(job)s: %(outcome)s") % told

    @property
    def price(self) -> Price:
        return Price(self.input_tokens + self.output_tokens, self.cost)

    @property
    def milliseconds(self) -> int:
        """Return how long it took, from the claim to the end."""
        return max(0, round(1000 * (self.finished_at - self.started_at).total_seconds()))

    @property
    def error(self) -> dict[str, str] | None:
        return {"code": self.error_code, "detail": self.error_detail} if self.error_code else None

    @property
    def technologies(self) -> list[Technology]:
        return [Technology(name, evidence) for name, evidence, *_ in self.answer or []]

    @property
    def source(self) -> str:
        """Return who answered, as tags show it: `openai:gpt-6-luna`, `embedded`."""
        return f"{self.extractor}:{self.model}" if self.model and self.model != self.extractor else self.extractor
