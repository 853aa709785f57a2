"""A job worked on elsewhere, by a function without Django: what leaves with it, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from tagging.engine.slots import OUTAGE, pay, safety_identifier
from tagging.extraction.base import Extraction, ExtractionError
from tagging.extraction.grounding import ground
from tagging.extraction.redaction import redact
from tagging.models import Job, Provider
from tagging.models.attempt import Attempt, digest_of
from tagging.models.job import wait_after

OWNER = "remote"


class StaleError(Exception):
    """The result is of no use any more; the message says why."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came back for one record, and who made it of what."""

    outcome: Extraction | ExtractionError
    entry_digest: str
    claim: UUID | None
    extractor: str
    model: str
    prompt_version: int | None


def record_of(job: Job) -> dict[str, Any]:
    """Return what leaves with a claimed job: its entry without secrets, and what its result must show."""
    return {
        "id": job.pk,
        "entry": redact(job.devlog.entry).text,
        "entry_digest": sealed_digest(job.devlog.entry),
        "claim": str(job.claim_token),
        "safety_identifier": safety_identifier(job),
    }


def sealed_digest(entry: str) -> str:
    """Return what tells this text from another, and with our key only: from a bare digest beside the redacted text
    a short secret could be guessed."""
    return salted_hmac("tagging.remote", entry, algorithm="sha256").hexdigest()


@transaction.atomic
def settle(devlog_id: int, result: Result) -> str | None:
    """Settle the job with this result and return its state; None when the dev-log was deleted.

    Repeated, it changes nothing. Raises StaleError where the entry was edited or the claim is another's.
    """
    # The row is locked: whoever edits or deletes the dev-log, or settles the job too, waits.
    job = Job.objects.select_for_update().filter(pk=devlog_id).first()
    if job is None:
        return None
    if not constant_time_compare(sealed_digest(job.devlog.entry), result.entry_digest):
        raise StaleError("The entry is not the one that this result is for; it was edited meanwhile.")
    if job.is_final:
        return job.state
    if job.state == Job.State.PENDING and isinstance(result.outcome, Extraction):
        # The claim ran out, but nobody else has it, and the text is the same: what was paid for is taken.
        job = Job.objects.claim_this(job, owner=OWNER, lease_seconds=settings.TAGGING_LEASE_SECONDS)
    elif job.claim_token is None or job.claim_token != result.claim:
        raise StaleError("The claim that this result was made under is gone; the dev-log is being tagged by another.")
    attempt = attempt_of(job, result)
    if isinstance(result.outcome, ExtractionError):
        settle_failure(attempt, result.outcome)
    else:
        Job.objects.complete([attempt])
        Provider.objects.note_answer()
    job.refresh_from_db(fields=["state"])
    return job.state


def attempt_of(job: Job, result: Result) -> Attempt:
    """Return the attempt that this result is, grounded in the entry as it is stored."""
    entry = job.devlog.entry
    attempt = job.new_attempt(
        extractor=result.extractor,
        model=result.model,
        prompt_version=result.prompt_version,
        entry_digest=digest_of(entry),
        redacted=redact(entry).counts,
    )
    if isinstance(result.outcome, ExtractionError):
        attempt.outcome = Attempt.Outcome.FAILED
        attempt.error_code, attempt.error_detail = result.outcome.code, result.outcome.detail[:500]
    else:
        attempt.outcome = Attempt.Outcome.ANSWERED
        attempt.answer, attempt.names_dropped = ground(result.outcome.technologies, entry)
    pay(attempt, result.outcome)
    return attempt


def settle_failure(attempt: Attempt, error: ExtractionError) -> None:
    """Give the claim back, discard or retry, by the rules of the worker."""
    is_outage = error.code in OUTAGE
    was_refusing = Provider.objects.current().is_refusing
    if is_outage:
        Provider.objects.note_failures(1, error)
    if error.waiting_for or (was_refusing and is_outage):
        provider = Provider.objects.pause(error)
        Job.objects.release(
            [attempt.job],
            waiting_for=provider.waiting_for,
            wait_seconds=provider.wait_seconds,
            code=error.code,
            detail=error.detail[:500],
        )
    elif error.permanent or attempt.number >= settings.TAGGING_MAX_ATTEMPTS:
        Job.objects.discard(attempt)
    else:
        Job.objects.retry(attempt, wait_seconds=error.retry_after or wait_after(attempt.number))
