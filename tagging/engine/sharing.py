"""Bulk jobs of one author that share a call: which may, and what came of it for each.

Of one author, as an entry that tells the model what to do with its neighbours then meddles with its author's own.
Whatever goes wrong with a shared call is nobody's fault: its jobs are given back and go alone the next time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from functools import partial

from tagging.engine.attempting import (
    FinishedAttempt,
    as_error,
    internal_error,
    make_attempt,
    may_send_again,
    note_answer,
    note_error,
    safety_identifier,
)
from tagging.extraction.base import ErrorCode, ExtractionError, Extractor
from tagging.extraction.shared import OwnAnswer, own_answers, parts
from tagging.extraction.withdrawal import asking
from tagging.models import Attempt, Job
from tagging.models.attempt import digest_of
from tagging.models.spending import Price


def calls_for(jobs: Iterable[Job], most: int) -> list[list[Job]]:
    """Return these jobs in groups, each for one call: up to so many of one author together where they may share it.

    An author's calls begin with the first of their jobs, on which the price of a call is reserved, and are dealt the
    others in turn: on these only their own part may be reserved.
    """
    calls: list[list[Job]] = []
    to_share: dict[int | None, list[Job]] = {}
    for job in jobs:
        if job.may_share_call:
            to_share.setdefault(job.devlog.author_id, []).append(job)
        else:
            calls.append([job])
    for together in to_share.values():
        count = math.ceil(len(together) / most)
        calls += [together[number::count] for number in range(count)]
    return calls


def joining_calls(jobs: Iterable[Job], most: int) -> set[int]:
    """Return the ids of those of these jobs that join the call of another."""
    return {job.pk for together in calls_for(jobs, most) for job in together[1:]}


def make_attempts(extractor: Extractor, jobs: Sequence[Job]) -> list[FinishedAttempt]:
    """Make the one call for these jobs and return each one's attempt. Never raises: who calls must live on."""
    try:
        return [make_attempt(extractor, jobs[0])] if len(jobs) == 1 else _make_together(extractor, jobs)
    except BaseException as exception:  # beside the call itself, where an extractor is not as it must be
        return [_failed(job, len(jobs), exception) for job in jobs]


def _failed(job: Job, entries_in_call: int, exception: BaseException) -> FinishedAttempt:
    """Return an attempt that takes nothing from the extractor or from what it raised but the kind."""
    attempt = job.new_attempt(entries_in_call=entries_in_call)
    error = internal_error(exception, job)
    note_error(attempt, error)
    return FinishedAttempt(attempt, error, began_at=time.monotonic())


def _make_together(extractor: Extractor, jobs: Sequence[Job]) -> list[FinishedAttempt]:
    began_at = time.monotonic()
    asked = {"extractor": extractor.name, "model": extractor.model, "entries_in_call": len(jobs)}
    versions = [extractor.prompt_version_for(job.devlog.entry) for job in jobs]
    attempts = [job.new_attempt(prompt_version=version, **asked) for job, version in zip(jobs, versions, strict=True)]
    try:
        errors = _ask(extractor, jobs, attempts)
    except BaseException as exception:
        error = as_error(exception, jobs[0])
        inputs, outputs = (parts(paid, _lengths(jobs)) for paid in (error.input_tokens, error.output_tokens))
        errors = [_without_answer(error, *paid) for paid in zip(inputs, outputs, strict=True)]
    for attempt, failed in zip(attempts, errors, strict=True):
        if failed:
            note_error(attempt, failed)
    _price(attempts)
    took = round(1000 * (time.monotonic() - began_at))
    return [
        FinishedAttempt(attempt, failed, began_at=began_at, milliseconds=took)
        for attempt, failed in zip(attempts, errors, strict=True)
    ]


def _ask(extractor: Extractor, jobs: Sequence[Job], attempts: Sequence[Attempt]) -> list[ExtractionError | None]:
    """Write each one's own answer on its attempt; return what went wrong for those who got none."""
    entries = [job.devlog.entry for job in jobs]
    with asking(partial(may_send_again, jobs)):
        shared = extractor.extract_together(entries, safety_identifier=safety_identifier(jobs[0]))
    answers = own_answers(shared, entries)
    if not any(answers):
        error = _no_answer()
        error.input_tokens, error.output_tokens = shared.input_tokens, shared.output_tokens
        raise error
    return [_note(attempt, answer) for attempt, answer in zip(attempts, answers, strict=True)]


def _note(attempt: Attempt, answer: OwnAnswer | None) -> ExtractionError | None:
    if not answer:
        return _no_answer()
    attempt.entry_digest = digest_of(attempt.job.devlog.entry)
    note_answer(attempt, answer.extraction, answer.grounded)
    return None


def _no_answer() -> ExtractionError:
    return ExtractionError(ErrorCode.BAD_ANSWER, "Among the answers to several entries there was none for this one.")


def _without_answer(error: ExtractionError, input_tokens: int, output_tokens: int) -> ExtractionError:
    """Return a call's error as it is for one of its jobs, with that one's part of the price."""
    ours = ExtractionError(error.code, error.detail, waiting_for=error.waiting_for, retry_after=error.retry_after)
    ours.input_tokens, ours.output_tokens = input_tokens, output_tokens
    return ours


def _lengths(jobs: Sequence[Job]) -> list[int]:
    return [len(job.devlog.entry) for job in jobs]


def _price(attempts: Sequence[Attempt]) -> None:
    """Price the attempts' tokens so that the dollars too add up to those of the call, to the last digit."""
    before, input_tokens, output_tokens = Price(), 0, 0
    for attempt in attempts:
        input_tokens += attempt.input_tokens
        output_tokens += attempt.output_tokens
        up_to_here = Price.of(input_tokens, output_tokens)
        attempt.cost = up_to_here.cost - before.cost
        before = up_to_here
