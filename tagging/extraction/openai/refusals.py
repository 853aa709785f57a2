"""Whose fault it is when the model's server sends an error: by its code, then by its status.

Surely everybody's: limits, access, and parameters that every request carries. Surely the entry's, where others pass:
too long, or rejected by a filter. All else is unclear, and left to a comparison. A provider's message may echo the key
(401) or the whole request (422), so nothing of it but status, code and request id is passed on.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from tagging.extraction.base import MAX_RETRY_AFTER_SECONDS, ErrorCode, ExtractionError, WaitingFor
from tagging.extraction.openai import prompt
from tagging.extraction.openai.codes import FILTER_WORDS, PROVIDER_WORDS, RATE_LIMIT_WORDS
from tagging.extraction.openai.error_body import ErrorBody
from tagging.extraction.openai.faults import PROXY_REFUSES, FormatRefusedError

if TYPE_CHECKING:
    import httpx2

# In words or as a code: context_length_exceeded (OpenAI), exceed_context_size_error (llama.cpp).
TOO_LONG = re.compile(r"exceed.{0,40}context|context.{0,40}exceed|(?:maximum|than the) context", re.IGNORECASE)
FORMAT_REFUSED = re.compile(r"response_?format|json_?schema|json_?object|structured output|grammar", re.IGNORECASE)
# As the message begins, where vLLM and others count what the answer may take into the context too.
CONTEXT = re.compile(
    r"(?:'max_tokens' or 'max_completion_tokens' is too large: \d{1,9}\. )?"
    r"This model's maximum context length is (\d{1,9}) tokens"
)
# So much of a message is the server's own; behind it, it may quote.
MAX_MESSAGE = 250
ANSWER_LIMITS = ("max_completion_tokens", "max_tokens")
# What every prompt takes at least: hardly a token is longer than five characters on average.
MIN_PROMPT_TOKENS = len(prompt.SYSTEM) // 5
PLAIN_WORD = re.compile(r"[\w.-]{1,64}")


class Verdict(NamedTuple):
    """What an error means, before it is told with its details."""

    code: ErrorCode
    sentence: str
    waiting_for: WaitingFor | None = None
    permanent: bool = False
    kind: type[ExtractionError] = ExtractionError


class Refusals:
    """Sorts errors: `parameters` are those we chose to send, and `api_key` must not be echoed."""

    def __init__(self, parameters: Mapping[str, object], api_key: str) -> None:
        self._parameters = parameters
        self._api_key = api_key

    def sort(self, response: httpx2.Response, body: object) -> ExtractionError:
        """Return what an error means, that is this response or stands inside it."""
        error = ErrorBody.of(body)
        status = (error.status or 0) if response.is_success else response.status_code
        verdict = self._everybodys(error, status) or self._entrys(error, status) or _unclear(error, status)
        return verdict.kind(
            verdict.code,
            f"{verdict.sentence} ({self._safe_details(response, error)}).",
            permanent=verdict.permanent,
            waiting_for=verdict.waiting_for,
            retry_after=retry_after(response.headers, datetime.now(UTC)),
        )

    def _everybodys(self, error: ErrorBody, status: int) -> Verdict | None:
        # The code comes before the status: a spent quota is a 429 as well.
        if error.words & PROVIDER_WORDS or status in (401, 402):
            return _refused("The provider refuses us")
        if error.words & RATE_LIMIT_WORDS or status == 429:
            return Verdict(ErrorCode.RATE_LIMITED, "The provider's rate limit is reached", WaitingFor.RATE_LIMIT)
        if status == 407:
            return _refused(PROXY_REFUSES)
        # Not what is too long for the limits among them.
        named = sorted(error.parameters & self._parameters.keys())
        if named and status < 500 and not _is_too_long(error, status):
            return _refused(
                f"A parameter is refused: change {' or '.join(f'OPENAI_{name.upper()}' for name in named)}"
            )
        return None

    def _entrys(self, error: ErrorBody, status: int) -> Verdict | None:
        if _is_too_long(error, status):
            return self._too_long(error.message)
        if error.words & FILTER_WORDS:
            return Verdict(ErrorCode.REFUSED, "The provider's filter rejects the entry", permanent=True)
        return None

    def _too_long(self, message: str) -> Verdict:
        """Tell an entry that is too long from an answer's limit that leaves no room for any entry.

        By the server's own numbers, and only where its message begins as we know it: elsewhere it may quote an entry,
        and no entry may pause the queue.
        """
        values = {f"OPENAI_{name.upper()}": self._parameters.get(name) for name in ANSWER_LIMITS}
        limits = {name: value for name, value in values.items() if isinstance(value, int)}
        lower = f"lower {' or '.join(limits)}"
        answer_tokens = max(limits.values(), default=0)
        is_counted = str(answer_tokens) in re.findall(r"\d+", message[:MAX_MESSAGE])
        if is_counted and (context := CONTEXT.match(message)) and int(context[1]) < answer_tokens + MIN_PROMPT_TOKENS:
            return _refused(f"The model's context has no room for an entry beside what the answer may take: {lower}")
        sentence = f"The entry is too long for the model: shorten it{f', or {lower}' if limits else ''}"
        return Verdict(ErrorCode.ENTRY_TOO_LONG, sentence, permanent=True)

    def _safe_details(self, response: httpx2.Response, error: ErrorBody) -> str:
        """Return status, code and request id as far as they are plain words, and not our key echoed."""
        parts = {"code": error.code, "request": response.headers.get("x-request-id", "")}
        plain = [
            f"{label} {value}"
            for label, value in parts.items()
            if PLAIN_WORD.fullmatch(value) and not (self._api_key and self._api_key in value)
        ]
        return ", ".join([f"HTTP {response.status_code}", *plain])


def _refused(sentence: str) -> Verdict:
    return Verdict(ErrorCode.PROVIDER_REFUSED, sentence, WaitingFor.PROVIDER)


def _is_too_long(error: ErrorBody, status: int) -> bool:
    """Say whether the server surely means the length; further in, and in the body around, it may quote the entry."""
    told = (error.message[:MAX_MESSAGE], *error.words)
    return status == 413 or (status < 500 and any(map(TOO_LONG.search, told)))


def _unclear(error: ErrorBody, status: int) -> Verdict:
    """Return what may be an entry's or everybody's; a firewall answers 403 to one text, a gateway to all."""
    if status in (400, 422, 0) and FORMAT_REFUSED.search(error.text):
        return Verdict(ErrorCode.BAD_REQUEST, "The request is refused", kind=FormatRefusedError)
    if status == 0:
        return Verdict(ErrorCode.SERVER_ERROR, "The model's server sent an error in place of an answer")
    if status in (408, 409) or status >= 500:
        return Verdict(ErrorCode.SERVER_ERROR, "The model's server failed")
    if status in (403, 404) or status < 400:
        return Verdict(ErrorCode.PROVIDER_REFUSED, "The provider refuses us, or this entry")
    return Verdict(ErrorCode.BAD_REQUEST, "The request is refused")


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds the provider asks us to wait, from 0 to MAX_RETRY_AFTER_SECONDS; None if it says nothing."""
    for header, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        with contextlib.suppress(ValueError):
            seconds = float(headers[header]) * unit if header in headers else math.nan
            if not math.isnan(seconds):
                return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
    try:
        at = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
