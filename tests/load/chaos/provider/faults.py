"""What the provider answers while it fails for all, kind by kind, and what it answers to some entries always."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.support.replies import REPLIES, Asked, Reply, completion, error

Answer = Callable[[Asked], Reply]


def plain(status: int, body: Any) -> Answer:
    return lambda _: Reply(status, json.dumps(body).encode())


def page(status: int, title: str) -> Answer:
    body = f"<!doctype html><html><h1>{title}</h1></html>".encode()
    return lambda _: Reply(status, body, content_type="text/html")


def refusing(status: int, message: str, **more: Any) -> Answer:
    return lambda _: error(status, message, **more)


def saying(content: Any, **more: Any) -> Answer:
    return lambda _: Reply(200, completion(content, **more))


def answering(how: str = "at once", **changes: Any) -> Answer:
    """Return what answers well, sent in a certain way or with some fields of the message or the body changed."""

    def answer(asked: Asked) -> Reply:
        body = json.loads(completion(asked.answer))
        for name, change in changes.items():
            part = body["choices"][0]["message"] if name == "content" else body
            part[name] = change(part[name])
        return Reply(
            200, json.dumps({name: value for name, value in body.items() if value is not None}).encode(), how=how
        )

    return answer


def parts(content: str) -> list[dict[str, Any]]:
    """As Mistral writes the content of a model that thinks."""
    thoughts = {"type": "thinking", "thinking": [{"type": "text", "text": "They name {some} products."}]}
    return [thoughts, {"type": "text", "text": content}]


BAD_KEY = {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT"}
GONE = "The model `m` has been decommissioned and is no longer supported."
EXTRA = {"type": "extra_forbidden", "loc": ["body", "store"], "msg": "Extra inputs are not permitted", "input": False}
UPSTREAM = {"code": 502, "message": "Upstream error"}
BROKEN_CHOICE = {"index": 0, "finish_reason": "error", "error": UPSTREAM}
BROKEN_CHOICE |= {"message": {"role": "assistant", "content": ""}}

# Its listener is closed: nobody answers.
REFUSED = "connection refused"
ONE_AT_A_TIME = "one at a time"

# Each kind with its answers, of which any may come.
KINDS: dict[str, Sequence[Answer]] = {
    "401": [REPLIES["unauthorized"]],
    "403": [REPLIES["forbidden"]],
    "404": [REPLIES["model_not_found"]],
    "429": [REPLIES["rate_limit_silent"]],
    "429 retry-after": [refusing(429, "Slow down", code="rate_limit_exceeded", headers={"retry-after": "2"})],
    "429 insufficient_quota": [REPLIES["insufficient_quota"]],
    "400 bad key": [plain(400, [{"error": BAD_KEY}])],
    "400 model_decommissioned": [refusing(400, GONE, code="model_decommissioned")],
    "422 extra_forbidden": [plain(422, {"detail": [EXTRA]})],
    "5xx html": [page(500, "Internal Server Error"), page(502, "Bad Gateway"), page(503, "Service Unavailable")],
    "200 error 429": [plain(200, {"error": {"code": 429, "message": "Rate limit exceeded: free-models-per-day"}})],
    "200 error in the choice": [plain(200, {"id": "gen-1", "choices": [BROKEN_CHOICE]})],
    "200 choices null": [plain(200, {"id": None, "choices": None})],
    "200 login page": [page(200, "Please sign in to the network")],
    "200 no completion": [plain(200, {"status": "ok", "result": []}), plain(200, {}), plain(200, "pong")],
    "always prose": [saying("Sounds like a productive day! Which of these would you like to hear more about?")],
    "always cut off": [REPLIES["cut_off"], saying("", finish_reason="length")],
    "empty content": [saying(""), saying(None)],
    REFUSED: [],
    "reset before headers": [answering("reset")],
    "reset after headers": [answering("reset after headers")],
    "hang": [answering("never")],
    "headers drip": [answering("headers drip")],
    "1xx for ever": [answering("1xx for ever")],
    ONE_AT_A_TIME: [answering()],
    "content in parts": [answering(content=parts)],
    "no usage": [answering(usage=lambda _: None)],
}
# In these it answers well, if in a manner of its own.
SOUND = {ONE_AT_A_TIME, "content in parts", "no usage"}
# In these a call takes its whole time.
LONG = {"hang", "headers drip", "1xx for ever", ONE_AT_A_TIME}

# What an entry with this word gets whenever the provider is sound otherwise.
MARKS: dict[str, Answer] = {
    "forbidden": page(403, "Request blocked"),
    "malformed": refusing(400, "Invalid request."),
    "filtered": refusing(422, "The prompt was filtered.", code="content_filter"),
    "crashing": REPLIES["server_error"],
    "hanging": answering("never"),
    "chatty": REPLIES["chatter"],
    "limited": refusing(429, "Request too large for the tokens of a minute.", code="rate_limit_exceeded"),
    "overlong": REPLIES["context_length"],
}
