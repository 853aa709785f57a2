"""What the hook costs a commit: `python -m tests.clients.hook_cost` prints the medians of commits without and with it.

Both repositories take turns, so that a slow moment of the machine meets both.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from pathlib import Path

from tests.support.devlog_client import Computer
from tests.support.repositories import Repository

COMMITS = 50
MOST_MS = 50


def milliseconds(repository: Repository, number: int) -> tuple[float, float]:
    """Commit once; return how long it took, and how much of the processor."""
    used, began = processor_seconds(), time.perf_counter()
    repository.git("commit", "--quiet", "--allow-empty", "--message", f"Change {number}")
    return (time.perf_counter() - began) * 1000, (processor_seconds() - used) * 1000


def processor_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        computer = Computer(Path(folder, "home"))
        without, hooked = (Repository(computer, Path(folder, name)) for name in ("without", "hooked"))
        installed = computer.devlog("hook", "install", cwd=hooked.folder)
        assert installed.code == 0, installed.err
        times = [(milliseconds(without, number), milliseconds(hooked, number)) for number in range(COMMITS)]
        assert len(computer.waiting()) == COMMITS, "Not each commit was noted."
    for at, what in enumerate(("time", "processor time")):
        plain, noted = (statistics.median(pair[side][at] for pair in times) for side in (0, 1))
        print(f"Median {what} of {COMMITS} commits: {plain:.1f} ms without the hook, {noted:.1f} ms with it")
    cost = statistics.median(noted[0] - plain[0] for plain, noted in times)
    print(f"The hook costs {cost:.1f} ms; it may cost {MOST_MS}: {'kept' if cost < MOST_MS else 'MISSED'}")


if __name__ == "__main__":
    main()
