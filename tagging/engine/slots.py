"""Where the calls to the extractor run: threads beside the worker, none of which touches the database."""

from __future__ import annotations

import logging
import queue
import threading
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.crypto import salted_hmac

from tagging.extraction.base import ErrorCode, Extraction, ExtractionError, Extractor
from tagging.extraction.grounding import ground
from tagging.models import Job
from tagging.models.attempt import Attempt, digest_of
from tagging.models.job import Fence
from tagging.models.spending import Price
from tagging.transports.memory import FINISHED, Mailbox

logger = logging.getLogger(__name__)

# What an outage of the provider looks like from here.
OUTAGE = {ErrorCode.TIMEOUT, ErrorCode.UNREACHABLE, ErrorCode.SERVER_ERROR}
NO_ANSWER = OUTAGE | {ErrorCode.INTERNAL}


@dataclass(slots=True)
class Outcome:
    """What a slot hands back: the attempt that was made, with its answer or why there is none."""

    attempt: Attempt
    error: ExtractionError | None = None
    is_known: bool = False  # from the ledger: nobody was asked

    @property
    def provider_answered(self) -> bool:
        """Whether the provider was asked and answered, be it with something of no use."""
        if self.error is None:
            return not self.is_known
        return not (self.error.waiting_for or self.error.code in NO_ANSWER)


class Slots:
    """Threads that run extractions side by side, one where they only compute; none touches the database."""

    # An extractor that computes answers in a millisecond: so many times the jobs, and commits are worth while.
    jobs_per_thread = 4

    def __init__(self, extractor: Extractor, mailbox: Mailbox, concurrency: int) -> None:
        self.extractor = extractor
        self._mailbox = mailbox
        self._threads_wanted = 1 if extractor.only_computes else concurrency
        self.size = self.jobs_per_thread * concurrency if extractor.only_computes else concurrency
        self._limit = float(self.size)
        self._calls: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._finished: deque[Outcome] = deque()
        self._threads: list[threading.Thread] = []
        self.in_flight: dict[Fence, Job] = {}

    @property
    def free(self) -> int:
        """How many calls may begin: a slot is free once its call has finished, settled or not."""
        return max(0, int(self._limit) - len(self.in_flight) + len(self._finished))

    def shrink(self) -> None:
        """Halve the limit: the provider finds us too fast."""
        self._limit = max(1.0, self._limit / 2)

    def grow(self, answers: int) -> None:
        """Raise the limit by about one for each full round of answers, up to the size."""
        self._limit = min(self.size, self._limit + answers / self._limit)

    def start(self, jobs: Sequence[Job], known: Mapping[int, Attempt]) -> None:
        """Have these jobs' calls made; those whose answer is known have finished at once."""
        for job in jobs:
            self.in_flight[job.fence] = job
            if job.pk in known:
                self._finish(answer_again(job, known[job.pk]))
            else:
                self._calls.put(job)
        self.staff()

    def staff(self) -> None:
        """Start the threads that the calls in flight need and that are not there: not yet, or not any more."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        while len(self._threads) < min(self._threads_wanted, len(self.in_flight)):
            # Daemons: a call that hangs must not hold up the end of the process; its job is given back first.
            thread = threading.Thread(target=self._run, name="tagging-slot", daemon=True)
            thread.start()
            self._threads.append(thread)

    def finished(self) -> list[Outcome]:
        """Return the outcomes that wait to be settled; they wait until `settled`."""
        return list(self._finished)

    def settled(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self._finished.popleft()
            del self.in_flight[outcome.attempt.job.fence]

    def close(self) -> None:
        for _ in self._threads:
            self._calls.put(None)
        self.extractor.close()

    def _run(self) -> None:
        while job := self._calls.get():
            self._finish(extract(self.extractor, job))

    def _finish(self, outcome: Outcome) -> None:
        self._finished.append(outcome)
        self._mailbox.ring(FINISHED)


def extract(extractor: Extractor, job: Job) -> Outcome:
    """Make one attempt at a job: call the extractor and ground its answer. Never raises: the slot must live on."""
    entry = job.devlog.entry
    attempt = job.new_attempt(extractor=extractor.name, model=extractor.model, prompt_version=extractor.prompt_version)
    try:
        attempt.entry_digest = digest_of(entry)
        extraction = extractor.extract(entry, safety_identifier=safety_identifier(job))
        grounded = ground(extraction.technologies, entry)
        pay(attempt, extraction)
    except BaseException as exception:
        error = exception if isinstance(exception, ExtractionError) else internal_error(exception)
        if error is not exception:
            # Where it was raised mends the bug; what it says may quote the entry, and stays out of the log.
            where = "".join(traceback.format_tb(exception.__traceback__))
            logger.error("job=%s: the extractor raised %s at\n%s", job.pk, type(exception).__name__, where)
        attempt.outcome = Attempt.Outcome.FAILED
        attempt.error_code = error.code
        attempt.error_detail = error.detail[:500]
        attempt.redacted = error.redacted
        pay(attempt, error)
        return Outcome(attempt, error=error)
    attempt.outcome = Attempt.Outcome.ANSWERED
    attempt.answer = grounded.mentions if extraction.output is None else {"output": extraction.output}
    attempt.names_dropped = grounded.dropped
    attempt.redacted = extraction.redacted
    return Outcome(attempt)


def pay(attempt: Attempt, used: Extraction | ExtractionError) -> None:
    """Note on the attempt what its call cost."""
    attempt.input_tokens, attempt.output_tokens = used.input_tokens, used.output_tokens
    attempt.cost = Price.of(used.input_tokens, used.output_tokens).cost


def answer_again(job: Job, known: Attempt) -> Outcome:
    """Answer a job from the ledger, for nothing."""
    copied = ("extractor", "model", "prompt_version", "entry_digest", "answer", "names_dropped", "redacted")
    fields = {name: getattr(known, name) for name in copied}
    return Outcome(job.new_attempt(outcome=Attempt.Outcome.ANSWERED, **fields), is_known=True)


def safety_identifier(job: Job) -> str:
    """Return a hash that stands for the author, the same for all their entries; empty for an anonymous one."""
    author_id = job.devlog.author_id
    return (
        salted_hmac("tagging.safety_identifier", str(author_id), algorithm="sha256").hexdigest() if author_id else ""
    )


def internal_error(exception: BaseException) -> ExtractionError:
    return ExtractionError(ErrorCode.INTERNAL, f"The extractor raised {type(exception).__name__}.")
