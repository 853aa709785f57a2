"""What this process knows of the reasons to claim nothing: the provider's row, and a person's pause of the queue."""

from __future__ import annotations

import time

from django.db import transaction

from tagging.extraction.base import WaitingFor
from tagging.models import Job, ProviderState, QueuePause

# How long what was read is believed without being read again, in seconds.
PROVIDER_SECONDS = PAUSE_SECONDS = 0.25


class KnownWaits:
    """The rows as they were a moment ago, so that a claim costs no more statements."""

    def __init__(self) -> None:
        self.provider = ProviderState()
        self._is_paused = self._has_begun = False
        self._read_provider_at = self._read_pause_at = 0.0

    def is_paused(self) -> bool:
        """Say whether a person has paused the queue; that one has resumed it is seen at once."""
        if self._is_paused or time.monotonic() >= self._read_pause_at:
            self._is_paused = QueuePause.objects.exists()
            self._read_pause_at = time.monotonic() + PAUSE_SECONDS
        return self._is_paused

    def read_provider(self) -> None:
        if not self._has_begun:
            self._begin()
            self._has_begun = True
        if time.monotonic() >= self._read_provider_at:
            self.provider = ProviderState.objects.current()
            self._read_provider_at = time.monotonic() + PROVIDER_SECONDS

    def _begin(self) -> None:
        """End this provider's pauses, as what it waited for may be mended, and doubts of another provider's time."""
        with transaction.atomic():
            ProviderState.objects.mine().probe_now()
            if not ProviderState.objects.current().failures:
                Job.objects.excuse(WaitingFor.RETRY)

    def read_provider_again(self) -> None:
        """Believe nothing of what was read of the provider: there is news."""
        self._read_provider_at = 0.0
