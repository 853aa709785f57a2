"""Whose jobs are claimed next where more are due than can be claimed: authors alternate."""

from __future__ import annotations

import time
from collections import deque

from tagging.models import Job
from tagging.models.due import DuePart

# So many authors are read at once.
WINDOW = 64
# For how long they are believed to be all who have jobs, in seconds.
WINDOW_SECONDS = 0.25


class Rotation:
    """Goes through the authors who have jobs due, by their ids, round and round."""

    def __init__(self) -> None:
        self._ahead: deque[int] = deque()
        self._has_all = False
        self._last = -1
        self._priority = Job.Priority.INTERACTIVE
        self._read_at = 0.0

    def parts(self, limit: int) -> list[DuePart]:
        """Return how many jobs a claim of so many takes of whom; nothing where nobody was seen to have one due."""
        if not self._ahead or time.monotonic() >= self._read_at + WINDOW_SECONDS:
            self._read()
        authors = [self._ahead.popleft() for _ in range(min(limit, len(self._ahead)))]
        if not authors:
            return []
        each, more = divmod(limit, len(authors))
        parts: list[DuePart] = [(self._priority, author, each + (n < more)) for n, author in enumerate(authors)]
        # Who got one more is the last next time.
        served = authors[more:] + authors[:more]
        self._last = served[-1]
        if self._has_all:
            self._ahead.extend(served)
        if self._priority != Job.Priority.INTERACTIVE:  # what a person wrote since then still goes first
            parts.insert(0, (Job.Priority.INTERACTIVE, None, limit))
        return parts

    def _read(self) -> None:
        """Look for the authors after the one served last, at the first priority at which some job is due."""
        self._read_at = time.monotonic()
        for self._priority in Job.Priority:
            pending = Job.objects.authors_after(self._last, self._priority, WINDOW)
            if len(pending) < WINDOW:
                from_the_start = Job.objects.authors_after(-1, self._priority, WINDOW)
                pending += [found for found in from_the_start if found[0] <= self._last]
            self._has_all = len(pending) < WINDOW
            self._ahead = deque(author for author, is_due in pending if is_due)
            if self._ahead:
                return
            if not self._has_all:  # all of these wait for a later time
                self._last = pending[-1][0]
