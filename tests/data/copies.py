"""Writers that go on while a copy is made, and what must hold of the copy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# What would be an orphan, or lack its other half: each is empty in a whole copy.
BROKEN = [
    "SELECT id FROM devlogs_devlog WHERE id NOT IN (SELECT devlog_id FROM tagging_job)",
    "SELECT devlog_id FROM tagging_job WHERE devlog_id NOT IN (SELECT id FROM devlogs_devlog)",
    "SELECT id FROM tagging_attempt WHERE job_id NOT IN (SELECT devlog_id FROM tagging_job)",
    "SELECT id FROM tagging_devlogtag WHERE devlog_id NOT IN (SELECT id FROM devlogs_devlog)",
    "SELECT id FROM tagging_devlogtag WHERE attempt_id NOT IN (SELECT id FROM tagging_attempt)",
    # Tags and `done` are committed together.
    "SELECT job_id FROM tagging_attempt WHERE outcome = 'answered' AND job_id IN "
    "(SELECT devlog_id FROM tagging_job WHERE state <> 'done')",
]


class Writers:
    """Threads that write one dev-log after the other, and what was accepted so far, by id."""

    def __init__(self, write: Callable[[], int]) -> None:
        self.accepted: list[int] = []
        self.raised: list[BaseException] = []
        self._write = write
        self._stopping = threading.Event()

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.accepted.append(self._write())
        except BaseException as error:
            self.raised.append(error)

    @contextmanager
    def at_work(self, count: int) -> Iterator[None]:
        threads = [threading.Thread(target=self.run) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join()


def broken(query: Callable[[str], list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    return [row for statement in BROKEN for row in query(statement)]
