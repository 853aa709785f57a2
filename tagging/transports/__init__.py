"""A transport carries the doorbell: ids of jobs worth looking at, from who enqueues to a worker.

It may lose rings, repeat them, or bring them late: the job row is the truth and the sweep finds what is due. So a
transport is one method, `send(ids)`, in a file of its own, named by a dotted path in TAGGING_TRANSPORT.
"""

from collections.abc import Sequence
from typing import Protocol


class Transport(Protocol):
    def send(self, job_ids: Sequence[int]) -> None:
        """Ring for these jobs. Called after commit; may raise, and the rings are then dropped."""
