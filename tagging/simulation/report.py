"""What a simulated load came to: throughput, how long jobs took, retries, failures, and a histogram in text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from tagging.evaluation.scoring import percentile

BINS = 12
BAR_WIDTH = 40


class Finished(NamedTuple):
    """One job that has come to its end."""

    state: str
    queued_at: datetime
    finished_at: datetime

    @property
    def seconds(self) -> float:
        return (self.finished_at - self.queued_at).total_seconds()


def report(jobs: Sequence[Finished], retries: int) -> Iterator[str]:
    states = Counter(job.state for job in jobs)
    yield f"done        {states['done']}"
    yield f"failed      {states['failed']}, after as many attempts as TAGGING_MAX_ATTEMPTS allows"
    yield f"retries     {retries}"
    if jobs:
        began_at = min(job.queued_at for job in jobs)
        ends = [max((job.finished_at - began_at).total_seconds(), 0.001) for job in jobs]
        # The last few are those whose every retry waited longer than the one before.
        most = percentile(ends, 0.95)
        yield f"throughput  {len(jobs) / max(ends):.1f} jobs/s, {max(ends):.1f} s in all"
        yield f"            {0.95 * len(jobs) / most:.1f} jobs/s, {most:.1f} s, until 95 % had ended"
    waits = [job.seconds for job in jobs if job.state == "done"]
    if waits:
        shares = (f"{name} {percentile(waits, share):.2f} s" for name, share in PERCENTILES.items())
        yield f"queued to done: {', '.join(shares)}; all were queued at once, so most of it is waiting"
        yield from histogram(waits)


PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


def histogram(values: Sequence[float]) -> Iterator[str]:
    """Yield a line for each of BINS equal steps from nothing to the largest value."""
    step = max(*values, 0.001) / BINS
    counts = Counter(min(int(value / step), BINS - 1) for value in values)
    most = max(counts.values())
    for number in range(BINS):
        bar = "#" * round(BAR_WIDTH * counts[number] / most)
        yield f"{number * step:8.2f} - {(number + 1) * step:6.2f} s  {bar:{BAR_WIDTH}} {counts[number]}"
