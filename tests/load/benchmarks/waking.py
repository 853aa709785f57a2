"""How soon another process tags what a web process has saved: `run_worker` beside it, on one host and on another.

On another host is who has a directory of locks of their own, so that they share nothing but the database.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from tests.load.benchmarks.entries import entries
from tests.load.benchmarks.load import quantiles
from tests.load.benchmarks.stage import Running
from tests.load.benchmarks.transports import NotHereError, need
from tests.services.__main__ import SERVERS, answers
from tests.support.workers import run_worker

if TYPE_CHECKING:
    from tests.load.benchmarks.figures import Measured, Round

ENTRIES = entries()
# What the product's sweep takes by default: whoever is not woken, waits for half of it.
SWEEP = 1.0
IDLE_SECONDS = 10.0


def waking(play: Round) -> Measured:
    """Measure `run_worker` beside the web on SQLite; on PostgreSQL as well where one answers, and on another host."""
    got = play.in_turn(
        {
            "run_worker": partial(beside, play),
            "run_worker on PostgreSQL": partial(on_postgres, play),
            "between hosts": partial(on_postgres, play, is_elsewhere=True),
        }
    )
    measured: Measured = {"idle run_worker % of a core": got["run_worker"].pop("idle")}
    for place, times in got.items():
        why = times.get("not run")
        measured[f"201 to tags, {place} p50 ms"] = why or times["p50"]
        measured[f"201 to tags, {place} p99 ms"] = why or times["p99"]
    return measured


def on_postgres(play: Round, *, is_elsewhere: bool = False) -> Measured:
    try:
        with postgres() as url:
            return beside(play, url, is_elsewhere=is_elsewhere)
    except NotHereError as error:
        return {"not run": str(error)}


def beside(play: Round, database_url: str = "", *, is_elsewhere: bool = False) -> Measured:
    """Return the quantiles of the times from 201 to tags, and how much of a core the worker takes while idle, in %."""
    others = {"TAGGING_LOCK_DIR": "{}/locks-of-another-host"} if is_elsewhere else {}
    settings = {"TAGGING_WORKER": "off", "TAGGING_SWEEP_SECONDS": str(SWEEP)}
    with closing(play.stage.site(latency=0.0, database_url=database_url, **settings)) as site:
        running = Running(site, site.serve("gunicorn"))
        worker = run_worker(site, **{name: value.format(site.directory) for name, value in others.items()})
        for _ in range(3):  # the import of the SDK, and the first message
            until_done(running)
        count = play.pace.latencies
        waits = []
        for number in range(count):  # at all phases of the sweep, not each just after one
            time.sleep(SWEEP / 5 * (number * 7 % count) / count)
            waits.append(until_done(running))
        before = cpu_nanoseconds(worker.pid)
        time.sleep(IDLE_SECONDS)
        idle = (cpu_nanoseconds(worker.pid) - before) / 1e9 / IDLE_SECONDS
        return {**quantiles(waits), "idle": 100 * idle}


def until_done(running: Running) -> float:
    """Post an entry; return the seconds from its 201 to its tags, as polling the database shows them."""
    number = running.post(next(ENTRIES))
    posted_at = time.perf_counter()
    while not running.site.count("SELECT COUNT(*) FROM tagging_devlogtag WHERE devlog_id = ?", number):
        time.sleep(0.0005)
        assert time.perf_counter() - posted_at < 30, running.server.log()
    return time.perf_counter() - posted_at


def cpu_nanoseconds(pid: int) -> int:
    """Return the CPU time of a process, finer than its clock ticks."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


@contextmanager
def postgres() -> Iterator[str]:
    """Create a database of our own on the server that `make test-services` would take; drop it in the end."""
    need("psycopg")
    import psycopg  # only where it is installed

    variable, usual = SERVERS["postgres"]
    server = os.environ.get(variable, usual)
    if not answers(server):
        raise NotHereError(f"no PostgreSQL where {variable} says, or at its usual address")
    name = f"devlogs_bench_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
