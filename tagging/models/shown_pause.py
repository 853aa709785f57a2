"""The pause as it is shown to people and clients, beside each pending job."""

from __future__ import annotations

import math
import time

from tagging.models.provider_state import ProviderState

# How old it may be, in seconds.
SHOWN_SECONDS = 1.0


class ShownPause:
    """The provider's row, at most a second old, so that a list asks once."""

    def __init__(self) -> None:
        self._seen_at = -math.inf
        self._provider: ProviderState | None = None

    def provider(self) -> ProviderState | None:
        """Return the row while the queue waits; None while it does not."""
        if time.monotonic() - self._seen_at > SHOWN_SECONDS:
            provider = ProviderState.objects.current()
            self._provider = provider if provider.is_paused or provider.is_half_open else None
            self._seen_at = time.monotonic()
        return self._provider

    def forget(self) -> None:
        self._seen_at = -math.inf


shown_pause = ShownPause()
