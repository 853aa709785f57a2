"""A worker says every few seconds that it is there, for people and for probes to see; no job is decided by it."""

import socket
import time
from contextlib import suppress

from django.db import DatabaseError

from tagging.engine import owner_name
from tagging.engine.process_lock import Owner
from tagging.models import Worker
from tagging.models.worker import ALIVE_SECONDS, SEEN_EVERY_SECONDS


def workers_here() -> list[str]:
    """Return the names of this host's workers that have said of late that they are there, and run.

    What they say is written by the thread that works, with each sweep: so it moves, and its database takes what it
    writes. One that was killed may have said so just before; its name tells that its process has ended.
    """
    rows = Worker.objects.seen_within(ALIVE_SECONDS).filter(host=socket.gethostname())
    return [row.name for row in rows if not owner_name.has_ended(row.name, at_start=True)]


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
