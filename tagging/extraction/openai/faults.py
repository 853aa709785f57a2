"""Whose fault it is when a call to the model fails.

The provider's faults pause the queue, the entry's own end its job, passing ones cost an attempt. Details are
sentences of our own: a provider's message may echo the key (401) or the whole request (422), so nothing of it but
status, code and request id is passed on.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tagging.extraction.base import MAX_RETRY_AFTER_SECONDS, ErrorCode, ExtractionError, WaitingFor
from tagging.extraction.openai import prompt

if TYPE_CHECKING:
    import openai

# Looked for in `code` and `type` of an error's body, before its status.
PROVIDER_CODES = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "invalid_api_key",
    "model_not_found",
}
FILTER_CODES = {"content_filter", "content_policy_violation"}
# In words or as a code: context_length_exceeded (OpenAI), exceed_context_size_error (llama.cpp).
TOO_LONG = re.compile(r"exceed.{0,40}context|context.{0,40}exceed|(?:maximum|than the) context", re.IGNORECASE)
FORMAT_REFUSED = re.compile(r"response_?format|json_?schema|json_?object|structured output|grammar", re.IGNORECASE)
# As the message begins, where vLLM and others count what the answer may take into the context too.
CONTEXT = re.compile(
    r"(?:'max_tokens' or 'max_completion_tokens' is too large: \d{1,9}\. )?"
    r"This model's maximum context length is (\d{1,9}) tokens"
)
ANSWER_LIMITS = ("max_completion_tokens", "max_tokens")
# What every prompt takes at least: hardly a token is longer than five characters on average.
MIN_PROMPT_TOKENS = len(prompt.SYSTEM) // 5
PLAIN_WORD = re.compile(r"[\w.-]{1,64}")


class FormatRefusedError(ExtractionError):
    """The server does not take this response format; a plainer one may do."""


def classify(error: Exception, parameters: Mapping[str, object], key: str) -> ExtractionError:
    """Sort whatever a call raised. `parameters` are those we chose to send; `key` must not be echoed."""
    import httpx2  # slow import
    import openai  # slow import

    if isinstance(error, openai.APIStatusError):
        return classify_status(error, parameters, key)
    if isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException)):
        return ExtractionError(ErrorCode.TIMEOUT, "The model's server did not answer in time.")
    if isinstance(error, (openai.APIConnectionError, httpx2.TransportError)):
        return ExtractionError(ErrorCode.UNREACHABLE, "The model's server could not be reached, or hung up.")
    return ExtractionError(
        ErrorCode.BAD_ANSWER, f"The model's server sent something else than a completion ({type(error).__name__})."
    )


def classify_status(error: openai.APIStatusError, parameters: Mapping[str, object], key: str) -> ExtractionError:
    """Sort an HTTP error. The code comes before the status: a spent quota is a 429 as well."""
    status = error.status_code
    codes = {str(error.code), str(error.type)}
    said = f"{error.code} {error.type} {error.param} {error.body}"[:5000]  # looked at, never passed on

    def sorted_as(
        code: ErrorCode,
        sentence: str,
        waiting_for: WaitingFor | None = None,
        permanent: bool = False,
        kind: type[ExtractionError] = ExtractionError,
    ) -> ExtractionError:
        return kind(
            code,
            f"{sentence} ({safe_details(error, key)}).",
            permanent=permanent,
            waiting_for=waiting_for,
            retry_after=retry_after(error.response.headers, datetime.now(UTC)),
        )

    if codes & PROVIDER_CODES:
        return sorted_as(ErrorCode.PROVIDER_REFUSED, "The provider refuses us", WaitingFor.PROVIDER)
    if status == 429:
        return sorted_as(ErrorCode.RATE_LIMITED, "The provider's rate limit is reached", WaitingFor.RATE_LIMIT)
    if status == 413 or TOO_LONG.search(said):
        code, sentence, waiting_for = too_long(error.body, parameters)
        return sorted_as(code, sentence, waiting_for, permanent=waiting_for is None)
    if codes & FILTER_CODES:
        return sorted_as(ErrorCode.REFUSED, "The provider's filter rejects the entry", permanent=True)
    if status in (408, 409) or status >= 500:
        return sorted_as(ErrorCode.SERVER_ERROR, "The model's server failed")
    if status not in (400, 422):
        return sorted_as(ErrorCode.PROVIDER_REFUSED, "The provider refuses us", WaitingFor.PROVIDER)
    if FORMAT_REFUSED.search(said):
        return sorted_as(ErrorCode.BAD_REQUEST, "The request is refused", permanent=True, kind=FormatRefusedError)
    if str(error.param) in parameters:  # the configuration's fault, so every entry's: none may fail for it
        return sorted_as(ErrorCode.PROVIDER_REFUSED, "A parameter is refused", WaitingFor.PROVIDER)
    return sorted_as(ErrorCode.BAD_REQUEST, "The request is refused", permanent=True)


def too_long(body: object, parameters: Mapping[str, object]) -> tuple[ErrorCode, str, WaitingFor | None]:
    """Tell an entry that is too long from an answer's limit that leaves no room for any entry.

    By the server's own numbers, and only where its message begins as we know it: elsewhere it may quote an entry, and
    no entry may pause the queue.
    """
    values = {f"OPENAI_{name.upper()}": parameters.get(name) for name in ANSWER_LIMITS}
    limits = {name: value for name, value in values.items() if isinstance(value, int)}
    lower = f"lower {' or '.join(limits)}"
    message = str(body.get("message")) if isinstance(body, dict) else ""
    answer_tokens = max(limits.values(), default=0)
    is_counted = str(answer_tokens) in re.findall(r"\d+", message[:250])
    if is_counted and (context := CONTEXT.match(message)) and int(context[1]) < answer_tokens + MIN_PROMPT_TOKENS:
        sentence = f"The model's context has no room for an entry beside what the answer may take: {lower}"
        return ErrorCode.PROVIDER_REFUSED, sentence, WaitingFor.PROVIDER
    sentence = f"The entry is too long for the model: shorten it{f', or {lower}' if limits else ''}"
    return ErrorCode.ENTRY_TOO_LONG, sentence, None


def safe_details(error: openai.APIStatusError, key: str) -> str:
    """Return status, code and request id as far as they are plain words, and not our key echoed."""
    parts = {"code": error.code, "request": error.request_id}
    plain = [
        f"{label} {value}"
        for label, value in parts.items()
        if value and PLAIN_WORD.fullmatch(value) and not (key and key in value)
    ]
    return ", ".join([f"HTTP {error.status_code}", *plain])


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
