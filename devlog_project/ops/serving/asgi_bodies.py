"""How much of a body an ASGI server may hand on: Django writes all that comes to a file before it looks at anything.

Under gunicorn our worker counts by the same limits before a request is whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from devlog_project.api import problems
from devlog_project.api.origin import HEADER, id_of
from devlog_project.ops import csp
from devlog_project.ops.serving.incoming import BULK, MAX_BODY_BYTES, MAX_BULK_BODY_BYTES

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


async def bounded(
    application: Callable[[Scope, Receive, Send], Awaitable[None]], scope: Scope, receive: Receive, send: Send
) -> None:
    """Have it answered; a body that is too large is read no further, and refused."""
    limit = MAX_BULK_BODY_BYTES if f"{scope['method']} {scope['path']} ".encode() == BULK else MAX_BODY_BYTES
    received = 0

    async def counted() -> dict[str, Any]:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        # Django drops a request whose client is gone, with what it has kept of it.
        return message if received <= limit else {"type": "http.disconnect"}

    await application(scope, counted, send)
    if received > limit:
        await refuse(scope, send)


async def refuse(scope: Scope, send: Send) -> None:
    answer = problems.answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")
    chosen = dict(scope["headers"]).get(HEADER.lower().encode(), b"").decode("latin-1")
    more = {"Connection": "close", "Content-Length": str(len(answer.content)), HEADER: id_of(chosen)}
    headers = {**answer.headers, **csp.HEADERS, **more}
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": pairs})
    await send({"type": "http.response.body", "body": answer.content})
