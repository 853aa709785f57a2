"""How many writes one may send in a minute, to all processes together: a user, or an address without a login.

A process takes a tenth of the limit from the shared count at once and spends it from memory, so that few writes cost a
statement more. What it does not spend in its minute is lost: the limit is never passed, but may be felt a little early
where many processes serve one client.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.exceptions import Throttled
from rest_framework.throttling import BaseThrottle

from devlog_project.api import throttle
from devlog_project.api.models.counter import Counter

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

LIMITED = ("POST", "PUT", "PATCH")
SHARE = 10
# Clients of the running minute that are kept in memory.
MOST_KEPT = 10_000


class Permits:
    """What this process may still let through in the running minute, for each client."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._ends_at = 0
        self._left: dict[str, int] = {}
        self._asking: set[str] = set()
        self._refused: set[str] = set()

    def take(self, client: str, limit: int, ends_at: int) -> bool:
        """Return whether one more of this client may pass in the minute that ends then."""
        with self._guard:
            if self._ends_at != ends_at or len(self._left) + len(self._refused) > MOST_KEPT:
                self.forget()
                self._ends_at = ends_at
            if self._left.get(client):
                self._left[client] -= 1
                return True
            if client in self._refused:
                return False
            # Another thread is about to bring a share: this one asks for itself alone.
            number = 1 if client in self._asking else max(1, limit // SHARE)
            self._asking.add(client)
        try:
            granted = grant(client, number, limit, ends_at)
        except BaseException:
            self._asking.discard(client)
            raise
        self._keep(client, granted, ends_at)
        return granted > 0

    def _keep(self, client: str, granted: int, ends_at: int) -> None:
        with self._guard:
            self._asking.discard(client)
            if self._ends_at != ends_at:
                return
            if granted:
                self._left[client] = self._left.get(client, 0) + granted - 1
            elif not self._left.get(client):
                self._refused.add(client)


def grant(client: str, number: int, limit: int, ends_at: int) -> int:
    """Take so many of the limit, for all processes; return how many of them there were left."""
    before = Counter.objects.add(client, number, ends_at) - number
    Counter.objects.clear_away(throttle.clock())
    return max(0, min(number, limit - before))


permits = Permits()


class PostsPerMinute(BaseThrottle):
    """DRF's throttle of each view of the API that names no other."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Return True; raise Throttled where there were too many."""
        limit: int = settings.API_POSTS_PER_MINUTE
        if not limit or request.method not in LIMITED:
            return True
        who = f"user {request.user.pk}" if request.user.is_authenticated else throttle.address_of(request._request)
        ends_at, wait = throttle.window()
        if not permits.take(throttle.key("posts", who), limit, ends_at):
            raise Throttled(wait, f"At most {limit:,} writes may be sent in a minute.")
        return True
