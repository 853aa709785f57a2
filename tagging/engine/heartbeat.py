"""A worker says every few seconds that it is there, for people to see; nothing is decided by it."""

import time
from contextlib import suppress

from django.db import DatabaseError

from tagging.engine.process_lock import Owner
from tagging.models import Worker
from tagging.models.worker import SEEN_EVERY_SECONDS


class Heartbeat:
    def __init__(self, owner: Owner, calls_at_once: int | None = None) -> None:
        self._owner, self._calls_at_once = owner, calls_at_once
        self._beat_at = 0.0

    def beat(self) -> None:
        """Say that this worker is there, if it is time."""
        if time.monotonic() >= self._beat_at:
            self._beat_at = time.monotonic() + SEEN_EVERY_SECONDS
            Worker.objects.saw(self._owner.name, self._owner.host, self._owner.pid, self._calls_at_once)

    def end(self) -> None:
        """Say that it is gone; where that fails, its silence tells."""
        with suppress(DatabaseError):
            Worker.objects.filter(name=self._owner.name).delete()
