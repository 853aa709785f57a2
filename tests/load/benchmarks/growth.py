"""What the API's answers cost as the tables grow: the same calls on 10,000 dev-logs and on 1,000,000."""

from __future__ import annotations

import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tests.load.benchmarks.scale import CALLS, PAGES, READERS
from tests.load.benchmarks.stage import BenchSite
from tests.load.benchmarks.transports import NotHereError
from tests.load.benchmarks.waking import postgres

SMALL = 10_000
# To fill a database with a million dev-logs and all that belongs to them takes minutes.
SECONDS = 3_600
DATABASES = {"SQLite": lambda: nullcontext(""), "PostgreSQL": postgres}
# More of its growth than this must have a reason in docs/benchmarks.md.
MOST = 5
READ = [f"{call}, {who}" for who in READERS for call in CALLS] + [*PAGES]
LABELS = [f"{database}: {call}" for database in DATABASES for call in READ]


def growth(large: int) -> dict[str, float | str]:
    """Return by how much each call takes longer on so many dev-logs than on 10,000; or why it was not tried."""
    found: dict[str, float | str] = {}
    for name, place in DATABASES.items():
        try:
            small, big = (milliseconds(place(), count) for count in (SMALL, large))
        except NotHereError as error:
            found[name] = str(error)
            continue
        found |= {f"{name}: {call}": big[call] / small[call] for call in small}
    return found


def milliseconds(place: AbstractContextManager[str], count: int) -> dict[str, float]:
    """Return how long each call takes, on a database of its own with so many dev-logs."""
    with place as url, tempfile.TemporaryDirectory() as directory:
        site = BenchSite(Path(directory), database_url=url, DEBUG="off", TAGGING_WORKER="off")
        site.migrate()
        return site.ask("scale", count, seconds=SECONDS)
