"""What a server says went wrong: the same few fields, wherever in the body each provider puts them.

OpenAI has `{"error": {"code", "type", "param"}}`, Gemini a list of that with `details[].reason`, FastAPI `{"detail":
[{"loc": ["body", "store"]}]}`, and others a sentence and nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_DEPTH, MAX_CHILDREN = 6, 20
WORDS = ("code", "type", "status", "reason", "error_code", "error_type", "__type")
NUMBERS = ("code", "status", "status_code", "statusCode")
SENTENCES = ("message", "msg", "error", "detail")
# What may be looked at of a body that quotes the whole request.
MAX_LOOKED_AT = 5000


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """An error's fields, read to sort it by; none of them is passed on, but `code` if it is a plain word.

    words: codes and types, see `word`.
    parameters: names of the request's fields that it complains about.
    status: the HTTP status that it would have had, if it names one.
    text: the beginning of it all.
    """

    words: frozenset[str]
    parameters: frozenset[str]
    status: int | None
    code: str
    message: str
    text: str

    @classmethod
    def of(cls, body: object) -> ErrorBody:
        objects = list(_objects(body))
        named = [value for each in objects for name in WORDS if isinstance(value := each.get(name), str)]
        codes = [value for each in objects if isinstance(value := each.get("code"), (str, int)) and value]
        sentences = [value for each in objects for name in SENTENCES if isinstance(value := each.get(name), str)]
        return cls(
            # Some have two parts: of Throttling.RateQuota the first will do, of com.amazon.coral#ThrottlingException
            # the last.
            words=frozenset(
                word(part) for each in named for part in (each, each.partition(".")[0], each.rpartition("#")[2])
            ),
            parameters=frozenset(parameter for each in objects for parameter in _parameters(each)),
            status=next((status for each in objects for name in NUMBERS if (status := _status(each.get(name)))), None),
            code=str(codes[0]) if codes else "",
            message=sentences[0] if sentences else "",
            text=(body if isinstance(body, str) else json.dumps(body, ensure_ascii=False))[:MAX_LOOKED_AT],
        )


def word(code: str) -> str:
    """Return a code as all its spellings have it: InvalidApiKey, invalid_api_key and INVALID-API-KEY are one."""
    return re.sub(r"[\W_]", "", code[:100]).lower()


def _objects(body: object, depth: int = 0) -> Iterator[dict[str, object]]:
    """Return every object in a body, from the outside in, but for what it repeats of our request."""
    children: list[object] = body if isinstance(body, list) else []
    if isinstance(body, dict):
        yield body
        children = [value for name, value in body.items() if name != "input"]
    if depth < MAX_DEPTH:
        for child in children[:MAX_CHILDREN]:
            yield from _objects(child, depth + 1)


def _parameters(error: dict[str, object]) -> Iterator[str]:
    if isinstance(param := error.get("param"), str):
        yield re.split(r"[.\[]", param)[0]
    if isinstance(place := error.get("loc"), list):
        yield from (name for name in place[:2] if isinstance(name, str))


def _status(value: object) -> int | None:
    number = int(value) if isinstance(value, str) and re.fullmatch(r"[3-5]\d\d", value) else value
    return number if type(number) is int and 300 <= number < 600 else None
