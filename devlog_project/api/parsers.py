"""The one body format the API reads: JSON, of a bounded size."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from math import isinf
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

# Several times what any address of the API takes, whichever Python reads it.
MAX_DEPTH, MAX_NAMES, MAX_DIGITS = 20, 1000, 40
TOO_DEEP = f"JSON parse error - nested too deeply: at most {MAX_DEPTH} lists and objects may stand in one another."


class PayloadTooLarge(APIException):
    status_code = 413
    default_code = "payload_too_large"
    default_detail = "The body is larger than this API accepts."


class BoundedJSONParser(BaseParser):
    """Stops reading one byte after our limit. DRF's own is first given the whole body, up to Django's limit."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        context = parser_context or {}
        request, limit = context.get("request"), getattr(context.get("view"), "max_body_bytes", 0)
        limit = limit or settings.API_MAX_BODY_BYTES
        coding = request.headers.get("Content-Encoding", "identity") if request else "identity"
        if coding.lower() != "identity":
            raise UnsupportedMediaType(coding, f"The body is compressed ({coding}); send it as it is.")
        try:
            body = stream.read(limit + 1)
        except OSError as error:  # the client went away
            raise ParseError("The body could not be read to its end.") from error
        if len(body) > limit:
            raise PayloadTooLarge(f"The body is larger than {limit // 1024:,} KB.")
        return self.content_of(body)

    def content_of(self, body: bytes) -> dict[str, Any]:
        """Return what a body says that has come as a whole."""
        return content_of(body)


def content_of(body: bytes) -> dict[str, Any]:
    """Return what a body says, or raise ParseError that says what is wrong with it."""
    try:
        # JSON is UTF-8 (RFC 8259); a codec of the client's choice may take seconds for what it sends.
        content: dict[str, Any] = DECODER.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ParseError("The body is not UTF-8, as JSON must be.") from error
    except RecursionError as error:  # json gives up on deep nesting in this way, though not everywhere as early
        raise ParseError(TOO_DEEP) from error
    except ValueError as error:
        raise ParseError(f"JSON parse error - {error}") from error
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and is_deeper(content, MAX_DEPTH):
        raise ParseError(TOO_DEEP)
    return content


def is_deeper(content: object, depth: int) -> bool:
    """Say whether more than so many lists and objects stand in one another; looked at level after level."""
    level = [content]
    for _ in range(depth):
        level = [inner for outer in level for inner in values_in(outer) if isinstance(inner, (dict, list))]
    return bool(level)


def values_in(content: object) -> Iterable[object]:
    if isinstance(content, dict):
        return content.values()
    return content if isinstance(content, list) else ()


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def number_of(kind: type[int] | type[float]) -> Callable[[str], float]:
    """Return what reads a number, and refuses one that is endless or would become infinity."""

    def read(digits: str) -> float:
        if len(digits) > MAX_DIGITS or isinf(number := kind(digits)):
            raise ValueError(f"a number is too large or too long: {digits[:MAX_DIGITS]}")
        return number

    return read


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these pairs; which of two values for one name was meant, nobody knows."""
    if len(pairs) > MAX_NAMES:
        raise ValueError(f"an object has {len(pairs):,} names; at most {MAX_NAMES:,} are read")
    content = dict(pairs)
    "".join(content).encode()  # a name with half a surrogate pair, which no answer could repeat, raises ValueError
    if len(content) < len(pairs):
        times = Counter(name for name, _ in pairs)
        raise ValueError(f"this name stands more than once: {times.most_common(1)[0][0]}")
    return content


DECODER = json.JSONDecoder(
    object_pairs_hook=object_of,
    parse_constant=refuse_constant,
    parse_int=number_of(int),
    parse_float=number_of(float),
)
