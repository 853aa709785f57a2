"""The one body format the API reads: JSON, of a bounded size."""

import io
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class PayloadTooLarge(APIException):
    status_code = 413
    default_code = "payload_too_large"
    default_detail = "The body is larger than this API accepts."


class BoundedJSONParser(JSONParser):
    """DRF's parser reads the stream itself, past Django's own limit; this one stops one byte after ours."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        body = stream.read(settings.API_MAX_BODY_BYTES + 1)
        if len(body) > settings.API_MAX_BODY_BYTES:
            raise PayloadTooLarge(f"The body is larger than {settings.API_MAX_BODY_BYTES // 1024} KB.")
        try:
            # JSON is UTF-8 (RFC 8259); a codec of the client's choice may take seconds for what it sends.
            return super().parse(io.BytesIO(body), media_type, {**(parser_context or {}), "encoding": "utf-8"})
        except RecursionError as error:  # json gives up on deep nesting in this way
            raise ParseError("JSON parse error - nested too deeply.") from error
