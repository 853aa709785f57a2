"""How long a failed job waits."""

import random
from collections.abc import Callable

from django.conf import settings


def backoff(
    attempt: int, *, base: float, cap: float, uniform: Callable[[float, float], float] = random.uniform
) -> float:
    """Return the seconds to wait after attempt number `attempt` (from 1) failed.

    Full jitter: anywhere between zero and the bound, which doubles with each attempt up to `cap`; so jobs that
    failed together do not come back together. (Brooker, "Exponential Backoff And Jitter", AWS, 2015)
    """
    return uniform(0, min(cap, base * 2**attempt))


def wait_after(attempt: int) -> float:
    """Return the seconds a job waits after its attempt of this number, by the settings in force."""
    return backoff(attempt, base=settings.TAGGING_BACKOFF_SECONDS, cap=settings.TAGGING_BACKOFF_CAP_SECONDS)
