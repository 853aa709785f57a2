"""Entry in, technologies out: what every extractor promises, and the one error it may raise.

An extractor is a file in this package, named by a dotted path in TAGGING_EXTRACTOR. None of them
imports Django, so the same code also runs where there is none; what they need comes in by `from_settings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

MAX_TECHNOLOGIES = 50  # of one entry: asked for, and kept as tags
MAX_NAMES = 10 * MAX_TECHNOLOGIES  # of one answer: taken and looked for; more are no answer, and would cost memory
MAX_RETRY_AFTER_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Technology:
    """One technology as an extractor names it, with the words of the entry that show it."""

    name: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Extraction:
    """The answer to one entry: technologies in any order, and what the answer cost.

    output: what a simulated job has computed. It is stored instead of technologies, never as a tag.
    prompt_version: of the prompt that was sent, where it is another than was told before the call.
    """

    technologies: list[Technology] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    redacted: dict[str, int] = field(default_factory=dict)
    output: int | None = None
    prompt_version: int | None = None


@dataclass(frozen=True, slots=True)
class SharedExtraction:
    """The answer to several entries asked in one call: of each, in their order, the technologies, or None where it has
    no answer of its own; and what the call cost."""

    technologies: list[list[Technology] | None]
    input_tokens: int = 0
    output_tokens: int = 0
    redacted: list[dict[str, int]] = field(default_factory=list)


class WaitingFor(StrEnum):
    """What a pending job waits for, when it may not begin yet."""

    RETRY = "retry"
    RATE_LIMIT = "rate_limit"
    PROVIDER = "provider"
    BUDGET = "budget"


class ErrorCode(StrEnum):
    """Why an attempt, or in the end a job, failed: the closed list that the API shows as `error.code`."""

    RATE_LIMITED = "rate_limited"  # 429
    PROVIDER_REFUSED = "provider_refused"  # key, credit, model or address: 401, 403, quota used up, model not found
    MISCONFIGURED = "misconfigured"  # a setting of ours is wrong: nothing could be sent
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"  # no connection, or a broken one
    SERVER_ERROR = "server_error"  # 5xx, or an error or a web page in place of a completion
    BAD_REQUEST = "bad_request"  # 400, 422: the request is refused as it is
    BAD_ANSWER = "bad_answer"  # not the JSON that was asked for
    ANSWER_CUT_OFF = "answer_cut_off"
    REFUSED = "refused"  # the model declined
    ENTRY_TOO_LONG = "entry_too_long"
    WORKER_LOST = "worker_lost"  # the process died, each time
    CANCELLED = "cancelled"  # by a person
    INTERNAL = "internal"  # the extractor raised something else: a bug


class ExtractionError(Exception):
    """An extraction that gave no answer, and whose fault that is.

    detail: one readable sentence, safe to store and show: no entry, no prompt, no key.
    waiting_for: surely everybody's fault (rate_limit, provider): the queue pauses and no attempt is spent. None is
        unclear: it is compared with other entries, or with the canary, and an attempt is spent if it is this entry's.
    permanent: if it proves to be this entry's, asking again cannot help; the job ends `failed`.
    retry_after: seconds the provider asked us to wait, whatever the code, if it said so.
    input_tokens, output_tokens: what was, or may have been, paid all the same.
    redacted: how many secrets of which kind were kept back.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str,
        *,
        permanent: bool = False,
        waiting_for: WaitingFor | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.permanent = permanent
        self.waiting_for = waiting_for
        self.retry_after = retry_after
        self.input_tokens = 0
        self.output_tokens = 0
        self.redacted: dict[str, int] = {}

    @property
    def was_answered(self) -> bool:
        """Say whether the model answered, with something of no use, and was paid for it."""
        unusable = (ErrorCode.BAD_ANSWER, ErrorCode.ANSWER_CUT_OFF, ErrorCode.REFUSED)
        return self.code in unusable and self.output_tokens > 0


class Extractor:
    """What finds the technologies; `extract` is called from many threads at once and never touches the database."""

    # How the attempts and the tags name it; the model is the extractor itself where it has no other.
    name: str
    model: str
    # True where an answer costs money: it counts towards the budget, and a known answer is not paid for again.
    is_paid = False
    # The wording's number, raised with each change of it.
    prompt_version: int | None = None
    # True where it computes and never waits: then one thread is as fast as many.
    only_computes = False
    # True where `extract_together` answers several entries by one call.
    shares_calls = False
    # Any sound extractor answers it: sent where nothing else tells an entry's fault from the provider's.
    canary: str = "Heute Django benutzt."

    @classmethod
    def from_settings(cls, settings: Any) -> Self:
        """Build the extractor from Django's settings, or from anything with the same attributes."""
        return cls()

    def extract(self, entry: str, *, safety_identifier: str = "") -> Extraction:
        """Return the technologies of one entry, or raise ExtractionError.

        safety_identifier: a hash that stands for the author, for providers that ask for one.
        """
        raise NotImplementedError

    def extract_together(self, entries: Sequence[str], *, safety_identifier: str = "") -> SharedExtraction:
        """Return the technologies of each of these entries, all of one author, by one call, or raise ExtractionError.

        Asked only where `shares_calls` says so. Who gets no answer here is asked once more by `extract`.
        """
        raise NotImplementedError

    def prompt_version_for(self, entry: str) -> int | None:
        """Return the version of the prompt that asks for this entry: a known answer counts for the same one only."""
        return self.prompt_version

    def close(self) -> None:
        """Give back connections. Called once, when the worker stops."""
