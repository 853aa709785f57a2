"""A job worked on elsewhere, by a function without Django: what leaves with it, and what comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.module_loading import import_string

from tagging.engine.attempting import FinishedAttempt, note_answer, note_error, safety_identifier
from tagging.engine.settlement import lock_provider, settle
from tagging.extraction.base import ErrorCode, Extraction, ExtractionError
from tagging.extraction.contract import Result
from tagging.extraction.openai.house import taught_in
from tagging.extraction.redaction import redact
from tagging.models import Attempt, Job, ProviderState, Spending
from tagging.models.attempt import digest_of
from tagging.models.job import CANARY_ID
from tagging.models.provider_state import probe_seconds
from tagging.models.spending import Price
from tagging.models.term import taught_names

# Who claims for an answer that comes after its claim ran out.
LATE_ANSWER_OWNER = "remote"
MADE_PRIVATE = "Made private while it was asked for."


class StaleError(Exception):
    """The result is of no use any more; the message says why."""


def record_of(job: Job) -> dict[str, Any]:
    """Return what leaves with a claimed job: its entry without secrets, and what its result must show."""
    if job.is_private:
        raise ValueError("A private entry never leaves.")
    text = redact(job.devlog.entry).text
    return {
        "id": job.pk,
        "entry": text,
        "entry_digest": sealed_digest(job.devlog.entry),
        "claim": str(job.claim_token),
        "safety_identifier": safety_identifier(job),
        "taught": taught_in(text),
    }


def sealed_digest(entry: str) -> str:
    """Return what tells this text from another, and with our key only: from a bare digest beside the redacted text
    a short secret could be guessed."""
    return salted_hmac("tagging.remote", entry, algorithm="sha256").hexdigest()


def settle_result(devlog_id: int, result: Result) -> str | None:
    """Settle the job with this result and return its state; None when the dev-log was deleted.

    Repeated, it changes nothing. Raises StaleError where the dev-log was edited or made private, or the claim is
    another's.
    """
    with transaction.atomic():
        state = _settle_locked(devlog_id, result)
    if isinstance(state, StaleError):  # not before what it led to is committed
        raise state
    return state


def _settle_locked(devlog_id: int, result: Result) -> str | StaleError | None:
    provider = ProviderState.objects.current()
    lock_provider(provider, has_failed=isinstance(result.outcome, ExtractionError))
    if devlog_id == CANARY_ID:
        return _settle_canary(result, provider)
    # The row is locked: an edit, a deletion, and another that settles the job wait.
    job = Job.objects.select_for_update().filter(pk=devlog_id).first()
    if job is None:
        return None
    if settled := _settle_withdrawn(job, result, provider):
        return settled
    is_late = False
    if job.state == Job.State.PENDING and isinstance(result.outcome, Extraction):
        # The claim ran out, but no other has it, and the text is the same: what was paid for is taken.
        lease_seconds = settings.TAGGING_LEASE_SECONDS
        job = Job.objects.claim_late_answer(job, owner=LATE_ANSWER_OWNER, lease_seconds=lease_seconds)
        is_late = True
    elif job.claim_token is None or job.claim_token != result.claim:
        return StaleError("The claim that this result was made under is gone; the dev-log is being tagged by another.")
    job.is_probe = provider.is_half_open  # then no other call is out
    taught_names.refresh()
    finished = finished_attempt(job, result)
    finished.is_late = is_late
    list(settle([finished], provider))
    job.refresh_from_db(fields=["state"])
    return job.state


def _settle_withdrawn(job: Job, result: Result, provider: ProviderState) -> str | StaleError | None:
    """Book the call of a job that wants no answer any more, and return what there is to say; None where it does."""
    if job.is_superseded:
        # Its text was edited, perhaps back and forth, and waited for the end of this call, which was paid for.
        Spending.objects.add(Price.of(result.usage.input_tokens, result.usage.output_tokens), job.author_id)
        _end_call(job, provider)
        return StaleError("The entry was edited or asked for again meanwhile; its text of now is tagged anew.")
    if job.is_private:  # made so since its record left, and perhaps answered here already
        if not job.timeline.filter(error_detail=MADE_PRIVATE, started_at__gte=job.queued_at).exists():
            _note_withdrawn(job, result, MADE_PRIVATE)  # once, however often the message comes
            _end_probe(provider)
        return StaleError("The dev-log was made private meanwhile; it is tagged here.")
    if not constant_time_compare(sealed_digest(job.devlog.entry), result.entry_digest):
        return StaleError("The entry is not the one that this result is for; it was edited meanwhile.")
    if job.is_final and job.lease_expires_at:  # cancelled, and this is the end of its call
        _note_withdrawn(job, result, job.error_detail)
        _end_call(job, provider)
        return job.state
    return job.state if job.is_final else None


def _note_withdrawn(job: Job, result: Result, why: str) -> None:
    """Book a call whose answer nobody wants any more, and note it as an attempt."""
    job.started_at = job.started_at or job.queued_at
    paid = finished_attempt(job, result).attempt
    paid.outcome, paid.answer = Attempt.Outcome.FAILED, None
    paid.error_code, paid.error_detail = ErrorCode.CANCELLED, why
    Attempt.objects.insert([paid])
    Spending.objects.add(paid.price, job.author_id)


def _end_call(job: Job, provider: ProviderState) -> None:
    """Give back a job that waited for the end of this call."""
    Job.objects.release([job])
    _end_probe(provider)


def _end_probe(provider: ProviderState) -> None:
    """Let another call test the provider, where the one that has ended may have been to: then no other is out."""
    if provider.is_half_open:
        ProviderState.objects.return_probe()


def _settle_canary(result: Result, provider: ProviderState) -> str | StaleError:
    """Settle the answer to the entry of our own that is out as a probe."""
    canary = Job.canary(import_string(settings.TAGGING_EXTRACTOR).canary, provider.now or timezone.now())
    if not constant_time_compare(sealed_digest(canary.devlog.entry), result.entry_digest):
        return StaleError("This is no record of ours.")
    if not provider.probing_until:
        return StaleError("The provider is not being tested; it answered meanwhile.")
    canary.started_at = provider.probing_until - timedelta(seconds=probe_seconds())
    list(settle([finished_attempt(canary, result)], provider))
    return Job.State.FAILED if result.error else Job.State.DONE


def finished_attempt(job: Job, result: Result) -> FinishedAttempt:
    """Return the attempt that this result is, grounded in the entry as it is stored."""
    attempt = job.new_attempt(
        extractor=result.extractor,
        model=result.model,
        prompt_version=result.prompt_version,
        entry_digest=digest_of(job.devlog.entry),
    )
    error = None
    if isinstance(result.outcome, ExtractionError):
        error = result.outcome
        note_error(attempt, error)
    else:
        note_answer(attempt, result.outcome)
    attempt.redacted = redact(job.devlog.entry).counts  # it left without its secrets
    seconds = (timezone.now() - attempt.started_at).total_seconds()
    return FinishedAttempt(attempt, error, milliseconds=round(1000 * seconds))
