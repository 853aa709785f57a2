"""What the model's server sends back, read with bounds: the body, and the completion in it."""

from __future__ import annotations

import codecs
import contextlib
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tagging.extraction.base import ErrorCode, ExtractionError
from tagging.extraction.openai.faults import LostAnswerError

if TYPE_CHECKING:
    import httpx2

MAX_RESPONSE_BYTES = 1_000_000
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
WEB_PAGE = "The model's server sent a web page, no completion: look at OPENAI_BASE_URL, and for a login in between."
# Parts of a content that are given as a list; others are thoughts.
TEXT_PARTS = {"text", "output_text"}


def read_body(response: httpx2.Response) -> None:
    """Read what a response of any status brings, up to MAX_RESPONSE_BYTES.

    Left to the SDK, the body of an error would be read whole. What is too long is cut: the beginning of an error still
    tells whose fault it is, and the beginning of an answer is none. Most errors are told by their status alone, even
    if the body never comes.
    """
    import httpx2  # slow import

    body = bytearray()
    stream = cast("httpx2.SyncByteStream", response.stream)
    try:
        with contextlib.closing(stream):
            for chunk in stream:
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    break
    except httpx2.TransportError:
        if response.is_success:
            raise
    if response.headers.pop("content-encoding", ""):
        body = _unpacked(body)
    response.stream = httpx2.ByteStream(bytes(body[:MAX_RESPONSE_BYTES]))


def _unpacked(body: bytearray) -> bytearray:
    """Unpack gzip or deflate, which were not asked for, to MAX_RESPONSE_BYTES at most; leave all else as it is."""
    with contextlib.suppress(zlib.error):
        return bytearray(zlib.decompressobj(GZIP_OR_ZLIB).decompress(body, MAX_RESPONSE_BYTES))
    return body


@dataclass(frozen=True, slots=True)
class Completion:
    """What we read of a chat completion, in whichever dialect its server speaks.

    text: where the answer stands; thoughts only where there is nothing else.
    error: what stands in the place of an answer, if anything does.
    characters: how much the model wrote, thoughts and all.
    """

    text: str
    refusal: str
    finish_reason: str
    usage: object
    error: object
    characters: int

    @classmethod
    def read(cls, content: bytes) -> Completion:
        """Return the completion in a body, or the error in its place. Raises ExtractionError if it is neither."""
        if content.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"<":
            raise ExtractionError(ErrorCode.SERVER_ERROR, WEB_PAGE)
        parsed = _parsed(content)
        body = _object(parsed)
        choices = body.get("choices")
        given = [_object(each) for each in choices] if isinstance(choices, list) else []
        # The first that says anything.
        choice = next((each for each in given if _text(_object(each.get("message")))), given[0] if given else {})
        message = _object(choice.get("message"))
        text, refusal = _text(message), _refusal(message)
        finish_reason = str(choice.get("finish_reason") or "").lower()
        is_broken = finish_reason == "error"
        error: object = None
        if not message:
            error = parsed
        elif is_broken or not (text or refusal):
            error = body.get("error") or choice.get("error") or is_broken
        if not (message or error):
            # Only what was cut may have been an answer.
            kind = LostAnswerError if len(content) >= MAX_RESPONSE_BYTES else ExtractionError
            raise kind(ErrorCode.SERVER_ERROR, "The model's server sent something that is no completion.")
        return cls(
            text, refusal, finish_reason, body.get("usage"), error, len(json.dumps(message, ensure_ascii=False))
        )


def error_in(content: bytes) -> object:
    """Return the body of an error, read as far as it is JSON."""
    parsed = _parsed(content)
    return content.decode(errors="replace") if parsed is None else parsed


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _parts(content: object) -> list[dict[str, object]]:
    parts = content if isinstance(content, list) else [content]
    return [{"text": part} if isinstance(part, str) else _object(part) for part in parts]


def _text(message: dict[str, object]) -> str:
    """Return what may hold the answer: the content, in one piece or in parts, and the arguments of tool calls."""
    content = message.get("content")
    if isinstance(content, dict) and "technologies" in content:
        content = json.dumps(content)
    spoken = [part.get("text") for part in _parts(content) if part.get("type", "text") in TEXT_PARTS]
    calls = message.get("tool_calls")
    called = (
        [_object(_object(call).get("function")).get("arguments") for call in calls] if isinstance(calls, list) else []
    )
    texts = ["".join(each for each in spoken if isinstance(each, str)), *map(_written, called)]
    texts = [each for each in texts if each.strip()]
    thoughts = [message.get("reasoning_content"), message.get("reasoning")]
    return "\n".join(texts or [each for each in thoughts if isinstance(each, str)])


def _written(arguments: object) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments) if arguments else ""


def _refusal(message: dict[str, object]) -> str:
    refused = [message.get("refusal"), *(part.get("refusal") for part in _parts(message.get("content")))]
    return next((each for each in refused if isinstance(each, str) and each), "")
