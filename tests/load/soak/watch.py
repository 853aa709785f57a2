"""What a process and a database hold at one moment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import quantiles

from tests.support.site import Site

PAGE = os.sysconf("SC_PAGE_SIZE")
MEGABYTE = 2**20


@dataclass(frozen=True)
class Sample:
    """One look; the names are those of docs/soak.md."""

    minute: float
    memory_mb: float
    files: int
    threads: int
    connections: int
    wal_mb: float
    database_mb: float
    waiting_jobs: int
    post_p50_ms: float
    post_p99_ms: float


MEASURES = [field.name for field in fields(Sample)][1:]


def look(site: Site, pids: Sequence[int], minute: float, taken: Sequence[float]) -> Sample:
    """Return what these processes and the site's database hold, and the quantiles of the POSTs since the last look."""
    wal, size, connections = database_of(site, pids)
    times = quantiles(taken, n=100) if len(taken) > 1 else [0.0] * 99
    return Sample(
        minute,
        sum(memory(pid) for pid in pids) / MEGABYTE,
        sum(len(open_files(pid)) for pid in pids),
        sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids),
        connections,
        wal / MEGABYTE,
        size / MEGABYTE,
        site.query("SELECT count(*) FROM tagging_job WHERE state IN ('pending', 'running')")[0][0],
        1000 * times[49],
        1000 * times[98],
    )


def database_of(site: Site, pids: Sequence[int]) -> tuple[int, int, int]:
    """Return the bytes of the log and of the database, and its connections: on SQLite those of these processes."""
    if site.database_url.startswith("sqlite"):
        wal = Path(f"{site.database}-wal")
        opened = sum(target == str(site.database) for pid in pids for target in open_files(pid))
        return wal.stat().st_size if wal.exists() else 0, site.database.stat().st_size, opened
    size = site.query("SELECT pg_database_size(current_database())")[0][0]
    opened = site.query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")[0][0]
    return 0, size, opened


def memory(pid: int) -> int:
    return PAGE * int(Path(f"/proc/{pid}/statm").read_text().split()[1])


def open_files(pid: int) -> list[str]:
    """Return what each open file of a process is."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(str(link.readlink()))
        except OSError:  # closed meanwhile
            continue
    return found
