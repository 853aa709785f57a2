"""How long a scrape of /metrics takes on a full database, and how much of a core.

python -m tests.load.scraping 1000000
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.load.benchmarks.growth import DATABASES
from tests.load.benchmarks.transports import NotHereError
from tests.load.migrating import FILL, HOUR
from tests.support.servers import PYTHON, Server
from tests.support.site import Site

SCRAPES = 20
BACKLOG = """
import django; django.setup()
from django.db.models import F
from tagging.models import Job
tenth = Job.objects.alias(last=F("pk") % 10).filter(last=3)
tenth.update(state="pending", run_after="2026-01-01T00:00Z", finished_at=None)
"""
# More often than this a scrape would be told what the one before saw, in seconds.
PAUSE_SECONDS = 2.5
# Of /proc/PID/stat, the fields behind the name that hold the CPU's ticks: in the program, and in the kernel.
TICKS = slice(11, 13)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[TICKS])) / os.sysconf("SC_CLK_TCK")


def scrape(server: Server) -> float:
    began = time.perf_counter()
    answer = server.get("/metrics")
    took = time.perf_counter() - began
    assert answer.status == 200, answer
    return took


def measure(server: Server) -> str:
    """Scrape now and then, and say the medians."""
    (child,) = server.children()
    took, used = [], []
    for _ in range(SCRAPES + 1):  # the first one loads what is loaded once
        time.sleep(PAUSE_SECONDS)
        before = cpu_seconds(child)
        took.append(scrape(server))
        used.append(cpu_seconds(child) - before)
    median, cpu = statistics.median(took[1:]), statistics.mean(used[1:])
    return f"median {1000 * median:.0f} ms, longest {1000 * max(took[1:]):.0f} ms, CPU {1000 * cpu:.0f} ms of a core"


def on(url: str, count: int, directory: Path) -> None:
    with Site(directory, database_url=url, TAGGING_WORKER="off") as site:
        site.migrate()
        done = site.run([PYTHON, "-c", FILL, str(count)], seconds=HOUR)
        assert done.returncode == 0, done.stderr
        server = site.serve("gunicorn").wait_until_it_answers()
        print(f"  all done: {measure(server)}", flush=True)
        done = site.run([PYTHON, "-c", BACKLOG], seconds=HOUR)
        assert done.returncode == 0, done.stderr
        print(f"  one in ten waits: {measure(server)}", flush=True)


def main(count: int) -> None:
    for name, place in DATABASES.items():
        try:
            with place() as url, tempfile.TemporaryDirectory() as directory:
                print(f"{name}, {count:,} jobs, {SCRAPES} scrapes:", flush=True)
                on(url, count, Path(directory))
        except NotHereError as error:
            print(f"NOT RUN: {error}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
