"""What the model's server sends back, read with bounds: the body, and the answer in it."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel, Field, ValidationError

from tagging.extraction.base import ErrorCode, ExtractionError
from tagging.extraction.openai import prompt

if TYPE_CHECKING:
    import httpx2

MAX_RESPONSE_BYTES = 1_000_000
# Statuses that say nothing without a body: whose fault it is stands there.
TOLD_BY_BODY = {400, 422}


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class UsedTokens(BaseModel):
    prompt_tokens: int = Field(default=0, ge=0, le=10**9)
    completion_tokens: int = Field(default=0, ge=0, le=10**9)


class Completion(BaseModel):
    """The few fields we read of a chat completion."""

    choices: list[_Choice] = Field(min_length=1)
    usage: UsedTokens | None = None


def read_body(response: httpx2.Response) -> None:
    """Read what a response of any status brings, up to its request's deadline and to MAX_RESPONSE_BYTES.

    Left to the SDK, the body of an error would be read whole, for as long as it drips. What is too long is cut: the
    beginning of an error still tells whose fault it is, and the beginning of an answer is none. Most errors are told
    by their status alone, even if the body never comes.
    """
    import httpx2  # slow import

    body = bytearray()
    stream = cast("httpx2.SyncByteStream", response.stream)
    try:
        with contextlib.closing(stream):
            for chunk in stream:
                body += chunk
                if time.monotonic() > response.request.extensions["deadline"]:
                    raise httpx2.ReadTimeout("The body was not complete in time.")
                if len(body) > MAX_RESPONSE_BYTES:
                    break
    except httpx2.TransportError:
        if response.status_code < 400 or response.status_code in TOLD_BY_BODY:
            raise
    # A packed one was not asked for. It stays packed: unpacked, a small body may be a giant.
    response.headers.pop("content-encoding", None)
    response.stream = httpx2.ByteStream(bytes(body[:MAX_RESPONSE_BYTES]))


def read_answer(completion: Completion) -> prompt.Answer:
    """Return the validated answer; only a code block or prose around its one JSON object is forgiven.

    Raises ExtractionError: refused, answer_cut_off or bad_answer.
    """
    choice = completion.choices[0]
    content = choice.message.content or ""
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise ExtractionError(ErrorCode.REFUSED, "The model declined to answer.")
    if choice.finish_reason == "length":
        raise ExtractionError(ErrorCode.ANSWER_CUT_OFF, "The model's answer was cut off at its token limit.")
    for candidate in (content, content[content.find("{") : content.rfind("}") + 1]):
        with contextlib.suppress(ValidationError):
            return prompt.Answer.model_validate_json(candidate)
    raise ExtractionError(ErrorCode.BAD_ANSWER, "The model's answer is not the JSON object it was asked for.")
