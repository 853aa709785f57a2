"""Guesses at a password: so many failed logins in a minute, for the API and the admin alike.

Counted by name and address together, by address, and by name, for all processes. A login that succeeds is not counted.
Who has logged in from an address before is not kept out by guesses from others.
"""

from __future__ import annotations

import time
from functools import cached_property
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, cast

from django.contrib.auth.backends import ModelBackend
from django.core.cache import cache
from django.db import transaction
from rest_framework.exceptions import Throttled
from rest_framework.throttling import BaseThrottle

from devlog_project.api.hashing import Busy, desk
from devlog_project.api.models.counter import Counter

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest
    from rest_framework.request import Request

WINDOW_SECONDS = 60
OF_ONE_NAME_FROM_ONE_ADDRESS = 5
OF_ONE_ADDRESS = OF_ONE_NAME = 20
REMEMBERED_SECONDS = 30 * 24 * 3600

clock = time.time


class ThrottledBackend(ModelBackend):
    """Django's own check of a password, which everything that logs somebody in calls, with limits before it."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: object
    ) -> User | None:
        if username is not None and "\0" in username:  # nobody has it, and PostgreSQL refuses to look it up
            return None
        if request is None or username is None:  # a command or a test, not a guess from outside
            return super().authenticate(request, username, password, **kwargs)
        attempt = Attempt(username, address_of(request))
        attempt.refuse_at_once()
        with desk.in_line(lambda: attempt.is_known):
            attempt.count()
            try:
                with desk.at_work():
                    user = super().authenticate(request, username, password, **kwargs)
            except Busy:
                attempt.take_back()
                raise
        if user:
            attempt.succeed()
        return user


class Attempt:
    """One login, counted before the password is looked at, so that many at once are no way round."""

    def __init__(self, name: str, address: str) -> None:
        self.ends_at, self.wait = window()
        self.pair = key("pair", name, address)
        self.known = key("known", name, address)
        self.wider = {key("address", address=address): OF_ONE_ADDRESS, key("name", name): OF_ONE_NAME}
        self.counters: list[str] = []

    @cached_property
    def is_known(self) -> bool:
        return Counter.objects.filter(key=self.known, ends_at__gt=clock()).exists()

    def refuse_at_once(self) -> None:
        """Raise Throttled where this process knows already that there were too many: guesses then cost nothing."""
        if self.is_remembered(self.pair) or (any(map(self.is_remembered, self.wider)) and not self.is_known):
            raise self.refusal()

    def count(self) -> None:
        """Count it; raise Throttled, before the costly part, if there were too many."""
        try:
            with transaction.atomic():  # which takes back what one that is refused has added
                self.add(self.pair, OF_ONE_NAME_FROM_ONE_ADDRESS)
                if not self.is_known:
                    for counter, limit in self.wider.items():  # always in one order: no two wait for each other
                        self.add(counter, limit)
        except Throttled:
            self.counters.clear()
            raise
        Counter.objects.clear_away(clock())

    def add(self, counter: str, limit: int) -> None:
        count = Counter.objects.add(counter, 1, self.ends_at)
        if count >= limit:  # the next one is too much, unless this one succeeds
            cache.set(counter, self.ends_at, WINDOW_SECONDS)
        if count > limit:
            raise self.refusal()
        self.counters.append(counter)

    def take_back(self) -> None:
        for counter in self.counters:
            Counter.objects.take_back(counter, 1, self.ends_at)
        cache.delete_many(self.counters)

    def succeed(self) -> None:
        """Take it back: only failures count."""
        self.take_back()
        Counter.objects.add(self.known, 1, int(clock()) + REMEMBERED_SECONDS)

    def is_remembered(self, counter: str) -> bool:
        return bool(cache.get(counter, 0) >= self.ends_at)

    def refusal(self) -> Throttled:
        return Throttled(self.wait, "Too many failed logins.")


def window() -> tuple[int, float]:
    """Return when the running minute ends, and in how many seconds."""
    number, passed = divmod(clock(), WINDOW_SECONDS)
    return int(number + 1) * WINDOW_SECONDS, WINDOW_SECONDS - passed


def key(kind: object, name: str = "", address: str = "") -> str:
    """Return the key under which this is counted, of one length whatever the client sent."""
    return blake2b(repr((kind, name, address)).encode("utf-8", "replace"), digest_size=16).hexdigest()


def address_of(request: HttpRequest) -> str:
    """Return where the request comes from: of IPv6 the network, of which one client has all addresses."""
    given = BaseThrottle().get_ident(cast("Request", request)) or ""
    try:
        address = ip_address(given)
    except ValueError:
        return given
    return given if address.version == 4 else str(ip_network((address, 64), strict=False))
