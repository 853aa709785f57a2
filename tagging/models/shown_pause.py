"""The pauses as they are shown to people and clients, beside each pending job."""

from __future__ import annotations

import math
import time

from tagging.models.provider_state import ProviderState
from tagging.models.queue_pause import QueuePause

# How old it may be, in seconds.
SHOWN_SECONDS = 1.0


class ShownPause:
    """The provider's row and the pause of the queue, at most a second old, so that a list asks once."""

    def __init__(self) -> None:
        self._seen_at = -math.inf
        self._provider: ProviderState | None = None
        self._queue: QueuePause | None = None

    def provider(self) -> ProviderState | None:
        """Return the row while the queue waits for the provider; None while it does not."""
        self._look()
        return self._provider

    def queue(self) -> QueuePause | None:
        """Return the pause that a person has set; None where there is none."""
        self._look()
        return self._queue

    def _look(self) -> None:
        if time.monotonic() - self._seen_at > SHOWN_SECONDS:
            provider = ProviderState.objects.current()
            self._provider = provider if provider.is_paused or provider.is_half_open else None
            self._queue = QueuePause.objects.current()
            self._seen_at = time.monotonic()

    def forget(self) -> None:
        self._seen_at = -math.inf


shown_pause = ShownPause()
