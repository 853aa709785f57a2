"""The real thing for tests and benchmarks: servers and commands as processes of their own, on a database of their own.

    with Site(directory, TAGGING_CONCURRENCY="2") as site:
        site.migrate()
        server = site.serve("gunicorn")
        server.wait_until_it_answers()
        number = server.post("Wrote a Django app.")

Nothing of the caller's environment or of a developer's .env decides how they run.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

from tests.support.processes import is_locked
from tests.support.servers import MANAGE, ROOT, SERVERS, Server
from tests.support.waiting import DEADLINE_SECONDS

# Whatever begins so in the caller's environment is not for our processes.
NOT_OURS = re.compile(
    r"(OPENAI|TAGGING|DJANGO|DATABASE|SQLITE|GUNICORN|UVICORN|GRANIAN|UWSGI|SECURE|PYTEST)_"
    r"|RUN_MAIN$|WEB_CONCURRENCY$|PORT$",
    re.IGNORECASE,
)


class Site:
    """One deployment: its directory holds database, locks and logs; its settings are environment variables."""

    def __init__(self, directory: Path, *, database_url: str = "", tree: Path = ROOT, **settings: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.tree = tree  # the checkout whose processes these are
        self.database = directory / "db.sqlite3"
        self.database_url = database_url or f"sqlite:///{self.database}"
        self.lock_dir = directory / "locks"
        self.gates = directory / "gates"
        self.ledger = directory / "ledger.jsonl"
        self.settings = settings
        self.servers: list[Server] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: object, *more: object) -> None:
        for server in self.servers:
            server.kill()
        if failure:  # what pytest shows beside it
            for server in self.servers:
                print(server.log())
            with suppress(sqlite3.Error):
                print(self.jobs(), self.attempts(), self.tags(), sep="\n")

    def environment(self, **settings: str) -> dict[str, str]:
        """Return the variables of this site's processes; an empty value also hides what a .env would say."""
        ours = {
            "DJANGO_SETTINGS_MODULE": "devlog_project.settings",
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "only-for-tests",
            "DEBUG": "on",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "API_POSTS_PER_MINUTE": "0",
            "SECURE_SSL_REDIRECT": "off",
            "LOG_LEVEL": "INFO",
            "OPENAI_API_KEY": "",
            "METRICS_TOKEN": "",
            "SIMULATION": "off",
            "OPENAI_BASE_URL": "",
            "TAGGING_WORKER": "auto",
            "TAGGING_TRANSPORT": "tagging.transports.memory.MemoryTransport",
            "TAGGING_EXTRACTOR": "tagging.extraction.embedded.extractor.EmbeddedExtractor",
            "TAGGING_CONCURRENCY": "8",
            "TAGGING_MAX_ATTEMPTS": "5",
            "TAGGING_LEASE_SECONDS": "120",
            "TAGGING_SWEEP_SECONDS": "0.5",
            "TAGGING_SHUTDOWN_SECONDS": "10",
            "TAGGING_BACKOFF_SECONDS": "0.1",
            "TAGGING_BACKOFF_CAP_SECONDS": "1",
            "TAGGING_LOCK_DIR": str(self.lock_dir),
            "GATES": str(self.gates),
            "LEDGER": str(self.ledger),
            "PYTHONUNBUFFERED": "1",
        }
        inherited = {name: value for name, value in os.environ.items() if not NOT_OURS.match(name)}
        return inherited | ours | self.settings | settings

    # -- its processes -------------------------------------------------------------------------------------------

    def migrate(self) -> None:
        """Create the tables."""
        done = self.manage("migrate", "--verbosity", "0", TAGGING_WORKER="off")
        assert done.returncode == 0, done.stderr

    def manage(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run one management command to its end; it fails if there is none."""
        return self.run([*MANAGE, *arguments], **settings)

    def run(
        self, command: list[str], *, seconds: float = 3 * DEADLINE_SECONDS, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.tree,
            env=self.environment(**settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def serve(self, server: str, *arguments: str, **settings: str) -> Server:
        """Start one of SERVERS and return at once."""
        started = Server(self, [*SERVERS[server], *arguments], settings)
        self.servers.append(started)
        return started

    # -- what can be seen of it ----------------------------------------------------------------------------------

    def workers(self) -> list[int]:
        """Return the process id of each live worker, twice where a process has two: who lives holds its lock file."""
        return sorted(int(path.stem.split("-")[-2]) for path in self.lock_dir.glob("*/*.lock") if is_locked(path))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database itself, whoever serves or does not."""
        if not self.database_url.startswith("sqlite"):
            import psycopg  # only where there is a PostgreSQL server

            with psycopg.connect(self.database_url) as connection:
                return connection.execute(sql).fetchall()
        with closing(sqlite3.connect(self.database, timeout=20)) as connection:
            return connection.execute(sql).fetchall()

    def jobs(self) -> dict[int, tuple[str, int]]:
        """Return state and attempts of each job."""
        rows = self.query("SELECT devlog_id, state, attempts FROM tagging_job ORDER BY devlog_id")
        return {number: (state, attempts) for number, state, attempts in rows}

    def states(self) -> list[str]:
        return [state for state, _ in self.jobs().values()]

    def attempts(self) -> list[tuple[int, int, str]]:
        """Return the finished and lost attempts: dev-log, number, outcome."""
        return self.query("SELECT job_id, number, outcome FROM tagging_attempt ORDER BY job_id, number")

    def tags(self) -> dict[int, list[str]]:
        """Return each tagged dev-log's tags, sorted; a tag that is there twice is shown twice."""
        tags: dict[int, list[str]] = {}
        for number, name in self.query(
            "SELECT x.devlog_id, t.name FROM tagging_devlogtag x JOIN tagging_tag t ON t.id = x.tag_id ORDER BY t.name"
        ):
            tags.setdefault(number, []).append(name)
        return tags

    # -- the ledger and the gates of GatedExtractor --------------------------------------------------------------

    def open_gate(self, name: str) -> None:
        self.gates.mkdir(exist_ok=True)
        (self.gates / name).touch()

    def calls(self, what: str = "begin") -> list[tuple[int, str]]:
        """Return process id and entry of each call that began (or ended), in the order in which it did."""
        if not self.ledger.exists():
            return []
        lines = [json.loads(line) for line in self.ledger.read_text(encoding="utf-8").splitlines()]
        return [(line["pid"], line["entry"]) for line in lines if line["what"] == what]


def migrated_database(directory: Path) -> Path:
    """Return a SQLite file with all tables, to be copied; it is made once in this directory."""
    with Site(directory) as site:
        if not site.database.exists():
            site.migrate()
    return site.database
