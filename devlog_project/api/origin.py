"""Who asks: the request that is answered here and now, and its place in a trace.

It is kept on the jobs that are written meanwhile, so that what a worker logs of them carries it too.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tagging.models import Job


HEADER = "X-Request-ID"
# What a client may choose: as long as the column, and nothing that would have to be escaped anywhere.
CHOSEN = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Origin(NamedTuple):
    request_id: str | None = None
    traceparent: str | None = None


NOBODY = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=NOBODY)


def new_id() -> str:
    return uuid.uuid4().hex


def id_of(chosen: str) -> str:
    """Return the id of a request: the one that its client chose, if it may be one, else a new one."""
    return chosen if CHOSEN.fullmatch(chosen) else new_id()


def current() -> Origin:
    """Return who asks; nobody where a command does, or a thread of our own."""
    return _current.get()


@contextmanager
def asked_by(origin: Origin) -> Iterator[None]:
    """Have this be who asks, for what is done within."""
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)


def told(job: Job, **more: object) -> dict[str, object]:
    """Return the fields of a log line about this job: what a line of JSON shows beside its message."""
    return {"job": job.pk, "attempt": job.attempts or None, "request_id": job.request_id, **more}
