"""What an OpenAI-compatible server may answer: each reply and each fault by its name."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

KNOWN = (
    *("Django", "Elasticsearch", "ImaginaryNoneExistence Cloud"),
    *("Python", "PostgreSQL", "Redis", "Docker", "Kubernetes", "React", "TypeScript", "JavaScript", "Rust", "Java"),
    *("Terraform", "GraphQL", "Kafka", "Celery", "Flask", "FastAPI", "Vue.js", "Angular", "nginx", "Linux"),
)


@dataclass(frozen=True)
class Reply:
    """What the server sends: a status, a body, and how the connection is treated."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    # Or: "never", "stalled", "half a head", "cut short", "reset", "dripping", "dripping headers", "flooding", and
    # "continuing", a 1xx for ever. Or at once, but then "closing" unsaid, or "closing later", at the next request.
    how: str = "at once"


def technologies_in(entry: str) -> list[dict[str, str]]:
    return [{"name": name, "evidence": name} for name in KNOWN if name in entry]


USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 30,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}


def completion(content: Any, *, finish_reason: str = "stop", usage: Any = USAGE, **message: Any) -> bytes:
    """Return the body of a 200 as OpenAI writes it; further fields of its message go into `message`."""
    whole = {"role": "assistant", "content": content, "refusal": None, "annotations": [], **message}
    return json.dumps(
        {
            "id": "chatcmpl-fake",
            "object": "chat.completion",
            "created": 1764000000,
            "model": "fake-model-2026-11-01",
            "choices": [{"index": 0, "message": whole, "logprobs": None, "finish_reason": finish_reason}],
            "usage": usage,
            "service_tier": "default",
            "system_fingerprint": None,
        }
    ).encode()


def in_200(body: Any) -> Reply:
    """Return a 200 with this body."""
    return Reply(200, json.dumps(body).encode())


def error(
    status: int,
    message: str,
    *,
    code: Any = None,
    type: Any = "invalid_request_error",  # noqa: A002 - the field's name on the wire
    **more: Any,
) -> Reply:
    """Return an error as OpenAI writes it; `headers` and further fields of the error go into `more`."""
    headers = {"x-request-id": "req_fake", **more.pop("headers", {})}
    body = {"error": {"message": message, "type": type, "param": more.pop("param", None), "code": code, **more}}
    return Reply(status, json.dumps(body).encode(), headers)


def reply_named(name: str | Reply, request: dict[str, Any], authorization: str = "") -> Reply:
    """Return the reply of that name, see REPLIES, to a request; a reply itself stays as it is."""
    return name if isinstance(name, Reply) else REPLIES[name](Asked(request, authorization))


class Asked:
    """The parts of a request that replies quote."""

    def __init__(self, request: dict[str, Any], authorization: str = "") -> None:
        self.request = request
        self.key = authorization.removeprefix("Bearer ")
        messages = request.get("messages") or [{}]
        entries = [message.get("content") or "" for message in messages if message.get("role") == "user"]
        self.sent = entries[0] if entries else ""

    @property
    def entry(self) -> str:
        with suppress(ValueError, KeyError, TypeError):
            return str(json.loads(self.sent)["entry"])
        return self.sent

    @property
    def entries(self) -> dict[str, str]:
        """Return the entries of a shared call under their numbers; none where one is asked for alone."""
        with suppress(ValueError):
            sent = json.loads(self.sent)
            if isinstance(sent, dict) and "entry" not in sent:
                return {number: str(entry) for number, entry in sent.items()}
        return {}

    @property
    def usage(self) -> dict[str, int]:
        """Return what this call takes, at four characters a token."""
        read = sum(len(message.get("content") or "") for message in self.request.get("messages") or [])
        return {"prompt_tokens": read // 4, "completion_tokens": len(self.answer) // 4}

    @property
    def answer(self) -> str:
        if entries := self.entries:
            return json.dumps(
                {number: technologies_in(entry) for number, entry in entries.items()}, ensure_ascii=False
            )
        return json.dumps({"technologies": technologies_in(self.entry)}, ensure_ascii=False)


REPLIES: dict[str, Any] = {
    "ok": lambda asked: Reply(200, completion(asked.answer), {"x-request-id": "req_fake"}),
    "counted": lambda asked: Reply(200, completion(asked.answer, usage=asked.usage)),
    # limits and access
    "rate_limit": lambda _: error(
        429, "Rate limit reached", code="rate_limit_exceeded", type="requests", headers={"retry-after": "7"}
    ),
    "rate_limit_ms": lambda _: error(429, "Slow down", headers={"retry-after-ms": "250", "retry-after": "1"}),
    "rate_limit_silent": lambda _: error(429, "Rate limit reached", code="rate_limit_exceeded", type="tokens"),
    "insufficient_quota": lambda _: error(
        429, "You exceeded your current quota", code="insufficient_quota", type="insufficient_quota"
    ),
    "unauthorized": lambda asked: error(401, f"Incorrect API key provided: {asked.key}.", code="invalid_api_key"),
    "forbidden": lambda _: error(403, "Country, region, or territory not supported", code="unsupported_country"),
    "model_not_found": lambda asked: error(
        404, f"The model `{asked.request.get('model')}` does not exist", code="model_not_found"
    ),
    # what is wrong with the request
    "bad_request": lambda asked: error(400, f"We could not parse this body: {asked.sent}"),
    "unprocessable": lambda asked: Reply(422, json.dumps({"detail": [{"input": asked.sent}]}).encode()),
    "context_length": lambda _: error(
        400,
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        code="context_length_exceeded",
        param="messages",
    ),
    "context_size": lambda _: error(
        400,
        "request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it",
        code=400,
        type="exceed_context_size_error",
        n_prompt_tokens=9000,
        n_ctx=8192,
    ),
    "unknown_parameter": lambda _: error(
        400, "Unsupported parameter: 'reasoning_effort'", code="unsupported_parameter", param="reasoning_effort"
    ),
    "no_json_schema": lambda asked: (
        error(400, "'response_format.type' must be 'json_object' or 'text'")
        if (asked.request.get("response_format") or {}).get("type") == "json_schema"
        else REPLIES["ok"](asked)
    ),
    "no_response_format": lambda asked: (
        error(400, "This response_format type is unavailable now")
        if "response_format" in asked.request
        else REPLIES["ok"](asked)
    ),
    "content_policy": lambda _: error(400, "The prompt was filtered", code="content_filter", param="prompt"),
    # the server itself
    "conflict": lambda _: error(409, "Conflict"),
    "request_timeout": lambda _: error(408, "Timeout"),
    "server_error": lambda _: error(500, "The server had an error", type="server_error"),
    "bad_gateway": lambda _: Reply(502, b"<html><h1>502 Bad Gateway</h1></html>", content_type="text/html"),
    "overloaded": lambda _: error(503, "Overloaded", type="server_error", headers={"retry-after": "3"}),
    # the connection
    "hang": lambda _: Reply(how="never"),
    "reset": lambda _: Reply(how="reset"),
    "stalled": lambda asked: Reply(200, completion(asked.answer), how="stalled"),
    "dripping": lambda asked: Reply(200, completion(asked.answer), how="dripping"),
    "dripping_headers": lambda asked: Reply(200, completion(asked.answer), how="dripping headers"),
    "continuing": lambda _: Reply(how="continuing"),
    "closing": lambda asked: Reply(200, completion(asked.answer), how="closing"),
    "closing_later": lambda asked: Reply(200, completion(asked.answer), how="closing later"),
    "half_a_head": lambda asked: Reply(200, completion(asked.answer), how="half a head"),
    "cut_short": lambda asked: Reply(200, completion(asked.answer), how="cut short"),
    # a 200 that is no completion
    "not_json": lambda _: Reply(200, b"{oops"),
    "html": lambda _: Reply(200, b"<html>Please log in</html>", content_type="text/html"),
    "empty_object": lambda _: Reply(200, b"{}"),
    "empty_body": lambda _: Reply(200, b""),
    "null": lambda _: Reply(200, b"null"),
    "no_choices": lambda _: Reply(200, b'{"choices": []}'),
    "error_in_200": lambda _: Reply(200, b'{"error": {"message": "upstream failed"}}'),
    "oversized": lambda asked: Reply(200, completion(asked.answer + " " * 2_000_000)),
    # a completion that is no answer, or a wrapped one
    "fenced": lambda asked: Reply(200, completion(f"```json\n{asked.answer}\n```")),
    "prose": lambda asked: Reply(200, completion(f"Here you are:\n\n{asked.answer}\n\nAnything else?")),
    "two_objects": lambda asked: Reply(200, completion(f"{asked.answer}\n{asked.answer}")),
    "chatter": lambda _: Reply(200, completion("I would say Django and Redis.")),
    "cut_off": lambda asked: Reply(200, completion(asked.answer[:-20], finish_reason="length")),
    "complete_but_cut_off": lambda asked: Reply(200, completion(asked.answer, finish_reason="length")),
    "refusal": lambda _: Reply(200, completion(None, refusal="I cannot help with that.")),
    "content_filter": lambda _: Reply(200, completion("", finish_reason="content_filter")),
    "null_content": lambda _: Reply(200, completion(None)),
    "wrong_schema": lambda _: Reply(200, completion('{"tags": ["Django"]}')),
}
