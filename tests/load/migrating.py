"""Time each migration since the last release on a full database, while the last release serves on it.

    python -m tests.load.migrating 1000000

fills SQLite and, where one answers, PostgreSQL with so many dev-logs in the tables of the last release, has its server
take POSTs all the time, and prints for each migration its seconds and the longest that a POST waited meanwhile.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.load.benchmarks.growth import DATABASES
from tests.load.benchmarks.transports import NotHereError
from tests.support.released import VERSION, released_tree
from tests.support.servers import MANAGE, PYTHON, Server
from tests.support.site import Site

FILL = "import django, sys; django.setup(); from tests.load.benchmarks.scale import fill; fill(int(sys.argv[1]))"
HOUR = 3_600.0
PAUSE_SECONDS = 0.05


@contextmanager
def posting(server: Server) -> Iterator[list[float]]:
    """Post one dev-log after the other for as long as the context lasts; fill a list with how long each took."""
    ended, taken = threading.Event(), [0.0]

    def post() -> None:
        while not ended.wait(PAUSE_SECONDS):
            began = time.perf_counter()
            server.post("Wrote a Django app while the tables changed.")
            taken.append(time.perf_counter() - began)

    thread = threading.Thread(target=post)
    thread.start()
    try:
        yield taken
    finally:
        ended.set()
        thread.join()


def unapplied(site: Site) -> list[list[str]]:
    """Return app and name of each migration that is still to come, in their order."""
    lines = site.manage("showmigrations", "--plan").stdout.splitlines()
    return [line.split()[-1].split(".") for line in lines if line.startswith("[ ]")]


def count_on(site: Site) -> None:
    """Have PostgreSQL give the next rows ids behind those that were written with theirs."""
    if not site.database_url.startswith("sqlite"):
        for table in ("devlogs_devlog", "tagging_attempt", "tagging_devlogtag"):
            site.query(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")


def measure(url: str, count: int, directory: Path, tree: Path) -> None:
    settings = {"database_url": url, "TAGGING_WORKER": "off"}
    with Site(directory, tree=tree, **settings) as old, Site(directory, **settings) as new:
        old.migrate()
        done = old.run([PYTHON, "-c", FILL, str(count)], seconds=HOUR)
        assert done.returncode == 0, done.stderr
        count_on(old)
        server = old.serve("gunicorn").wait_until_it_answers()
        for app, name in unapplied(new):
            with posting(server) as taken:
                began = time.perf_counter()
                done = new.run([*MANAGE, "migrate", app, name], seconds=HOUR)
                seconds = time.perf_counter() - began
            assert done.returncode == 0, done.stderr
            print(f"  {app}.{name}: {seconds:.1f} s with manage.py's start; a POST took {max(taken):.2f} s at most")


def main(count: int) -> None:
    for name, place in DATABASES.items():
        try:
            with place() as url, tempfile.TemporaryDirectory() as directory:
                print(f"{name}, {count:,} dev-logs in the tables of {VERSION}:", flush=True)
                measure(url, count, Path(directory) / "site", released_tree(Path(directory)))
        except NotHereError as error:
            print(f"NOT RUN: {error}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
