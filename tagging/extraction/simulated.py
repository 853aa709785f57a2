"""A model that is slow and fails on purpose: for tests, and to see what the queue does about it."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from tagging.extraction.base import ErrorCode, Extraction, ExtractionError, Extractor, Technology
from tagging.extraction.embedded.extractor import EmbeddedExtractor
from tagging.extraction.fibonacci import fibonacci, task_in

if TYPE_CHECKING:
    from collections.abc import Iterable


class SimulatedExtractor(Extractor):
    """Answer like the embedded extractor, after a delay, and fail at a given rate.

    An entry that asks for a Fibonacci number gets that instead, by the same delay and rate.

    script: steps taken one a call before anything else: a number is a delay in seconds before the usual answer, an
    exception is raised, a list of technologies is returned.
    delay_seconds: how long a call takes; failure_rate: the share of calls, 0 to 1, that fail as a server would.
    seed: the same seed lets the same attempts at the same entries fail, whichever thread makes them.
    """

    name = model = "simulated"

    def __init__(
        self,
        *,
        script: Iterable[float | Exception | list[Technology]] = (),
        delay_seconds: float = 0.0,
        failure_rate: float = 0.0,
        seed: int = 0,
    ) -> None:
        if not 0 <= failure_rate <= 1:
            raise ValueError("TAGGING_SIMULATED_FAILURE_RATE must be from 0 to 1.")
        if delay_seconds < 0:
            raise ValueError("TAGGING_SIMULATED_DELAY_SECONDS must not be negative.")
        self._script = iter(script)
        self._delay_seconds = delay_seconds
        self._failure_rate = failure_rate
        self._seed = seed
        self._attempts: Counter[str] = Counter()
        self._lock = threading.Lock()

    @classmethod
    def from_settings(cls, settings: Any) -> SimulatedExtractor:
        return cls(
            delay_seconds=settings.TAGGING_SIMULATED_DELAY_SECONDS,
            failure_rate=settings.TAGGING_SIMULATED_FAILURE_RATE,
            seed=settings.TAGGING_SIMULATED_SEED,
        )

    def extract(self, entry: str, *, safety_identifier: str = "") -> Extraction:
        if entry == self.canary:  # what fails is told to; the model is well
            return EmbeddedExtractor().extract(entry)
        with self._lock:
            step = next(self._script, None)
            fails = step is None and self._fails(entry)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, list):
            return Extraction(technologies=step)
        time.sleep(self._delay_seconds if step is None else step)
        if fails:
            raise ExtractionError(ErrorCode.SERVER_ERROR, "The simulated model failed, as it was told to.")
        if task := task_in(entry):
            return Extraction(output=fibonacci(*task))
        return EmbeddedExtractor().extract(entry)

    def _fails(self, entry: str) -> bool:
        """Decide by seed, entry and how often it was asked for, so that the order of threads does not matter."""
        digest = hashlib.sha256(entry.encode()).hexdigest()
        self._attempts[digest] += 1
        fails = random.Random(f"{self._seed}:{digest}:{self._attempts[digest]}").random() < self._failure_rate
        if not fails:
            del self._attempts[digest]  # memory stays as small as what is failing
        return fails
