"""`Prefer: wait=N` (RFC 7240): how long a client would rather wait than be answered at once, and how many may."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.request import Request

HEADER = "Prefer"
APPLIED = "Preference-Applied"
MOST_SECONDS = 10
# At once in this process: half of the requests that may be in the midst of their work (ops/waiting_room.py).
MOST_WAITERS = 6

# A preference with its parameters; a comma in quotes ends none.
PREFERENCE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^",])+')
WAIT = re.compile(r'\s*wait\s*=\s*("?)(\d{1,9})\1\s*(?:;.*)?', re.IGNORECASE | re.ASCII | re.DOTALL)
ANY_WAIT = re.compile(r"\s*wait\s*(?:[=;]|$)", re.IGNORECASE)


def wait_preferred(request: Request) -> int:
    """Return for how many seconds the client would wait, as far as we let it; 0 for none, or what is malformed.

    The first of several counts (RFC 7240, 2). A server that has but one thread for all has nobody wait.
    """
    header = request.headers.get(HEADER, "")
    if not header or not request.META.get("wsgi.multithread", True):
        return 0
    named = next(filter(ANY_WAIT.match, PREFERENCE.findall(header)), "")
    found = WAIT.fullmatch(named)
    return min(int(found[2]), MOST_SECONDS) if found else 0


class Places:
    """A number of places, taken at once or not at all."""

    def __init__(self, number: int) -> None:
        self._free = threading.BoundedSemaphore(number)

    @contextmanager
    def take(self) -> Iterator[bool]:
        """Say whether there is a place; it is ours as long as the context lasts."""
        is_ours = self._free.acquire(blocking=False)
        try:
            yield is_ours
        finally:
            if is_ours:
                self._free.release()


waiters = Places(MOST_WAITERS)
