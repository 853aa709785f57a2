"""Guesses at a password: so many failed logins in a minute, for the API and the admin alike.

Counted by name and address together, by address, and by name, in the memory of this process. A login that succeeds is
not counted. Who has logged in from an address before is not kept out by guesses from others.
"""

from __future__ import annotations

import threading
import time
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, cast

from django.contrib.auth.backends import ModelBackend
from django.core.cache import cache
from rest_framework.exceptions import Throttled
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest
    from rest_framework.request import Request

WINDOW_SECONDS = 60
OF_ONE_NAME_FROM_ONE_ADDRESS = 5
OF_ONE_ADDRESS = OF_ONE_NAME = 20
REMEMBERED_SECONDS = 30 * 24 * 3600

clock = time.time
_counting = threading.Lock()


class ThrottledBackend(ModelBackend):
    """Django's own check of a password, which everything that logs somebody in calls, with a limit before it."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: object
    ) -> User | None:
        if username is not None and "\0" in username:  # nobody has it, and PostgreSQL refuses to look it up
            return None
        if request is None or username is None:  # a command or a test, not a guess from outside
            return super().authenticate(request, username, password, **kwargs)
        attempt = Attempt(username, address_of(request))
        user = super().authenticate(request, username, password, **kwargs)
        if user:
            attempt.succeed()
        return user


class Attempt:
    """One login, counted before the password is looked at, so that many at once are no way round."""

    def __init__(self, name: str, address: str) -> None:
        """Count it; raise Throttled, before the costly part, if there were too many."""
        self.known = key("known", name, address)
        window, passed = divmod(clock(), WINDOW_SECONDS)
        limits = [(key(window, name, address), OF_ONE_NAME_FROM_ONE_ADDRESS)]
        if not cache.get(self.known):
            limits += [(key(window, address=address), OF_ONE_ADDRESS), (key(window, name), OF_ONE_NAME)]
        self.counters: list[str] = []
        for counter, limit in limits:
            # At the first that is too much: who is refused for one name does not use up what others may do.
            if add(counter, 1) > limit:
                raise Throttled(WINDOW_SECONDS - passed, "Too many failed logins.")
            self.counters.append(counter)

    def succeed(self) -> None:
        """Take it back: only failures count."""
        for counter in self.counters:
            add(counter, -1)
        cache.set(self.known, True, REMEMBERED_SECONDS)


def add(counter: str, number: int) -> int:
    """Return the count after this; the cache itself would refuse to count what it has dropped meanwhile."""
    with _counting:
        count: int = cache.get(counter, 0) + number
        cache.set(counter, count, WINDOW_SECONDS)
    return count


def key(kind: object, name: str = "", address: str = "") -> str:
    """Return the key under which this is counted, of one length whatever the client sent."""
    return "login-" + blake2b(repr((kind, name, address)).encode("utf-8", "replace"), digest_size=16).hexdigest()


def address_of(request: HttpRequest) -> str:
    """Return where the request comes from: of IPv6 the network, of which one client has all addresses."""
    given = BaseThrottle().get_ident(cast("Request", request)) or ""
    try:
        address = ip_address(given)
    except ValueError:
        return given
    return given if address.version == 4 else str(ip_network((address, 64), strict=False))
