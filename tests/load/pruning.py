"""How long `manage.py prune` takes for many old attempts, and how long a POST beside it waits.

python -m tests.load.pruning 1000000
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from tests.support.servers import Server
from tests.support.site import Site

# Of each dev-log so many attempts go; the last one, which its tag names, stays.
SUPERSEDED = 5
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
LONG_AGO = "STRFTIME('%Y-%m-%d %H:%M:%f', 'now', '-' || (200 + i % 100) || ' days')"
DEVLOGS = f"INSERT INTO devlogs_devlog (id, entry, created_at) SELECT i, 'Wrote Django, no. ' || i, {LONG_AGO} FROM n"
JOBS = (
    "INSERT INTO tagging_job (devlog_id, state, attempts, queued_at, run_after, finished_at) "
    "SELECT id, 'done', 1, created_at, NULL, created_at FROM devlogs_devlog"
)
TAG = "INSERT INTO tagging_tag (id, name, slug) VALUES (1, 'Django', 'django')"
ATTEMPTS = (
    "INSERT INTO tagging_attempt (job_id, number, started_at, finished_at, outcome, error_code, error_detail, "
    "extractor, model, entry_digest, input_tokens, output_tokens, cost, names_dropped, redacted, answer) "
    "SELECT devlog_id, {number}, "
    "queued_at, queued_at, 'answered', '', '', 'embedded', 'embedded', HEX(RANDOMBLOB(32)), 0, 0, 0, 0, '{{}}', "
    '\'[["Django", "Wrote Django"]]\' FROM tagging_job'
)
TAGGINGS = (
    "INSERT INTO tagging_devlogtag (devlog_id, tag_id, attempt_id, evidence, position) "
    "SELECT job_id, 1, MAX(id), 'Django', 6 FROM tagging_attempt GROUP BY job_id"
)


def fill(database: Path, attempts: int) -> None:
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute(DEVLOGS.replace("SELECT", NUMBERS.format(count=attempts // SUPERSEDED) + "SELECT", 1))
        opened.execute(JOBS)
        opened.execute(TAG)
        for number in range(1, SUPERSEDED + 2):
            opened.execute(ATTEMPTS.format(number=number))
        opened.execute(TAGGINGS)


def post_beside(server: Server, waits: list[float], stopping: threading.Event) -> None:
    while not stopping.wait(0.05):
        began = time.monotonic()
        server.post("Wrote Redis beside it.")
        waits.append(time.monotonic() - began)


def measure(attempts: int, directory: Path) -> None:
    waits: list[float] = []
    stopping = threading.Event()
    with Site(directory) as site:
        site.migrate()
        fill(site.database, attempts)
        server = site.serve("gunicorn").wait_until_it_answers()
        poster = threading.Thread(target=post_beside, args=(server, waits, stopping))
        poster.start()
        began = time.monotonic()
        prune = Server(site, [sys.executable, "manage.py", "prune"], {})
        prune.wait_until_it_ended(3600)
        took = time.monotonic() - began
        stopping.set()
        poster.join()
        print(prune.log())
    waits.sort()
    print(
        f"{took:.1f} s; {len(waits)} POSTs beside it: median {waits[len(waits) // 2]:.3f} s, longest {waits[-1]:.2f} s"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        measure(int(sys.argv[1]), Path(made))
