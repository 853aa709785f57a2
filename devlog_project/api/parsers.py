"""The one body format the API reads: JSON, of a bounded size."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser


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
        return json.loads(body.decode("utf-8-sig"), parse_constant=refuse_constant, object_pairs_hook=refuse_repeated)
    except UnicodeDecodeError as error:
        raise ParseError("The body is not UTF-8, as JSON must be.") from error
    except RecursionError as error:  # json gives up on deep nesting in this way
        raise ParseError("JSON parse error - nested too deeply.") from error
    except ValueError as error:
        raise ParseError(f"JSON parse error - {error}") from error


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these pairs; which of two values for one name was meant, nobody knows."""
    content = dict(pairs)
    "".join(content).encode()  # a name with half a surrogate pair, which no answer could repeat, raises ValueError
    if len(content) < len(pairs):
        times = Counter(name for name, _ in pairs)
        raise ValueError(f"this name stands more than once: {times.most_common(1)[0][0]}")
    return content
