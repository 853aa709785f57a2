"""One attempt at one job: call the extractor, ground its answer, note its cost."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string

from devlog_project.api.origin import told
from tagging.engine.guard import described
from tagging.extraction.base import MAX_NAMES, ErrorCode, Extraction, ExtractionError, Extractor
from tagging.extraction.embedded.extractor import EmbeddedExtractor
from tagging.extraction.grounding import MAX_EVIDENCE, Grounded, ground
from tagging.extraction.names import MAX_NAME, clean
from tagging.extraction.withdrawal import asking
from tagging.models import Attempt, Job
from tagging.models.attempt import digest_of
from tagging.models.spending import Price

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """Jobs just claimed, and by id the answers that are known for some of them."""

    # Whether fewer were due than could have been claimed; None where that is not known.
    is_all: bool | None = None
    jobs: list[Job] = field(default_factory=list)
    known: dict[int, Attempt] = field(default_factory=dict)


@dataclass(slots=True)
class FinishedAttempt:
    """An attempt that was made, with its answer or the error in its place, ready to be settled."""

    attempt: Attempt
    error: ExtractionError | None = None
    is_from_ledger: bool = False  # a known answer: nothing was called
    is_late: bool = False  # answered after its claim had run out: who knows when it was called
    began_at: float = 0.0  # by the monotonic clock of this process
    milliseconds: int = 0  # what the call took

    @property
    def is_canary(self) -> bool:
        return self.attempt.job.is_canary

    @property
    def is_private(self) -> bool:
        """Say whether it was answered here, and so tells nothing of the provider."""
        return self.attempt.job.is_private

    @property
    def calls(self) -> float:
        """Return its part of the call that was made for it and others, or 1."""
        return 1 / self.attempt.entries_in_call

    @property
    def is_shared(self) -> bool:
        """Say whether its call was for others too, so that a failure tells nothing about its entry."""
        return self.attempt.entries_in_call > 1

    @property
    def is_proof(self) -> bool:
        """Say whether this answer shows that the provider was well when its attempt began."""
        return not (self.is_from_ledger or self.is_late or self.is_private)


def configured_extractor() -> Extractor:
    """Build the extractor that the settings name."""
    extractor: Extractor = import_string(settings.TAGGING_EXTRACTOR).from_settings(settings)
    return extractor


def make_attempt(extractor: Extractor, job: Job) -> FinishedAttempt:
    """Make one attempt at a job and return it."""
    began_at = time.monotonic()
    attempt = job.new_attempt(extractor=extractor.name, model=extractor.model)
    error = None
    try:
        attempt.prompt_version = extractor.prompt_version_for(job.devlog.entry)
        attempt.entry_digest = digest_of(job.devlog.entry)
        with asking(partial(may_send_again, [job])):
            extraction = extractor.extract(job.devlog.entry, safety_identifier=safety_identifier(job))
        note_answer(attempt, extraction)
    except BaseException as exception:
        error = as_error(exception, job)
        note_error(attempt, error)
    return FinishedAttempt(attempt, error, began_at=began_at, milliseconds=round(1000 * (time.monotonic() - began_at)))


def may_send_again(jobs: Sequence[Job]) -> bool:
    """Say whether these jobs' texts may be sent once more; asked in the threads of calls, which keep no connection."""
    if jobs[0].is_canary:
        return True
    is_kept = connection.connection is not None
    try:
        return len(Job.objects.may_leave(jobs)) == len(jobs)
    except DatabaseError:
        return False  # nobody can say
    finally:
        if not is_kept:
            connection.close()


def as_error(exception: BaseException, job: Job) -> ExtractionError:
    """Return what an extractor raised as the one error it may raise."""
    if isinstance(exception, ExtractionError):
        exception.input_tokens, exception.output_tokens = exception.input_tokens or 0, exception.output_tokens or 0
        return exception
    return internal_error(exception, job)


def internal_error(exception: BaseException, job: Job) -> ExtractionError:
    """Return the error that stands for a bug, told without what it says, which may quote the entry."""
    fields = told(job, code=ErrorCode.INTERNAL.value)
    logger.error("job=%s: the extractor raised %s", job.pk, described(exception), extra=fields)
    return ExtractionError(ErrorCode.INTERNAL, f"The extractor raised {type(exception).__name__}.")


def note_answer(attempt: Attempt, extraction: Extraction, grounded: Grounded | None = None) -> None:
    """Write an answer on its attempt, grounded in the entry as it is stored."""
    note_cost(attempt, extraction)
    attempt.prompt_version = extraction.prompt_version or attempt.prompt_version
    attempt.redacted = extraction.redacted
    _keep(attempt, grounded or ground(extraction.technologies, attempt.job.devlog.entry))
    if extraction.output is None:
        named = extraction.technologies[:MAX_NAMES]
        attempt.answer = [[clean(each.name, MAX_NAME), clean(each.evidence, MAX_EVIDENCE)] for each in named]
    else:
        attempt.answer = {"output": extraction.output}
    attempt.outcome = Attempt.Outcome.ANSWERED


def _keep(attempt: Attempt, grounded: Grounded) -> None:
    attempt.mentions, attempt.names_dropped = grounded.mentions, grounded.dropped


def note_error(attempt: Attempt, error: ExtractionError) -> None:
    """Write what went wrong on its attempt."""
    if error.input_tokens or error.output_tokens:
        note_cost(attempt, error)
    attempt.redacted = error.redacted
    attempt.error_code, attempt.error_detail = error.code, str(error.detail)[:500]
    attempt.outcome = Attempt.Outcome.FAILED


def note_cost(attempt: Attempt, used: Extraction | ExtractionError) -> None:
    """Write on the attempt what its call cost."""
    attempt.input_tokens, attempt.output_tokens = used.input_tokens, used.output_tokens
    attempt.cost = Price.of(used.input_tokens, used.output_tokens).cost


def answer_here(job: Job, known: Mapping[int, Attempt]) -> FinishedAttempt | None:
    """Answer a job without a call where that can be: None where the model is to be asked.

    A private one is answered by the embedded extractor, and by no other, whatever is set or known.
    """
    if job.is_private:
        return make_attempt(EmbeddedExtractor.from_settings(settings), job)
    return answer_from_ledger(job, known[job.pk]) if job.pk in known else None


def answer_from_ledger(job: Job, known: Attempt) -> FinishedAttempt:
    """Answer a job with what the same entry was answered before, at no cost."""
    copied = ("extractor", "model", "prompt_version", "entry_digest", "answer", "redacted")
    fields = {name: getattr(known, name) for name in copied}
    attempt = job.new_attempt(outcome=Attempt.Outcome.ANSWERED, **fields)
    _keep(attempt, ground(known.technologies, job.devlog.entry))  # anew: names may have come to be known since
    return FinishedAttempt(attempt, is_from_ledger=True)


def safety_identifier(job: Job) -> str:
    """Return a hash that stands for the author, the same for all their entries; empty for an anonymous one."""
    author_id = job.devlog.author_id
    if not author_id:
        return ""
    return salted_hmac("tagging.safety_identifier", str(author_id), algorithm="sha256").hexdigest()
