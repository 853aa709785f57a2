"""A transport carries the doorbell: ids of jobs worth looking at, from who enqueues to a worker.

It may lose rings, repeat them, or bring them late: the job row is the truth and the sweep finds what is due. So a
transport is one method, `send(ids)`, in a file of its own, named by a dotted path in TAGGING_TRANSPORT.

Two more are for those that can: `worker()` returns what answers the rings in the very process that sends them, and is
started with it; `consume(worker)` is a context in which run_worker is rung.
"""

from collections.abc import Sequence
from typing import Protocol


class Transport(Protocol):
    def send(self, job_ids: Sequence[int]) -> None:
        """Ring for these jobs. Called after commit; may raise, and the rings are then dropped."""


class LocalWorker(Protocol):
    """What works beside the requests, as startup sees it."""

    turned_at: float  # on the monotonic clock
    trouble: int  # turns in a row that raised

    def start(self) -> None: ...

    def is_alive(self) -> bool: ...

    def stop(self, timeout: float) -> None:
        """Claim no more, and give back within so many seconds what is not finished."""
